"""Conventions against what thirteen counters report: each case that is plain CNN, integer for integer.

The records and their origin stand in ``tests/reference/README.md``.
"""

import gzip
import json
from pathlib import Path

import pytest

from convcost import Conv, ConvTranspose, Linear, evaluate, load, loads, zoo
from convcost.conventions import CONVENTIONS, find
from convcost.conventions.counting import counted, counted_layers, ledgers, weighed
from convcost.errors import ConvcostError
from convcost.layers.activation import Activation
from convcost.layers.given import Given
from convcost.layers.traced import Each, Learnt, Shared
from convcost.ledger import ledger, summed

REFERENCE = json.loads(gzip.decompress((Path(__file__).parent / "reference" / "counters.json.gz").read_bytes()))

# Where the records call a counter otherwise.
CALLED = {
    "torch": "torch_flopcounter",
    "fvcore": "fvcore",
    "ptflops": "ptflops_pytorch",
    "ptflops-aten": "ptflops_aten",
    "thop": "thop_0.1.1",
    "ultralytics-thop": "ultralytics_thop_2.2.3",
    "torchinfo": "torchinfo",
    "torchprofile": "torchprofile",
    "calflops": "calflops_flops",
    "calflops-macs": "calflops_macs",
    "deepspeed": "deepspeed_flops",
    "deepspeed-macs": "deepspeed_macs",
}

BASIC = """
  - {conv: 32, k: 3, s: 2, p: 1, norm: batch, act: relu}
  - {conv: 32, k: 3, p: 1, norm: batch, name: main}
  - {conv: 32, k: 1, s: 2, norm: batch, from: input, name: down}
  - {add: [main, down], act: relu}
"""
EXCITE = (
    "mul: [[], [global_avg_pool, {conv: 4, k: 1, bias: true, act: relu}, {conv: 16, k: 1, bias: true, act: sigmoid}]]"
)
TIMES_ONE_POSITION = "mul: [[], [{global_avg_pool: , as: operator}]]"

