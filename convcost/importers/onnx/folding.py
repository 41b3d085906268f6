"""What is computed of constants: the arithmetic of shapes, on numbers that are few."""

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from convcost.importers.onnx.call import Call, axis_of, numbers, split_sizes
from convcost.importers.onnx.constants import BOOL, is_float
from convcost.importers.onnx.tensor import MOST_VALUES


def computed(call: Call) -> tuple[Any, ...]:
    """What a node makes of constants, as arrays; none where that cannot be said, or is not worth it."""
    fold = _FOLDS.get(call.op)
    given = call.given[:1] if call.op in _OF_FIRST else call.given
    if fold is None or any(tensor.values is None for tensor in given):
        return ()
    with np.errstate(all="ignore"):
        try:
            found = fold(call)
        except (ValueError, TypeError, IndexError, ArithmeticError, MemoryError):
            return ()
    arrays = tuple(map(np.asarray, found if isinstance(found, tuple) else (found,)))
    return arrays if all(array.size <= MOST_VALUES for array in arrays) else ()


# Of these only the first input has to be known.
_OF_FIRST = frozenset(("CastLike",))


def _quotient(one: Any, other: Any) -> Any:
    """Whole numbers are cut towards zero."""
    if np.issubdtype(np.result_type(one, other), np.floating):
        return one / other
    return np.trunc(np.true_divide(one, other)).astype(np.int64)


def _two(function: Callable[[Any, Any], Any]) -> Callable[[Call], Any]:
    def fold(call: Call) -> Any:
        found = call.array(0)
        for at in range(1, len(call.inputs)):
            found = function(found, call.array(at))
        return found

    return fold


def _one(function: Callable[[Any], Any]) -> Callable[[Call], Any]:
    return lambda call: function(call.array(0))


_HALF, _DOUBLE = 10, 11


def _cast(values: Any, to: int) -> Any:
    if is_float(to):
        # As precise as the model itself, for what is rounded down behind it.
        return values.astype({_DOUBLE: np.float64, _HALF: np.float16}.get(to, np.float32))
    return values.astype(bool) if to == BOOL else values.astype(np.int64)


def _split(call: Call) -> tuple[Any, ...]:
    values, axis = call.array(0), call.get("axis", 0)
    sizes = split_sizes(call, values.shape[axis])
    return tuple(np.split(values, np.cumsum(sizes)[:-1], axis))


def _slice(call: Call) -> Any:
    values = call.array(0)
    starts, ends = call.ints("starts", 1, ()), call.ints("ends", 2, ())
    axes = call.ints("axes", 3) or tuple(range(len(starts)))
    steps = call.ints("steps", 4) or (1,) * len(starts)
    taken = [slice(None)] * values.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        taken[axis_of(axis, values.ndim)] = slice(*_within(start, end, step, values.shape[axis]))
    return values[tuple(taken)]


def _within(start: int, end: int, step: int, size: int) -> tuple[int | None, ...]:
    begin, stop, by = slice(start, end, step).indices(size)
    return begin, (None if stop < 0 else stop), by


def _clip(call: Call) -> Any:
    bounds = [
        call.get(name) if tensor is None else tensor.values
        for name, tensor in (("min", call.maybe(1)), ("max", call.maybe(2)))
    ]
    return np.clip(call.array(0), *bounds)


def _expand(call: Call) -> Any:
    values, shape = call.array(0), numbers(call[1])
    if prod(shape) * values.size > MOST_VALUES:
        raise ValueError
    return values * np.ones(shape, dtype=values.dtype)


def _tile(call: Call) -> Any:
    if prod(numbers(call[1])) * call.array(0).size > MOST_VALUES:
        raise ValueError
    return np.tile(call.array(0), numbers(call[1]))


def _reduce(function: Callable[..., Any]) -> Callable[[Call], Any]:
    def fold(call: Call) -> Any:
        axes = call.ints("axes", 1)
        return function(call.array(0), axis=tuple(axes) if axes else None, keepdims=bool(call.get("keepdims", 1)))

    return fold


def _reshape(call: Call) -> Any:
    return call.array(0).reshape(call.ints("shape", 1, ()))


def _squeeze(call: Call) -> Any:
    axes = call.ints("axes", 1)
    return np.squeeze(call.array(0), tuple(axes) if axes else None)


_FOLDS: dict[str, Callable[[Call], Any]] = {
    "Add": _two(operator.add),
    "Sub": _two(operator.sub),
    "Mul": _two(operator.mul),
    "Div": _two(_quotient),
    "Mod": _two(np.mod),
    "Min": _two(np.minimum),
    "Max": _two(np.maximum),
    "Equal": _two(np.equal),
    "Less": _two(np.less),
    "LessOrEqual": _two(np.less_equal),
    "Greater": _two(np.greater),
    "GreaterOrEqual": _two(np.greater_equal),
    "And": _two(np.logical_and),
    "Or": _two(np.logical_or),
    "Not": _one(np.logical_not),
    "Neg": _one(np.negative),
    "Abs": _one(np.abs),
    "Ceil": _one(np.ceil),
    "Floor": _one(np.floor),
    "Round": _one(np.round),
    "Sqrt": _one(np.sqrt),
    "Sign": _one(np.sign),
    "Reciprocal": _one(np.reciprocal),
    "Exp": _one(np.exp),
    "Log": _one(np.log),
    "Pow": _two(np.power),
    "Xor": _two(np.logical_xor),
    "Identity": _one(np.asarray),
    "Cast": lambda call: _cast(call.array(0), call.get("to", 1)),
    "CastLike": lambda call: _cast(call.array(0), call[1].type),
    "Concat": lambda call: np.concatenate([tensor.values for tensor in call.given], call.get("axis", 0)),
    "Gather": lambda call: np.take(call.array(0), call.array(1).astype(np.int64), call.get("axis", 0)),
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Unsqueeze": lambda call: np.expand_dims(call.array(0), tuple(call.ints("axes", 1, ()))),
    "Reshape": _reshape,
    "Transpose": lambda call: np.transpose(call.array(0), call.get("perm")),
    "Expand": _expand,
    "Tile": _tile,
    "Clip": _clip,
    "Where": lambda call: np.where(call.array(0), call.array(1), call.array(2)),
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
    "CumSum": lambda call: np.cumsum(call.array(0), int(call.array(1))),
    "NonZero": lambda call: np.array(np.nonzero(call.array(0))),
}
