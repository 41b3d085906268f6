"""From the values of a line to its layer, or to the parts that its kind is composed of."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

from convcost import layers
from convcost.composition import Composition, Part
from convcost.errors import ConvcostError
from convcost.kinds import KINDS
from convcost.layers.base import Layer, Shape, text_shape

Values = dict[str, Any]


def _composed(shape: Shape, kind: str, values: Values) -> Composition:
    """A kind of `convcost.kinds` from the values of a line."""
    fields: Values = {name: values[name] for name in _COMMON if name in values}
    fields |= {name: values[name] for name in KINDS[kind].options if values.get(name) not in (None, "none")}
    kernel = shape[1:] if kind == "global_depthwise" else values.get("kernel_size", 1)
    dims = _axes(shape, kind)
    return KINDS[kind].build(shape[0], values.get("out_channels"), kernel, dims=dims, **fields)


_COMMON = ("stride", "padding", "dilation", "bias", "se_act", "gate")


def _axes(shape: Shape, kind: str) -> int:
    """The spatial axes of what comes in, of which there must be one at least."""
    if len(shape) == 1:
        raise ConvcostError(f"`{kind}` needs a feature map, but its input is a vector of {shape[0]}")
    return len(shape) - 1


def _plain(shape: Shape, kind: str, values: Values) -> Composition:
    """A single convolution that takes every field."""
    names = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "output_padding")
    fields = {name: values[name] for name in names if name in values}
    if kind == "pointwise":
        fields["kernel_size"] = 1
    layer = layers.ConvTranspose if kind == "conv_transpose" else layers.Conv
    made = layer(shape[0], values["out_channels"], **fields, dims=_axes(shape, kind))
    return Composition(kind, (Part(kind, kind, made, norm=True, act=True),))


CONVOLUTIONS: dict[str, Callable[[Shape, str, Values], Composition]] = {
    **dict.fromkeys(("conv", "grouped", "dilated", "pointwise", "conv_transpose"), _plain),
    **dict.fromkeys(
        (
            "depthwise",
            "separable",
            "global_depthwise",
            "spatially_separable",
            "bottleneck",
            "residual_block",
            "inverted_residual",
            "squeeze_excite",
            "fire",
            "ghost",
            "shuffle_unit",
        ),
        _composed,
    ),
}


def _layer_norm(shape: Shape, values: Values) -> Layer:
    normed = values["normalized_shape"]
    if values["channels_first"]:
        normed = shape[0] if normed is None else normed
    elif normed is None:
        normed = shape[-1]
    return layers.LayerNorm(normed, values["affine"], values["channels_first"])


def _prelu(shape: Shape, values: Values) -> Layer:
    """One slope for each channel, as in the paper (He et al. 2015), unless the line says how many."""
    return layers.PReLU(shape[0] if values["slopes"] is None else values["slopes"])


def _pool(kind: str, shape: Shape, values: Values) -> Values:
    return {"dims": _axes(shape, kind), **{name: value for name, value in values.items() if name != "as"}}


_SINGLE: dict[str, Callable[[Shape, Values], Layer]] = {
    "max_pool": lambda shape, values: layers.MaxPool(**_pool("max_pool", shape, values)),
    "avg_pool": lambda shape, values: layers.AvgPool(**_pool("avg_pool", shape, values)),
    "adaptive_avg_pool": lambda _, values: layers.AdaptiveAvgPool(values["output_size"]),
    "adaptive_max_pool": lambda _, values: layers.AdaptiveMaxPool(values["output_size"]),
    "global_avg_pool": lambda _shape, _values: layers.GlobalAvgPool(),
    "upsample": lambda _, values: layers.Upsample(
        values["scale"], values["size"], values["mode"], values["align_corners"]
    ),
    "pixel_shuffle": lambda _, values: layers.PixelShuffle(values["factor"]),
    "pixel_unshuffle": lambda _, values: layers.PixelUnshuffle(values["factor"]),
    "channel_shuffle": lambda _, values: layers.ChannelShuffle(values["groups"]),
    "pad": lambda shape, values: layers.Pad(_amounts("pad", values), _axes(shape, "pad")),
    "crop": lambda shape, values: layers.Crop(_amounts("crop", values), _axes(shape, "crop")),
    "permute": lambda _, values: layers.Permute(listed(values["order"])),
    "slice": lambda _, values: layers.Slice(*values["channels"]),
    "scale": lambda shape, _: layers.Scale(shape[0]),
    "flatten": lambda _shape, _values: layers.Flatten(),
    "batch_norm": lambda shape, values: layers.BatchNorm(shape[0], values["affine"]),
    "instance_norm": lambda shape, values: layers.InstanceNorm(shape[0], values["affine"]),
    "group_norm": lambda shape, values: layers.GroupNorm(shape[0], values["affine"], values["groups"]),
    "layer_norm": _layer_norm,
    "local_response_norm": lambda _, values: layers.LocalResponseNorm(values["size"]),
    "prelu": _prelu,
}


def _given(kind: str, shape: Shape, values: Values) -> Layer:
    # Few networks have them, and each of their classes is a millisecond of the start.
    from convcost.specs.given import LINES

    return LINES[kind](shape, values)


def single(kind: str, shape: Shape, values: Values) -> Layer:
    """The layer of a line that is no convolution."""
    if kind in ("reshape", "parameter"):
        return _given(kind, shape, values)
    return _SINGLE[kind](shape, values) if kind in _SINGLE else layers.Activation(kind, values.get("dim"))


def _amounts(kind: str, values: Values) -> Any:
    if values["padding"] is None:
        raise ConvcostError(f"`{kind}` needs amounts, or `like` a layer", hint=f"{kind}: 1, or {kind}: {{like: NAME}}")
    return values["padding"]


def listed(sizes: Any) -> tuple[int, ...]:
    """Sizes of which a single one may be written alone."""
    return sizes if isinstance(sizes, tuple) else (sizes,)


def joint(kind: str, shape: Shape, values: Values) -> Layer:
    """What takes the ends of the paths of a branch; ``shape`` is the first one's."""
    if kind == "operation":
        return _given(kind, shape, values)
    made: Layer = layers.Einsum(values["equation"]) if kind == "einsum" else getattr(layers, _JOINTS[kind])()
    return made