# The layers of each case, in the network language.
LINES = {
    "conv1d_nobias": "conv: 12, k: 5, p: 0",
    "conv1d_s2_p2_bias": "conv: 12, k: 5, s: 2, p: 2, bias: true",
    "conv2d_plain_nobias": "conv: 32, k: 3, p: 0",
    "conv2d_plain_bias": "conv: 32, k: 3, p: 0, bias: true",
    "conv2d_padded_nobias": "conv: 32, k: 3, p: 1",
    "conv2d_padded_bias": "conv: 32, k: 3, p: 1, bias: true",
    "conv2d_pad_same_str_bias": "conv: 32, k: 3, bias: true, as: same",
    "conv2d_pad_same_str_even_k_bias": "conv: 32, k: 4, bias: true, as: same",
    "conv2d_pad_circular_bias": "conv: 32, k: 3, p: 1, bias: true",
    "conv2d_s2_nobias": "conv: 32, k: 3, s: 2, p: 1",
    "conv2d_k7_s2_p3_nobias": "conv: 64, k: 7, s: 2, p: 3",
    "conv2d_k11_s4_p2_bias": "conv: 64, k: 11, s: 4, p: 2, bias: true",
    "conv2d_1x1_bias": "conv: 32, k: 1, bias: true",
    "conv2d_1x7_bias": "conv: 32, k: [1, 7], p: [0, 3], bias: true",
    "conv2d_dilated_nobias": "conv: 32, k: 3, d: 2, p: 0",
    "conv2d_dilated_padded_bias": "dilated: 32, k: 3, p: 2, bias: true",
    "conv2d_grouped_nobias": "conv: 32, k: 3, p: 1, g: 4",
    "conv2d_grouped_bias": "grouped: 32, k: 3, p: 1, g: 4, bias: true",
    "conv2d_depthwise_nobias": "depthwise: 3",
    "conv2d_depthwise_bias": "depthwise: 3, bias: true",
    "conv2d_depthwise_mult2_nobias": "depthwise: 3, m: 2",
    "conv2d_batch4_bias": "conv: 32, k: 3, p: 1, bias: true",
    "conv2d_nonsquare_input_bias": "conv: 8, k: 3, s: 2, p: 0, bias: true",
    "conv3d_nobias": "conv: 8, k: 3, p: 1",
    "conv3d_grouped_bias": "conv: 8, k: 3, p: 1, g: 2, bias: true",
    "F.conv2d_bias": "conv: 32, k: 3, p: 1, bias: true, as: function",
    "subclass_of_conv2d": "conv: 32, k: 3, p: 1, as: subclass",
    "convT1d_s2_bias": "conv_transpose: 12, k: 4, s: 2, p: 1, bias: true",
    "convT2d_s1_bias": "conv_transpose: 32, k: 3, p: 1, bias: true",
    "convT2d_s2_nobias": "conv_transpose: 32, k: 4, s: 2, p: 1",
    "convT2d_s2_bias": "conv_transpose: 32, k: 4, s: 2, p: 1, bias: true",
    "convT2d_s2_k2_bias_unet": "conv_transpose: 8, k: 2, s: 2, p: 0, bias: true",
    "convT2d_s2_cin_eq_cout_nobias": "conv_transpose: 16, k: 4, s: 2, p: 1",
    "convT2d_s2_g4_nobias": "conv_transpose: 32, k: 4, s: 2, p: 1, g: 4",
    "convT2d_s2_g4_bias": "conv_transpose: 32, k: 4, s: 2, p: 1, g: 4, bias: true",
    "convT2d_s2_depthwise_nobias": "conv_transpose: 16, k: 4, s: 2, p: 1, g: 16",
    "convT2d_s2_k3_outpad_bias": "conv_transpose: 32, k: 3, s: 2, p: 1, op: 1, bias: true",
    "convT2d_batch2_s2_bias": "conv_transpose: 32, k: 4, s: 2, p: 1, bias: true",
    "convT3d_s2_bias": "conv_transpose: 8, k: 2, s: 2, p: 0, bias: true",
    "linear_bias": "linear: 100, bias: true",
    "linear_nobias": "linear: 100",
    "linear_bias_batch4": "linear: 100, bias: true",
    "linear_bias_3d_tokens": "linear: 100, bias: true, flatten: false",
    "linear_nobias_3d_tokens": "linear: 100, flatten: false",
    "linear_bias_4d_nhwc": "linear: 100, bias: true, flatten: false",
    "F.linear_bias": "linear: 100, bias: true, as: function",
    "bn1d": "batch_norm",
    "bn2d": "batch_norm",
    "bn2d_noaffine": "batch_norm: {affine: false}",
    "bn2d_batch4": "batch_norm",
    "bn3d": "batch_norm",
    "layernorm_tokens": "layer_norm",
    "layernorm_noaffine": "layer_norm: {affine: false}",
    "groupnorm": "group_norm: 4",
    "groupnorm_noaffine": "group_norm: 4, affine: false",
    "instancenorm_affine": "instance_norm",
    "instancenorm_noaffine": "instance_norm: {affine: false}",
    "local_response_norm": "local_response_norm: 5",
    "act_ReLU": "relu",
    "act_ReLU6": "relu6",
    "act_LeakyReLU": "leaky_relu",
    "act_PReLU": "prelu: 1",
    "act_ELU": "elu",
    "act_Hardswish": "hardswish",
    "act_Hardsigmoid": "hardsigmoid",
    "act_SiLU": "silu",
    "act_GELU": "gelu",
    "act_Sigmoid": "sigmoid",
    "act_Tanh": "tanh",
    "act_Softplus": "softplus",
    "act_Mish": "mish",
    "act_PReLU_per_channel": "prelu",
    "act_ReLU_batch4": "relu",
    "act_Softmax": "softmax",
    "act_Softmax_attn": "softmax: -1",
    "F.relu": "relu: {as: function}",
    "torch.relu": "relu: {as: operator}",
    "F.silu": "silu: {as: function}",
    "F.softmax": "softmax: -1, as: function",
    "x.softmax": "softmax: -1, as: operator",
    "maxpool1d": "max_pool: 2",
    "maxpool2d_k2s2": "max_pool: 2",
    "maxpool2d_k3s2p1": "max_pool: 3, s: 2, p: 1",
    "maxpool3d": "max_pool: 2",
    "avgpool1d": "avg_pool: 2",
    "avgpool2d_k2s2": "avg_pool: 2",
    "avgpool2d_k3s2p1": "avg_pool: 3, s: 2, p: 1",
    "avgpool2d_k3s1p1_noincludepad": "avg_pool: 3, s: 1, p: 1, count_include_pad: false",
    "avgpool3d": "avg_pool: 2",
    "adaptiveavgpool2d_1": "global_avg_pool",
    "adaptiveavgpool2d_7_from_28": "adaptive_avg_pool: 7",
    "adaptiveavgpool2d_3_from_7": "adaptive_avg_pool: 3",
    "adaptiveavgpool1d": "global_avg_pool",
    "adaptivemaxpool2d_1": "adaptive_max_pool: 1",
    "F.adaptive_avg_pool2d_1": "global_avg_pool: {as: function}",
    "F.max_pool2d": "max_pool: 2, as: function",
    "F.avg_pool2d": "avg_pool: 2, as: function",
    "x.mean_hw": "global_avg_pool: {as: operator}",
    "x.mean_hw_keepdim": "global_avg_pool: {as: operator}",
    "upsample_nearest_x2": "upsample: 2",
    "upsample_bilinear_x2": "upsample: 2, mode: bilinear",
    "upsample_bicubic_x2": "upsample: 2, mode: bicubic",
    "upsample_nearest_size": "upsample: {size: [28, 28]}",
    "upsample_nearest_batch2": "upsample: 2",
    "upsample_trilinear_x2": "upsample: 2, mode: trilinear",
    "F.interpolate_bilinear_size": "upsample: {size: [28, 28], mode: bilinear, as: function}",
    "F.interpolate_nearest_scale": "upsample: 2, as: function",
    "pixelshuffle": "pixel_shuffle: 2",
    "add_operator": "add: [input, input]",
    "add_function": "add: [input, input], as: function",
    "add_inplace_operator": "add: [input, input]",
    "mul_operator": "mul: [input, input]",
    "mul_function": "mul: [input, input], as: function",
    "cat": "concat: [input, input]",
    "flatten": "flatten",
    "dropout_eval": "dropout",
    "identity": "identity",
    "zeropad2d": "pad: 1",
    "block_resnet_basic": BASIC,
    "block_se": EXCITE,
    "block_inverted_residual": "inverted_residual: 16, t: 4, norm: batch, act: relu6",
    "block_conv_bn_relu": "conv: 32, k: 3, norm: batch, act: relu",
    "block_classifier_head": "\n  - global_avg_pool\n  - {linear: 10, bias: true}\n  - softmax\n",
}

