"""A module as it stands while it is traced: on the meta device, in evaluation mode, and afterwards as it was."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from convcost.errors import ConvcostError
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import Value

_META = torch.device("meta")
# What a compiled module adds to the paths of what it was made from.
_COMPILED = "_orig_mod"


def traceable(module: Any) -> Any:
    """A module that can be traced: of a compiled one, and of one for several devices, the module inside.

    Raises ConvcostError for what is none.
    """
    inner = module.module if isinstance(module, _FOR_DEVICES) else getattr(module, _COMPILED, None)
    if inner is not None:
        return traceable(inner)
    if not isinstance(module, torch.nn.Module):
        raise ConvcostError(f"a {type(module).__name__} is no torch.nn.Module")
    if isinstance(module, torch.jit.ScriptModule):
        raise ConvcostError("a scripted module cannot be traced", hint="give the module that it was made from")
    try:
        parameters = list(module.named_parameters())
    except AttributeError as error:
        raise ConvcostError(
            f"the module is not complete: {error}", hint="does its class call `super().__init__()`?"
        ) from error
    for name, parameter in parameters:
        if isinstance(parameter, torch.nn.parameter.UninitializedParameter):
            raise ConvcostError(f"the parameter `{name}` has no shape yet", hint="run the module once before")
    return module


_FOR_DEVICES = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)


def parts_of(module: Any) -> Iterator[tuple[str, Any]]:
    """All modules in a module, by their paths as the person wrote them."""
    for path, part in module.named_modules():
        yield ".".join(name for name in path.split(".") if name != _COMPILED), part


@contextmanager
def traced(module: Any, recorder: Recorder) -> Iterator[None]:
    """Parameters on the meta device, copies of buffers, and evaluation mode, while this runs."""
    with ExitStack() as undo:
        for part in module.modules():
            undo.callback(_restore, part, [(key, value, _copied(value)) for key, value in part.__dict__.items()])
            undo.callback(setattr, part, "training", part.training)
            part.training = False
        twins: dict[int, Any] = {}
        for path, part, table, key, tensor in _tensors(module):
            if id(tensor) not in twins:
                name = f"{path}.{key}" if path else key
                learnt = table is part._parameters
                twins[id(tensor)] = _parameter(tensor, recorder, name) if learnt else _buffer(tensor)
            # Of a scripted module the table is a look at what it has outside of Python.
            undo.callback(table.__setitem__, key, tensor)
            table[key] = twins[id(tensor)]
        yield


def _tensors(module: Any) -> list[tuple[str, Any, Any, str, Any]]:
    """All parameters, and then all buffers: the path, the module, its table, the name in it, and the tensor."""
    every = [(path, part, part._parameters) for path, part in parts_of(module)]
    every += [(path, part, part._buffers) for path, part in parts_of(module)]
    return [
        (path, part, table, key, tensor)
        for path, part, table in every
        for key, tensor in table.items()
        if tensor is not None
    ]


def _copied(value: Any) -> Any:
    """A table or a list that the run may change, as it is now."""
    return value.copy() if type(value) in (dict, OrderedDict, list, set) else None


def _restore(part: Any, state: list[tuple[str, Any, Any]]) -> None:
    """Give a module its attributes back; a run may have left tensors without values in them."""
    part.__dict__.clear()
    for key, value, copy in state:
        if copy is not None:
            value.clear()
            (value.extend if isinstance(value, list) else value.update)(copy)
        part.__dict__[key] = value


def _parameter(tensor: Any, recorder: Recorder, name: str) -> Any:
    """A parameter of the same shape on the meta device."""
    empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=_META)
    made = torch.nn.Parameter(empty, requires_grad=False)
    number = recorder.parameters.add(name, made)
    recorder.tensors.set(made, Value(None, frozenset({number}), "parameter"))
    return made


def _buffer(tensor: Any) -> Any:
    """A copy of a buffer on the CPU, where it has values."""
    return tensor if tensor.is_meta else tensor.detach().to("cpu", copy=True)
