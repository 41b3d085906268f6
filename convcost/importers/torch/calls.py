"""Which module runs, told to the recorder while a model runs."""

import sys
from itertools import count
from typing import Any, Self

import torch
from torch.nn.modules import module as hooks

from convcost.importers.torch.recorder import Call, Recorder
from convcost.importers.torch.state import parts_of


class Calls:
    """Hooks around the calls of all modules in a module, and the call in which an error began."""

    def __init__(self, module: Any, recorder: Recorder) -> None:
        self._recorder = recorder
        self._known: dict[int, Call] = {}
        for path, part in parts_of(module):
            self._known.setdefault(id(part), Call(path, not any(True for _ in part.children()), _written(part)))
        self._root = recorder.call = self._known[id(module)]
        self._stack: list[Call] = []
        self._numbers = count(1)
        self._broken: tuple[BaseException, str] | None = None
        self._handles: list[Any] = []

    def __enter__(self) -> Self:
        self._handles = [
            hooks.register_module_forward_pre_hook(self._begin),
            hooks.register_module_forward_hook(self._end, always_call=True),
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()

    def place_of(self, error: BaseException) -> str:
        """The path of the innermost module that an error came out of."""
        return self._broken[1] if self._broken and self._broken[0] is error else ""

    def _begin(self, part: Any, arguments: Any) -> None:
        del arguments
        if id(part) in self._known:
            self._stack.append(self._recorder.call)
            self._recorder.call = self._known[id(part)]._replace(number=next(self._numbers))

    def _end(self, part: Any, arguments: Any, output: Any) -> None:
        del arguments, output
        if id(part) not in self._known:
            return
        error = sys.exception()
        if error is not None and not self.place_of(error):
            self._broken = error, self._recorder.call.path
        self._recorder.call = self._stack.pop() if self._stack else self._root


def _written(part: Any) -> str:
    """How code says what runs directly in a module: as a module of torch's own, of a class from one, or a function."""
    homes = [kind.__module__ for kind in type(part).__mro__ if kind is not torch.nn.Module]
    layers = [home.startswith("torch.nn.") and home != "torch.nn.modules.container" for home in homes]
    if not any(layers):
        return "function"
    if any(True for _ in part.children()):
        return "function" if layers[0] else "subclass/parent"
    return "" if layers[0] else "subclass"
