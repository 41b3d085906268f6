"""Matrix products: with weights they are linear layers, of two maps they are products."""

from math import prod

from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, axis_of, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.shared import again
from convcost.importers.onnx.tensor import Tensor, plain
from convcost.layers.activation import Activation
from convcost.layers.base import Layer, Shape, text_shape
from convcost.layers.given import Given
from convcost.layers.linear import Linear
from convcost.layers.product import Einsum, MatMul
from convcost.layers.traced import Look

_MATRIX = 2


def gemm(graph: Graph, call: Call) -> None:
    """`Gemm`: a, b and c, each of a and b maybe transposed."""
    a, b, c = _matrix(graph, call, 0, "transA"), _matrix(graph, call, 1, "transB"), call.maybe(2)
    if b.node is None and a.node is not None:
        bias = c is not None and c.node is None and prod(known(c)) == known(b)[-1]
        _linear(graph, call, a, b, c if bias else None)
        if bias or c is None:
            return
    else:
        _product(graph, call, a, b)
    if c is not None and (c.node or graph.is_learnt(c)):
        _plus(graph, call, c)


def _matrix(graph: Graph, call: Call, index: int, transposed: str) -> Tensor:
    """A matrix of a `Gemm` as it is multiplied."""
    tensor = call[index]
    shape = known(tensor)
    if len(shape) != _MATRIX:
        raise ConvcostError(f"a matrix of {len(shape)} axes")
    if not call.get(transposed, 0):
        return tensor
    shape = shape[::-1]
    if tensor.node is None:
        return Tensor(shape, None, None, tensor.origins, tensor.type)
    if 1 in shape:
        return Tensor(shape, tensor.node)
    return Tensor(shape, graph.permuted(call, graph.bring(call, tensor, shape[::-1]), (1, 0)))


def _plus(graph: Graph, call: Call, other: Tensor) -> None:
    """A sum behind a product, of what is no bias."""
    product = graph.tensors[call.outputs[0]]
    sources = (graph.source(product), graph.source(other))
    name = _aside(graph, call, "add", Given("add", plain(known(product))), *sources)
    graph.set(call, Tensor(product.shape, name))


def matmul(graph: Graph, call: Call) -> None:
    """`MatMul`, as numpy's, and `MatMulInteger`."""
    _times(graph, call, call[0], call[1])


def qlinear_matmul(graph: Graph, call: Call) -> None:
    """`QLinearMatMul`: a and b, each with its scale and zero point."""
    _times(graph, call, call[0], call[3])


def _times(graph: Graph, call: Call, a: Tensor, b: Tensor) -> None:
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
    linear = Linear(inner, outer, bias=own_bias)
    layer = linear if own else again(linear, linear.biases)
    rows = known(a)[:-1]
    shape = (*lead[: max(0, len(lead) - len(rows) + 1)], *rows, outer)
    graph.put(call, "linear", layer, (graph.bring(call, a, plain(known(a))),), shape)


def _product(graph: Graph, call: Call, a: Tensor, b: Tensor) -> None:
    """The product of two maps; leading axes are those of several products at once."""
    one, other = known(a), known(b)
    left = one if len(one) > 1 else (1, *one)
    right = other if len(other) > 1 else (*other, 1)
    if not one or not other or left[-1] != right[-2]:
        raise ConvcostError(f"a product of {text_shape(one)} and {text_shape(other)}")
    output = [*_spread(left[:-2], right[:-2]), *([left[-2]] * (len(one) > 1)), *([right[-1]] * (len(other) > 1))]
    if len(left) == len(right) > _MATRIX and left[0] == right[0] == 1:
        left, right = left[1:], right[1:]
    sources = (graph.bring(call, a, left), graph.bring(call, b, right))
    graph.put(call, "matmul", MatMul(), sources, tuple(output))


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
    sizes = {
        letter: size
        for term, shape in zip(terms, shapes, strict=True)
        for letter, size in zip(term, shape, strict=True)
    }
    made = tuple(sizes[letter] for letter in output)
    if len(terms) == 1:
        graph.give(call, "einsum", (graph.source(call[0]),), made)
        return
    batch = _batch(terms, output, shapes)
    if batch:
        shapes = [shape[term.startswith(batch) :] for term, shape in zip(terms, shapes, strict=True)]
        terms, output = [term.removeprefix(batch) for term in terms], output[1:]
    sources = tuple(graph.bring(call, tensor, shape) for tensor, shape in zip(call.given, shapes, strict=True))
    graph.put(call, "einsum", Einsum(f"{','.join(terms)}->{output}"), sources, made)


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


def attention(graph: Graph, call: Call) -> None:
    """`Attention` of opset 23: scores of queries and keys, and their product with the values."""
    if call.maybe(4) is not None or len([name for name in call.outputs if name]) > 1:
        raise NotImplementedError
    q, k, v = (_heads(call, index, name) for index, name in ((0, "q"), (1, "kv"), (2, "kv")))
    queries, keys, values = (plain(known(tensor)) for tensor in (q, k, v))
    # Keys and values of fewer heads serve several queries each.
    turned = (*queries[:-2], keys[-1], keys[-2])
    flipped = _aside(graph, call, "keys", Given("transpose", turned), graph.source(k))
    first = graph.view(call, graph.source(q), queries)
    scores = _aside(graph, call, "scores", MatMul(), first, flipped)
    weights = _aside(graph, call, "weights", Activation("softmax", -1), scores)
    third = graph.source(v)
    if values[:-2] == queries[:-2]:
        third = graph.view(call, third, values)
    else:
        third = _aside(graph, call, "values", Look("expand", (*queries[:-2], *values[-2:])), third)
    made = (*known(q)[:3], values[-1])
    shape = made if len(call.shape()) == len(made) else (made[0], made[2], made[1] * made[3])
    graph.put(call, "matmul", MatMul(), (weights, third), shape)


def _aside(graph: Graph, call: Call, part: str, layer: Layer, *sources: str) -> str:
    """A layer inside of what a node does."""
    name = graph.names.free(f"{graph.name(call)}.{part}")
    graph.assembly.append(name, layer.kind, layer, *sources)
    return name


def _heads(call: Call, index: int, name: str) -> Tensor:
    """Queries, keys or values as (batch, heads, positions, features)."""
    tensor = call[index]
    shape = known(tensor)
    if len(shape) == 4:  # noqa: PLR2004
        return tensor
    heads = call.get(f"{name}_num_heads", 0)
    if len(shape) != 3 or not heads or shape[axis_of(-1, 3)] % heads:  # noqa: PLR2004
        raise ConvcostError(f"{name} of {shape} with {heads} heads")
    return Tensor((shape[0], heads, shape[1], shape[2] // heads), tensor.node, None, tensor.origins)