# Cases that are no plain CNN layers, or that the language has no words for.
LEFT_OUT = {
    "rmsnorm": "no layer of convcost",
    **dict.fromkeys(
        ("add_scalar_function", "mul_scalar_operator", "sub_operator", "div_operator"), "no layer of convcost"
    ),
    **dict.fromkeys(
        ("mul_operator_broadcast_se", "mul_function_broadcast_se"), "a slice of one position, which is no layer"
    ),
    "mul_function_broadcast_lastdim": "a vector along the last axis; here one is along the channels",
    **dict.fromkeys(
        (
            *("matmul_operator_2d", "matmul_operator_4d", "torch.matmul_4d", "torch.bmm", "torch.mm"),
            *("torch.baddbmm", "torch.addmm", "torch.einsum_bhid_bhjd", "F.sdpa", "mha_need_weights"),
            *("mha_no_weights", "mha_no_weights_nobias", "mha_no_weights_batch2", "attention_qkv_matmul"),
            *("timm_Attention_fused_sdpa", "transformer_encoder_layer", "embedding", "lstm", "gru"),
        ),
        "attention, recurrence or a bare matrix product: no CNN",
    ),
    **dict.fromkeys(
        ("reuse_called_twice", "reuse_shared_two_names", "reuse_shared_two_parents", "unused_submodule"),
        "about Python objects, not about layers",
    ),
}


def network_of(lines, shape):
    body = lines if lines.startswith("\n") else f"\n  - {{{lines}}}" if ":" in lines else f"\n  - {lines}"
    (network,) = loads(f"input: {'x'.join(map(str, shape))}\nlayers:{body}")
    return evaluate(network)


def test_every_case_is_tried_or_left_out_for_a_reason():
    assert {*LINES} | {*LEFT_OUT} == {*REFERENCE["single"]}
    assert not {*LINES} & {*LEFT_OUT}


@pytest.mark.parametrize("case", LINES)
def test_single_operations_are_counted_as_the_counters_count_them(case):
    expected = REFERENCE["single"][case]
    batch, *shape = expected["input"]
    found = network_of(LINES[case], shape)
    assert found.total.params == expected["params"]
    totals = {name: counted(find(name), found, batch=batch) for name in CALLED}
    assert totals == {name: expected[key] for name, key in CALLED.items()}


# --- Networks -------------------------------------------------------------------------------------------------------

