"""What `onnx` itself knows of one node, where nothing here does: its shape inference, and its reference."""

from typing import Any

from convcost.importers.onnx.call import Call
from convcost.importers.onnx.tensor import Tensor, UnknownShapeError
from convcost.layers.base import Shape

Made = list[tuple[Shape | None, int]]


def inferred(call: Call, opsets: Any) -> Made:
    """The shape and the type of each output of a node, as far as `onnx` knows them."""
    nothing: Made = [(None, type_made(call, index)) for index in range(len(call.outputs))]
    from onnx import defs, shape_inference

    versions = _versions(opsets)
    domain = "" if call.node.domain == "ai.onnx" else call.node.domain
    if any(tensor.shape is None for tensor in call.given) or domain not in versions:
        return nothing
    try:
        schema = defs.get_schema(call.node.op_type, versions[domain], domain)
        types, data = _inputs(call)
        made = shape_inference.infer_node_outputs(schema, call.node, types, data, opset_imports=list(opsets))
    except Exception:  # noqa: BLE001 - what it raises is of no one class, and means that nothing is known
        return nothing
    return [_of(made[name]) if name in made else other for name, other in zip(call.outputs, nothing, strict=True)]


def evaluated(call: Call, opsets: Any) -> tuple[Any, ...]:
    """What a node makes of numbers, as the reference implementation of `onnx` computes it; nothing where it cannot."""
    from onnx.reference import ReferenceEvaluator

    try:
        values = {name: _array(tensor) for name, tensor in zip(call.node.input, call.inputs, strict=True) if tensor}
        return tuple(ReferenceEvaluator(call.node, opsets=_versions(opsets)).run(None, values))
    except Exception:  # noqa: BLE001 - as above
        return ()


def _versions(opsets: Any) -> dict[str, int]:
    return {entry.domain if entry.domain != "ai.onnx" else "": entry.version for entry in opsets}


def _array(tensor: Tensor) -> Any:
    """The numbers of a tensor in its own type; UnknownShapeError where they are not known."""
    from onnx import helper

    if tensor.values is None:
        raise UnknownShapeError
    return tensor.values.astype(helper.tensor_dtype_to_np_dtype(tensor.type))


def _inputs(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """The types of a node's inputs, and the numbers of those that are known."""
    from onnx import helper, numpy_helper

    types, data = {}, {}
    for name, tensor in zip(call.node.input, call.inputs, strict=True):
        if tensor is None:
            continue
        types[name] = helper.make_tensor_type_proto(tensor.type, tensor.shape)
        if tensor.values is not None:
            data[name] = numpy_helper.from_array(_array(tensor), name)
    return types, data


def _of(type_: Any) -> tuple[Shape | None, int]:
    """A shape of which every size is known, and the type of elements."""
    tensor = type_.tensor_type
    sizes = tensor.shape.dim
    known = tensor.HasField("shape") and all(size.HasField("dim_value") for size in sizes)
    return tuple(size.dim_value for size in sizes) if known else None, tensor.elem_type


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


def type_made(call: Call, index: int = 0) -> int:
    """ONNX's number of the type that a node makes: that of its first input, or of the one that says it."""
    if call.op == "Cast":
        return int(call.get("to", _FLOAT))
    if index and call.op in _WITH_PLACES:
        return _INT64
    if call.op in _ALWAYS:
        return _ALWAYS[call.op]
    says = call.maybe(_AS_INPUT.get(call.op, 0)) or next(iter(call.given), None)
    return says.type if says is not None else _FLOAT


_FLOAT, _INT32, _INT64, _BOOL = 1, 6, 7, 9
_ALWAYS = {
    **dict.fromkeys(("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor", "Not"), _BOOL),
    **dict.fromkeys(("IsNaN", "IsInf"), _BOOL),
    **dict.fromkeys(("Shape", "Size", "ArgMax", "ArgMin", "NonZero", "NonMaxSuppression"), _INT64),
    **dict.fromkeys(("ConvInteger", "MatMulInteger"), _INT32),
}
# Operators whose second output, and further ones, are places.
_WITH_PLACES = frozenset(("MaxPool", "TopK", "Unique"))
_AS_INPUT = {"Where": 1, "CastLike": 1, "DequantizeLinear": 1, "OneHot": 2}
