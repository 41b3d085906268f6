"""Lines become layers: each put behind the last, with its norm and its activation."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from convcost.composition import OUTER, Composition, Part
from convcost.errors import ConvcostError
from convcost.kinds import KINDS
from convcost.layers.activation import Activation, PReLU
from convcost.layers.base import Layer, Shape
from convcost.layers.conv import Conv, ConvTranspose
from convcost.layers.linear import Linear
from convcost.layers.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, LocalResponseNorm
from convcost.layers.pool import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, GlobalAvgPool, MaxPool
from convcost.layers.reshape import ChannelShuffle, Flatten, Pad, PixelShuffle, PixelUnshuffle, Upsample
from convcost.network import INPUT, Node
from convcost.specs.document import Source
from convcost.specs.language import NORMS
from convcost.specs.lines import Line

MOST_LAYERS = 100_000

Values = dict[str, Any]


class Builder:
    """Puts nodes one behind another; where a line does not fit, its problem is noted and shapes end there."""

    def __init__(self, source: Source, shape: Shape) -> None:
        self.source = source
        self.shapes: dict[str, Shape] = {INPUT: shape}
        self.current = INPUT
        self.nodes: list[Node] = []
        self.numbers: Counter[str] = Counter()
        self.lost = False

    @property
    def shape(self) -> Shape:
        """What goes into the next line."""
        return self.shapes[self.current]

    def add(self, line: Line) -> None:
        """The layers of a line, repeated as it says; the stride of a convolution is its first copy's."""
        if self.lost:
            return
        self.numbers[line.kind] += 1
        name = line.name or f"{line.kind}{self.numbers[line.kind]}"
        try:
            if len(self.nodes) + line.repeat > MOST_LAYERS:
                raise ConvcostError(f"more than {MOST_LAYERS:,} layers", field="repeat")
            for copy in range(1, line.repeat + 1):
                values = line.values
                if copy > 1 and line.kind in _CONVOLUTIONS and "stride" in values:
                    values = {**values, "stride": 1}
                self._once(line.kind, f"{name}.{copy}" if line.repeat > 1 else name, values)
        except ConvcostError as error:
            self.source.problem(line.place_of(error.field), error.message, error.hint or "")
            self.lost = True

    def _once(self, kind: str, name: str, values: Values) -> None:
        if kind == "linear":
            self._linear(name, values)
        elif kind in _CONVOLUTIONS:
            self._composition(name, kind, _CONVOLUTIONS[kind](self.shape, kind, values), values)
        else:
            self._append(name, kind, _LAYERS[kind](self.shape, values) if kind in _LAYERS else Activation(kind))

    def _linear(self, name: str, values: Values) -> None:
        if values["flatten"] and len(self.shape) > 1:
            self._append(f"{name}.flatten", "flatten", Flatten())
        self._append(name, "linear", Linear(self.shape[-1], values["out_features"], values["bias"]))
        self._around(name, values["norm"], values["act"])

    def _composition(self, name: str, kind: str, composition: Composition, values: Values) -> None:
        """The parts of a kind; inside, the middle norm and activation follow, behind the last part the outer ones."""
        names = {OUTER: self.current}
        last = composition.parts[-1]
        single = len(composition.parts) == 1
        mid_norm = values.get("mid_norm") or values["norm"]
        mid_act = values.get("mid_act") or values["act"]
        for part in composition.parts:
            full = name if single else f"{name}.{part.name}"
            inputs = tuple(names[source] for source in part.inputs)
            self.current = inputs[0] if inputs else self.current
            self._append(full, kind if single else part.kind, part.layer, *inputs)
            outer = part is last
            norm, act = (values["norm"], values["act"]) if outer else (mid_norm, mid_act)
            follow = name if outer else full
            self._around(follow, norm if part.norm else "none", act if part.act else "none")
            names[part.name] = self.current

    def _around(self, name: str, norm: str, act: str) -> None:
        if norm != "none":
            kind = NORMS[norm]
            self._append(f"{name}.norm", kind, _norm(kind, self.shape))
        if act != "none":
            layer = _prelu(self.shape, {"slopes": None}) if act == "prelu" else Activation(act)
            self._append(f"{name}.act", act, layer)

    def _append(self, name: str, kind: str, layer: Layer, *inputs: str) -> None:
        inputs = inputs or (self.current,)
        output = layer.output_shape(*(self.shapes[source] for source in inputs))
        if name in self.shapes:
            raise ConvcostError(f"two layers are named `{name}`", field="name")
        self.nodes.append(Node(name, kind, layer, inputs))
        self.shapes[name] = output
        self.current = name


