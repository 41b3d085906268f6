"""Operations of each element: activations, and sums and products of maps with each other and with constants."""

from collections.abc import Callable
from itertools import zip_longest
from math import prod

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.naming import snake
from convcost.importers.onnx.tensor import Tensor, plain
from convcost.layers.base import Layer, Shape, text_shape
from convcost.layers.given import Given
from convcost.layers.traced import Elementwise
from convcost.network import Node

Operator = Callable[[Graph, Call], None]

# Operators that are activations, by their words in the network language.
ACTIVATIONS = {
    "Relu": "relu",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Gelu": "gelu",
    "Swish": "silu",
    "Mish": "mish",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "HardSwish": "hardswish",
    "HardSigmoid": "hardsigmoid",
    "Dropout": "dropout",
    "com.microsoft.Gelu": "gelu",
    "com.microsoft.QuickGelu": "gelu",
    "com.microsoft.QLinearSigmoid": "sigmoid",
    "com.microsoft.QLinearLeakyRelu": "leaky_relu",
}


def activation(graph: Graph, call: Call) -> None:
    """A function of each element."""
    word = ACTIVATIONS[call.op]
    graph.put(call, word, layers.Activation(word), (graph.source(call[0]),), call.shape())


def softmax(graph: Graph, call: Call) -> None:
    """`Softmax` and `LogSoftmax`: along an axis, the last one from opset 13 on."""
    word, shape = snake(call.node.op_type).removeprefix("q_linear_"), call.shape()
    axis = call.get("axis", -1 if graph.opset >= _SOFTMAX_AXIS else 1)
    axis = axis % len(shape) if shape else 0
    node = graph.bring(call, call[0], plain(shape))
    # Layers count axes from the batch.
    dim = axis if len(plain(shape)) == len(shape) - 1 else axis + 1
    graph.put(call, word, layers.Activation(word, None if dim == 1 else dim), (node,), shape)


_SOFTMAX_AXIS = 13
_RELU6 = 6.0


def clip(graph: Graph, call: Call) -> None:
    """`Clip`: a ReLU6 between 0 and 6, a ReLU from 0 on."""
    low, high = (_bound(call, name, index) for name, index in (("min", 1), ("max", 2)))
    word = "relu6" if (low, high) == (0.0, _RELU6) else "relu" if low == 0.0 and high is None else ""
    if word:
        graph.put(call, word, layers.Activation(word), (graph.source(call[0]),), call.shape())
    else:
        graph.put(call, "clip", layers.Activation("identity"), (graph.source(call[0]),), call.shape())


def _bound(call: Call, name: str, index: int) -> float | None:
    if name in call.attributes:
        found = float(call.get(name))
        return None if abs(found) > _NO_BOUND else found
    tensor = call.maybe(index)
    if tensor is None:
        return None
    return float(tensor.values.item()) if tensor.values is not None and tensor.values.size == 1 else float("nan")


# What opsets before 11 have where nothing is said.
_NO_BOUND = 1e38


def spread(shapes: list[Shape]) -> Shape:
    """The shape that all have when axes of 1 serve all of others', counted from the last.

    >>> spread([(1, 8, 4, 4), (8, 1, 1)])
    (1, 8, 4, 4)
    """
    found = []
    for sizes in zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1):
        wide = {size for size in sizes if size != 1}
        if len(wide) > 1:
            raise ConvcostError(f"shapes {' and '.join(map(text_shape, shapes))} do not fit")
        found.append(next(iter(wide), 1))
    return tuple(found[::-1])


def joined(kind: str, places: tuple[int, ...] | None = None) -> Operator:
    """`Add`, `Sum`, `Mul` and others of several inputs; ``places`` are those of the inputs that are joined."""

    def read(graph: Graph, call: Call) -> None:
        tensors = call.given if places is None else [call[index] for index in places]
        shape = spread([known(tensor) for tensor in tensors])
        parts = [tensor for tensor in tensors if tensor.node is not None or graph.is_learnt(tensor)]
        maps = [tensor for tensor in parts if tensor.node is not None]
        if len(maps) == 1 and len(parts) == len(tensors) == 2:  # noqa: PLR2004
            other = next(tensor for tensor in parts if tensor.node is None)
            if _taken_in(graph, call, kind, maps[0], other):
                return
        _meet(graph, call, kind, parts or tensors, shape)

    return read


def _taken_in(graph: Graph, call: Call, kind: str, tensor: Tensor, constant: Tensor) -> bool:
    """Whether a constant is the bias of the layer before, or a factor for each channel."""
    node = graph.assembly.shapes[tensor.node or ""]
    shape, sizes = known(tensor), known(constant)
    if spread([shape, sizes]) != shape:
        return False
    first = (1,) * (len(shape) - len(node)) + node[:1] + (1,) * (len(node) - 1)
    per_channel = (1,) * (len(shape) - len(sizes)) + sizes == first and len(node) > 1
    if kind == "mul" and per_channel and graph.takes(constant):
        graph.put(call, "scale", layers.Scale(node[0]), (tensor.node or "",), shape)
        return True
    made = graph.assembly.nodes[-1] if graph.assembly.nodes else None
    if kind == "add" and made and made.name == tensor.node and graph.uses.get(_name_of(call, tensor, graph), 0) == 1:
        last = sizes[-1:] == shape[-1:] and prod(sizes) == sizes[-1]
        layer = _with_bias(made, last=last, first=per_channel or node == sizes)
        if layer is not None and graph.takes(constant):
            # Nothing but the bias changes: the shape and the name stay.
            made.layer = layer
            graph.set(call, tensor)
            return True
    return False


def _name_of(call: Call, tensor: Tensor, graph: Graph) -> str:
    return next((name for name in call.node.input if graph.tensors.get(name) is tensor), "")


def _with_bias(node: Node, *, last: bool, first: bool) -> Layer | None:
    """The layer with a bias where it has none, and the channels of a constant are its own."""
    from dataclasses import replace

    layer = node.layer
    fits = last if isinstance(layer, layers.Linear) else first and isinstance(layer, layers.Conv | layers.ConvTranspose)
    return replace(layer, bias=True) if fits and not layer.bias else None  # type: ignore[attr-defined, type-var]


def _meet(graph: Graph, call: Call, kind: str, parts: list[Tensor], shape: Shape) -> None:
    """Maps that meet, and constants that stand on their own."""
    sources = tuple(graph.source(tensor) for tensor in parts)
    if len(sources) == 1 and shape == known(parts[0]):
        # A number that serves all: a function of each element.
        graph.put(call, kind, layers.Activation("identity"), sources, shape)
        return
    if kind not in _JOINTS:
        alike = all(graph.assembly.shapes[source] == plain(shape) for source in sources)
        graph.give(call, kind, sources, shape, form=Elementwise if alike else Given)
        return
    own = [(1,) * (len(shape) - len(known(tensor))) + known(tensor) for tensor in parts]
    if all(sizes == own[0] for sizes in own):
        like = graph.assembly.shapes[sources[0]]
    else:
        like = ()
        own = [sizes[1:] for sizes in own] if len(shape) > 1 and shape[0] == 1 else own
    wanted = [like or sizes for sizes in own]
    fitting = tuple(graph.view(call, node, sizes or (1,)) for node, sizes in zip(sources, wanted, strict=True))
    graph.fit(call, kind, _JOINTS[kind](), fitting, shape)


_JOINTS: dict[str, type[Layer]] = {"add": layers.Add, "mul": layers.Mul}


def elementwise(graph: Graph, call: Call) -> None:
    """A function of one map, or of several, that has no word of its own."""
    joined(snake(call.node.op_type))(graph, call)
