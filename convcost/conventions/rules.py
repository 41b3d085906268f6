"""What conventions count that no weight over the ledger can say: a function for each, with its source.

Each gives what a counter has more for a layer than its table of weights, in the counter's own unit and for batch 1.
"""

from fractions import Fraction
from math import prod
from typing import Any

from convcost import formulas
from convcost.conventions.convention import Case, Rule
from convcost.layers.base import Shape


def _torchprofile_transposed(case: Case) -> int:
    """Its elements of the output, times one axis of the weights, times the kernel; groups are not seen.

    It takes weights (c1, c2/g, …) for a plain convolution's (c2, c1/g, …) where c1 = c2.
    """
    layer = case.layer
    alike = layer.in_channels == layer.out_channels
    channels = layer.out_channels // layer.groups if alike else layer.in_channels
    more: int = prod(case.output) * channels * prod(layer.kernel_size) - layer.macs(*case.inputs)
    return more


def _tensorflow_transposed(case: Case) -> int:
    """2 · output · kernel · c1 / stride²: it is right where the output is stride times the input."""
    layer = case.layer
    macs = layer.macs(*case.inputs)
    over_output = macs * prod(case.output[1:]) // prod(case.inputs[0][1:])
    more: int = 2 * over_output // prod(layer.stride) - 2 * macs
    return more


def _forward_output(layer: Any, shape: Shape, pads: "tuple[int, ...]") -> int:
    """Output positions by the formula of a plain convolution with so much padding on both sides of each axis."""
    axes = zip(shape[1:], layer.kernel_size, layer.stride, pads, layer.dilation, strict=True)
    return prod(formulas.conv_output(n, k, s, 2 * p, d) for n, k, s, p, d in axes)


def _calflops_transposed_macs(case: Case) -> int:
    """The channels going out are divided by the groups twice, and rounded down."""
    layer = case.layer
    filters = layer.out_channels // layer.groups // layer.groups
    counted = prod(case.inputs[0]) * filters * prod(layer.kernel_size)
    more: int = counted - layer.macs(*case.inputs)
    return more


def _calflops_transposed_bias(case: Case) -> int:
    """One for each output position of a plain convolution, and for the channels of one group."""
    layer = case.layer
    if not layer.bias:
        return 0
    positions = _forward_output(layer, case.inputs[0], tuple(begin for begin, _ in layer.padding))
    more: int = layer.out_channels // layer.groups * positions - prod(case.output)
    return more


def _lost_positions(case: Case) -> int:
    """Output positions that it has less where the padding is a word: on each side half of the pads, rounded down."""
    layer = case.layer
    if "same" not in case.written.split("/"):
        return 0
    half = tuple(sum(pads) // 2 for pads in layer.padding)
    return _forward_output(layer, case.inputs[0], half) - prod(case.output[1:])


def _same_macs(case: Case) -> int:
    return _position_macs(case) * lost if (lost := _lost_positions(case)) else 0


def _same_flops(case: Case) -> int:
    lost = _lost_positions(case)
    biases = case.layer.out_channels if case.layer.bias else 0
    return lost * (2 * _position_macs(case) + biases) if lost else 0


def _position_macs(case: Case) -> int:
    """MACs of a convolution for one output position."""
    macs: int = case.layer.macs(*case.inputs) // prod(case.output[1:])
    return macs


def _thop_rounding(case: Case) -> int:
    """The quotient of the sizes is a float, and the product with it is cut to a whole number."""
    bins = 1.0
    for n, o in zip(case.inputs[0][1:], case.output[1:], strict=True):
        bins *= n / o
    return int((bins + 1) * prod(case.output)) - prod(case.inputs[0]) - prod(case.output)


def _ptflops_upsampled(case: Case) -> Fraction:
    """The elements coming in times the factors; of factors that are listed axis by axis only the whole ones."""
    scale = case.layer.scale
    if scale is None:
        return Fraction(0)
    factor = prod(map(int, scale)) if isinstance(scale, list | tuple) else scale ** (len(case.output) - 1)
    return Fraction(prod(case.inputs[0]) * factor) - prod(case.output)


def _deepspeed_upsampled(case: Case) -> int:
    """The elements coming in times the factors, though sizes are rounded down."""
    scale = case.layer.scale
    if scale is None:
        return 0
    factor = prod(scale) if isinstance(scale, list | tuple) else scale ** (len(case.output) - 1)
    return int(prod(case.inputs[0]) * factor) - prod(case.output)


def _torchprofile_sizes(case: Case) -> int:
    """Averages over areas need the output's sizes, and the graph multiplies each axis with the factor."""
    layer = case.layer
    return len(case.output) - 1 if layer.mode == "area" and layer.scale is not None else 0


_TORCHPROFILE = "https://github.com/mit-han-lab/torchprofile, torchprofile/handlers.py, "
_CALFLOPS = "https://github.com/MrYxJ/calculate-flops.pytorch, calflops/pytorch_ops.py"
_DEEPSPEED = "https://github.com/deepspeedai/DeepSpeed, deepspeed/profiling/flops_profiler/profiler.py"
_TENSORFLOW = "https://github.com/tensorflow/tensorflow, tensorflow/python/profiler/internal/flops_registry.py"
_THOP = "https://github.com/Lyken17/pytorch-OpCounter, thop/vision/basic_hooks.py"
_PTFLOPS = "https://github.com/sovrasov/flops-counter.pytorch, ptflops/pytorch_ops.py"

_CONV, _TRANSPOSED = ("conv.macs",), ("conv_transpose.macs",)
_UPSAMPLED, _BY_AREA = ("upsample.elements",), ("upsample.elements/area",)
_ADAPTIVE = ("adaptive_avg_pool.inputs", "global_avg_pool.inputs")
_TWICE = "groups of transposed convolutions divided out twice"
_FORWARD = "biases of transposed convolutions by a plain one's output"
_SAME = "`same` padding of even kernels"
_FACTORS = "upsampling as inputs × factors"

TORCHPROFILE = (
    Rule(
        "transposed convolutions as output × channels × kernel",
        _TRANSPOSED,
        _torchprofile_transposed,
        f"{_TORCHPROFILE}_convolution",
    ),
    Rule("sizes of upsampling by area", _BY_AREA, _torchprofile_sizes, f"{_TORCHPROFILE}_mul"),
)
TENSORFLOW = (Rule("transposed convolutions by output ÷ stride²", _TRANSPOSED, _tensorflow_transposed, _TENSORFLOW),)
THOP = (Rule("adaptive pools in floats", _ADAPTIVE, _thop_rounding, _THOP),)
PTFLOPS = (Rule(_FACTORS, _UPSAMPLED, _ptflops_upsampled, _PTFLOPS),)
CALFLOPS_MACS = (
    Rule(_TWICE, _TRANSPOSED, _calflops_transposed_macs, _CALFLOPS),
    Rule(_SAME, _CONV, _same_macs, _CALFLOPS),
)
CALFLOPS_FLOPS = (
    Rule(_TWICE, _TRANSPOSED, lambda case: 2 * _calflops_transposed_macs(case), _CALFLOPS),
    Rule(_FORWARD, _TRANSPOSED, _calflops_transposed_bias, _CALFLOPS),
    Rule(_SAME, _CONV, _same_flops, _CALFLOPS),
)
DEEPSPEED_MACS = (Rule(_SAME, _CONV, _same_macs, _DEEPSPEED),)
DEEPSPEED_FLOPS = (
    Rule(_SAME, _CONV, _same_flops, _DEEPSPEED),
    Rule(_FACTORS, _UPSAMPLED, _deepspeed_upsampled, _DEEPSPEED),
)