def _composed(shape: Shape, kind: str, values: Values) -> Composition:
    """A kind of `convcost.kinds` from the values of a line."""
    fields = {name: values[name] for name in ("stride", "padding", "dilation", "bias") if name in values}
    options = {name: values[name] for name in KINDS[kind].options if values.get(name) is not None}
    kernel = shape[1:] if kind == "global_depthwise" else values.get("kernel_size", 1)
    dims = len(shape) - 1
    if dims < 1:
        raise ConvcostError(f"`{kind}` needs a feature map, but its input is a vector of {shape[0]}")
    return KINDS[kind].build(shape[0], values.get("out_channels"), kernel, dims=dims, **{**fields, **options})


def _plain(shape: Shape, kind: str, values: Values) -> Composition:
    """A single convolution that takes every field."""
    names = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "output_padding")
    fields = {name: values[name] for name in names if name in values}
    if kind == "pointwise":
        fields.update(kernel_size=1, padding=fields["padding"] if fields["padding"] != "same" else 0)
    if len(shape) < 2:  # noqa: PLR2004 - channels and at least one axis
        raise ConvcostError(f"`{kind}` needs a feature map, but its input is a vector of {shape[0]}")
    layer = ConvTranspose if kind == "conv_transpose" else Conv
    made = layer(shape[0], values["out_channels"], **fields, dims=len(shape) - 1)
    return Composition(kind, (Part(kind, kind, made, norm=True, act=True),))


_CONVOLUTIONS: dict[str, Callable[[Shape, str, Values], Composition]] = {
    **dict.fromkeys(("conv", "grouped", "dilated", "pointwise", "conv_transpose"), _plain),
    **dict.fromkeys(
        (
            "depthwise",
            "separable",
            "global_depthwise",
            "spatially_separable",
            "bottleneck",
            "inverted_residual",
            "fire",
            "ghost",
            "shuffle_unit",
        ),
        _composed,
    ),
}


def _norm(kind: str, shape: Shape) -> Layer:
    if kind == "batch_norm":
        return BatchNorm(shape[0])
    if kind == "instance_norm":
        return InstanceNorm(shape[0])
    if kind == "layer_norm":
        return LayerNorm(shape[:1], channels_first=len(shape) > 1)
    raise ConvcostError("`norm: group` needs its groups: write a line `group_norm: GROUPS`", field="norm")


def _layer_norm(shape: Shape, values: Values) -> Layer:
    normed = values["normalized_shape"]
    if values["channels_first"]:
        normed = shape[0] if normed is None else normed
    elif normed is None:
        normed = shape[-1]
    return LayerNorm(normed if isinstance(normed, tuple) else (normed,), values["affine"], values["channels_first"])


def _prelu(shape: Shape, values: Values) -> Layer:
    """One slope for each channel, as in the paper (He et al. 2015), unless the line says how many."""
    return PReLU(shape[0] if values["slopes"] is None else values["slopes"])


def _pool(shape: Shape, values: Values) -> Values:
    return {"dims": len(shape) - 1, **values}


_LAYERS: dict[str, Callable[[Shape, Values], Layer]] = {
    "max_pool": lambda shape, values: MaxPool(**_pool(shape, values)),
    "avg_pool": lambda shape, values: AvgPool(**_pool(shape, values)),
    "adaptive_avg_pool": lambda _, values: AdaptiveAvgPool(values["output_size"]),
    "adaptive_max_pool": lambda _, values: AdaptiveMaxPool(values["output_size"]),
    "global_avg_pool": lambda _shape, _values: GlobalAvgPool(),
    "upsample": lambda _, values: Upsample(values["scale"], values["size"], values["mode"]),
    "pixel_shuffle": lambda _, values: PixelShuffle(values["factor"]),
    "pixel_unshuffle": lambda _, values: PixelUnshuffle(values["factor"]),
    "channel_shuffle": lambda _, values: ChannelShuffle(values["groups"]),
    "pad": lambda shape, values: Pad(values["padding"], len(shape) - 1),
    "flatten": lambda _shape, _values: Flatten(),
    "batch_norm": lambda shape, values: BatchNorm(shape[0], values["affine"]),
    "instance_norm": lambda shape, values: InstanceNorm(shape[0], values["affine"]),
    "group_norm": lambda shape, values: GroupNorm(shape[0], values["affine"], values["groups"]),
    "layer_norm": _layer_norm,
    "local_response_norm": lambda _, values: LocalResponseNorm(values["size"]),
    "prelu": _prelu,
}
