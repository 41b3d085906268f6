"""Conventions of counters that hook into modules: what is written as a function or an operator they do not see."""

from convcost.conventions import rules
from convcost.conventions.convention import Convention
from convcost.conventions.tables import BIASES, elements, macs, norms, pool_inputs

_NORMS = ("batch", "layer", "group", "instance")
_AVERAGE_POOLS = ("avg_pool", "adaptive_avg_pool", "global_avg_pool")

PTFLOPS = Convention(
    "ptflops",
    "ptflops' get_model_complexity_info, its backend for PyTorch",
    "ptflops 0.7.5",
    "MACs",
    "MACs; biases; elements of norms (2 with a scale, layer norm 1) and of activations, inputs of pools, outputs of "
    "upsampling: once by a hook of the module, and once more by the function that it calls",
    "https://github.com/sovrasov/flops-counter.pytorch, ptflops/pytorch_ops.py and pytorch_engine.py",
    # What the functions count, in modules too; hooks, below, are averaged over the batch.
    {
        **elements(1, "relu", "prelu", "elu", "gelu", "silu", "softmax", ways=("", "function")),
        **elements(1, "upsample", ways=("", "function", "subclass")),
        # Averages over areas call the function of a pool.
        **dict.fromkeys(("upsample.inputs/area", "upsample.inputs/area/function", "upsample.inputs/area/subclass"), 1),
        **elements(1, "relu6", "add", "mul", ways=("function",)),
        **pool_inputs("", "function"),
        "local_response_norm.elements": 3,
        "local_response_norm.padded": 1,
        "matmul.macs/function": 1,
    },
    once={
        **macs(1, ("conv", "conv_transpose", "linear")),
        **BIASES,
        **norms(2, 1, "batch", "group", "instance"),
        **norms(1, 1, "layer"),
        **elements(1, "relu", "relu6", "prelu", "elu", "gelu", "leaky_relu"),
        **pool_inputs(""),
    },
    shrinking=elements(1, "upsample"),
    unseen=("subclass", "function", "operator"),
    rules=rules.PTFLOPS,
    mistakes=(
        "ReLU, PReLU, ELU, GELU, every pool and nn.Upsample are counted twice: by a hook and by the function",
        "a subclass of a layer, and convolutions and linear layers written as functions, are 0",
        "of a batch, what hooks count is averaged, what functions count is not, and of upsampling hooks see one image",
        "upsampling by factors is the input times these, though sizes are rounded down; listed ones are cut themselves",
        "before 0.7.5 a transposed convolution was counted over its output positions",
    ),
)

THOP = Convention(
    "thop",
    "thop's profile (pytorch-OpCounter)",
    "thop 0.1.1.post2209072238",
    "MACs",
    "MACs; 4 × the elements of norms with a scale (2 × without); outputs of average pools, inputs and outputs of "
    "adaptive ones; elements of PReLU; softmax; upsampling (nearest 1, bilinear 11, bicubic 259); no bias",
    "https://github.com/Lyken17/pytorch-OpCounter, thop/vision/basic_hooks.py and calc_func.py",
    {
        **macs(1, ("conv", "linear")),
        "conv_transpose.output_macs": 1,
        **norms(4, 2, "batch", "layer", "instance"),
        **elements(1, "prelu"),
        **elements(3, "softmax"),
        "softmax.rows": -1,
        **{f"{pool}.outputs": 1 for pool in _AVERAGE_POOLS},
        "adaptive_avg_pool.inputs": 1,
        "global_avg_pool.inputs": 1,
        "upsample.elements/nearest": 1,
        "upsample.elements/linear": 5,
        "upsample.elements/bilinear": 11,
        "upsample.elements/bicubic": 259,
    },
    unseen=("subclass", "function", "operator"),
    rules=rules.THOP,
    mistakes=(
        "a transposed convolution is counted over its output positions",
        "a norm is 4 operations an element, and a group norm none",
        "a module that two others share is counted squared; subclasses and functions are 0",
    ),
)

ULTRALYTICS_THOP = Convention(
    "ultralytics-thop",
    "ultralytics-thop's profile",
    "ultralytics-thop 2.2.3",
    "MACs",
    "MACs; 4 × the elements of norms with a scale (2 × without); what average pools sum, and their outputs; elements "
    "of PReLU; softmax; upsampling (linear 5, bilinear 11, trilinear 31, bicubic 259); no bias",
    "https://github.com/ultralytics/thop, thop/vision/basic_hooks.py and profile.py",
    {
        **macs(1),
        "linear.macs/function": 1,
        "matmul.macs/function": 1,
        **norms(4, 2, *_NORMS),
        **elements(1, "prelu"),
        **elements(3, "softmax", "log_softmax"),
        "softmax.rows": -1,
        **{f"{pool}.{what}": 1 for pool in _AVERAGE_POOLS for what in ("averaged", "outputs")},
        "upsample.elements/linear": 5,
        "upsample.elements/bilinear": 11,
        "upsample.elements/bicubic": 259,
        "upsample.elements/trilinear": 31,
    },
    unseen=("function", "operator"),
    mistakes=(
        "a norm is 4 operations an element",
        "before 2.0.16 a transposed convolution was counted over its output positions",
        "Ultralytics' own tables print 2 × this number, after folding the norms",
    ),
)

TORCHINFO = Convention(
    "torchinfo",
    "torchinfo's summary, Total mult-adds",
    "torchinfo 1.8.0",
    "MACs",
    "the parameters of each module, biases too, times its output positions; of linear layers and norms once",
    "https://github.com/TylerYep/torchinfo, torchinfo/layer_info.py",
    {
        "conv.macs": 1,
        "conv_transpose.output_macs": 1,
        "conv.biases": 1,
        "conv_transpose.biases": 1,
        "linear.params": 1,
        **{f"{kind}_norm.params": 1 for kind in _NORMS},
        "prelu.params": 1,
    },
    unseen=("function", "operator", "parent"),
    mistakes=(
        "a transposed convolution is counted over its output positions",
        "a linear layer is counted for one row, whatever the number of tokens or positions",
        "a convolution whose class has not the word Conv in its name is counted for one position",
        "the parameters of a module that has other modules in it are not counted",
        "nn.MultiheadAttention is 0",
    ),
)
