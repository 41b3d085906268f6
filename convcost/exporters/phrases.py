"""Each layer in PyTorch's words: what the module makes of it when it is built, and what ``forward`` does with it."""

import re
from collections.abc import Callable
from typing import Any

from convcost import layers
from convcost.errors import ConvcostError
from convcost.exporters import activations
from convcost.exporters.phrase import Phrase, module
from convcost.layers.base import Layer, Pads, Shape
from convcost.layers.conv import Convolution
from convcost.layers.norm import ChannelNorm
from convcost.layers.pool import Pool
from convcost.layers.traced import Each


def phrase(layer: Layer, inputs: tuple[Shape, ...], output: Shape, written: str = "") -> Phrase:
    """The words for a layer, a module unless it is ``written`` otherwise; raises ConvcostError where there are none."""
    for (kind, way), words in _OTHERWISE.items():
        if isinstance(layer, kind) and written == way:
            return words(layer, inputs, output)
    for kind, words in _WORDS.items():
        if isinstance(layer, kind):
            return words(layer, inputs, output)
    raise ConvcostError(f"`{layer.kind}` cannot be written as PyTorch")


def _plain(value: Any) -> Any:
    """One number where all axes have the same."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def _even(pads: Pads) -> Any:
    """Pads that both sides share, or None."""
    return _plain(tuple(begin for begin, _ in pads)) if all(begin == end for begin, end in pads) else None


def _padded(pads: Pads, value: str = "") -> str:
    """``F.pad`` with pads axis by axis, which takes the last axis first."""
    flat = [pad for pair in reversed(pads) for pad in pair]
    return f"F.pad({{0}}, {flat}{value})"


def _named(layer: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """The fields that are not PyTorch's defaults."""
    found = {name: _plain(getattr(layer, name)) for name in defaults}
    return {name: value for name, value in found.items() if value != defaults[name]}


