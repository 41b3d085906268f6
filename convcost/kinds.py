"""The kinds of convolution, each a small function that composes the one primitive.

All take channels in and out, the kernel, and the fields of the convolution that looks at neighbours:
``stride padding dilation bias dims``, as `convcost.layers.conv.Conv` has them. ``bias`` goes to every part.
"""

from collections.abc import Callable, Mapping
from typing import Any

from convcost.composition import Composition, part
from convcost.errors import ConvcostError
from convcost.layers.base import axes_of, widened
from convcost.layers.conv import Conv, ConvTranspose


def standard(in_channels: int, out_channels: int, kernel_size: Any, **fields: Any) -> Composition:
    """A plain convolution, one group: Dk²·M·N weights.

    >>> standard(3, 4, 3).weights
    108
    """
    return _one("standard", Conv(in_channels, out_channels, kernel_size, **fields))


def grouped(in_channels: int, out_channels: int, kernel_size: Any, *, groups: int, **fields: Any) -> Composition:
    """Channels in ``groups`` that do not see each other: Dk²·M·N/g weights (AlexNet, Krizhevsky et al. 2012).

    >>> grouped(256, 256, 3, groups=8).weights
    73728
    """
    layer = Conv(in_channels, out_channels, kernel_size, groups=groups, **fields)
    return _one("grouped", layer, groups=groups)


def depthwise(
    in_channels: int, out_channels: int | None, kernel_size: Any, *, multiplier: int = 1, **fields: Any
) -> Composition:
    """One filter for each channel, ``multiplier`` of them with m > 1: Dk²·M·m weights.

    Channels out are m·M; ``out_channels`` is what the replaced layer had, and does not enter.

    >>> depthwise(3, 256, 3).weights
    27
    """
    del out_channels
    layer = Conv(in_channels, widened(in_channels, "multiplier", multiplier), kernel_size, groups=in_channels, **fields)
    return _one("depthwise", layer, multiplier=multiplier)


def pointwise(in_channels: int, out_channels: int, kernel_size: Any = 1, **fields: Any) -> Composition:
    """A 1×1 convolution: M·N weights. Its kernel is 1 and its padding 0, whatever the replaced layer's.

    >>> pointwise(3, 4).weights
    12
    """
    dims = fields.pop("dims", None) or axes_of(2, kernel_size, *map(fields.get, ("stride", "dilation", "padding")))
    fields.update(padding=0, dilation=1)
    return _one("pointwise", Conv(in_channels, out_channels, (1,) * dims, **fields))


def separable(
    in_channels: int, out_channels: int, kernel_size: Any, *, multiplier: int = 1, bias: bool = False, **fields: Any
) -> Composition:
    """Depthwise, then pointwise: Dk²·M·m + m·M·N weights (Xception, Chollet 2017; MobileNets, Howard et al. 2017).

    >>> separable(3, 256, 3).weights
    795
    """
    (first,) = depthwise(in_channels, None, kernel_size, multiplier=multiplier, bias=bias, **fields).parts
    middle, dims = first.layer.out_channels, first.layer.dims  # type: ignore[attr-defined]
    (second,) = pointwise(middle, out_channels, dims=dims, bias=bias).parts
    return Composition("separable", (first, second), {"multiplier": multiplier})


def dilated(in_channels: int, out_channels: int, kernel_size: Any, *, dilation: Any = 2, **fields: Any) -> Composition:
    """A convolution whose kernel skips ``dilation`` - 1 elements: Dk²·M·N weights, and sees d·(k - 1) + 1.

    Source: Yu and Koltun, "Multi-scale context aggregation by dilated convolutions" (2016).

    >>> dilated(3, 256, 3).weights
    6912
    """
    layer = Conv(in_channels, out_channels, kernel_size, dilation=dilation, **fields)
    return _one("dilated", layer, dilation=layer.dilation)


def transposed(
    in_channels: int, out_channels: int, kernel_size: Any, *, output_padding: Any = 0, **fields: Any
) -> Composition:
    """A transposed convolution: Dk²·M·N weights, MACs over the input positions.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), chapter 4.
    """
    layer = ConvTranspose(in_channels, out_channels, kernel_size, output_padding=output_padding, **fields)
    return _one("transposed", layer, output_padding=layer.output_padding)


def global_depthwise(
    in_channels: int,
    out_channels: int | None,
    kernel_size: Any,
    *,
    multiplier: int = 1,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    bias: bool = False,
    dims: int | None = None,
) -> Composition:
    """A depthwise convolution as large as its input: H·W·M weights, to M×1×1 (MobileFaceNets, Chen et al. 2018).

    ``kernel_size`` is the input size; stride, padding and dilation of the replaced layer do not enter.

    >>> global_depthwise(512, None, (7, 7)).weights
    25088
    """
    del stride, padding, dilation
    plain = depthwise(in_channels, out_channels, kernel_size, multiplier=multiplier, padding=0, bias=bias, dims=dims)
    return Composition("global_depthwise", (plain.parts[0],), {"multiplier": multiplier})