_JOINTS = {"add": "Add", "concat": "Concat", "mul": "Mul", "matmul": "MatMul"}


def resized(kind: str, shape: Shape, like: Shape, values: Values) -> Layer:
    """A layer that makes its input as large as another; pads and crops are even, the odd one at the end."""
    if len(shape) != len(like) or len(shape) == 1:
        raise ConvcostError(
            f"`{kind}` of {text_shape(shape)} cannot be like {text_shape(like)}: the axes differ", field="like"
        )
    if kind == "upsample":
        if values["scale"] is not None or values["size"] is not None:
            raise ConvcostError("`upsample` takes one of a factor, a `size` and `like`", field="like")
        return layers.Upsample(size=like[1:], mode=values["mode"], align_corners=values["align_corners"])
    if values["padding"] is not None:
        raise ConvcostError(f"`{kind}` takes either amounts or `like`", field="like")
    sign = 1 if kind == "pad" else -1
    extra = tuple(sign * (there - here) for here, there in zip(shape[1:], like[1:], strict=True))
    if min(extra, default=0) < 0:
        verb = "padded" if kind == "pad" else "cropped"
        raise ConvcostError(f"{text_shape(shape)} cannot be {verb} to {text_shape(like)}", field="like")
    pads = tuple((e // 2, e - e // 2) for e in extra)
    return layers.Pad(pads) if kind == "pad" else layers.Crop(pads)


def slices(shape: Shape, parts: Any) -> list[Layer]:
    """The pieces of a split: so many equal ones, or ones of these sizes."""
    if not isinstance(parts, tuple):
        if shape[0] % parts:
            raise ConvcostError(f"{shape[0]} channels cannot be split into {parts}", field="parts")
        if parts > _MOST_PARTS:
            raise ConvcostError(f"a split into more than {_MOST_PARTS:,} parts", field="parts")
        parts = (shape[0] // parts,) * parts
    if sum(parts) != shape[0]:
        raise ConvcostError(f"the parts add up to {sum(parts)}, the input has {shape[0]} channels", field="parts")
    ends = list(accumulate(parts))
    return [layers.Slice(end - part, end) for part, end in zip(parts, ends, strict=True)]


_MOST_PARTS = 10_000
