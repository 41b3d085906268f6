"""Convolutions, and linear layers. Padding is written out: TensorFlow's `same` is not torch's."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.keras.activations import follow
from convcost.importers.keras.builder import Builder, Site
from convcost.layers.base import Layer, Pads, Shape

Sizes = tuple[int, ...]


def same(shape: Shape, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Pads:
    """The zeros around each axis for an output of ceil(n/s), the odd one at the end.

    >>> same((3, 224, 225), (3, 3), (2, 2), (1, 1))
    ((0, 1), (1, 1))
    """
    if len(shape) - 1 != len(kernel):
        raise ConvcostError(f"a kernel of {len(kernel)}-D on a map of {len(shape) - 1}-D")
    found = []
    for n, k, s, d in zip(shape[1:], kernel, stride, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        found.append((total // 2, total - total // 2))
    return tuple(found)


def _pads(b: Builder, site: Site, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Pads:
    way = site.config.word("padding", "valid", ("valid", "same", "causal"))
    if way == "same":
        return same(b.shape, kernel, stride, dilation)
    if way == "causal":
        return tuple((d * (k - 1), 0) for k, d in zip(kernel, dilation, strict=True))
    return ((0, 0),) * len(kernel)


def conv(b: Builder, site: Site, dims: int) -> None:
    """A convolution, with groups."""
    config, c1 = site.config, b.shape[0]
    groups, filters = config.whole("groups", 1), config.whole("filters")
    kernel, stride = config.sizes("kernel_size", dims), config.sizes("strides", dims, 1)
    dilation = config.sizes("dilation_rate", dims, 1)
    pads = _pads(b, site, kernel, stride, dilation)
    bias = config.flag("use_bias", default=True)
    depthwise = groups == c1 > 1 and filters % c1 == 0
    kind = "conv" if groups == 1 else "depthwise" if depthwise else "grouped"
    b.put(site.name, kind, layers.Conv(c1, filters, kernel, stride, pads, dilation, groups, bias))
    follow(b, site)


def depthwise(b: Builder, site: Site, dims: int) -> None:
    """A convolution of each channel for itself."""
    _depthwise(b, site, site.name, dims, bias=site.config.flag("use_bias", default=True))
    follow(b, site)


def separable(b: Builder, site: Site, dims: int) -> None:
    """A depthwise convolution without bias, and a 1×1."""
    _depthwise(b, site, f"{site.name}.depthwise", dims, bias=False)
    config = site.config
    bias = config.flag("use_bias", default=True)
    layer = layers.Conv(b.shape[0], config.whole("filters"), (1,) * dims, padding=0, bias=bias)
    b.put(f"{site.name}.pointwise", "pointwise", layer)
    b.blocks[site.name] = "separable"
    follow(b, site)


def _depthwise(b: Builder, site: Site, name: str, dims: int, *, bias: bool) -> None:
    config, c1 = site.config, b.shape[0]
    kernel, stride = config.sizes("kernel_size", dims), config.sizes("strides", dims, 1)
    dilation = config.sizes("dilation_rate", dims, 1)
    pads = _pads(b, site, kernel, stride, dilation)
    c2 = c1 * config.whole("depth_multiplier", 1)
    b.put(name, "depthwise", layers.Conv(c1, c2, kernel, stride, pads, dilation, c1, bias))


def transposed(b: Builder, site: Site, dims: int) -> None:
    """A transposed convolution: n·s, or with `valid` what the kernel makes beyond."""
    config = site.config
    kernel, stride = config.sizes("kernel_size", dims), config.sizes("strides", dims, 1)
    dilation = config.sizes("dilation_rate", dims, 1)
    given = None if config.get("output_padding") is None else config.sizes("output_padding", dims, least=0)
    fill = config.word("padding", "valid", ("valid", "same")) == "same"
    pads, extra = [], []
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True)):
        extent = d * (k - 1) + 1
        # What the output has beyond (n - 1)·s, without what is cropped: a crop where it is less than the kernel makes.
        least = extent % 2 if fill else extent
        beyond = least + given[axis] if given else s if fill else max(extent, s)
        crop = max(0, extent - beyond)
        pads.append((crop // 2, crop - crop // 2))
        extra.append(max(0, beyond - extent))
    layer = layers.ConvTranspose(
        b.shape[0],
        config.whole("filters"),
        kernel,
        stride,
        tuple(pads),
        dilation,
        config.whole("groups", 1),
        config.flag("use_bias", default=True),
        tuple(extra),
    )
    b.put(site.name, "conv_transpose", layer)
    follow(b, site)


def dense(b: Builder, site: Site) -> None:
    """A linear layer on the model's last axis."""
    product(b, site.name, site.config.whole("units"), bias=site.config.flag("use_bias", default=True))
    follow(b, site)


def product(b: Builder, name: str, units: int, *, bias: bool) -> str:
    """A linear layer on the model's last axis: a 1×1 convolution where that are the channels of a map."""
    if b.last and len(b.shape) > 1:
        ones = (1,) * (len(b.shape) - 1)
        layer: Layer = layers.Conv(b.shape[0], units, ones, padding=0, bias=bias)
        return b.put(name, "pointwise", layer)
    return b.put(name, "linear", layers.Linear(b.shape[-1], units, bias))
