"""Chains from the literature, composed of the primitive as the kinds are.

Each takes what `convcost.kinds` describes; stride, padding and dilation belong to its spatial convolution.
"""

from typing import Any

from convcost.composition import OUTER, Composition, Part, part
from convcost.errors import ConvcostError, describe
from convcost.layers.base import axes_of, count, is_concrete, widened
from convcost.layers.conv import Conv
from convcost.layers.merge import Add, Concat


def bottleneck(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    width: int | None = None,
    groups: int = 1,
    shortcut: str | None = None,
    bias: bool = False,
    **fields: Any,
) -> Composition:
    """ResNet's bottleneck: 1×1 to ``width``, k×k, 1×1 to the output, plus a shortcut.

    ``width`` is out_channels/4 where not given. ``shortcut`` is ``projection`` (a 1×1 with the stride)
    where stride or channels change, else ``identity``. The stride stands on the k×k, as in torchvision.
    Source: He et al., "Deep residual learning" (2016), figure 5; groups: ResNeXt (Xie et al. 2017).

    >>> bottleneck(256, 256, 3).weights
    69632
    """
    width = _fraction(out_channels, 4, "width") if width is None else count("width", width)
    reduce = _pointwise(in_channels, width, bias, fields, kernel_size)
    spatial = Conv(width, width, kernel_size, groups=groups, bias=bias, **fields)
    project = _pointwise(width, out_channels, bias, fields, kernel_size)
    if shortcut is None:
        shortcut = "identity" if _keeps_shape(spatial, in_channels, out_channels) else "projection"
    _require_word("shortcut", shortcut, ("identity", "projection"))
    parts = [
        part("reduce", "pointwise", reduce),
        part("spatial", "conv" if isinstance(groups, int) and groups == 1 else "grouped", spatial),
        part("expand", "pointwise", project, act=False),
    ]
    if shortcut == "projection":
        layer = Conv(in_channels, out_channels, reduce.kernel_size, spatial.stride, 0, bias=bias)
        parts.append(part("shortcut", "pointwise", layer, OUTER, act=False))
    other = "shortcut" if shortcut == "projection" else OUTER
    parts.append(Part("add", "add", Add(), ("expand", other), act=True))
    options = {"width": width, "groups": groups, "shortcut": shortcut}
    return Composition("bottleneck", tuple(parts), options)


def inverted_residual(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    expansion: int = 6,
    shortcut: str | None = None,
    bias: bool = False,
    **fields: Any,
) -> Composition:
    """MobileNet V2's block: 1×1 to t·M, depthwise k×k, 1×1 to N without activation.

    ``expansion`` is t; with t = 1 there is no first 1×1. The input is added (``shortcut`` is
    ``identity``) where stride is 1 and the channels agree, else there is ``none``.
    Source: Sandler et al., "MobileNetV2" (2018), tables 1 and 2.

    >>> inverted_residual(24, 24, 3).weights
    8208
    """
    parts = []
    hidden = widened(in_channels, "expansion", expansion)
    if not (is_concrete(expansion) and expansion == 1):
        parts.append(part("expand", "pointwise", _pointwise(in_channels, hidden, bias, fields, kernel_size)))
    spatial = Conv(hidden, hidden, kernel_size, groups=hidden, bias=bias, **fields)
    parts.append(part("depthwise", "depthwise", spatial))
    project = _pointwise(hidden, out_channels, bias, fields, kernel_size)
    parts.append(part("project", "pointwise", project, act=False))
    if shortcut is None:
        shortcut = "identity" if _keeps_shape(spatial, in_channels, out_channels) else "none"
    _require_word("shortcut", shortcut, ("identity", "none"))
    if shortcut == "identity":
        parts.append(Part("add", "add", Add(), ("project", OUTER)))
    return Composition("inverted_residual", tuple(parts), {"expansion": expansion, "shortcut": shortcut})


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
    squeeze = _fraction(out_channels, 8, "squeeze") if squeeze is None else count("squeeze", squeeze)
    half = _fraction(out_channels, 2, "out_channels")
    first = _pointwise(in_channels, squeeze, bias, fields, kernel_size)
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
    primary = _fraction(out_channels, ratio, "ratio")
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

    width = _fraction(out_channels, 4, "width") if width is None else count("width", width)
    if is_concrete(width) and is_concrete(groups) and width % groups:
        raise ConvcostError(f"`groups` = {groups} must divide the unit's `width` = {width}", field="groups")
    first = _pointwise(in_channels, width, bias, fields, kernel_size, groups)
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
    last = _pointwise(width, own, bias, fields, kernel_size, groups)
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


def _pointwise(c1: int, c2: int, bias: bool, fields: dict[str, Any], kernel: Any, groups: int = 1) -> Conv:  # noqa: FBT001
    """A 1×1 of the rank that the block's spatial convolution has."""
    dims = fields.get("dims") or axes_of(2, kernel, *(fields.get(name) for name in ("stride", "dilation", "padding")))
    return Conv(c1, c2, (1,) * dims, padding=0, groups=groups, bias=bias)


def _fraction(channels: int, parts: int, field: str) -> int:
    """Channels divided exactly, or an error."""
    if is_concrete(channels) and is_concrete(parts) and channels % parts:
        raise ConvcostError(f"`{field}`: {channels} channels cannot be divided by {parts}", field=field)
    return channels // parts


def _keeps_shape(spatial: Conv, in_channels: int, out_channels: int) -> bool:
    return all(step == 1 for step in spatial.stride) and in_channels == out_channels


def _require_word(field: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise ConvcostError(f"`{field}` must be {' or '.join(known)}, got `{describe(word)}`", field=field)
