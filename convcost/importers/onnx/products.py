"""Matrix products: with weights they are linear layers, of two maps they are products."""

from math import prod

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.shared import again
from convcost.importers.onnx.tensor import Tensor, plain
from convcost.layers.base import Layer, Shape, text_shape
from convcost.layers.given import Given

_MATRIX = 2


def gemm(graph: Graph, call: Call) -> None:
    """`Gemm`: a, b and c, each of a and b maybe transposed."""
    matrices(graph, call, call[0], call[1], call.maybe(2))


def matrices(graph: Graph, call: Call, a: Tensor, b: Tensor, c: Tensor | None) -> None:
    """A product of two matrices as a `Gemm` has them, and a sum with c."""
    if not len(known(a)) == len(known(b)) == _MATRIX:
        raise ConvcostError(f"matrices of {len(known(a))} and {len(known(b))} axes")
    a, b = turned(graph, call, a, "transA"), turned(graph, call, b, "transB")
    if b.node is None and a.node is not None:
        bias = c is not None and c.node is None and prod(known(c)) == known(b)[-1]
        _linear(graph, call, a, b, c if bias else None)
        if bias or c is None:
            return
    else:
        _product(graph, call, a, b)
    plus(graph, call, c)


def turned(graph: Graph, call: Call, tensor: Tensor, attribute: str) -> Tensor:
    """A tensor with its last two axes exchanged where an attribute says so."""
    shape = known(tensor)
    if not call.get(attribute, 0) or len(shape) < _MATRIX:
        return tensor
    made = (*shape[:-2], shape[-1], shape[-2])
    if tensor.node is None:
        return Tensor(made, None, None, tensor.origins, tensor.type)
    if 1 in shape[-2:]:
        return Tensor(made, tensor.node)
    axes = range(len(shape) - 2)
    return Tensor(made, graph.permuted(call, graph.bring(call, tensor, shape), (*axes, len(axes) + 1, len(axes))))


def plus(graph: Graph, call: Call, other: Tensor | None) -> None:
    """A sum behind a product, of what is no bias of it."""
    if other is None or not (other.node or graph.is_learnt(other)):
        return
    product = graph.tensors[call.outputs[0]]
    sources = (graph.source(product), graph.source(other))
    name = aside(graph, call, "add", Given("add", plain(known(product))), *sources)
    graph.set(call, Tensor(product.shape, name))


def matmul(graph: Graph, call: Call) -> None:
    """`MatMul`, as numpy's, and `MatMulInteger`."""
    times(graph, call, call[0], call[1])


def qlinear_matmul(graph: Graph, call: Call) -> None:
    """`QLinearMatMul`: a and b, each with its scale and zero point."""
    times(graph, call, call[0], call[3])


def times(graph: Graph, call: Call, a: Tensor, b: Tensor) -> None:
    """The product of two tensors, as numpy's; with a matrix of weights it is a linear layer."""
    shape = known(b)
    if b.node is None and a.node is not None and len(shape) >= _MATRIX and prod(shape[:-2]) == 1:
        _linear(graph, call, a, Tensor(shape[-2:], None, b.values, b.origins), None, (1,) * (len(shape) - 2))
    else:
        _product(graph, call, a, b)


def _linear(graph: Graph, call: Call, a: Tensor, b: Tensor, bias: Tensor | None, lead: Shape = ()) -> None:
    """A product with weights; ``lead`` are axes of 1 before those of the weights, which the output may get."""
    inner, outer = known(b)
    if known(a)[-1:] != (inner,):
        raise ConvcostError(f"weights for {inner:,} features, but the input is {text_shape(known(a))}")
    own, own_bias = graph.takes(b), graph.takes(bias)
    linear = layers.Linear(inner, outer, bias=own_bias)
    rest = graph.rest(b, bias)
    rows = known(a)[:-1]
    shape = (*lead[: max(0, len(lead) - len(rows) + 1)], *rows, outer)
    node = graph.bring(call, a, plain(known(a)))
    if own:
        graph.put(call, "linear", linear, (node,), shape)
    else:
        graph.put(call, "linear", again(linear, linear.biases), (node, *rest), shape)


