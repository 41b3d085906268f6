"""Operators of ONNX Runtime, `com.microsoft`: fused ones, and quantised ones, read as what they are made of.

Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from collections.abc import Callable

from convcost.importers.onnx.call import Call
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.pointwise import joined
from convcost.importers.onnx.products import matrices, plus, times, turned
from convcost.importers.onnx.shaping import join

Operator = Callable[[Graph, Call], None]


def fused_matmul(graph: Graph, call: Call) -> None:
    """`FusedMatMul`: a and b, each maybe with its last two axes exchanged."""
    if call.get("transBatchA", 0) or call.get("transBatchB", 0):
        raise NotImplementedError
    times(graph, call, turned(graph, call, call[0], "transA"), turned(graph, call, call[1], "transB"))


def integer_matmul(bias: int) -> Operator:
    """`DynamicQuantizeMatMul` and `MatMulIntegerToFloat`: a, b, how they are quantised, and a bias."""

    def read(graph: Graph, call: Call) -> None:
        times(graph, call, call[0], call[1])
        plus(graph, call, call.maybe(bias))

    return read


def qgemm(graph: Graph, call: Call) -> None:
    """`QGemm`: a and b, each with its scale and zero point, and c."""
    matrices(graph, call, call[0], call[3], call.maybe(6))


def qlinear_concat(graph: Graph, call: Call) -> None:
    """`QLinearConcat`: a scale and a zero point for all, then tensors, each with its own."""
    join(graph, call, [call[at] for at in range(2, len(call.inputs), 3)], call.get("axis", 0))


def skip_norm(norm: Operator, bias: int) -> Operator:
    """`SkipLayerNormalization` and its kin: the norm of a sum of two maps and a bias; the sum is the fourth output."""

    def read(graph: Graph, call: Call) -> None:
        joined("add", (0, 1) if call.maybe(bias) is None else (0, 1, bias))(graph, call)
        whole = graph.tensors[call.outputs[0]]
        graph.set(call, whole, 3)
        inner = Call(call.node, [whole, *call.inputs[2:bias]])
        inner.name = graph.names.free(f"{call.name}.norm")
        norm(graph, inner)

    return read
