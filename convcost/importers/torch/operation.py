"""One operation of a traced run with its arguments by name, and how readers of operations look."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import tensors_in

# What people call operations that torch has under other names.
_KNOWN_AS = {"_local_scalar_dense": "item", "_unique2": "unique"}


def known_as(name: str) -> str:
    """An operation's name as a person reads it.

    >>> known_as("_local_scalar_dense"), known_as("_fft_r2c")
    ('item', 'fft_r2c')
    """
    return _KNOWN_AS.get(name, name.strip("_"))


class Operation:
    """An operation of the dispatcher: its arguments by the names of its schema, and the tensors that it made."""

    __slots__ = ("_arguments", "_bound", "args", "func", "kwargs", "made", "name")

    def __init__(self, func: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.func, self.name, self.args, self.kwargs = func, name, args, kwargs
        self._arguments = func._schema.arguments
        self._bound: dict[str, Any] | None = None
        self.made: list[Any] = []

    def __getitem__(self, name: str) -> Any:
        """An argument, or its default; None where there is none of that name."""
        if self._bound is None:
            self._bound = {a.name: a.default_value for a in self._arguments}
            self._bound |= {a.name: value for a, value in zip(self._arguments, self.args, strict=False)}
            self._bound |= self.kwargs
        return self._bound.get(name)

    @property
    def first(self) -> Any:
        """What most operations are about."""
        return self.args[0]

    @property
    def out(self) -> Any:
        """The first tensor that it made."""
        return self.made[0]

    @property
    def tensors(self) -> list[Any]:
        """All tensors that it takes."""
        return list(tensors_in((self.args, self.kwargs)))

    @property
    def overwritten(self) -> list[Any]:
        """The tensors that it writes into."""
        names = [a.name for a in self._arguments if a.alias_info is not None and a.alias_info.is_write]
        return list(tensors_in([self[name] for name in names]))

    @property
    def is_view(self) -> bool:
        """Whether what it makes are other looks at what it takes."""
        returned = [r.alias_info for r in self.func._schema.returns]
        return any(alias is not None and not alias.is_write for alias in returned)


class Reader(NamedTuple):
    """How an operation becomes records. ``counts`` says that it has MACs, and is recorded whatever it takes.

    ``takes`` refuses what the reader cannot read; such operations are taken apart.
    """

    read: Callable[[Recorder, Operation], None]
    counts: bool = False
    takes: Callable[[Operation], bool] | None = None


Readers = Mapping[str, Reader]


def dims_of(operation: Operation, key: str, axes: int) -> tuple[int, ...]:
    """A per-axis argument as one number for each axis."""
    found = operation[key]
    sizes = tuple(found) if isinstance(found, list | tuple) else (found,)
    return sizes * axes if len(sizes) == 1 else sizes


def from_batch(axis: int, dims: int) -> int:
    """An axis counted from 0."""
    return axis + dims if axis < 0 else axis
