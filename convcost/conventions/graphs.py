"""Conventions of the papers, and of counters that see each operation of a traced or running graph."""

from convcost.conventions import rules
from convcost.conventions.convention import Convention
from convcost.conventions.tables import BIASES, elements, macs, norms

_AVERAGES = ("avg_pool.outputs", "adaptive_avg_pool.outputs", "global_avg_pool.outputs")

PAPER = Convention(
    "paper",
    "the papers, and torchvision's published `_ops`",
    "",
    "MACs",
    "multiply-accumulates of convolutions, transposed convolutions, linear layers and matrix products; nothing else",
    "https://arxiv.org/abs/1512.03385, table 1, and https://docs.pytorch.org/vision/stable/models.html",
    macs(1),
    mistakes=("printed as FLOPs or GFLOPS, though one multiply-accumulate is one",),
)

TORCH = Convention(
    "torch",
    "torch.utils.flop_counter.FlopCounterMode",
    "torch 2.13.0",
    "FLOPs",
    "2 × the MACs of convolutions, linear layers and matrix products",
    "https://github.com/pytorch/pytorch, torch/utils/flop_counter.py",
    macs(2),
    mistakes=("fused attention is 0 on a CPU, and all of nn.MultiheadAttention under no_grad",),
)

FVCORE = Convention(
    "fvcore",
    "fvcore's FlopCountAnalysis, and timm's table of gmacs",
    "fvcore 0.1.5.post20221221",
    "MACs",
    "MACs; elements of norms (batch norm 2, others 5 with a scale); inputs of 2-D adaptive average pools; "
    "outputs of 2-D upsampling (nearest 1, bilinear 4); no bias",
    "https://github.com/facebookresearch/fvcore, fvcore/nn/flop_count.py and jit_handles.py",
    {
        **macs(1),
        "conv.macs/same": 0,
        **norms(2, 1, "batch"),
        **norms(5, 4, "layer", "group", "instance"),
        **{f"{pool}.inputs": 1 for pool in ("adaptive_avg_pool", "global_avg_pool")},
        **{
            f"{pool}.inputs/{case}": 0
            for pool in ("adaptive_avg_pool", "global_avg_pool")
            for case in ("1d", "3d", "operator")
        },
        "upsample.elements/nearest": 1,
        "upsample.elements/nearest/1d": 0,
        "upsample.elements/nearest/3d": 0,
        "upsample.elements/bilinear": 4,
        # Averages over areas are an adaptive pool.
        "upsample.inputs/area": 1,
        "upsample.inputs/area/1d": 0,
        "upsample.inputs/area/3d": 0,
    },
    mistakes=(
        "MACs are called flops",
        "a convolution with a word as its padding, such as `padding='same'`, is 0: its operation has no handler",
        "fused attention is 0",
    ),
)

TORCHPROFILE = Convention(
    "torchprofile",
    "torchprofile's profile_macs",
    "torchprofile 0.1.0",
    "MACs",
    "MACs; elements of norms with a scale, of products and of leaky ReLU; outputs of average pools and means; "
    "4 × the outputs of bilinear upsampling; no bias",
    "https://github.com/mit-han-lab/torchprofile, torchprofile/handlers.py",
    {
        **macs(1),
        "conv.macs/same": 0,
        **norms(1, 0, "batch", "layer", "group", "instance"),
        **elements(1, "leaky_relu", "mul"),
        "leaky_relu.elements/inplace": 0,
        **dict.fromkeys(_AVERAGES, 1),
        "upsample.elements/bilinear": 4,
        "upsample.elements/area": 1,
        "local_response_norm.elements": 3,
    },
    rules=rules.TORCHPROFILE,
    mistakes=(
        "a transposed convolution is counted over its output positions, without its groups",
        "a convolution with a word as its padding, such as `padding='same'`, is 0: its operation has no handler",
        "products count, sums do not; so do those of sizes, where code computes with them, once each",
        "leaky ReLU in place is 0",
    ),
)

PTFLOPS_ATEN = Convention(
    "ptflops-aten",
    'ptflops with backend="aten"',
    "ptflops 0.7.5",
    "MACs",
    "MACs, and one addition for each output element with a bias",
    "https://github.com/sovrasov/flops-counter.pytorch, ptflops/aten_ops.py",
    {**macs(1), **BIASES},
    mistakes=(
        "fused attention is 0 on a CPU",
        "the bias of a linear layer is 0 where its input is no contiguous tensor, as behind a transposition",
    ),
)

TENSORFLOW = Convention(
    "tensorflow",
    "TensorFlow's profiler (tf.compat.v1.profiler, float_operation) on Keras layers",
    "TensorFlow 2.21.0, Keras 3.15.1",
    "FLOPs",
    "2 × MACs; biases; batch norm 2 × elements + 6 × channels, layer norm 9 × elements + 4 × rows; activations that "
    "are made of sums and products; windows of pools; sums and products of feature maps",
    "https://github.com/tensorflow/tensorflow, tensorflow/python/ops/nn_ops.py and "
    "tensorflow/python/profiler/internal/flops_registry.py",
    {
        **macs(2, ("conv", "conv_transpose", "linear", "matmul")),
        "conv.macs/grouped": 0,
        **BIASES,
        "batch_norm.elements": 2,
        "layer_norm.elements": 9,
        "layer_norm.rows": 4,
        **elements(1, "add", "mul"),
        **elements(2, "silu", "hardsigmoid"),
        **elements(3, "prelu", "hardswish"),
        **elements(4, "gelu"),
        **elements(5, "softmax"),
        "max_pool.windows": 1,
        "avg_pool.windows": 1,
        "adaptive_avg_pool.averaged": 1,
        "adaptive_max_pool.averaged": 1,
        "global_avg_pool.inputs": 1,
    },
    once={"batch_norm.channels": 6, "prelu.params": 1, "upsample.layers/nearest": 2},
    rules=rules.TENSORFLOW,
    mistakes=(
        "a grouped convolution is 0: it runs inside a function that is not looked into; depthwise ones count",
        "einsum is 0, and so are the products of attention",
        "upsampling, ReLU, sigmoid and tanh are 0",
    ),
)
