"""The layers: what each is, its output shape and its counts, by calling the formulas.

Shapes are ``(channels, *spatial)`` without the batch. A layer's module is loaded when the layer is first
asked for: a network of convolutions does not pay for the pools.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convcost.layers.activation import Activation as Activation
    from convcost.layers.adaptive_pool import AdaptiveAvgPool as AdaptiveAvgPool
    from convcost.layers.adaptive_pool import AdaptiveMaxPool as AdaptiveMaxPool
    from convcost.layers.adaptive_pool import GlobalAvgPool as GlobalAvgPool
    from convcost.layers.conv import Conv as Conv
    from convcost.layers.conv import ConvTranspose as ConvTranspose
    from convcost.layers.flatten import Flatten as Flatten
    from convcost.layers.given import Given as Given
    from convcost.layers.given import Parameter as Parameter
    from convcost.layers.given import Reshape as Reshape
    from convcost.layers.given import Uncounted as Uncounted
    from convcost.layers.layer_norm import LayerNorm as LayerNorm
    from convcost.layers.layer_norm import LocalResponseNorm as LocalResponseNorm
    from convcost.layers.linear import Linear as Linear
    from convcost.layers.merge import Add as Add
    from convcost.layers.merge import Concat as Concat
    from convcost.layers.merge import Mul as Mul
    from convcost.layers.norm import BatchNorm as BatchNorm
    from convcost.layers.norm import GroupNorm as GroupNorm
    from convcost.layers.norm import InstanceNorm as InstanceNorm
    from convcost.layers.pool import AvgPool as AvgPool
    from convcost.layers.pool import MaxPool as MaxPool
    from convcost.layers.prelu import PReLU as PReLU
    from convcost.layers.product import Einsum as Einsum
    from convcost.layers.product import MatMul as MatMul
    from convcost.layers.resize import Crop as Crop
    from convcost.layers.resize import Pad as Pad
    from convcost.layers.resize import Upsample as Upsample
    from convcost.layers.scale import Scale as Scale
    from convcost.layers.shuffle import ChannelShuffle as ChannelShuffle
    from convcost.layers.shuffle import PixelShuffle as PixelShuffle
    from convcost.layers.shuffle import PixelUnshuffle as PixelUnshuffle
    from convcost.layers.views import Permute as Permute
    from convcost.layers.views import Slice as Slice

_HOMES = {
    "activation": ("Activation",),
    "adaptive_pool": ("AdaptiveAvgPool", "AdaptiveMaxPool", "GlobalAvgPool"),
    "conv": ("Conv", "ConvTranspose"),
    "flatten": ("Flatten",),
    "layer_norm": ("LayerNorm", "LocalResponseNorm"),
    "given": ("Given", "Parameter", "Reshape", "Uncounted"),
    "linear": ("Linear",),
    "merge": ("Add", "Concat", "Mul"),
    "norm": ("BatchNorm", "GroupNorm", "InstanceNorm"),
    "pool": ("AvgPool", "MaxPool"),
    "prelu": ("PReLU",),
    "product": ("Einsum", "MatMul"),
    "resize": ("Crop", "Pad", "Upsample"),
    "scale": ("Scale",),
    "shuffle": ("ChannelShuffle", "PixelShuffle", "PixelUnshuffle"),
    "views": ("Permute", "Slice"),
}
__all__ = [name for names in _HOMES.values() for name in names]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"convcost.layers.{module}"), name)
            globals()[name] = value
            return value
    msg = f"module `convcost.layers` has no `{name}`"
    raise AttributeError(msg)
