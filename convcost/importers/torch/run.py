"""One run of a module with its parameters on the meta device, and the network that the run was."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import torch
from torch.nn.modules import module as hooks

from convcost.errors import ConvcostError
from convcost.importers.torch.naming import Run, network_of
from convcost.importers.torch.recorder import Call, Recorder
from convcost.importers.torch.tensors import FIRST, Parameters, Tensors, Value, shape_of, tensors_in
from convcost.importers.torch.tracer import Tracer
from convcost.network import Network

_META = torch.device("meta")


def trace(module: Any, inputs: Sequence[Any], named: Mapping[str, Any], name: str, source: str = "") -> Network:
    """The network of a module for these inputs, tensors on the meta device whose first axis is a batch of 1.

    The module itself is left as it was. Raises ConvcostError where it cannot run.
    """
    _require_traceable(module)
    recorder = Recorder(Tensors(), Parameters())
    given = _named(module, inputs) | dict(named)
    arriving = [(key, tensor) for key, value in given.items() for tensor in tensors_in(value)]
    if not arriving:
        raise ConvcostError("no tensor is among the inputs")
    recorder.tensors.set(arriving[0][1], Value(FIRST))
    recorder.first = shape_of(arriving[0][1].shape)
    for key, tensor in arriving[1:]:
        recorder.further_input(key, tensor)
    with _on_meta(module, recorder), _evaluating(module), _calls(module, recorder), _plain_attention():
        outputs = _run(module, recorder, inputs, named)
    ends = [recorder.value(tensor).record for tensor in tensors_in(outputs) if not recorder.value(tensor).is_constant]
    found = tuple(dict.fromkeys(end for end in ends if end is not None))
    kinds = {path: type(part).__name__ for path, part in module.named_modules() if path and _is_block(part)}
    paths = frozenset(path for path, _ in module.named_modules())
    return network_of(recorder, Run(name, source, found, kinds, paths))


def _run(module: Any, recorder: Recorder, inputs: Sequence[Any], named: Mapping[str, Any]) -> Any:
    tracer = Tracer(recorder)
    try:
        with torch.inference_mode(), tracer:
            outputs = module(*inputs, **named)
    except (Exception, SystemExit) as error:
        if tracer.failure is None:
            where = f"`{path}`" if (path := _place(tracer, error)) else "the module"
            raise ConvcostError(f"{where} cannot run: {said(error)}", hint=_hint(error)) from error
    if tracer.failure is not None:
        raise tracer.failure
    return outputs


def _place(tracer: Tracer, error: BaseException) -> str:
    """The module whose operation failed, where it was one."""
    fault = tracer.fault
    return fault[1] if fault is not None and fault[0] is error else ""


def said(error: BaseException) -> str:
    """An error of the person's code: its type and the first line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {_shortened(lines[0])}" if lines else type(error).__name__


def _shortened(text: str) -> str:
    """A message, cut where it is very long."""
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."


_LONG = 240


def _hint(error: BaseException) -> str | None:
    """What is known of errors that the meta device makes."""
    text = str(error)
    if any(
        sign in text for sign in ("meta tensor", "Meta tensor", "aten::nonzero", "data-dependent", "'Meta' backend")
    ):
        return "it asks for values of tensors, and a trace has shapes only"
    return None


def _named(module: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    """Inputs by the names that the module's `forward` gives them."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    names += [f"input{number}" for number in range(len(names) + 1, len(inputs) + 1)]
    return dict(zip(names, inputs, strict=False))


def _require_traceable(module: Any) -> None:
    if not isinstance(module, torch.nn.Module):
        raise ConvcostError(f"a {type(module).__name__} is no torch.nn.Module")
    if isinstance(module, torch.jit.ScriptModule):
        raise ConvcostError("a scripted module cannot be traced", hint="give the module that it was made from")
    for name, parameter in module.named_parameters():
        if isinstance(parameter, torch.nn.parameter.UninitializedParameter):
            raise ConvcostError(f"the parameter `{name}` has no shape yet", hint="run the module once before")


@contextmanager
def _on_meta(module: Any, recorder: Recorder) -> Iterator[None]:
    """Parameters, and buffers that are not on the CPU, as meta tensors while this runs."""
    twins: dict[int, Any] = {}
    held = []
    try:
        for path, part in module.named_modules():
            for table in (part._parameters, part._buffers):
                is_learnt = table is part._parameters
                for key, tensor in list(table.items()):
                    if tensor is None or not (is_learnt or tensor.device.type != "cpu"):
                        continue
                    if id(tensor) not in twins:
                        twins[id(tensor)] = _twin(tensor, recorder, f"{path}.{key}" if path else key, is_learnt)
                    held.append((table, key, tensor))
                    table[key] = twins[id(tensor)]
        yield
    finally:
        for table, key, tensor in held:
            table[key] = tensor


def _twin(tensor: Any, recorder: Recorder, name: str, is_learnt: bool) -> Any:
    """A tensor of the same shape on the meta device."""
    made = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=_META)
    if is_learnt:
        made = torch.nn.Parameter(made, requires_grad=False)
        number = recorder.parameters.add(name, made)
        recorder.tensors.set(made, Value(None, frozenset({number}), "parameter"))
    return made


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """All modules in evaluation mode while this runs."""
    training = [part for part in module.modules() if part.training]
    try:
        for part in training:
            part.training = False
        yield
    finally:
        for part in training:
            part.training = True


@contextmanager
def _calls(module: Any, recorder: Recorder) -> Iterator[None]:
    """Tell the recorder which module runs, while this runs."""
    known: dict[int, Call] = {}
    for path, part in module.named_modules():
        known.setdefault(id(part), Call(path, not any(True for _ in part.children()), _written(part)))
    stack: list[Call] = []
    numbers = count(1)
    root = recorder.call = known[id(module)]

    def begin(part: Any, arguments: Any) -> None:
        del arguments
        if id(part) in known:
            stack.append(recorder.call)
            recorder.call = known[id(part)]._replace(number=next(numbers))

    def end(part: Any, arguments: Any, output: Any) -> None:
        del arguments, output
        if id(part) in known:
            recorder.call = stack.pop() if stack else root

    handles = [
        hooks.register_module_forward_pre_hook(begin),
        hooks.register_module_forward_hook(end, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _written(part: Any) -> str:
    """How code says what runs directly in a module: as a module of torch's own, of a class from one, or a function."""
    homes = [kind.__module__ for kind in type(part).__mro__ if kind is not torch.nn.Module]
    if any(True for _ in part.children()) or not any(home.startswith("torch.nn.") for home in homes):
        return "function"
    return "" if homes[0].startswith("torch.nn.") else "subclass"


def _is_block(part: Any) -> bool:
    """Whether a module is more than one layer and more than a list of modules."""
    return any(True for _ in part.children()) and not type(part).__module__.startswith("torch.nn.")


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Without the one operation that hides all products of an attention."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)
