"""Constants of the file and of the graph: their shapes, and their numbers where they are few."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, numbers
from convcost.importers.onnx.tensor import MOST_VALUES, Tensor

_FLOATS = frozenset((1, 10, 11, 16, 17, 18, 19, 20))
_FEW_BITS = frozenset((2, 3, 4, 5, 21, 22, 25, 26))
_INT64, _TEXT, BOOL = 7, 8, 9
_EXTERNAL = 1
_MOST_INT64 = 2**63 - 1
# numpy's arrays have no more.
_MOST_AXES = 32


def is_float(type_: int) -> bool:
    """Whether ONNX's number of a type is that of floating-point numbers."""
    return type_ in _FLOATS


def is_quantised(type_: int) -> bool:
    """Whether ONNX's number of a type is that of whole numbers of few bits, as weights are rounded to."""
    return type_ in _FEW_BITS


def held(proto: Any) -> Tensor:
    """A tensor of the file: its shape, and its numbers where they are few and there."""
    return Tensor(tuple(proto.dims), None, lambda: _values(proto), (proto.name,), proto.data_type)


def _values(proto: Any) -> Any:
    """The numbers of a tensor; None where they are many, or not in the file."""
    sizes = tuple(proto.dims)
    outside = proto.data_location == _EXTERNAL or any(size < 0 for size in sizes)
    if outside or len(sizes) > _MOST_AXES or prod(sizes) > MOST_VALUES:
        return None
    if proto.HasField("raw_data") or proto.int64_data or proto.int32_data or proto.float_data or proto.double_data:
        from onnx.numpy_helper import to_array

        try:
            return to_array(proto)
        except (ValueError, TypeError, KeyError, NotImplementedError):
            return None
    return np.zeros(sizes) if not prod(sizes) else None


def shape_of(call: Call) -> Tensor:
    """`Shape`: the shape of a tensor, known whether or not it is a constant."""
    shape = call.shape()
    taken = shape[call.get("start", 0) : call.get("end", len(shape))]
    return _made(np.array(taken, dtype=np.int64), _INT64)


def size_of(call: Call) -> Tensor:
    """`Size`: how many elements a tensor has."""
    return scalar(prod(call.shape()))


def scalar(value: int) -> Tensor:
    """A whole number, however large."""
    return _made(np.array(value, dtype=object if value > _MOST_INT64 else np.int64), _INT64)


def constant(call: Call) -> Tensor:
    """`Constant`, in any of its spellings."""
    proto = call.get("value")
    if proto is not None:
        return Tensor(tuple(proto.dims), None, _values(proto), tuple(call.outputs[:1]), proto.data_type)
    for name, type_ in (("value_float", 1), ("value_floats", 1), ("value_int", _INT64), ("value_ints", _INT64)):
        if name in call.attributes:
            found = np.array(call.get(name))
            return Tensor(found.shape, None, found, tuple(call.outputs[:1]), type_)
    if "sparse_value" in call.attributes:
        sparse = call.attributes["sparse_value"].sparse_tensor
        return Tensor(tuple(sparse.dims), None, None, tuple(call.outputs[:1]), sparse.values.data_type)
    texts = call.get("value_strings")
    return Tensor(() if texts is None else (len(texts),), None, None, (), _TEXT)


def filled(call: Call) -> Tensor:
    """`ConstantOfShape`."""
    shape = numbers(call[0])
    proto = call.get("value")
    value = _values(proto) if proto is not None else np.zeros(1)
    few = value is not None and value.size == 1 and prod(shape) <= MOST_VALUES
    type_ = 1 if proto is None else proto.data_type
    return Tensor(shape, None, np.full(shape, value.item()) if few else None, (), type_)


def counted(call: Call) -> Tensor:
    """`Range`."""
    start, limit, delta = (call.array(at).item() for at in range(3))
    if not delta:
        raise ConvcostError("a range of steps of 0")
    number = max(0, -int((start - limit) // delta))
    values = np.array([start + at * delta for at in range(number)]) if number <= MOST_VALUES else None
    return Tensor((number,), None, values, (), call[0].type)


SOURCES: dict[str, Callable[[Call], Tensor]] = {
    "Shape": shape_of,
    "Size": size_of,
    "Constant": constant,
    "ConstantOfShape": filled,
    "Range": counted,
}


def _made(values: Any, type_: int) -> Tensor:
    return Tensor(values.shape, None, values, (), type_)


def known_constants(call: Call) -> bool:
    """Whether all that a node takes are constants whose shapes are known."""
    return bool(call.given) and all(tensor.node is None and tensor.shape is not None for tensor in call.given)


def origins(call: Call) -> tuple[str, ...]:
    """The tensors of the file that are in what a node makes of constants."""
    inputs = call.inputs[: _MADE_OF.get(call.op)]
    return tuple(dict.fromkeys(origin for tensor in inputs if tensor is not None for origin in tensor.origins))


# Operators whose outputs are made of their first inputs; the others say how.
_MADE_OF = {
    **dict.fromkeys(("Reshape", "Expand", "Slice", "Split", "Squeeze", "Unsqueeze", "Tile", "Pad", "Gather"), 1),
    **dict.fromkeys(("GatherElements", "GatherND", "Resize", "ReduceSum", "ReduceMean", "Clip", "CastLike"), 1),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "com.microsoft.DequantizeLinear"), 1),
    "BatchNormalization": 3,
}
