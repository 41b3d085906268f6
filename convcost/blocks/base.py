"""What several chains share: their 1×1s, their shortcuts, and how they divide channels."""

from typing import Any

from convcost.composition import OUTER, Part, part
from convcost.errors import ConvcostError, describe
from convcost.layers.base import axes_of, is_concrete
from convcost.layers.conv import Conv
from convcost.layers.merge import Add


def pointwise(c1: int, c2: int, bias: bool, fields: dict[str, Any], kernel: Any, groups: int = 1) -> Conv:  # noqa: FBT001
    """A 1×1 of the rank that the block's spatial convolution has."""
    dims = fields.get("dims") or axes_of(2, kernel, *(fields.get(name) for name in ("stride", "dilation", "padding")))
    return Conv(c1, c2, (1,) * dims, padding=0, groups=groups, bias=bias)


def fraction(channels: int, parts: int, field: str) -> int:
    """Channels divided exactly, or an error."""
    if is_concrete(channels) and is_concrete(parts) and channels % parts:
        raise ConvcostError(f"`{field}`: {channels} channels cannot be divided by {parts}", field=field)
    return channels // parts


def shortcut_parts(
    shortcut: str, last: str, in_channels: int, out_channels: int, spatial: Conv, *, bias: bool
) -> list[Part]:
    """What a residual adds to its ``last`` part: the input, or a 1×1 of it with the stride of ``spatial``."""
    if shortcut == "identity":
        return [Part("add", "add", Add(), (last, OUTER), act=True)]
    layer = Conv(in_channels, out_channels, (1,) * len(spatial.stride), spatial.stride, 0, bias=bias)
    return [
        part("shortcut", "pointwise", layer, OUTER, act=False),
        Part("add", "add", Add(), (last, "shortcut"), act=True),
    ]


def keeps_shape(spatial: Conv, in_channels: int, out_channels: int) -> bool:
    """Whether what comes in can be added to what goes out, as far as channels and stride say."""
    return all(step == 1 for step in spatial.stride) and in_channels == out_channels


def require_word(field: str, word: str, known: tuple[str, ...]) -> None:
    """Raise for a word that is none of the known."""
    if word not in known:
        raise ConvcostError(f"`{field}` must be {' or '.join(known)}, got `{describe(word)}`", field=field)
