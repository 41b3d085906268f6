"""One run of a module with its parameters on the meta device, and the network that the run was."""

import inspect
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from convcost.errors import ConvcostError, describe
from convcost.importers.torch.calls import Calls
from convcost.importers.torch.constants import Numbers
from convcost.importers.torch.faults import Fault, fault_error
from convcost.importers.torch.naming import Run, network_of
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.state import parts_of, traced
from convcost.importers.torch.tensors import FIRST, Parameters, Tensors, Value, shape_of, tensors_in
from convcost.importers.torch.tracer import Tracer
from convcost.network import Network


def trace(module: Any, inputs: Sequence[Any], named: Mapping[str, Any], name: str, source: str = "") -> Network:
    """The network of a traceable module for these inputs, tensors on the meta device whose first axis is a batch of 1.

    The module itself is left as it was. Raises ConvcostError where it cannot run.
    """
    return trace_with_steps(module, inputs, named, name, source)[0]


def trace_with_steps(
    module: Any, inputs: Sequence[Any], named: Mapping[str, Any], name: str, source: str = ""
) -> tuple[Network, list[int]]:
    """The network of a run, and how many steps each of its recurrent layers took."""
    recorder = Recorder(Tensors(), Parameters())
    _record_inputs(recorder, _named(module, inputs) | dict(named))
    with traced(module, recorder), _plain_attention():
        outputs = _run(module, recorder, inputs, named)
    ends = [recorder.value(tensor).record for tensor in tensors_in(outputs) if not recorder.value(tensor).is_constant]
    found = tuple(dict.fromkeys(end for end in ends if end is not None))
    parts = dict(parts_of(module))
    kinds = {path: type(part).__name__ for path, part in parts.items() if path and _is_block(part)}
    return network_of(recorder, Run(name, source, found, kinds, frozenset(parts))), recorder.steps


def _record_inputs(recorder: Recorder, given: Mapping[str, Any]) -> None:
    """The first input is the network's; an empty one behind it, as a state before a first token, is a constant."""
    arriving = [(key, tensor) for key, value in given.items() for tensor in tensors_in(value)]
    if not arriving:
        raise ConvcostError("no tensor is among the inputs")
    (key, first), *further = arriving
    if not first.numel():
        raise ConvcostError(f"the input `{key}` of {describe(tuple(first.shape))} has no elements", field="input")
    recorder.tensors.set(first, Value(FIRST))
    recorder.first = shape_of(first.shape)
    for other, tensor in further:
        if tensor.numel():
            recorder.further_input(other, tensor)


def _run(module: Any, recorder: Recorder, inputs: Sequence[Any], named: Mapping[str, Any]) -> Any:
    tracer = Tracer(recorder)
    with Calls(module, recorder) as calls:
        try:
            with torch.inference_mode(), _eager(), Numbers(), tracer:
                outputs = module(*inputs, **named)
        except (Exception, SystemExit) as error:
            if tracer.failure is None:
                raise fault_error(tracer.fault_of(error) or Fault(error, path=calls.place_of(error))) from error
    if tracer.failure is not None:
        raise tracer.failure
    return outputs


def _named(module: Any, inputs: Sequence[Any]) -> dict[str, Any]:
    """Inputs by the names that the module's `forward` gives them."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        names = []
    names += [f"input{number}" for number in range(len(names) + 1, len(inputs) + 1)]
    return dict(zip(names, inputs, strict=False))


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


@contextmanager
def _eager() -> Iterator[None]:
    """Without compiling what is compiled inside of a module; where nothing is, torch has not loaded its compiler."""
    stance = getattr(torch.compiler, "set_stance", None)
    with warnings.catch_warnings(), stance("force_eager") if stance and _COMPILER in sys.modules else nullcontext():
        warnings.filterwarnings("ignore", message="Using `torch.compile.module.` when there are global hooks")
        yield


_COMPILER = "torch._dynamo"
