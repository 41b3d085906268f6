"""Norms, and PReLU: what has parameters without being a product."""

from math import prod

from convcost import layers
from convcost.importers.onnx.call import Call, axis_of, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.shared import again
from convcost.importers.onnx.tensor import Tensor, plain
from convcost.layers.base import Layer
from convcost.layers.given import Given
from convcost.layers.traced import Each


def batch_norm(graph: Graph, call: Call) -> None:
    """`BatchNormalization`: x, scale, shift, and running mean and variance, which are no parameters."""
    channels = call.shape()[1]
    for tensor in call.given[3:5]:
        graph.statistics.update(origin for origin in tensor.origins if origin not in graph.counted)
    _channels(graph, call, "batch_norm", layers.BatchNorm(channels), call.maybe(1), call.maybe(2))


def instance_norm(graph: Graph, call: Call) -> None:
    """`InstanceNormalization`; exporters make group norms of it, with ones and zeros that nobody learnt."""
    channels = call.shape()[1]
    scale, shift = call.maybe(1), call.maybe(2)
    if _is_all(scale, 1) and _is_all(shift, 0):
        _channels(graph, call, "instance_norm", layers.InstanceNorm(channels, affine=False), None, None)
        return
    _channels(graph, call, "instance_norm", layers.InstanceNorm(channels), scale, shift)


def _is_all(tensor: Tensor | None, value: float) -> bool:
    return tensor is not None and tensor.values is not None and bool((tensor.values == value).all())


def _channels(graph: Graph, call: Call, kind: str, layer: Layer, scale: Tensor | None, shift: Tensor | None) -> None:
    each = layer if call.shape()[0] == 1 else Each(layer)
    node = graph.maps(call, call[0])
    made, rest = _owned(graph, each, scale, shift)
    graph.put(call, kind, made, (node, *rest), call.shape())


def _owned(graph: Graph, layer: Layer, *tensors: Tensor | None) -> tuple[Layer, tuple[str, ...]]:
    """A norm with what is its own of scale and shift, and the layers of what is not."""
    own = sum(prod(known(tensor)) for tensor in tensors if tensor is not None and graph.takes(tensor))
    return (layer, ()) if own == layer.norm_params else (again(layer, norms=own), graph.rest(*tensors))


def group_norm(graph: Graph, call: Call) -> None:
    """`GroupNormalization`: scale and shift for each channel, up to opset 20 for each group."""
    channels, groups = call.shape()[1], call.get("num_groups", 1)
    scale, shift = call[1], call[2]
    if known(scale) == (channels,):
        _channels(graph, call, "group_norm", layers.GroupNorm(channels, groups=groups), scale, shift)
        return
    _channels(graph, call, "group_norm", layers.GroupNorm(channels, affine=False, groups=groups), None, None)
    _then(graph, call, "mul", scale)
    _then(graph, call, "add", shift)


def layer_norm(graph: Graph, call: Call) -> None:
    """`LayerNormalization` over the last axes; ``RMSNormalization`` has no shift."""
    shape = call.shape()
    normed = shape[axis_of(call.get("axis", -1), len(shape)) :]
    scale, shift = call.maybe(1), call.maybe(2)
    whole = [
        tensor is not None and tensor.node is None and prod(known(tensor)) == prod(normed) for tensor in (scale, shift)
    ]
    node = graph.bring(call, call[0], plain(shape) if len(shape) > len(normed) else shape)
    if all(whole):
        layer, rest = _owned(graph, layers.LayerNorm(normed), scale, shift)
        graph.fit(call, "layer_norm", layer, (node, *rest), shape)
        return
    graph.fit(call, "layer_norm", layers.LayerNorm(normed, affine=False), (node,), shape)
    for kind, tensor in (("mul", scale), ("add", shift)):
        if tensor is not None:
            _then(graph, call, kind, tensor)


def rms_norm(graph: Graph, call: Call) -> None:
    """`RMSNormalization`: x and a scale."""
    graph.give(call, "rms_norm", (graph.source(call[0]),), call.shape())
    if call.maybe(1) is not None:
        _then(graph, call, "mul", call[1])


def _then(graph: Graph, call: Call, kind: str, other: Tensor) -> None:
    """A scale or a shift of its own behind a norm."""
    norm = graph.tensors[call.outputs[0]]
    name = graph.names.free(f"{call.name}.{kind}")
    layer = Given(kind, plain(known(norm)))
    graph.assembly.append(name, kind, layer, graph.source(norm), graph.source(other))
    graph.set(call, Tensor(norm.shape, name))


def local_response_norm(graph: Graph, call: Call) -> None:
    """`LRN` over neighbouring channels."""
    layer = layers.LocalResponseNorm(call.get("size", 1))
    graph.fit(call, "local_response_norm", layer, (graph.source(call[0]),), call.shape())


def prelu(graph: Graph, call: Call) -> None:
    """`PRelu`: a slope for all, or one for each channel."""
    shape, slope = call.shape(), call[1]
    slopes = prod(known(slope))
    node = graph.bring(call, call[0], plain(shape))
    first = graph.assembly.shapes[node][0]
    if slope.node is None and slopes in (1, first) and (slopes == 1 or len(plain(shape)) == len(shape) - 1):
        layer = layers.PReLU(slopes) if graph.takes(slope) else again(layers.PReLU(slopes))
        graph.fit(call, "prelu", layer, (node, *graph.rest(slope)), shape)
    else:
        graph.give(call, "prelu", (node, graph.source(slope)), shape)
