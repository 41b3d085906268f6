"""Recurrent layers and cells, each as one layer: every step multiplies by each of its matrices once."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from convcost.importers.torch.operation import Operation, Reader, Readers
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import shape_of
from convcost.importers.torch.weighted import is_learnt
from convcost.layers.given import Given
from convcost.layers.traced import Learnt

_META = torch.device("meta")
_LAYERS = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def _input(operation: Operation) -> Any:
    """The sequence, or its elements where sequences are packed."""
    return operation.first


def _states(operation: Operation) -> list[Any]:
    """The hidden state, and of an LSTM that of its cells."""
    states = operation["hx"]
    return list(states) if isinstance(states, list | tuple) else [states]


def _weights(operation: Operation) -> list[Any]:
    """The matrices and biases, in the order of the module's parameters."""
    every = operation["params"]
    if every is None:
        every = [operation[key] for key in ("w_ih", "w_hh", "b_ih", "b_hh")]
    return [weight for weight in every if weight is not None]


def _read(recorder: Recorder, operation: Operation) -> None:
    """What follows the first result, the last states, comes out of it."""
    x, weights, out = _input(operation), _weights(operation), operation.out
    elements = x.numel() // x.shape[-1]
    macs = elements * sum(weight.numel() for weight in weights if weight.dim() > 1)
    learnt = sum(weight.numel() for weight in weights if is_learnt(recorder, weight))
    given = [state for state in _states(operation) if not recorder.value(state).is_constant]
    layer = Learnt(operation.name, shape_of(out.shape), learnt, macs)
    record = recorder.place(operation.name, layer, [x, *given], out.shape, weights, macs)
    recorder.steps.append(elements // _states(operation)[0].shape[-2])
    recorder.bind(out, record)
    for state in operation.made[1:]:
        last = Given("state", shape_of(state.shape))
        recorder.bind(state, recorder.place("state", last, [record], state.shape))


def _layer_sizes(operation: Operation) -> Any:
    x, states = _input(operation), _states(operation)
    features = states[0].shape[-1] * (2 if operation["bidirectional"] else 1)
    return _empty((*x.shape[:-1], features), x), *(_empty(state.shape, x) for state in states)


def _cell_sizes(operation: Operation) -> Any:
    made = tuple(_empty(state.shape, _input(operation)) for state in _states(operation))
    return made if len(made) > 1 else made[0]


def _empty(size: tuple[int, ...], like: Any) -> Any:
    return torch.empty(size, dtype=like.dtype, device=_META)


SIZES: Mapping[str, Callable[[Operation], Any]] = {
    **dict.fromkeys(_LAYERS, _layer_sizes),
    **{f"{name}_cell": _cell_sizes for name in _LAYERS},
}
READERS: Readers = dict.fromkeys(SIZES, Reader(_read, counts=True))
