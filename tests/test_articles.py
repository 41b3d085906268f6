"""Every worked number of the articles that convcost was born from."""

from fractions import Fraction

import pytest

from convcost import Conv, cost, evaluate, kinds, layers, loads
from convcost.comparison import Choice, Request, compare

EVERY_KIND = ("standard", "grouped", "depthwise", "pointwise", "separable", "dilated")


def _compare(c1, c2, kernel, size, *, padding="same", groups=None, names=EVERY_KIND):
    """The rows of a comparison at stride 1, by kind."""
    request = Request(c1, c2, kernel, (1, 1), padding, 2, groups=groups, input_size=size)
    comparison = compare(request, tuple(map(Choice, names)))
    return {row.choice.kind: row for row in comparison.rows}


def _weights(composition):
    return {part.name: part.layer.weights for part in composition.parts}


# 3 to 256 channels, 3×3: 6 912 against 795


def test_standard_from_3_to_256_channels_has_6912_weights():
    assert kinds.standard(3, 256, 3).weights == 3 * 3 * 3 * 256 == 6_912


def test_separable_from_3_to_256_channels_has_27_and_768_weights():
    separable = kinds.separable(3, 256, 3)
    # 3·3·3 = 27, 3·1·1·256 = 768
    assert _weights(separable) == {"depthwise": 27, "pointwise": 768}
    assert separable.weights == 795


def test_separable_to_256_channels_is_a_ninth_and_a_little():
    row = _compare(3, 256, (3, 3), (56, 56))["separable"]
    assert row.params_ratio == row.macs_ratio == Fraction(795, 6_912) == Fraction(1, 256) + Fraction(1, 9)
    assert f"{float(row.params_ratio):.4f}" == "0.1150"
    assert str(row.closed_form) == str(row.macs_closed_form) == "1/N + 1/Dk²"
    # "a ninth": 6 912 / 795 = 8.69
    assert round(1 / row.params_ratio) == 9


# 256 to 256 channels in 8 groups


def test_8_groups_of_256_channels_have_an_eighth_of_the_weights():
    assert kinds.standard(256, 256, 3).weights == 256 * 3 * 3 * 256 == 589_824
    assert kinds.grouped(256, 256, 3, groups=8).weights == 8 * 32 * 3 * 3 * 32 == 73_728


def test_grouping_reduces_to_1_over_g_not_by_1_over_g():
    row = _compare(256, 256, (3, 3), (14, 14), groups=8)["grouped"]
    assert row.params_ratio == row.macs_ratio == Fraction(1, 8) != 1 - Fraction(1, 8)
    assert str(row.closed_form) == str(row.macs_closed_form) == "1/g"