def _product(graph: Graph, call: Call, a: Tensor, b: Tensor) -> None:
    """The product of two maps; leading axes are those of several products at once."""
    one, other = known(a), known(b)
    left = one if len(one) > 1 else (1, *one)
    right = other if len(other) > 1 else (*other, 1)
    if not one or not other or left[-1] != right[-2]:
        raise ConvcostError(f"a product of {text_shape(one)} and {text_shape(other)}")
    output = [*_spread(left[:-2], right[:-2]), *([left[-2]] * (len(one) > 1)), *([right[-1]] * (len(other) > 1))]
    axes = max(len(left), len(right))
    if axes > _MATRIX and all(shape[0] == 1 for shape in (left, right) if len(shape) == axes):
        left, right = (shape[1:] if len(shape) == axes else shape for shape in (left, right))
    sources = (graph.bring(call, a, left), graph.bring(call, b, right))
    graph.put(call, "matmul", layers.MatMul(), sources, tuple(output))


def _spread(one: Shape, other: Shape) -> Shape:
    dims = max(len(one), len(other))
    pairs = zip((1,) * (dims - len(one)) + one, (1,) * (dims - len(other)) + other, strict=True)
    return tuple(m if n == 1 else n for m, n in pairs)


def einsum(graph: Graph, call: Call) -> None:
    """`Einsum` of two operands; of one it moves elements, or sums them."""
    inputs, _, output = call.get("equation", "").replace(" ", "").partition("->")
    terms = inputs.split(",")
    shapes = [known(tensor) for tensor in call.given]
    if not output or len(terms) != len(shapes) or len(terms) > _MATRIX:
        raise NotImplementedError
    terms, output = _without_dots(terms, output, shapes)
    sizes = _sizes(terms, shapes)
    made = tuple(sizes[letter] for letter in output)
    if len(terms) == 1:
        graph.give(call, "einsum", (graph.source(call[0]),), made)
        return
    batch = _batch(terms, output, shapes)
    if batch:
        shapes = [shape[term.startswith(batch) :] for term, shape in zip(terms, shapes, strict=True)]
        terms, output = [term.removeprefix(batch) for term in terms], output[1:]
    sources = tuple(graph.bring(call, tensor, shape) for tensor, shape in zip(call.given, shapes, strict=True))
    graph.put(call, "einsum", layers.Einsum(f"{','.join(terms)}->{output}"), sources, made)


def _sizes(terms: list[str], shapes: list[Shape]) -> dict[str, int]:
    """The size of each letter; an axis of 1 that serves all of another's has no MACs that the equation tells."""
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, size in zip(term, shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise NotImplementedError
    return sizes


def _batch(terms: list[str], output: str, shapes: list[Shape]) -> str:
    """The letter of the batch: the first one of the output and of each term that has it, of size 1."""
    letter = output[:1]
    own = [(term, shape) for term, shape in zip(terms, shapes, strict=True) if letter in term]
    long = len(output) > 1 and all(len(term) > 1 for term in terms)
    first = all(term.rfind(letter) == 0 and shape[0] == 1 for term, shape in own) and output.rfind(letter) == 0
    return letter if long and first else ""


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _without_dots(terms: list[str], output: str, shapes: list[Shape]) -> tuple[list[str], str]:
    """An equation with letters for ``...``: those of a term are the last ones."""
    free = [letter for letter in _LETTERS if letter not in "".join((*terms, output))]
    dots = [len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, shapes, strict=True)]
    most = max((number for number, term in zip(dots, terms, strict=True) if "..." in term), default=0)
    spare = "".join(free[:most])
    written = [term.replace("...", spare[most - number :]) for term, number in zip(terms, dots, strict=True)]
    return written, output.replace("...", spare)


def aside(graph: Graph, call: Call, part: str, layer: Layer, *sources: str) -> str:
    """A layer inside of what a node does."""
    name = graph.names.free(f"{graph.name(call)}.{part}")
    graph.assembly.append(name, layer.kind, layer, *sources)
    return name
