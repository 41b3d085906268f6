"""Sequences of tensors: each tensor in them is known by its place."""

from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, axis_of, known, numbers, split_sizes
from convcost.importers.onnx.constants import scalar
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.shaping import join, parts
from convcost.importers.onnx.tensor import Tensor, UnknownShapeError


def split(graph: Graph, call: Call) -> None:
    """`SplitToSequence`: into sizes, parts of one size, or single elements."""
    shape = call.shape()
    axis = axis_of(call.get("axis", 0), len(shape))
    given = call.maybe(1)
    if given is not None and known(given):
        sizes = split_sizes(call, shape[axis])
    else:
        size = numbers(given)[0] if given is not None else 1
        if size < 1:
            raise ConvcostError(f"parts of {size}")
        sizes = [min(size, shape[axis] - begin) for begin in range(0, shape[axis], size)]
    found = parts(graph, call, axis, sizes)
    if given is None and not call.get("keepdims", 1):
        found = [_without(part, axis) for part in found]
    graph.sequences[call.outputs[0]] = found


def _without(tensor: Tensor, axis: int) -> Tensor:
    shape = known(tensor)
    return Tensor((*shape[:axis], *shape[axis + 1 :]), tensor.node, None, tensor.origins, tensor.type)


def construct(graph: Graph, call: Call) -> None:
    """`SequenceConstruct` and `SequenceEmpty`."""
    graph.sequences[call.outputs[0]] = call.given


def insert(graph: Graph, call: Call) -> None:
    """`SequenceInsert`: a tensor at a place, or at the end."""
    found = list(_sequence(graph, call))
    place = call.maybe(2)
    found.insert(len(found) if place is None else _place(numbers(place)[0], len(found) + 1), call[1])
    graph.sequences[call.outputs[0]] = found


def at(graph: Graph, call: Call) -> None:
    """`SequenceAt`: the tensor at a place."""
    found = _sequence(graph, call)
    graph.set(call, found[_place(numbers(call[1])[0], len(found))])


def length(graph: Graph, call: Call) -> None:
    """`SequenceLength`: how many tensors there are."""
    graph.set(call, scalar(len(_sequence(graph, call))))


def concat(graph: Graph, call: Call) -> None:
    """`ConcatFromSequence`: side by side along an axis, or along a new one."""
    found = list(_sequence(graph, call))
    if not found:
        raise UnknownShapeError
    axis = call.get("axis", 0)
    if call.get("new_axis", 0):
        at = axis_of(axis, len(known(found[0])) + 1)
        found = [_with(tensor, at) for tensor in found]
    join(graph, call, found, axis)


def _with(tensor: Tensor, axis: int) -> Tensor:
    shape = known(tensor)
    return Tensor((*shape[:axis], 1, *shape[axis:]), tensor.node, None, tensor.origins, tensor.type)


def _sequence(graph: Graph, call: Call) -> list[Tensor]:
    found = graph.sequences.get(call.node.input[0])
    if found is None:
        raise UnknownShapeError
    return found


def _place(place: int, number: int) -> int:
    if not -number <= place < number:
        raise ConvcostError(f"place {place} of {number} in a sequence")
    return place % number
