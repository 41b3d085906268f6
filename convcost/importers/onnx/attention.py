"""`Attention` of opset 23 on: the products of queries and keys, and of the scores with the values."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.products import aside
from convcost.importers.onnx.tensor import Tensor, plain
from convcost.layers.base import Shape, text_shape
from convcost.layers.given import Given
from convcost.layers.traced import Look

_IN_HEADS, _PACKED = 4, 3


def attention(graph: Graph, call: Call) -> None:
    """Queries, keys, values, a mask, and keys and values of the past; what is made are sums of values.

    Further outputs are all keys, all values, and the scores. Source:
    https://onnx.ai/onnx/operators/onnx__Attention.html
    """
    q = _heads(call, 0, "q")
    k = _behind(graph, call, 4, _heads(call, 1, "kv"), 1)
    v = _behind(graph, call, 5, _heads(call, 2, "kv"), 2)
    queries, keys, values = (plain(known(tensor)) for tensor in (q, k, v))
    # Keys and values of fewer heads serve several queries each.
    turned = aside(graph, call, "keys", Given("transpose", (*queries[:-2], keys[-1], keys[-2])), graph.source(k))
    scores = aside(graph, call, "scores", layers.MatMul(), graph.view(call, graph.source(q), queries), turned)
    weights = aside(graph, call, "weights", layers.Activation("softmax", -1), scores)
    wide = _for_heads(graph, call, v, (*queries[:-2], *values[-2:]))
    made = (*known(q)[:3], values[-1])
    shape = made if len(call.shape()) == _IN_HEADS else (made[0], made[2], made[1] * made[3])
    graph.put(call, "matmul", layers.MatMul(), (weights, wide), shape)
    graph.set(call, Tensor((*known(q)[:3], keys[-2]), scores), 3)


def _heads(call: Call, index: int, name: str) -> Tensor:
    """Queries, keys or values as (batch, heads, positions, features)."""
    tensor = call[index]
    shape = known(tensor)
    if len(shape) == _IN_HEADS:
        return tensor
    heads = call.get(f"{name}_num_heads", 0)
    if len(shape) != _PACKED or heads < 1 or shape[-1] % heads:
        raise ConvcostError(f"{name} of {text_shape(shape)} with {heads} heads")
    return Tensor((shape[0], heads, shape[1], shape[2] // heads), tensor.node, None, tensor.origins)


def _behind(graph: Graph, call: Call, index: int, tensor: Tensor, output: int) -> Tensor:
    """Keys or values behind those of the past, an input; all of them are an output."""
    past = call.maybe(index)
    if past is not None and 0 not in known(past):
        batch, heads, positions, features = known(tensor)
        shape = (batch, heads, known(past)[2] + positions, features)
        layer = Given("concat", plain(shape))
        part = "past_keys" if output == 1 else "past_values"
        tensor = Tensor(shape, aside(graph, call, part, layer, graph.source(past), graph.source(tensor)))
    graph.set(call, tensor, output)
    return tensor


def _for_heads(graph: Graph, call: Call, values: Tensor, shape: Shape) -> str:
    """The values of each head of queries."""
    node = graph.source(values)
    if plain(known(values)) == shape:
        return graph.view(call, node, shape)
    return aside(graph, call, "values", Look("expand", shape), node)