REGNET = """
name: RegNetY-400MF
input: 3x224x224
defaults: {norm: batch, act: relu}
blocks:
  unit:
    params: {out: }
    layers:
      - add:
          - - {conv: out, k: 1}
            - {conv: out, k: 3, s: s, g: out // 8}
            - {squeeze_excite: , q: round(c0 / 4)}
            - {conv: out, k: 1, act: none}
          - [{conv: out, k: 1, s: s, act: none, when: s > 1 or c1 != out}]
        act: relu
layers:
  - {conv: 32, k: 3, s: 2}
  - {unit: 48, s: 2}
  - {unit: 104, s: 2, repeat: 3}
  - {unit: 208, s: 2, repeat: 6}
  - {unit: 440, s: 2, repeat: 6}
  - global_avg_pool
  - {linear: 1000, bias: true, norm: none, act: none}
"""


def zoo_text(name):
    return Path(zoo.path(name)).read_text(encoding="utf-8")


def without_auxiliary(name):
    """A segmentation network as torchvision builds it without weights: the main head alone."""
    text, begin = (
        zoo_text(name),
        {"fcn_resnet50": "  - {head: , from", "deeplabv3_resnet50": "  - {conv: 256, k: 3, from"},
    )
    return text[: text.index(begin[name])]


NOT_OF_THE_ZOO = {
    "regnet_y_400mf": REGNET,
    "fcn_resnet50": without_auxiliary("fcn_resnet50"),
    "deeplabv3_resnet50": without_auxiliary("deeplabv3_resnet50"),
    "fcn_resnet50_with_aux": zoo_text("fcn_resnet50"),
    "deeplabv3_resnet50_with_aux": zoo_text("deeplabv3_resnet50"),
}
# Attention is spelled in ways that shapes do not tell; the zoo holds no such network.
TRANSFORMERS = ("swin_t", "vit_b_16")
NETWORKS = [name for name in REFERENCE["models"] if name not in TRANSFORMERS]

# Pairs of a network and a counter that differ, by how much, and why: none that is plain CNN.
DIFFERS: dict[tuple[str, str], tuple[int, str]] = {}


