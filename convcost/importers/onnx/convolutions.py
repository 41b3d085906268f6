"""Convolutions and transposed convolutions, and their quantised and fused kin."""

from math import prod
from typing import NamedTuple

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.shared import again
from convcost.importers.onnx.tensor import Tensor
from convcost.layers.base import Pads, Shape, Sizes, text_shape
from convcost.layers.conv import Convolution
from convcost.layers.traced import Each


def conv(graph: Graph, call: Call) -> None:
    """`Conv`: x, w, and a bias."""
    _convolve(graph, call, call[0], call[1], call.maybe(2))


def conv_integer(graph: Graph, call: Call) -> None:
    """`ConvInteger`: x, w, and their zero points."""
    _convolve(graph, call, call[0], call[1], None)


def qlinear_conv(graph: Graph, call: Call) -> None:
    """`QLinearConv`: x and w, each with its scale and zero point, those of the output, and a bias."""
    _convolve(graph, call, call[0], call[3], call.maybe(8))


def conv_transpose(graph: Graph, call: Call) -> None:
    """`ConvTranspose`: x, w, and a bias."""
    x, w, bias = call[0], call[1], call.maybe(2)
    dims = _axes(call, x, w)
    kernel, groups = known(w)[2:], call.get("group", 1)
    strides, dilations = call.get("strides", (1,) * dims), call.get("dilations", (1,) * dims)
    extra = call.get("output_padding") or (0,) * dims
    axes = list(zip(known(x)[2:], kernel, strides, dilations, extra, strict=True))
    pads, more = _transposed_pads(call, axes)
    sizes = {"stride": strides, "padding": pads, "dilation": dilations, "output_padding": more}
    channels = known(w)[1] * groups
    weights = _weights(graph, w, bias, channels)
    layer = layers.ConvTranspose(
        known(x)[1], channels, kernel, groups=groups, bias=weights.own_bias, dims=dims, **sizes
    )
    _put(graph, call, "conv_transpose", layer, x, weights)


_Axis = tuple[int, int, int, int, int]


def _transposed_pads(call: Call, axes: list[_Axis]) -> tuple[Pads, Sizes]:
    """The pads of a transposed convolution, and its output padding, from what its attributes leave to be found.

    Source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
    """
    auto, wanted = call.get("auto_pad", "NOTSET"), call.get("output_shape")
    extra = tuple(axis[4] for axis in axes)
    if not wanted and auto == "NOTSET":
        return _pairs(call, len(axes)), extra
    if not wanted and auto == "VALID":
        return ((0, 0),) * len(axes), extra
    sizes = tuple(wanted)[-len(axes) :] if wanted else tuple(n * s for n, _, s, _, _ in axes)
    pads, more = [], []
    for (n, k, s, d, e), size in zip(axes, sizes, strict=True):
        total = s * (n - 1) + e + d * (k - 1) + 1 - size
        half, rest = max(total, 0) // 2, max(total, 0) - max(total, 0) // 2
        pads.append((half, rest) if auto == "SAME_UPPER" else (rest, half))
        more.append(e + max(-total, 0))
    return tuple(pads), tuple(more)


def _convolve(graph: Graph, call: Call, x: Tensor, w: Tensor, bias: Tensor | None) -> None:
    dims = _axes(call, x, w)
    channels, kernel, groups = known(x)[1], known(w)[2:], call.get("group", 1)
    strides, dilations = call.get("strides", (1,) * dims), call.get("dilations", (1,) * dims)
    if known(w)[1] * groups != channels:
        raise ConvcostError(f"weights for {known(w)[1] * groups} channels, but {channels} come in")
    pads = pads_of(call, known(x)[2:], kernel, strides, dilations)
    weights = _weights(graph, w, bias, known(w)[0])
    sizes = (kernel, strides, pads, dilations)
    layer = layers.Conv(channels, known(w)[0], *sizes, groups=groups, bias=weights.own_bias, dims=dims)
    _put(graph, call, _kind(layer), layer, x, weights)


def _kind(layer: layers.Conv) -> str:
    """The word of the network language."""
    if 1 < layer.groups == layer.in_channels:
        return "depthwise"
    if layer.groups > 1:
        return "grouped"
    if any(d > 1 for d in layer.dilation):
        return "dilated"
    return "pointwise" if set(layer.kernel_size) == {1} and not any(map(sum, layer.padding)) else "conv"


class _Weights(NamedTuple):
    """Weights and bias, and whether each is the layer's own."""

    w: Tensor
    bias: Tensor | None
    own: bool
    own_bias: bool


def _weights(graph: Graph, w: Tensor, bias: Tensor | None, channels: int) -> _Weights:
    if bias is not None and bias.shape is not None and prod(bias.shape) != channels:
        raise ConvcostError(f"a bias of {text_shape(bias.shape)} for {channels} channels")
    return _Weights(w, bias, graph.takes(w), graph.takes(bias))


def _put(graph: Graph, call: Call, kind: str, layer: Convolution, x: Tensor, weights: _Weights) -> None:
    """The layer in its place."""
    node, batch = graph.maps(call, x), known(x)[0]
    whole = layer if batch == 1 else Each(layer)
    made = whole.output_shape(graph.assembly.shapes[node])
    shape = (1, *made) if batch == 1 else made
    rest = graph.rest(weights.w, weights.bias)
    if weights.own:
        graph.put(call, kind, whole, (node,), shape)
    else:
        graph.put(call, kind, again(whole, layer.biases), (node, *rest), shape)


def _axes(call: Call, x: Tensor, w: Tensor) -> int:
    """How many axes a convolution has."""
    dims = len(known(w)) - 2
    if dims < 1 or len(known(x)) != dims + 2:
        raise ConvcostError(f"an input of {len(known(x))} axes and weights of {dims + 2}")
    kernel = known(w)[2:]
    if tuple(call.get("kernel_shape", kernel)) != kernel:
        raise ConvcostError(f"a kernel of {text_shape(call.get('kernel_shape'))}, but weights of {text_shape(kernel)}")
    return dims


def pads_of(call: Call, size: Shape, kernel: Sizes, strides: Sizes, dilations: Sizes) -> Pads:
    """The pads of a convolution or a pool, as (begin, end) for each axis.

    ``SAME_UPPER`` and ``SAME_LOWER`` are TensorFlow's: outputs of ceil(n/s), the odd zero at the end or at the
    beginning.
    """
    auto = call.get("auto_pad", "NOTSET")
    if auto == "NOTSET":
        return _pairs(call, len(size))
    if auto == "VALID":
        return ((0, 0),) * len(size)
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        raise ConvcostError(f"auto_pad `{auto}` is none of ONNX's")
    found = []
    for n, k, s, d in zip(size, kernel, strides, dilations, strict=True):
        total = max((-(-n // max(s, 1)) - 1) * s + d * (k - 1) + 1 - n, 0)
        half, rest = total // 2, total - total // 2
        found.append((half, rest) if auto == "SAME_UPPER" else (rest, half))
    return tuple(found)


def _pairs(call: Call, dims: int) -> Pads:
    """ONNX has all begins first, and then all ends."""
    pads = call.get("pads") or (0,) * (2 * dims)
    if len(pads) != 2 * dims:
        raise ConvcostError(f"{len(pads)} pads for {dims} axes")
    return tuple(zip(pads[:dims], pads[dims:], strict=True))
