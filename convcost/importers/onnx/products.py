"""Matrix products: with weights they are linear layers, of two maps they are products."""

from math import prod

from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, axis_of, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.shared import again
from convcost.importers.onnx.tensor import Tensor, plain
from convcost.layers.base import Shape, text_shape
from convcost.layers.linear import Linear
from convcost.layers.product import Einsum, MatMul

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
    from convcost.layers.given import Given

    product = graph.tensors[call.outputs[0]]
    name = graph.names.free(f"{call.name}.add")
    sources = (graph.source(product), graph.source(other))
    graph.assembly.append(name, "add", Given("add", plain(known(product))), *sources)
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
    if _is_batch(terms, output, shapes):
        terms, output = [term[1:] for term in terms], output[1:]
        shapes = [shape[1:] for shape in shapes]
    sources = tuple(graph.bring(call, tensor, shape) for tensor, shape in zip(call.given, shapes, strict=True))
    graph.put(call, "einsum", Einsum(f"{','.join(terms)}->{output}"), sources, made)


def _is_batch(terms: list[str], output: str, shapes: list[Shape]) -> bool:
    """Whether the first axis is the batch for all: a letter of its own, of size 1."""
    first = {term[:1] for term in (*terms, output)}
    rest = "".join(term[1:] for term in (*terms, output))
    long = all(len(term) > 1 for term in (*terms, output))
    return long and len(first) == 1 and not first & set(rest) and all(shape[0] == 1 for shape in shapes)


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
    q, k, v = (_heads(call, index, name) for index, name in ((0, "q"), (1, "kv"), (2, "kv")))
    if call.maybe(4) is not None or len([name for name in call.outputs if name]) > 1:
        raise NotImplementedError
    queries, keys, values = known(q), known(k), known(v)
    scores = graph.names.free(f"{graph.name(call)}.scores")
    many = queries[:2] + keys[2:]
    # Keys and values of fewer heads serve several queries each.
    first, second, third = (graph.source(tensor) for tensor in (q, k, v))
    from convcost.layers.given import Given

    flipped = graph.names.free(f"{call.name}.keys")
    graph.assembly.append(flipped, "transpose", Given("transpose", (*many[:2], keys[3], keys[2])), second)
    graph.assembly.append(scores, "matmul", MatMul(), graph.view(call, first, queries), flipped)
    weights = graph.names.free(f"{call.name}.weights")
    from convcost.layers.activation import Activation

    graph.assembly.append(weights, "softmax", Activation("softmax", -1), scores)
    spread = (*queries[:2], *values[2:])
    if spread == values:
        third = graph.view(call, third, values)
    else:
        name = graph.names.free(f"{call.name}.values")
        graph.assembly.append(name, "expand", Given("expand", spread), third)
        third = name
    made = (*queries[:3], values[3])
    shape = made if len(call.shape()) == len(made) else (made[0], made[2], made[1] * made[3])
    graph.put(call, "matmul", MatMul(), (weights, third), shape)


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
