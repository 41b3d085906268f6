"""What layers, and the parts of composites, would be written as: the values of the keys of a line.

All of it is a proposal: who writes reads each line back, and takes it only where it means the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Pads, Shape
from convcost.layers.conv import Conv, Convolution
from convcost.layers.given import Given, Parameter, Reshape
from convcost.layers.pool import Pool
from convcost.layers.traced import Aside, Each, Partly, Shared
from convcost.specs.given import FORMS
from convcost.specs.language import WORDS

Values = dict[str, Any]


class Ways(tuple[Any, ...]):
    """Spellings of a value that mean the same here; the first is the one to write."""

    __slots__ = ()


class Phrase(NamedTuple):
    """A line to be: its word and the values of all its keys, by long names; None where nothing is to be said.

    ``name`` is what it is called, or None where its number says so; ``start`` where it begins if not behind the line
    before, or the names of all that it takes; ``exact`` whether its layers must have the kinds of the network's, or
    only be the same layers; ``each`` and ``shared`` are what its layers are wrapped in.
    """

    word: str
    values: Values
    name: str | None
    repeat: int = 1
    start: str | tuple[str, ...] | None = None
    exact: bool = True
    each: bool = False
    shared: Any = False


def values_of(layer: Layer, shape: Shape, word: str) -> Values:
    """The values of the keys that a word has for a layer; norm and activation are none."""
    keys = WORDS[word].keys
    found = {key: getattr(layer, key) for key in keys if hasattr(layer, key)}
    for kind, read in _OWN.items():
        if isinstance(layer, kind):
            found |= read(layer)
    special = _SPECIAL.get(layer.kind)
    found |= special(layer, shape) if special else {}
    found |= {key: "none" for key in ("norm", "act") if key in keys}
    return {key: value for key, value in found.items() if key in keys}


def unwrapped(layer: Layer) -> tuple[Layer, bool, Any]:
    """A layer without what it is wrapped in; whether it is run for each map, and what is shared of its parameters."""
    shared: Any = False
    if isinstance(layer, Shared):
        shared = "weights" if isinstance(layer, Partly) else True
        layer = layer.layer
    return (layer.layer, True, shared) if isinstance(layer, Each) else (layer, False, shared)


def given(layer: Given, shape: Shape, paths: tuple[Any, ...]) -> tuple[str, Values]:
    """The word and the values of a layer whose shape is given; ``shape`` is its input's, ``paths`` what it takes."""
    if isinstance(layer, Reshape):
        return "reshape", {"shape": layer.shape}
    if isinstance(layer, Parameter):
        return "parameter", {"shape": layer.shape, "aside": isinstance(layer, Aside)}
    form = next((form for form, kind in FORMS.items() if type(layer) is kind), None)
    own = {"shape": None if layer.shape == shape else layer.shape, "form": form}
    joined = {"paths": paths} if len(paths) > 1 else {}
    return "operation", {"called": layer.operation, **own, "params": layer.weights, "macs": layer.macs(), **joined}


def _convolution(layer: Convolution) -> Values:
    found = {key: same_on_all(getattr(layer, key)) for key in ("kernel_size", "stride", "dilation", "output_padding")}
    found["multiplier"] = layer.out_channels // layer.in_channels
    if any(layer.output_padding) and _is(layer, padding="same", output_padding=0):
        # `same` makes the output padding itself, where the kernel is smaller than the stride.
        return {**found, "padding": Ways(("same",)), "output_padding": 0}
    return {**found, "padding": _paddings(layer)}


def _pool(layer: Pool) -> Values:
    found = {key: same_on_all(getattr(layer, key)) for key in ("kernel_size", "dilation")}
    stride = None if layer.stride == layer.kernel_size else same_on_all(layer.stride)
    return {**found, "stride": stride, "padding": pads(layer.padding)}


_OWN: dict[type[Layer], Callable[[Any], Values]] = {Convolution: _convolution, Pool: _pool}


def _layer_norm(layer: Any, shape: Shape) -> Values:
    own = shape[:1] if layer.channels_first else shape[-1:]
    return {"normalized_shape": None if layer.normalized_shape == own else layer.normalized_shape}


_SPECIAL: dict[str, Callable[[Any, Shape], Values]] = {
    "layer_norm": _layer_norm,
    "linear": lambda _, shape: {"flatten": len(shape) == 1},
    "prelu": lambda layer, shape: {"slopes": None if layer.slopes == shape[0] else layer.slopes},
    "slice": lambda layer, _: {"channels": (layer.begin, layer.end)},
    "pad": lambda layer, _: {"padding": pads(layer.padding)},
    "crop": lambda layer, _: {"padding": pads(layer.padding)},
}


