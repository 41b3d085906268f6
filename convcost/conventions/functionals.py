"""Conventions of counters that put their own functions in the place of torch's: operators they do not see."""

from convcost.conventions import rules
from convcost.conventions.convention import Convention
from convcost.conventions.tables import elements, macs, norms, pool_inputs

_SEEN = ("conv", "conv_transpose", "linear")
_FLOPS = {
    **macs(2, _SEEN),
    "conv.biases": 1,
    "conv_transpose.biases": 1,
    **norms(2, 1, "batch"),
    **norms(5, 4, "layer", "group", "instance"),
    **elements(1, "relu", "prelu", "elu", "leaky_relu", "silu", "gelu", "softmax"),
    **elements(1, "relu6", "add", "mul", ways=("function",)),
    **pool_inputs(""),
    "local_response_norm.elements": 3,
    "local_response_norm.padded": 1,
}
_COUNTS = (
    "2 × MACs; biases of convolutions; elements of norms (batch norm 2, others 5 with a scale), of ReLU, PReLU, ELU, "
    "leaky ReLU, SiLU, GELU and softmax; inputs of pools; upsampling by a factor "
)
_MISTAKES = (
    "nn.ReLU6 is 0 (it calls F.hardtanh), and so are hardswish, hardsigmoid, sigmoid and tanh",
    "upsampling to a size counts the positions of one channel of one image",
    "sums and products count where they are written torch.add, not where they are written x + y",
    "`padding='same'` with an even kernel loses a row and a column",
)

_CALFLOPS_SOURCE = "https://github.com/MrYxJ/calculate-flops.pytorch, calflops/pytorch_ops.py"
_GROUPED = "grouped transposed convolutions are divided by their groups twice, depthwise ones are 0"
_FORWARD = "the bias of a transposed one is counted over a plain one's output"
_NO_NUMBER = "it gives no number where upsampling has a factor for each axis, and for a network without parameters"

CALFLOPS = Convention(
    "calflops",
    "calflops' calculate_flops, FLOPs",
    "calflops 0.3.2",
    "FLOPs",
    f"{_COUNTS}by its inputs",
    _CALFLOPS_SOURCE,
    {
        **_FLOPS,
        "matmul.macs/function": 2,
        "upsample.inputs": 1,
        "upsample.inputs/size": 0,
        # Averages over areas call the function of a pool besides.
        "upsample.inputs/area": 2,
        "upsample.inputs/area/size": 1,
    },
    once={"upsample.positions": 1},
    unseen=("operator",),
    rules=rules.CALFLOPS_FLOPS,
    mistakes=(*_MISTAKES, _GROUPED, _FORWARD, _NO_NUMBER),
)

CALFLOPS_MACS_ONLY = Convention(
    "calflops-macs",
    "calflops' calculate_flops, MACs",
    "calflops 0.3.2",
    "MACs",
    "MACs of convolutions, linear layers and torch.matmul",
    _CALFLOPS_SOURCE,
    {**macs(1, _SEEN), "matmul.macs/function": 1},
    unseen=("operator",),
    rules=rules.CALFLOPS_MACS,
    mistakes=(_MISTAKES[-1], _GROUPED, _NO_NUMBER),
)

_DEEPSPEED_SOURCE = "https://github.com/deepspeedai/DeepSpeed, deepspeed/profiling/flops_profiler/profiler.py"
_DEEPSPEED_MISTAKES = (
    "up to 0.19.6 grouped transposed convolutions were divided by their groups twice, and depthwise ones were 0",
)

DEEPSPEED = Convention(
    "deepspeed",
    "DeepSpeed's flops profiler, FLOPs",
    "DeepSpeed 0.19.8",
    "FLOPs",
    f"{_COUNTS}by its outputs",
    _DEEPSPEED_SOURCE,
    {
        **_FLOPS,
        **macs(2, ("matmul",)),
        "upsample.elements": 1,
        "upsample.elements/size": 0,
        # Averages over areas call the function of a pool besides.
        "upsample.inputs/area": 1,
    },
    once={"upsample.positions": 1},
    # A product is counted however it is written; sums and products of elements only as functions.
    unseen=("operator",),
    rules=rules.DEEPSPEED_FLOPS,
    mistakes=(
        *_MISTAKES,
        "upsampling by factors is the input times these, though sizes are rounded down",
        *_DEEPSPEED_MISTAKES,
    ),
)

DEEPSPEED_MACS_ONLY = Convention(
    "deepspeed-macs",
    "DeepSpeed's flops profiler, MACs (what timm's benchmark prints where it is there)",
    "DeepSpeed 0.19.8",
    "MACs",
    "MACs of convolutions, linear layers and matrix products",
    _DEEPSPEED_SOURCE,
    macs(1, (*_SEEN, "matmul")),
    unseen=("operator",),
    rules=rules.DEEPSPEED_MACS,
    mistakes=(_MISTAKES[-1], *_DEEPSPEED_MISTAKES),
)