def spatially_separable(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    stride: Any = 1,
    padding: Any = "same",
    dilation: Any = 1,
    bias: bool = False,
    dims: int | None = None,
) -> Composition:
    """One convolution for each axis, k×1 (M→N) then 1×k (N→N): Dk·M·N + Dk·N² weights in 2-D.

    Stride, padding and dilation of an axis go with its convolution. Raises ConvcostError in 1-D.
    Source: Szegedy et al., "Rethinking the Inception architecture" (2016), section 3.2.

    >>> spatially_separable(64, 64, 3).weights
    24576
    """
    whole = Conv(in_channels, out_channels, kernel_size, stride, padding, dilation, dims=dims)
    axes = len(whole.kernel_size)
    if axes == 1:
        raise ConvcostError("`spatially_separable` needs 2 or more axes", field="kernel_size")

    def along(axis: int, values: Any, otherwise: Any) -> tuple[Any, ...]:
        return tuple(values[i] if i == axis else otherwise for i in range(axes))

    parts = []
    for axis in range(axes):
        layer = Conv(
            in_channels if axis == 0 else out_channels,
            out_channels,
            along(axis, whole.kernel_size, 1),
            along(axis, whole.stride, 1),
            along(axis, whole.padding, (0, 0)),
            along(axis, whole.dilation, 1),
            bias=bias,
        )
        parts.append(part(f"axis{axis + 1}", "conv", layer))
    return Composition("spatially_separable", tuple(parts))


def _one(kind: str, layer: Conv | ConvTranspose, **options: Any) -> Composition:
    return Composition(kind, (part(kind, kind, layer),), options)


def _block(name: str) -> Callable[..., Composition]:
    """A chain from `convcost.blocks`, which is loaded only when one is built."""

    def build(*arguments: Any, **fields: Any) -> Composition:
        from convcost import blocks

        chain: Composition = getattr(blocks, name)(*arguments, **fields)
        return chain

    return build


class Kind:
    """A kind as commands and specs know it.

    ``options`` are its own, by their long names, with their defaults (None: it follows from the rest);
    ``caveat`` is why its row alone is no drop-in replacement of the standard convolution.
    """

    def __init__(
        self,
        build: Callable[..., Composition],
        meaning: str,
        options: Mapping[str, Any] | None = None,
        caveat: str = "",
    ) -> None:
        self.build, self.meaning, self.options, self.caveat = build, meaning, options or {}, caveat


NO_MIXING = "a building block: it mixes no channels"
NO_NEIGHBOURS = "a building block: it sees no neighbours"

KINDS: dict[str, Kind] = {
    "standard": Kind(standard, "a plain convolution"),
    "grouped": Kind(grouped, "channels in groups that do not see each other", {"groups": None}),
    "depthwise": Kind(depthwise, "one filter for each channel", {"multiplier": 1}, NO_MIXING),
    "pointwise": Kind(pointwise, "a 1×1 convolution", {}, NO_NEIGHBOURS),
    "separable": Kind(separable, "depthwise, then pointwise", {"multiplier": 1}),
    "dilated": Kind(dilated, "a kernel with holes: as many weights, a larger view", {"dilation": 2}),
    "transposed": Kind(transposed, "an upsampling convolution: MACs over input positions", {"output_padding": 0}),
    "global_depthwise": Kind(
        global_depthwise,
        "a depthwise convolution as large as its input, where global average pooling has no weights",
        {"multiplier": 1},
        NO_MIXING,
    ),
    "spatially_separable": Kind(spatially_separable, "one convolution for each axis"),
    "bottleneck": Kind(_block("bottleneck"), "1×1 down, k×k, 1×1 up, and a shortcut", {"width": None, "groups": 1}),
    "residual_block": Kind(_block("residual_block"), "k×k, k×k, and a shortcut"),
    "inverted_residual": Kind(
        _block("inverted_residual"), "1×1 up, depthwise, 1×1 down", {"expansion": 6, "width": None, "se": None}
    ),
    "squeeze_excite": Kind(
        _block("squeeze_excite"),
        "a factor for each channel, from the average of all",
        {"squeeze": None},
        "a building block: it weighs channels, and makes none",
    ),
    "fire": Kind(_block("fire"), "1×1 squeeze, then 1×1 beside k×k", {"squeeze": None}),
    "ghost": Kind(
        _block("ghost"), "few channels by convolution, the rest by a cheap depthwise", {"ratio": 2, "cheap_kernel": 3}
    ),
    "shuffle_unit": Kind(
        _block("shuffle_unit"), "grouped 1×1, channel shuffle, depthwise, grouped 1×1", {"groups": 3, "width": None}
    ),
}

DEFAULT_KINDS = ("standard", "grouped", "depthwise", "pointwise", "separable", "dilated")
