"""A layer made again for other shapes coming in: what depends on the channels follows them."""

from dataclasses import replace
from typing import Any

from convcost import layers
from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, text_shape
from convcost.layers.conv import Convolution
from convcost.layers.norm import ChannelNorm


def refit(layer: Layer, before: Shape, after: Shape, channels: int | None = None) -> Layer:
    """The layer for the shape ``after`` in place of ``before``, making ``channels`` where it has weights.

    Depthwise convolutions stay depthwise, groups stay as many, slices keep their part of the channels.
    Raises ConvcostError for what does not divide.
    """
    if isinstance(layer, Convolution):
        return _convolution(layer, after, channels)
    if isinstance(layer, layers.Linear):
        return replace(layer, in_features=after[-1], out_features=channels or layer.out_features)
    return layer if before == after else _without_weights(layer, before, after)


def _without_weights(layer: Layer, before: Shape, after: Shape) -> Layer:
    """A norm, an activation or a view, whose channels are those that come in."""
    if isinstance(layer, layers.Slice):
        return layers.Slice(*(_part(edge, before[0], after[0]) for edge in (layer.begin, layer.end)))
    if isinstance(layer, layers.LayerNorm):
        axis = 0 if layer.channels_first else -1
        return layer if before[axis] == after[axis] else replace(layer, normalized_shape=after[axis])
    if isinstance(layer, layers.PReLU):
        return replace(layer, slopes=after[0]) if layer.slopes == before[0] else layer
    if isinstance(layer, ChannelNorm | layers.Scale):
        return replace(layer, channels=after[0])
    if isinstance(layer, layers.Given):
        raise ConvcostError(f"`{layer.kind}` makes {text_shape(layer.shape)}, and cannot follow other sizes")
    return layer


def is_depthwise(layer: Layer) -> bool:
    """Whether a convolution has one group for each channel coming in."""
    return isinstance(layer, Convolution) and layer.groups == layer.in_channels > 1


def _convolution(layer: Convolution, after: Shape, channels: int | None) -> Layer:
    fields: dict[str, Any] = {"in_channels": after[0]}
    if is_depthwise(layer):
        fields |= {"groups": after[0], "out_channels": layer.out_channels // layer.in_channels * after[0]}
    elif channels is not None:
        fields["out_channels"] = channels
    return replace(layer, **fields)


def _part(edge: int, before: int, after: int) -> int:
    if edge * after % before:
        raise ConvcostError(f"a slice at {edge} of {before} channels is none of {after}")
    return edge * after // before