def model(name):
    (network,) = loads(NOT_OF_THE_ZOO[name]) if name in NOT_OF_THE_ZOO else load(f"zoo:{name}")
    return evaluate(network)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_counted_as_the_counters_count_them(name):
    expected, found = REFERENCE["models"][name], model(name)
    assert list(found.network.input) == expected["input"][1:]
    assert found.total.params == expected["params"]
    known = ledgers(found)
    totals = {counter: counted(find(counter), found, known) for counter in CALLED}
    allowed = {counter: DIFFERS.get((name, counter), (0, ""))[0] for counter in CALLED}
    assert totals == {counter: expected[key] + allowed[counter] for counter, key in CALLED.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_default_is_what_papers_and_torchvision_print(name):
    expected, found = REFERENCE["models"][name], model(name)
    assert counted(find("paper"), found) == found.total.macs == expected["paper"]
    # torchvision's figures for segmentation are of networks with their auxiliary heads.
    if name not in ("fcn_resnet50", "deeplabv3_resnet50"):
        printed = expected["published"].values()
        assert all(round(found.total.macs / 10**9, 3) == figure for figure in printed)


# --- TensorFlow -----------------------------------------------------------------------------------------------------

KERAS_LINES = {
    "conv2d_padded_nobias": "conv: 32, k: 3",
    "conv2d_padded_bias": "conv: 32, k: 3, bias: true",
    "conv2d_s2_nobias": "conv: 32, k: 3, s: 2",
    "conv2d_dilated_nobias": "conv: 32, k: 3, d: 2, p: 0",
    "conv2d_grouped_nobias": "conv: 32, k: 3, g: 4",
    "conv2d_depthwise_nobias": "depthwise: 3",
    "conv2d_depthwise_mult2_nobias": "depthwise: 3, m: 2",
    "separable_conv2d_nobias": "separable: 32",
    "conv1d_nobias": "conv: 12, k: 5, p: 0",
    "conv3d_nobias": "conv: 8, k: 3",
    "conv2d_batch4_bias": "conv: 32, k: 3, bias: true",
    "convT2d_s2_nobias": "conv_transpose: 32, k: 4, s: 2",
    "convT2d_s2_bias": "conv_transpose: 32, k: 4, s: 2, bias: true",
    "linear_bias": "linear: 100, bias: true",
    "linear_nobias": "linear: 100",
    "linear_nobias_3d_tokens": "linear: 100, flatten: false",
    "bn2d": "batch_norm",
    "bn2d_fused": "batch_norm",
    "layernorm_tokens": "layer_norm",
    "act_ReLU": "relu",
    "act_ReLU6": "relu6",
    "act_PReLU": "prelu",
    "act_SiLU": "silu",
    "act_GELU": "gelu",
    "act_Sigmoid": "sigmoid",
    "act_Hardswish": "hardswish",
    "act_Softmax": "softmax",
    "maxpool2d_k2s2": "max_pool: 2",
    "avgpool2d_k2s2": "avg_pool: 2",
    "global_avg_pool": "global_avg_pool",
    "upsample_nearest_x2": "upsample: 2",
    "upsample_bilinear_x2": "upsample: 2, mode: bilinear",
    "add": "add: [input, input]",
    "mul": "mul: [input, input]",
    "cat": "concat: [input, input]",
}

KERAS_RESNET = """
input: 3x224x224
defaults: {norm: batch, act: relu, bias: true}
blocks:
  unit:  # the first version: the stride is the first 1×1's
    params: {out: , mid: out / 4}
    layers:
      - add:
          - [{conv: mid, k: 1, s: s}, {conv: mid, k: 3}, {conv: out, k: 1, act: none}]
          - [{conv: out, k: 1, s: s, act: none, when: s > 1 or c1 != out}]
        act: relu
layers:
  - {conv: 64, k: 7, s: 2}
  - {max_pool: 3, s: 2, p: 1}
  - {unit: 256, repeat: 3}
  - {unit: 512, s: 2, repeat: 4}
  - {unit: 1024, s: 2, repeat: 6}
  - {unit: 2048, s: 2, repeat: 3}
  - global_avg_pool
  - {linear: 1000, norm: none, act: none}
"""
KERAS = {
    "VGG16": zoo_text("vgg16").replace("  - {adaptive_avg_pool: 7}\n", ""),
    "ResNet50": KERAS_RESNET,
    **{
        title: zoo_text(name)
        for title, name in {
            "MobileNetV2": "mobilenet_v2",
            "DenseNet121": "densenet121",
            "MobileNetV3Large": "mobilenet_v3_large",
            "EfficientNetB0": "efficientnet_b0",
            "ConvNeXtTiny": "convnext_tiny",
        }.items()
    },
}
PIXELS = 3 * 224 * 224
# What Keras' own networks have besides, or otherwise, with what its profiler counts for it.
KERAS_HAS = {
    "MobileNetV3Large": {"a product and a sum for each element of the input, to rescale it": 2 * PIXELS},
    "EfficientNetB0": {
        "a product and a sum for each element of the input, to rescale it": 2 * PIXELS,
        "a difference and a quotient for each element of the input, and a bound for each channel": 2 * PIXELS + 3,
    },
    "ConvNeXtTiny": {
        "a difference and a quotient for each element of the input, and a bound for each channel": 2 * PIXELS + 3,
        "depthwise convolutions are grouped ones there, which count 0": -2 * 105_106_176,
    },
}


@pytest.mark.parametrize("case", KERAS_LINES)
def test_keras_layers_are_counted_as_tensorflow_counts_them(case):
    expected = REFERENCE["tensorflow"][case]
    batch, *spatial, channels = expected["input"]
    tokens = case in ("layernorm_tokens", "linear_nobias_3d_tokens")
    found = network_of(KERAS_LINES[case], (*spatial, channels) if tokens else (channels, *spatial))
    assert counted(find("tensorflow"), found, batch=batch) == expected["tf_profiler"]


@pytest.mark.parametrize("title", KERAS)
def test_keras_networks_are_counted_as_tensorflow_counts_them(title):
    (network,) = loads(KERAS[title] + "  - softmax\n")
    total = counted(find("tensorflow"), evaluate(network)) + sum(KERAS_HAS.get(title, {}).values())
    assert total == REFERENCE["tensorflow"][f"keras.applications.{title}"]["tf_profiler"]


def test_every_keras_case_is_tried():
    attention = {"matmul_4d", "mha", "_versions"}
    networks = {f"keras.applications.{title}" for title in KERAS}
    assert {*KERAS_LINES} | networks | attention == {*REFERENCE["tensorflow"]}


# --- The ledger and the tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v3_large", "unet", "inception_v3", "convnext_tiny"])
@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=list(CONVENTIONS))
def test_layers_add_up_to_the_total(name, convention):
    (network,) = load(f"zoo:{name}")
    found = evaluate(network)
    assert sum(counted_layers(convention, found).values()) == counted(convention, found)


