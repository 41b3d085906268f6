"""Pools, global pools, means over all positions, and resizing: all without weights."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, axis_of, known
from convcost.importers.onnx.convolutions import pads_of
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.naming import snake
from convcost.importers.onnx.tensor import Tensor, UnknownShapeError
from convcost.layers.base import Layer, Pads, Shape

Operator = Callable[[Graph, Call], None]


def pool(kind: str) -> Operator:
    """`MaxPool` or `AveragePool`; strides are 1 where nothing is said."""

    def read(graph: Graph, call: Call) -> None:
        made = layers.MaxPool if kind == "max_pool" else layers.AvgPool
        batch, channels, *size = call.shape()
        kernel = call.get("kernel_shape", ())
        dims = len(size)
        strides, dilations = call.get("strides", (1,) * dims), call.get("dilations", (1,) * dims)
        if not len(kernel) == len(strides) == len(dilations) == dims or not dims:
            raise ConvcostError(f"a kernel of {len(kernel)} axes on an input of {dims}")
        pads = pads_of(call, tuple(size), kernel, strides, dilations)
        whole = not kind.startswith("avg") or bool(call.get("count_include_pad", 0) or not any(map(sum, pads)))
        node = _flat_maps(graph, call)
        node, pads = _padded(graph, call, node, pads, [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)])
        window = (kernel, strides, pads, dilations, bool(call.get("ceil_mode", 0)), whole, dims)
        shape = (batch, channels, *layers.MaxPool(*window).output_shape(graph.assembly.shapes[node])[1:])
        if kind == "avg_pool" and max(dilations) > 1:
            # An average pool of other frameworks has no dilation.
            graph.give(call, kind, (node,), shape)
        else:
            graph.put(call, kind, made(*window), (node,), shape)
        if len(call.outputs) > 1 and call.outputs[1]:
            graph.give(call, "indices", (node,), shape, 1)

    return read


def _flat_maps(graph: Graph, call: Call) -> str:
    """Feature maps as (channels, *n); those of a batch of several are so many more channels."""
    batch, channels, *size = call.shape()
    return graph.bring(call, call[0], (batch * channels, *size))


def _padded(graph: Graph, call: Call, node: str, pads: Pads, spans: list[int]) -> tuple[str, Pads]:
    """Pads beyond half of the window, which pools do not take, as a layer of their own."""
    if all(max(pair) <= span // 2 for pair, span in zip(pads, spans, strict=True)):
        return node, pads
    name = graph.names.free(f"{graph.name(call)}.pad")
    graph.assembly.append(name, "pad", layers.Pad(pads), node)
    return name, ((0, 0),) * len(pads)


def global_pool(kind: str) -> Operator:
    """`GlobalAveragePool` or `GlobalMaxPool`."""

    def read(graph: Graph, call: Call) -> None:
        shape = call.shape()
        _global(graph, call, kind, _flat_maps(graph, call), (*shape[:2], *(1 for _ in shape[2:])))

    return read


def _global(graph: Graph, call: Call, kind: str, node: str, shape: Shape) -> None:
    layer: Layer = layers.GlobalAvgPool() if kind == "global_avg_pool" else layers.AdaptiveMaxPool(1)
    graph.put(call, kind, layer, (node,), shape)


_GLOBAL = {"ReduceMean": "global_avg_pool", "ReduceMax": "adaptive_max_pool"}


def reduced(graph: Graph, call: Call) -> None:
    """`ReduceMean` and its kin; over all positions of feature maps it is a global pool."""
    shape = call.shape()
    rank = len(shape)
    axes = call.ints("axes", 1)
    if not axes:
        axes = () if call.get("noop_with_empty_axes", 0) else tuple(range(rank))
    gone = {axis_of(axis, rank) for axis in axes}
    keep = bool(call.get("keepdims", 1))
    output = tuple(1 if axis in gone else n for axis, n in enumerate(shape) if keep or axis not in gone)
    kind = _GLOBAL.get(call.op)
    # Positions of one element are as good as taken in.
    over_all = (
        gone and gone <= {*range(2, rank)} and all(n == 1 or axis in gone for axis, n in enumerate(shape) if axis > 1)
    )
    if kind is None or not over_all:
        graph.give(call, snake(call.op), (graph.source(call[0]),), output)
        return
    node = graph.source(call[0])
    have = graph.assembly.shapes[node]
    if have[0] != shape[0] * shape[1] or len(have) == 1:
        node = graph.view(call, node, (shape[0] * shape[1], *shape[2:]))
    _global(graph, call, kind, node, output)


_MODES = {"linear": ("linear", "linear", "bilinear", "trilinear"), "cubic": ("bicubic",) * 4}


def resize(graph: Graph, call: Call) -> None:
    """`Resize` and `Upsample`: by factors, or to sizes."""
    shape = call.shape()
    sizes, factors = _sizes(call), _factors(call)
    if not sizes and not factors:
        raise UnknownShapeError
    axes = call.get("axes")
    if axes:
        sizes = _along(axes, sizes, shape)
        factors = _along(axes, factors, (1.0,) * len(shape))
    if len(sizes or factors) != len(shape):
        raise ConvcostError(f"{len(sizes or factors)} sizes or factors for {len(shape)} axes")
    # Runtimes multiply numbers of 32 bits, and round down.
    scaled = (int(np.float32(n) * np.float32(factor)) for n, factor in zip(shape, factors, strict=False))
    sizes = graph.one_of_batch(tuple(sizes)) if shape[0] == 1 else tuple(sizes)
    output = sizes or tuple(scaled)
    if sizes and call.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise UnknownShapeError
    mode = call.get("mode", "nearest")
    if mode not in _MODES and mode != "nearest":
        raise ConvcostError(f"mode `{mode}` is none of ONNX's")
    _resized(graph, call, output, [] if sizes else factors, mode)


def _resized(graph: Graph, call: Call, output: Shape, factors: Any, mode: str) -> None:
    shape = call.shape()
    if len(shape) <= 2 or output[:2] != shape[:2]:  # noqa: PLR2004 - batch and channels
        graph.give(call, "upsample", (graph.source(call[0]),), output)
        return
    dims = len(shape) - 2
    word = mode if mode == "nearest" else _MODES[mode][min(dims, 3)]
    whole = [int(factor) if float(factor).is_integer() else factor for factor in factors[2:]]
    scale = (whole[0] if len(set(whole)) == 1 else tuple(whole)) if whole else None
    layer = layers.Upsample(scale, None if whole else output[2:], word)
    node = _flat_maps(graph, call)
    try:
        graph.put(call, "upsample", layer, (node,), output)
    except ConvcostError:
        # A factor in the file is of 32 bits, and may round otherwise here.
        graph.put(call, "upsample", layers.Upsample(size=output[2:], mode=word), (node,), output)


def _along(axes: tuple[int, ...], given: Any, rest: tuple[Any, ...]) -> Any:
    """Sizes or factors of all axes, from those of some."""
    if not given:
        return given
    own = dict(zip((axis_of(axis, len(rest)) for axis in axes), given, strict=True))
    return [own.get(axis, value) for axis, value in enumerate(rest)]


def _sizes(call: Call) -> Any:
    tensor = call.maybe(3)
    return () if tensor is None else _few(tensor)


def _factors(call: Call) -> Any:
    """Factors: an attribute up to opset 7, the second input up to 10, the third from then on."""
    if "scales" in call.attributes:
        return call.get("scales")
    tensor = call.maybe(2) if len(call.inputs) > 2 else call.maybe(1)  # noqa: PLR2004
    return () if tensor is None else _few(tensor)


def _few(tensor: Tensor) -> list[Any]:
    if tensor.values is None:
        if tensor.node is None and 0 in known(tensor):
            return []
        raise UnknownShapeError
    found: list[Any] = tensor.values.ravel().tolist()
    return found


def depth_to_space(graph: Graph, call: Call) -> None:
    """`DepthToSpace`: blocks of channels side by side."""
    batch, channels, *size = call.shape()
    factor = call.get("blocksize", 1)
    output = (batch, channels // factor ** len(size), *(n * factor for n in size))
    graph.fit(call, "pixel_shuffle", layers.PixelShuffle(factor), (_flat_maps(graph, call),), output)


def space_to_depth(graph: Graph, call: Call) -> None:
    """`SpaceToDepth`: blocks of positions as channels."""
    batch, channels, *size = call.shape()
    factor = call.get("blocksize", 1)
    output = (batch, channels * factor ** len(size), *(n // factor for n in size))
    if prod(output) != prod(call.shape()):
        raise ConvcostError(f"blocks of {factor} do not fit {call.shape()}")
    graph.fit(call, "pixel_unshuffle", layers.PixelUnshuffle(factor), (_flat_maps(graph, call),), output)
