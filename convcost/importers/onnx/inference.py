"""ONNX's own shape inference, for one node at a time, where no operator here says what comes out."""

from typing import Any

from convcost.importers.onnx.call import Call
from convcost.importers.onnx.tensor import Tensor
from convcost.layers.base import Shape

Shapes = list[Shape | None]


def inferred(call: Call, opsets: Any) -> Shapes:
    """The shapes of what a node makes, as far as `onnx` knows them."""
    nothing: Shapes = [None] * len(call.outputs)
    from onnx import defs, shape_inference

    versions = {entry.domain if entry.domain != "ai.onnx" else "": entry.version for entry in opsets}
    domain = "" if call.node.domain == "ai.onnx" else call.node.domain
    if any(tensor.shape is None for tensor in call.given) or domain not in versions:
        return nothing
    try:
        schema = defs.get_schema(call.node.op_type, versions[domain], domain)
        types, data = _inputs(call)
        made = shape_inference.infer_node_outputs(schema, call.node, types, data, opset_imports=list(opsets))
    except Exception:  # noqa: BLE001 - what it raises is of no one class, and means that nothing is known
        return nothing
    return [_shape(made[name]) if name in made else None for name in call.outputs]


def _inputs(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """The types of a node's inputs, and the numbers of those that are known."""
    from onnx import helper, numpy_helper

    types, data = {}, {}
    for name, tensor in zip(call.node.input, call.inputs, strict=True):
        if tensor is None:
            continue
        types[name] = helper.make_tensor_type_proto(tensor.type, tensor.shape)
        if tensor.values is not None:
            like = helper.tensor_dtype_to_np_dtype(tensor.type)
            data[name] = numpy_helper.from_array(tensor.values.astype(like), name)
    return types, data


def _shape(type_: Any) -> Shape | None:
    """A shape of which every size is known."""
    if not type_.HasField("tensor_type") or not type_.tensor_type.HasField("shape"):
        return None
    sizes = type_.tensor_type.shape.dim
    return tuple(size.dim_value for size in sizes) if all(size.HasField("dim_value") for size in sizes) else None


def shape_said(type_: Any, dims: dict[str, int]) -> Shape | None:
    """The shape that a file says a tensor has, with the sizes of its named dimensions."""
    if not type_.HasField("tensor_type") or not type_.tensor_type.HasField("shape"):
        return None
    found = []
    for size in type_.tensor_type.shape.dim:
        value = size.dim_value if size.HasField("dim_value") else dims.get(size.dim_param, 0)
        if value < 1:
            return None
        found.append(value)
    return tuple(found)


def type_made(call: Call, first: Tensor | None) -> int:
    """ONNX's number of the type that a node makes."""
    if call.op == "Cast":
        return int(call.get("to", 1))
    if call.op in _OF_TRUTH:
        return _BOOL
    if call.op in _OF_NUMBERS:
        return _INT64
    return first.type if first is not None else 1


_BOOL, _INT64 = 9, 7
_OF_TRUTH = frozenset(
    ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not", "IsNaN", "IsInf", "Xor")
)
_OF_NUMBERS = frozenset(("Shape", "Size", "ArgMax", "ArgMin", "NonZero", "NonMaxSuppression"))