@pytest.mark.parametrize("name", zoo.names())
def test_the_ledger_holds_the_macs_and_params_of_every_network(name):
    (network,) = load(f"zoo:{name}")
    found = evaluate(network)
    whole = summed(ledgers(found).values())
    assert all(type(amount) is int and amount > 0 for amount in whole.values())
    macs = sum(amount for key, amount in whole.items() if key.split(".")[1].split("/")[0] == "macs")
    assert macs == found.total.macs


def test_weights_are_of_names_that_the_ledger_has():
    every = REFERENCE["single"].keys() & LINES.keys()
    names = {key for case in every for key in kept(network_of(LINES[case], REFERENCE["single"][case]["input"][1:]))}
    extra = ("upsample: 2, mode: linear", (4, 8)), ("log_softmax", (8,)), ("adaptive_max_pool: 2", (4, 8, 8))
    names |= {key for lines, shape in extra for key in kept(network_of(lines, shape))}
    stems = {name.partition("/")[0] for name in names} | {"matmul.macs", "einsum.macs"}
    for convention in CONVENTIONS.values():
        keys = {*convention.weights, *convention.once, *convention.shrinking}
        assert {key.partition("/")[0] for key in keys} <= stems
        assert {case for key in keys for case in key.split("/")[1:]} <= CASES


CASES = {
    *("function", "operator", "subclass", "same", "inplace", "grouped", "plain", "1d", "3d", "size"),
    *("nearest", "linear", "bilinear", "bicubic", "trilinear", "area"),
}


def kept(evaluation):
    return summed(ledgers(evaluation).values())


def test_the_weight_that_fits_best_is_taken():
    fvcore, thop, ptflops = find("fvcore"), find("thop"), find("ptflops")
    assert fvcore.weight("conv.macs") == 1
    assert fvcore.weight("conv.macs/same") == 0
    assert fvcore.weight("conv.macs/grouped") == 1
    assert fvcore.weight("conv.macs/grouped/same") == 0
    assert thop.weight("conv.macs/grouped/function") == 0
    assert ptflops.weight("relu.elements") == 2
    assert ptflops.weight("relu.elements/function") == 1
    assert ptflops.weight("relu.elements/operator") == 0


def test_layers_of_traced_code_are_counted_by_what_is_known_of_them():
    each = Each(Conv(3, 8, 3, bias=True))
    assert ledger(each, (5, 3, 4, 4)) == {"conv.macs": 5 * 3456, "conv.biases": 5 * 128}
    # Whoever counts parameters of a module counts them for each map (`frames` in test_counters.py).
    assert ledger(Each(Linear(4, 8)), (5, 4)) == {"linear.macs": 160, "linear.params": 160}
    assert ledger(Shared(Linear(4, 8)), (4,)) == ledger(Linear(4, 8), (4,))
    assert ledger(Shared(ConvTranspose(4, 8, 2, stride=2)), (4, 3, 3))["conv_transpose.output_macs"] == 4 * 1152
    assert ledger(Given("max_pool", (8, 2, 2)), (8, 4, 4)) == {}
    assert ledger(Given("mul", (8, 2, 2)), (8, 2, 2)) == {"mul.elements": 32}
    assert ledger(Given("mean", (8,)), (8, 2, 2))["global_avg_pool.outputs/operator"] == 8
    assert ledger(Learnt("attention", (8, 4), products=99), (8, 4)) == {"matmul.macs": 99}
    assert ledger(Activation("softmax", 7), (8,)) == {"softmax.elements": 8, "softmax.rows": 1}


def test_thop_rounds_the_quotient_of_sizes_that_do_not_divide():
    found = network_of("adaptive_avg_pool: 7", (16, 8, 8))
    assert counted(find("thop"), found) == int(((8 / 7) * (8 / 7) + 1) * 784) == 1807
    assert weighed(find("thop"), kept(found)) == 1024 + 784


def test_a_name_that_is_no_convention_is_refused_with_the_closest():
    with pytest.raises(ConvcostError, match="no convention `fvcor` \\(did you mean `fvcore`\\?\\)"):
        find("fvcor")


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=list(CONVENTIONS))
def test_every_convention_says_where_it_comes_from(convention):
    assert convention.source.startswith("https://")
    assert convention.unit in ("MACs", "FLOPs")
    assert convention.factor == {"MACs": 1, "FLOPs": 2}[convention.unit]
    assert convention.version or convention.name == "paper"
    assert all(rule.source.startswith("https://") for rule in convention.rules)
