"""The blocks of MobileNet V2 and V3, and of EfficientNet."""

from typing import Any

from convcost.blocks.base import keeps_shape, pointwise, require_word
from convcost.composition import OUTER, Composition, Part, part
from convcost.errors import ConvcostError
from convcost.layers.base import axes_of, count, is_concrete, widened
from convcost.layers.conv import Conv
from convcost.layers.merge import Add


def inverted_residual(
    in_channels: int,
    out_channels: int,
    kernel_size: Any,
    *,
    expansion: int = 6,
    width: int | None = None,
    se: Any = None,
    se_act: str = "relu",
    gate: str = "sigmoid",
    widens: bool | None = None,
    shortcut: str | None = None,
    bias: bool = False,
    **fields: Any,
) -> Composition:
    """MobileNet V2's block: 1×1 to t·M, depthwise k×k, 1×1 to N without activation.

    ``expansion`` is t; ``width`` gives the channels in the middle instead. Where they are as many as come
    in there is no first 1×1 (``widens`` is false). ``se`` puts a squeeze-excite behind the depthwise: a
    number below 1 squeezes to that part of the channels coming in (EfficientNet's ``se_ratio``), others are
    the channels themselves; its convolutions have biases. The input is added (``shortcut`` is ``identity``) where
    stride is 1 and the channels agree, else there is ``none``.
    Source: Sandler et al., "MobileNetV2" (2018), tables 1 and 2; Tan and Le, "EfficientNet" (2019), table 1.

    >>> inverted_residual(24, 24, 3).weights, inverted_residual(24, 24, 3, se=0.25).weights
    (8208, 9936)
    """
    parts = []
    hidden = widened(in_channels, "expansion", expansion) if width is None else count("width", width)
    if widens is None:
        widens = hidden != in_channels
    if widens:
        parts.append(part("expand", "pointwise", pointwise(in_channels, hidden, bias, fields, kernel_size)))
    spatial = Conv(hidden, hidden, kernel_size, groups=hidden, bias=bias, **fields)
    parts.append(part("depthwise", "depthwise", spatial))
    options: dict[str, Any] = {"expansion": expansion} if width is None else {"width": width}
    if se is not None:
        options["se"] = squeeze = _part_of(in_channels, se)
        parts += _squeeze_excite(hidden, squeeze, len(spatial.stride), se_act, gate, "se.", "depthwise")
    project = pointwise(hidden, out_channels, bias, fields, kernel_size)
    parts.append(part("project", "pointwise", project, act=False))
    if shortcut is None:
        shortcut = "identity" if keeps_shape(spatial, in_channels, out_channels) else "none"
    require_word("shortcut", shortcut, ("identity", "none"))
    if shortcut == "identity":
        parts.append(Part("add", "add", Add(), ("project", OUTER)))
    return Composition("inverted_residual", tuple(parts), {**options, "widens": widens, "shortcut": shortcut})


def squeeze_excite(
    in_channels: int,
    out_channels: int | None = None,
    kernel_size: Any = 1,
    *,
    squeeze: int | None = None,
    se_act: str = "relu",
    gate: str = "sigmoid",
    dims: int | None = None,
    **fields: Any,
) -> Composition:
    """A factor for each channel from all of the map: average, 1×1 to ``squeeze``, 1×1 back, ``gate``.

    ``squeeze`` is a 16th of the channels, rounded down, where not given. Both 1×1 have biases. Channels out are those
    that come in. Stride, padding and dilation of a replaced layer do not enter.
    Source: Hu et al., "Squeeze-and-Excitation Networks" (2018), section 3 and figure 3.

    >>> squeeze_excite(64, squeeze=4).weights
    512
    """
    if is_concrete(out_channels) and is_concrete(in_channels) and out_channels != in_channels:
        raise ConvcostError(
            f"`squeeze_excite` keeps its {in_channels} channels, it cannot make {out_channels}", field="out_channels"
        )
    axes = dims or axes_of(2, kernel_size, *(fields.get(name) for name in ("stride", "dilation", "padding")))
    squeeze = max(1, in_channels // 16) if squeeze is None else count("squeeze", squeeze)
    parts = _squeeze_excite(in_channels, squeeze, axes, se_act, gate)
    return Composition("squeeze_excite", tuple(parts), {"squeeze": squeeze})


def _squeeze_excite(
    channels: int, squeeze: int, dims: int, act: str, gate: str, prefix: str = "", before: str = OUTER
) -> list[Part]:
    """The parts of a squeeze-excite behind the part ``before``."""
    from convcost.layers.activation import Activation
    from convcost.layers.adaptive_pool import GlobalAvgPool
    from convcost.layers.merge import Mul

    ones = (1,) * dims
    down = Conv(channels, squeeze, ones, padding=0, bias=True)
    up = Conv(squeeze, channels, ones, padding=0, bias=True)
    return [
        Part(f"{prefix}pool", "global_avg_pool", GlobalAvgPool(), (before,)),
        Part(f"{prefix}reduce", "pointwise", down),
        Part(f"{prefix}act", act, Activation(act)),
        Part(f"{prefix}expand", "pointwise", up),
        Part(f"{prefix}gate", gate, Activation(gate)),
        Part(f"{prefix}mul", "mul", Mul(), (before, f"{prefix}gate")),
    ]


def _part_of(channels: int, part: Any) -> int:
    """Channels, or a part of them, rounded down, and one at least."""
    return max(1, int(channels * part)) if isinstance(part, float) and part < 1 else count("se", part)
