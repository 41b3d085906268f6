"""ResNet's blocks."""

from typing import Any

from convcost.blocks.base import fraction, keeps_shape, pointwise, require_word, shortcut_parts
from convcost.composition import Composition, part
from convcost.layers.base import count
from convcost.layers.conv import Conv


def residual_block(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    shortcut: str | None = None,
    bias: bool = False,
    **fields: Any,
) -> Composition:
    """ResNet's basic block: k×k, k×k, plus a shortcut.

    ``shortcut`` is ``projection`` (a 1×1 with the stride) where stride or channels change, else
    ``identity``. The stride stands on the first k×k, padding and dilation on both.
    Source: He et al., "Deep residual learning" (2016), figure 5.

    >>> residual_block(64, 64, 3).weights
    73728
    """
    first = Conv(in_channels, out_channels, kernel_size, bias=bias, **fields)
    second = Conv(out_channels, out_channels, kernel_size, bias=bias, **{**fields, "stride": 1})
    if shortcut is None:
        shortcut = "identity" if keeps_shape(first, in_channels, out_channels) else "projection"
    require_word("shortcut", shortcut, ("identity", "projection"))
    parts = [part("first", "conv", first), part("second", "conv", second, act=False)]
    parts += shortcut_parts(shortcut, "second", in_channels, out_channels, first, bias=bias)
    return Composition("residual_block", tuple(parts), {"shortcut": shortcut})


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
    width = fraction(out_channels, 4, "width") if width is None else count("width", width)
    reduce = pointwise(in_channels, width, bias, fields, kernel_size)
    spatial = Conv(width, width, kernel_size, groups=groups, bias=bias, **fields)
    project = pointwise(width, out_channels, bias, fields, kernel_size)
    if shortcut is None:
        shortcut = "identity" if keeps_shape(spatial, in_channels, out_channels) else "projection"
    require_word("shortcut", shortcut, ("identity", "projection"))
    parts = [
        part("reduce", "pointwise", reduce),
        part("spatial", "conv" if isinstance(groups, int) and groups == 1 else "grouped", spatial),
        part("expand", "pointwise", project, act=False),
    ]
    parts += shortcut_parts(shortcut, "expand", in_channels, out_channels, spatial, bias=bias)
    options = {"width": width, "groups": groups, "shortcut": shortcut}
    return Composition("bottleneck", tuple(parts), options)