def _conv(layer: Convolution, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del inputs, output
    pads, dims = _even(layer.padding), layer.dims
    named = _named(layer, {"stride": 1, "dilation": 1, "groups": 1, "bias": True})
    channels = (layer.in_channels, layer.out_channels, _plain(layer.kernel_size))
    if isinstance(layer, layers.Conv):
        if pads is None:
            return module(f"Conv{dims}d", *channels, before=_padded(layer.padding), **named)
        return module(f"Conv{dims}d", *channels, **({"padding": pads} if pads else {}), **named)
    named |= _named(layer, {"output_padding": 0})
    if pads is None:
        cropped = ", ".join(f"{begin}:-{end}" if end else f"{begin}:" for begin, end in layer.padding)
        return module(f"ConvTranspose{dims}d", *channels, after=f"[:, :, {cropped}]", **named)
    return module(f"ConvTranspose{dims}d", *channels, **({"padding": pads} if pads else {}), **named)


def _pool(layer: Pool, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del output
    dims, pads = len(inputs[0]) - 1, _even(layer.padding)
    named: dict[str, Any] = {"ceil_mode": True} if layer.ceil_mode else {}
    if isinstance(layer, layers.MaxPool):
        named |= _named(layer, {"dilation": 1})
    elif not layer.count_include_pad:
        named["count_include_pad"] = False
    name = f"{'Max' if isinstance(layer, layers.MaxPool) else 'Avg'}Pool{dims}d"
    sizes = (_plain(layer.kernel_size), _plain(layer.stride))
    if pads is not None:
        return module(name, *sizes, **({"padding": pads} if pads else {}), **named)
    value = ', value=float("-inf")' if isinstance(layer, layers.MaxPool) else ""
    return module(name, *sizes, before=_padded(layer.padding, value), **named)


def _adaptive(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    name = "Max" if isinstance(layer, layers.AdaptiveMaxPool) else "Avg"
    return module(f"Adaptive{name}Pool{len(inputs[0]) - 1}d", _plain(output[1:]))


def _pool_as_function(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    """``F.max_pool2d(x, 3, 2)`` for ``nn.MaxPool2d(3, 2)``."""
    found = phrase(layer, inputs, output)
    name, _, arguments = found.built.removeprefix("nn.").partition("(")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return Phrase(found.called.replace("{self}", f"F.{words}", 1).removesuffix(")") + f", {arguments}")


def _norm(layer: ChannelNorm, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del output
    dims = max(1, len(inputs[0]) - 1)
    if isinstance(layer, layers.GroupNorm):
        return module("GroupNorm", layer.groups, layer.channels, **_named(layer, {"affine": True}))
    if isinstance(layer, layers.InstanceNorm):
        return module(f"InstanceNorm{dims}d", layer.channels, **_named(layer, {"affine": False}))
    return module(f"BatchNorm{dims}d", layer.channels, **_named(layer, {"affine": True}))


def _layer_norm(layer: layers.LayerNorm, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del inputs, output
    named: dict[str, Any] = {} if layer.affine else {"elementwise_affine": False}
    if layer.channels_first:
        return module(
            "LayerNorm", layer.normalized_shape, before="{0}.movedim(1, -1)", after=".movedim(-1, 1)", **named
        )
    return module("LayerNorm", layer.normalized_shape, **named)


def _crop(layer: layers.Crop, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del output
    axes = zip(layer.padding, inputs[0][1:], strict=True)
    return Phrase("{0}[:, :, " + ", ".join(f"{begin}:{n - end}" for (begin, end), n in axes) + "]")


_LINEAR_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _upsample(layer: layers.Upsample, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    size: dict[str, Any] = {"size": output[1:]} if layer.scale is None else {"scale_factor": layer.scale}
    corners: dict[str, Any] = {"align_corners": True} if layer.align_corners else {}
    return module("Upsample", **size, mode=_mode(layer, inputs), **corners)


def _upsample_as_function(layer: layers.Upsample, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    corners = ", align_corners=True" if layer.align_corners else ""
    return Phrase(f"F.interpolate({{0}}, size={output[1:]}, mode={_mode(layer, inputs)!r}{corners})")


def _mode(layer: layers.Upsample, inputs: tuple[Shape, ...]) -> str:
    """The linear mode for so many axes."""
    return _LINEAR_MODES[len(inputs[0]) - 1] if layer.mode in _LINEAR_MODES.values() else layer.mode


def _mean(layer: layers.GlobalAvgPool, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del layer, output
    return Phrase(f"{{0}}.mean({tuple(range(2, len(inputs[0]) + 1))}, keepdim=True)")


def _mul(layer: layers.Mul, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del layer
    factors = []
    for place, shape in enumerate(inputs):
        axes = "[" + ", ".join([":", ":", *["None"] * (len(output) - 1)]) + "]"
        factors.append(f"{{{place}}}" + (axes if len(shape) == 1 < len(output) else ""))
    return Phrase(" * ".join(factors))


def _joined(inputs: tuple[Shape, ...], between: str) -> str:
    return between.join(f"{{{place}}}" for place in range(len(inputs)))


def _shuffle(layer: layers.ChannelShuffle, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del inputs, output
    return Phrase(f"{{0}}.unflatten(1, ({layer.groups}, -1)).transpose(1, 2).flatten(1, 2)")


def _blocks(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del output
    if len(inputs[0]) != 3:  # noqa: PLR2004 - PyTorch's pixel shuffles are 2-D
        raise ConvcostError(f"`{layer.kind}` in {len(inputs[0]) - 1}-D cannot be written as PyTorch")
    name = "PixelShuffle" if isinstance(layer, layers.PixelShuffle) else "PixelUnshuffle"
    return module(name, layer.factor)


def _scale(layer: layers.Scale, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    del output
    axes = (layer.channels, *(1,) * (len(inputs[0]) - 1))
    return Phrase("{0} * {self}", f"nn.Parameter(torch.ones({axes}))")


def _each(layer: Each, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    """The maps stand in the batch while the layer runs."""
    inside = phrase(layer.layer, tuple(shape[1:] for shape in inputs), output[1:])
    called = inside.called
    for place in range(len(inputs)):
        called = called.replace(f"{{{place}}}", f"{{{place}}}.flatten(0, 1)")
    return inside._replace(called=f"({called}).unflatten(0, (-1, {output[0]}))")


def _batched(equation: str) -> str:
    """An equation with a letter more for the batch."""
    batch = next(letter for letter in "zyxwvutsrqponmlkjihgfedcbaZYX" if letter not in equation)
    inputs, _, output = equation.partition("->")
    return ",".join(batch + term for term in inputs.split(",")) + f"->{batch}{output}"


_WORDS: dict[type[Layer], Callable[[Any, tuple[Shape, ...], Shape], Phrase]] = {
    Each: _each,
    Convolution: _conv,
    layers.Linear: lambda layer, *_: module(
        "Linear", layer.in_features, layer.out_features, **_named(layer, {"bias": True})
    ),
    Pool: _pool,
    layers.AdaptiveAvgPool: _adaptive,
    layers.AdaptiveMaxPool: _adaptive,
    layers.GlobalAvgPool: _adaptive,
    ChannelNorm: _norm,
    layers.LayerNorm: _layer_norm,
    layers.LocalResponseNorm: lambda layer, *_: module("LocalResponseNorm", layer.size),
    layers.PReLU: lambda layer, *_: module("PReLU", layer.slopes),
    layers.Activation: activations.as_module,
    layers.Flatten: lambda *_: Phrase("{0}.flatten(1)"),
    layers.Pad: lambda layer, *_: Phrase(_padded(layer.padding)),
    layers.Crop: _crop,
    layers.Upsample: _upsample,
    layers.PixelShuffle: _blocks,
    layers.PixelUnshuffle: _blocks,
    layers.ChannelShuffle: _shuffle,
    layers.Add: lambda _layer, inputs, _output: Phrase(_joined(inputs, " + ")),
    layers.Mul: _mul,
    layers.Concat: lambda _layer, inputs, _output: Phrase(f"torch.cat([{_joined(inputs, ', ')}], 1)"),
    layers.Slice: lambda layer, *_: Phrase(f"{{0}}[:, {layer.begin}:{layer.end}]"),
    layers.Permute: lambda layer, *_: Phrase(f"{{0}}.permute({(0, *(axis + 1 for axis in layer.order))})"),
    layers.Scale: _scale,
    layers.MatMul: lambda *_: Phrase("{0} @ {1}"),
    layers.Einsum: lambda layer, *_: Phrase(f'torch.einsum("{_batched(layer.equation)}", {{0}}, {{1}})'),
    layers.Parameter: lambda layer, *_: Phrase("{self}[None]", f"nn.Parameter(torch.zeros({layer.shape}))"),
    layers.Reshape: lambda layer, *_: Phrase(f"{{0}}.reshape(-1, {', '.join(map(str, layer.shape))})"),
}

# What is written otherwise than as a module, in the ways that `convcost.network.Node` notes.
_OTHERWISE: dict[tuple[type[Layer], str], Callable[[Any, tuple[Shape, ...], Shape], Phrase]] = {
    (layers.Activation, "function"): activations.as_function,
    (layers.Activation, "operator"): activations.as_method,
    (layers.Upsample, "function"): _upsample_as_function,
    (layers.GlobalAvgPool, "operator"): _mean,
    **{
        (pool, "function"): _pool_as_function
        for pool in (Pool, layers.AdaptiveAvgPool, layers.AdaptiveMaxPool, layers.GlobalAvgPool)
    },
    (layers.Add, "function"): lambda _layer, inputs, _output: Phrase(_called_in_turn("torch.add", len(inputs))),
    (layers.Mul, "function"): lambda _layer, inputs, _output: Phrase(_called_in_turn("torch.mul", len(inputs))),
}


def _called_in_turn(name: str, number: int) -> str:
    """A function of two for several: ``torch.add(torch.add({0}, {1}), {2})``."""
    found = "{0}"
    for place in range(1, number):
        found = f"{name}({found}, {{{place}}})"
    return found