def test_each_group_has_its_share_of_the_channels():
    # g·(c1/g)·(c2/g)·k·k
    for groups in (1, 2, 4, 8, 16):
        expected = groups * (64 // groups) * (128 // groups) * 3 * 3
        assert kinds.grouped(64, 128, 3, groups=groups).weights == expected


# 3 to 4 channels on 5×5


def test_standard_from_3_to_4_channels_has_108_weights():
    assert kinds.standard(3, 4, 3).weights == 4 * 3 * 3 * 3 == 108


def test_separable_from_3_to_4_channels_has_27_and_12_weights():
    separable = kinds.separable(3, 4, 3)
    # 3·3·3 = 27, 1·1·3·4 = 12
    assert _weights(separable) == {"depthwise": 27, "pointwise": 12}
    assert separable.weights == 39


def test_separable_to_4_channels_is_about_a_third():
    row = _compare(3, 4, (3, 3), (5, 5))["separable"]
    assert row.params_ratio == Fraction(39, 108) == Fraction(1, 4) + Fraction(1, 9)
    assert str(row.closed_form) == "1/N + 1/Dk²"
    assert round(1 / row.params_ratio) == 3


@pytest.mark.parametrize(("padding", "size"), [("same", (5, 5)), (1, (5, 5)), ("valid", (3, 3)), (0, (3, 3))])
def test_5x5_stays_with_padding_and_becomes_3x3_without(padding, size):
    rows = _compare(3, 4, (3, 3), (5, 5), padding=padding, names=("standard", "separable", "depthwise"))
    assert rows["standard"].known.output == (4, *size)
    assert rows["separable"].known.output == (4, *size)
    # one map for each of the 3 channels that come in: depthwise cannot widen
    assert rows["depthwise"].known.output == (3, *size)


# 7×7, k = 3, p = 0, s = 1


def test_a_3x3_kernel_makes_5x5_of_7x7():
    # (7 - 3 + 0)/1 + 1 = 5
    assert Conv(1, 1, 3, stride=1, padding=0).output_shape((1, 7, 7)) == (1, 5, 5)


def test_the_kernel_dilated_by_2_makes_3x3_of_7x7():
    # [7 - (3 + 2·1) + 0]/1 + 1 = 3
    (part,) = kinds.dilated(1, 1, 3, dilation=2, stride=1, padding=0).parts
    assert part.layer.output_shape((1, 7, 7)) == (1, 3, 3)


def test_a_3x3_kernel_dilated_by_2_sees_5x5_for_no_more_weights():
    rows = _compare(16, 32, (3, 3), (14, 14))
    assert rows["standard"].receptive_field == (3, 3)
    assert rows["dilated"].receptive_field == (5, 5)
    assert rows["dilated"].params == rows["standard"].params
    assert rows["dilated"].total.macs == rows["standard"].total.macs
    assert str(rows["dilated"].closed_form) == "1"


# Global depthwise convolution: H×W×G to G×1×1


@pytest.mark.parametrize("shape", [(512, 7, 7), (1280, 7, 5)])
def test_global_depthwise_weighs_what_global_average_pooling_only_averages(shape):
    channels, height, width = shape
    (part,) = kinds.global_depthwise(channels, None, (height, width)).parts
    assert part.layer.groups == channels
    assert part.layer.kernel_size == (height, width)
    assert part.layer.output_shape(shape) == layers.GlobalAvgPool().output_shape(shape) == (channels, 1, 1)
    assert cost(part.layer, shape).params == height * width * channels
    assert cost(layers.GlobalAvgPool(), shape).params == 0


# MACs, H·W·h1·w1·c1·c2 and the rest; a kernel of 3×5 on 10×12, so that no two letters are one number

H, W, H1, W1, C1, C2, G = 10, 12, 3, 5, 8, 24, 4


@pytest.fixture(scope="module")
def rows():
    return _compare(C1, C2, (H1, W1), (H, W), groups=G)


def test_macs_of_a_standard_convolution(rows):
    assert rows["standard"].total.macs == H * W * H1 * W1 * C1 * C2


def test_macs_of_a_grouped_convolution(rows):
    assert rows["grouped"].total.macs == H * W * H1 * W1 * (C1 // G) * (C2 // G) * G
    assert rows["grouped"].macs_ratio == Fraction(1, G)
    assert str(rows["grouped"].macs_closed_form) == "1/g"


def test_macs_of_a_separable_convolution_and_its_parts(rows):
    assert rows["depthwise"].total.macs == H * W * H1 * W1 * 1 * C1
    assert rows["pointwise"].total.macs == H * W * 1 * 1 * C1 * C2
    assert rows["separable"].total.macs == H * W * H1 * W1 * C1 + H * W * C1 * C2
    assert rows["separable"].macs_ratio == Fraction(1, C2) + Fraction(1, H1 * W1)
    assert str(rows["separable"].macs_closed_form) == "1/N + 1/(Dkh·Dkw)"


def test_a_depthwise_convolution_alone_is_1_over_n_and_a_pointwise_1_over_the_kernel(rows):
    assert rows["depthwise"].params_ratio == Fraction(1, C2)
    assert str(rows["depthwise"].closed_form) == "1/N"
    assert rows["pointwise"].params_ratio == Fraction(1, H1 * W1)
    assert str(rows["pointwise"].closed_form) == "1/(Dkh·Dkw)"


def test_a_depthwise_convolution_is_one_with_as_many_groups_as_channels():
    (depthwise,), (grouped,) = kinds.depthwise(32, None, 3).parts, kinds.grouped(32, 32, 3, groups=32).parts
    assert depthwise.layer == grouped.layer
    # g·(c1/g)·(c1/g)·k·k with g = c1
    assert depthwise.layer.weights == 32 * 1 * 1 * 3 * 3


# The modules: Conv is convolution, batch norm, activation; DWConv depthwise, pointwise, activation, without norms


def _evaluated(spec):
    (network,) = loads(spec.encode())
    return evaluate(network)


def test_conv_module():
    # Conv(3, 32, k=3, s=2): 3·3·3·32 = 864 weights, 2·32 = 64 of the norm, 864·112·112 = 10 838 016 MACs
    found = _evaluated("{input: 3x224x224, layers: [{conv: 32, k: 3, s: 2, norm: batch, act: relu}]}")
    assert [node.kind for node in found.network.nodes] == ["conv", "batch_norm", "relu"]
    assert (found.total.weights, found.total.biases, found.total.norm_params) == (864, 0, 64)
    assert (found.total.params, found.total.macs) == (928, 10_838_016)
    assert found.outputs == ((32, 112, 112),)


def test_conv_module_with_groups():
    # Conv(64, 128, k=3, g=4): 9·16·128 = 18 432 weights, 2·128 = 256 of the norm, 18 432·20·20 = 7 372 800 MACs
    found = _evaluated("{input: 64x20x20, layers: [{conv: 128, k: 3, g: 4, norm: batch, act: silu}]}")
    assert (found.total.params, found.total.macs) == (18_432 + 256, 7_372_800)
    assert found.outputs == ((128, 20, 20),)


def test_conv_module_by_default_is_pointwise():
    # Conv(64, 128): k = 1, s = 1, autopad 0: 64·128 = 8 192 weights, 256 of the norm
    found = _evaluated("{input: 64x20x20, layers: [{conv: 128, k: 1, norm: batch, act: relu}]}")
    assert (found.total.params, found.outputs) == (8_192 + 256, ((128, 20, 20),))


@pytest.mark.parametrize("k", [1, 3, 5, 7])
@pytest.mark.parametrize("s", [1, 2])
@pytest.mark.parametrize("size", [20, 21])
def test_the_modules_autopad_is_same_for_odd_kernels(k, s, size):
    line = f"conv: 4, k: {k}, s: {s}"
    same, padded = (_evaluated(f"{{input: 3x{size}x{size}, layers: [{{{line}{p}}}]}}") for p in ("", f", p: {k // 2}"))
    assert same.outputs == padded.outputs == ((4, -(-size // s), -(-size // s)),)
    assert same.total == padded.total


def test_dwconv_module():
    # DWConv(32, 64, k=3, s=2): 9·32 = 288 and 32·64 = 2 048 weights, both at 10·10 positions: 2 336·100 MACs
    line = "{separable: 64, k: 3, s: 2, act: relu, mid_norm: none, mid_act: none}"
    found = _evaluated(f"{{input: 32x20x20, layers: [{line}]}}")
    assert [node.kind for node in found.network.nodes] == ["depthwise", "pointwise", "relu"]
    assert (found.total.params, found.total.macs) == (2_336, 233_600)
    assert found.outputs == ((64, 10, 10),)


def test_dwconv_module_with_a_norm_behind_the_pointwise_alone():
    # as above, and 2·64 = 128 of one norm
    line = "{separable: 64, k: 3, norm: batch, act: relu, mid_norm: none, mid_act: none}"
    found = _evaluated(f"{{input: 32x20x20, layers: [{line}]}}")
    assert [node.kind for node in found.network.nodes] == ["depthwise", "pointwise", "batch_norm", "relu"]
    assert found.total.params == 2_336 + 128


@pytest.mark.parametrize("act", ["relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "identity"])
def test_the_modules_activations_are_words_and_cost_nothing(act):
    conv = _evaluated(f"{{input: 3x8x8, layers: [{{conv: 4, k: 3, act: {act}}}]}}")
    separable = _evaluated(f"{{input: 3x8x8, layers: [{{separable: 4, act: {act}, mid_act: none}}]}}")
    assert conv.network.nodes[-1].kind == separable.network.nodes[-1].kind == act
    assert (conv.total.params, separable.total.params) == (108, 39)
    assert (conv.total.macs, separable.total.macs) == (108 * 64, 39 * 64)
