"""Chains that share out channels: fire modules, Ghost modules, shuffle units."""

from typing import Any

from convcost.blocks.base import fraction, pointwise
from convcost.composition import OUTER, Composition, Part, part
from convcost.errors import ConvcostError
from convcost.layers.base import count, is_concrete
from convcost.layers.conv import Conv
from convcost.layers.merge import Add, Concat


def fire(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    squeeze: int | None = None,
    bias: bool = False,
    **fields: Any,
) -> Composition:
    """SqueezeNet's fire module: 1×1 to ``squeeze``, then 1×1 and k×k side by side, half the output each.

    ``squeeze`` is out_channels/8 where not given. Source: Iandola et al., "SqueezeNet" (2016), table 1.

    >>> fire(96, 128, 3, squeeze=16).weights
    11776
    """
    squeeze = fraction(out_channels, 8, "squeeze") if squeeze is None else count("squeeze", squeeze)
    half = fraction(out_channels, 2, "out_channels")
    first = pointwise(in_channels, squeeze, bias, fields, kernel_size)
    spatial = Conv(squeeze, half, kernel_size, bias=bias, **fields)
    beside = Conv(squeeze, half, first.kernel_size, spatial.stride, 0, bias=bias)
    parts = (
        part("squeeze", "pointwise", first),
        part("expand1", "pointwise", beside, "squeeze"),
        part("expand", "conv", spatial, "squeeze"),
        Part("concat", "concat", Concat(), ("expand1", "expand")),
    )
    return Composition("fire", parts, {"squeeze": squeeze})


def ghost(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    ratio: int = 2,
    cheap_kernel: Any = 3,
    bias: bool = False,
    **fields: Any,
) -> Composition:
    """A Ghost module: k×k to N/ratio channels, a depthwise ``cheap_kernel`` that makes the rest, side by side.

    Source: Han et al., "GhostNet" (2020), section 3.1 (ratio is its s, cheap_kernel its d).

    >>> ghost(16, 32, 1).weights
    400
    """
    count("ratio", ratio, 2)
    primary = fraction(out_channels, ratio, "ratio")
    first = Conv(in_channels, primary, kernel_size, bias=bias, **fields)
    cheap = Conv(primary, out_channels - primary, cheap_kernel, groups=primary, bias=bias, dims=first.dims)
    parts = (
        part("primary", "conv", first),
        part("cheap", "depthwise", cheap),
        Part("concat", "concat", Concat(), ("primary", "cheap")),
    )
    return Composition("ghost", parts, {"ratio": ratio, "cheap_kernel": cheap_kernel})


def shuffle_unit(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    groups: int = 3,
    width: int | None = None,
    bias: bool = False,
    **fields: Any,
) -> Composition:
    """ShuffleNet's unit: grouped 1×1 to ``width``, channel shuffle, depthwise k×k, grouped 1×1.

    ``width`` is out_channels/4 where not given. At stride 1 the input is added, and must have as many
    channels as the output; at another stride a 3×3 average pool of the input is set beside, and the last
    1×1 makes only the channels that it lacks. Source: Zhang et al., "ShuffleNet" (2018), figure 2.

    >>> shuffle_unit(240, 240, 3).weights
    10140
    """
    from convcost.layers.pool import AvgPool
    from convcost.layers.shuffle import ChannelShuffle

    width = fraction(out_channels, 4, "width") if width is None else count("width", width)
    if is_concrete(width) and is_concrete(groups) and width % groups:
        raise ConvcostError(f"`groups` = {groups} must divide the unit's `width` = {width}", field="groups")
    first = pointwise(in_channels, width, bias, fields, kernel_size, groups)
    spatial = Conv(width, width, kernel_size, groups=width, bias=bias, **fields)
    adds = all(step == 1 for step in spatial.stride)
    both = is_concrete(in_channels) and is_concrete(out_channels)
    if both and (out_channels != in_channels if adds else out_channels <= in_channels):
        rule = "adds its input: it needs c1 = c2" if adds else "concatenates its input: it needs c2 > c1"
        at = f"stride {'1' if adds else 'above 1'}"
        raise ConvcostError(
            f"`shuffle_unit` at {at} {rule}, got {in_channels} and {out_channels}", field="out_channels"
        )
    own = out_channels if adds else out_channels - in_channels
    last = pointwise(width, own, bias, fields, kernel_size, groups)
    parts = [
        part("reduce", "grouped", first),
        Part("shuffle", "channel_shuffle", ChannelShuffle(groups)),
        part("depthwise", "depthwise", spatial, act=False),
        part("expand", "grouped", last, act=False),
    ]
    if adds:
        parts.append(Part("add", "add", Add(), ("expand", OUTER), act=True))
    else:
        dims = len(spatial.stride)
        pool = AvgPool((3,) * dims, spatial.stride, 1)
        parts.append(Part("shortcut", "avg_pool", pool, (OUTER,)))
        parts.append(Part("concat", "concat", Concat(), ("shortcut", "expand"), act=True))
    return Composition("shuffle_unit", tuple(parts), {"groups": groups, "width": width})