def same_on_all(sizes: tuple[Any, ...]) -> Any:
    """One number where all axes have the same."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def pads(padding: Pads) -> Any:
    """Padding as short as it can be said: one number, one for each axis, or pairs."""
    if any(begin != end for begin, end in padding):
        return padding
    return same_on_all(tuple(begin for begin, _ in padding))


def _paddings(layer: Convolution) -> Ways:
    plain = pads(layer.padding)
    # `same` beside an output padding means what few people know.
    same = ("same",) if not any(layer.output_padding) and _is(layer, padding="same") else ()
    return Ways((*same, plain, *(("valid",) if plain == 0 else ())))


def _is(layer: Convolution, **fields: Any) -> bool:
    """Whether a layer is the same with these fields."""
    try:
        return replace(layer, **fields) == layer
    except ConvcostError:
        return False


Parts = Mapping[str, Any]


def composite(kind: str, parts: Parts, shape: Shape) -> Values | None:
    """The values of a composite's line, but for norms and activations, from its parts; None where any is missing."""
    try:
        found = _COMPOSITES[kind](parts, shape)
    except (KeyError, AttributeError, IndexError, ZeroDivisionError, ConvcostError):
        return None
    keys = WORDS[kind].keys
    return {key: value for key, value in found.items() if key in keys}


def _unless(value: int, usual: int, parts: int) -> int | None:
    """A number of channels, or None where it is the usual part of others."""
    return None if value * parts == usual else value


def _separable(parts: Parts, _: Shape) -> Values:
    return {**_convolution(parts["depthwise"]), **_sizes(parts["depthwise"], parts["pointwise"].out_channels)}


def _spatially_separable(parts: Parts, _: Shape) -> Values:
    axes = [parts[f"axis{axis + 1}"] for axis in range(parts["axis1"].dims)]
    per_axis = ("kernel_size", "stride", "padding", "dilation")
    own: Values = {key: tuple(getattr(layer, key)[axis] for axis, layer in enumerate(axes)) for key in per_axis}
    whole = Conv(axes[0].in_channels, axes[0].out_channels, bias=axes[0].bias, **own)
    return {**_convolution(whole), **_sizes(whole, whole.out_channels)}


def _bottleneck(parts: Parts, _: Shape) -> Values:
    spatial, out, width = parts["spatial"], parts["expand"].out_channels, parts["reduce"].out_channels
    groups = {"groups": spatial.groups, "width": _unless(width, out, 4)}
    return {**_convolution(spatial), **_sizes(spatial, out), **groups}


def _residual_block(parts: Parts, _: Shape) -> Values:
    return {**_convolution(parts["first"]), **_sizes(parts["first"], parts["first"].out_channels)}


def _inverted_residual(parts: Parts, shape: Shape) -> Values:
    spatial = parts["depthwise"]
    found = {**_convolution(spatial), **_sizes(spatial, parts["project"].out_channels)}
    times, rest = divmod(spatial.in_channels, shape[0])
    found |= {"width": spatial.in_channels} if rest or not times else {"expansion": times}
    if "se.reduce" in parts:
        found |= {"se": parts["se.reduce"].out_channels, **_gate(parts, "se.")}
    return found


def _squeeze_excite(parts: Parts, shape: Shape) -> Values:
    return {"squeeze": _unless(parts["reduce"].out_channels, shape[0], 16), **_gate(parts, "")}


def _gate(parts: Parts, prefix: str) -> Values:
    return {"se_act": parts[f"{prefix}act"].kind, "gate": parts[f"{prefix}gate"].kind}


def _fire(parts: Parts, _: Shape) -> Values:
    spatial, squeeze = parts["expand"], parts["squeeze"].out_channels
    out = 2 * spatial.out_channels
    return {**_convolution(spatial), **_sizes(spatial, out), "squeeze": _unless(squeeze, out, 8)}


def _ghost(parts: Parts, _: Shape) -> Values:
    first, cheap = parts["primary"], parts["cheap"]
    out = first.out_channels + cheap.out_channels
    own = {"ratio": out // first.out_channels, "cheap_kernel": same_on_all(cheap.kernel_size)}
    return {**_convolution(first), **_sizes(first, out), **own}


def _shuffle_unit(parts: Parts, shape: Shape) -> Values:
    spatial, reduce = parts["depthwise"], parts["reduce"]
    out = parts["expand"].out_channels + ("concat" in parts) * shape[0]
    own = {"groups": reduce.groups, "width": _unless(reduce.out_channels, out, 4)}
    return {**_convolution(spatial), **_sizes(spatial, out), **own}


def _sizes(spatial: Convolution, out: int) -> Values:
    return {"out_channels": out, "bias": spatial.bias}


_COMPOSITES: dict[str, Callable[[Parts, Shape], Values]] = {
    "separable": _separable,
    "spatially_separable": _spatially_separable,
    "bottleneck": _bottleneck,
    "residual_block": _residual_block,
    "inverted_residual": _inverted_residual,
    "squeeze_excite": _squeeze_excite,
    "fire": _fire,
    "ghost": _ghost,
    "shuffle_unit": _shuffle_unit,
}
COMPOSITES = tuple(_COMPOSITES)
