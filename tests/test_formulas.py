"""The formulas against numbers worked by hand, and against counting one by one."""

from itertools import product

import pytest

from convcost import Conv, ConvcostError, ConvTranspose, formulas
from convcost.layers import AvgPool, MaxPool

# conv_weights: k · (c1/g) · c2


def test_weights_of_a_1d_convolution():
    # 9 taps of 64 channels for each of 96 outputs: 9·64 = 576, 576·96 = 55 296
    assert formulas.conv_weights(64, 96, (9,), 1) == 55_296


def test_weights_of_a_2d_convolution():
    # 3·3 taps of 3 channels for each of 256 outputs: 9·3 = 27, 27·256 = 6 912
    assert formulas.conv_weights(3, 256, (3, 3), 1) == 6_912


def test_weights_of_a_2d_convolution_with_a_rectangular_kernel():
    # 1·7 taps of 128 channels for each of 192 outputs: 7·128 = 896, 896·192 = 172 032
    assert formulas.conv_weights(128, 192, (1, 7), 1) == 172_032


def test_weights_of_a_3d_convolution():
    # 3·7·7 = 147 taps of 3 channels for each of 64 outputs: 441·64 = 28 224
    assert formulas.conv_weights(3, 64, (3, 7, 7), 1) == 28_224


def test_weights_of_a_grouped_convolution():
    # 8 groups of 32 to 32 channels: 8 · (32·9·32 = 9 216) = 73 728, an eighth of 256·9·256 = 589 824
    assert formulas.conv_weights(256, 256, (3, 3), 8) == 73_728
    # 2 groups of 48 to 128 channels, 5·5: 2 · (48·25·128 = 153 600) = 307 200
    assert formulas.conv_weights(96, 256, (5, 5), 2) == 307_200


def test_weights_of_depthwise_convolutions():
    # one 3·3 filter for each of 32 channels: 9·32 = 288
    assert formulas.conv_weights(32, 32, (3, 3), 32) == 288
    # two 5-tap filters for each of 10 channels: 5·10·2 = 100
    assert formulas.conv_weights(10, 20, (5,), 10) == 100
    # one 3·3·3 filter for each of 4 channels: 27·4 = 108
    assert formulas.conv_weights(4, 4, (3, 3, 3), 4) == 108


# conv_macs: weights · positions


def test_macs_of_a_1d_convolution():
    # 5·2·3 = 30 weights at 8 positions: 240
    assert formulas.conv_macs(2, 3, (5,), 1, (8,)) == 240


def test_macs_of_a_2d_convolution():
    # 6 912 weights at 56·56 = 3 136 positions: 6 912·3 136 = 21 676 032
    assert formulas.conv_macs(3, 256, (3, 3), 1, (56, 56)) == 21_676_032


def test_macs_of_a_3d_convolution():
    # 28 224 weights at 8·56·56 = 25 088 positions: 28 224·25 088 = 708 083 712
    assert formulas.conv_macs(3, 64, (3, 7, 7), 1, (8, 56, 56)) == 708_083_712


def test_macs_of_a_grouped_convolution():
    # 307 200 weights at 27·27 = 729 positions: 307 200·729 = 223 948 800
    assert formulas.conv_macs(96, 256, (5, 5), 2, (27, 27)) == 223_948_800


def test_macs_of_a_transposed_convolution_run_over_the_input():
    # 16 to 32 channels, 4·4: 16·16·32 = 8 192 weights; each of 14·14 = 196 input positions meets them all once,
    # though at stride 2 the output has 28·28 = 784: 8 192·196 = 1 605 632
    assert formulas.conv_macs(16, 32, (4, 4), 1, (14, 14)) == 1_605_632
    layer = ConvTranspose(16, 32, 4, stride=2, padding=1)
    assert (layer.output_shape((16, 14, 14)), layer.macs((16, 14, 14))) == ((32, 28, 28), 1_605_632)


def test_dilation_costs_no_weights_and_no_macs():
    # 27·4 = 108 weights with and without holes; padded to the same 5·5 output: 108·25 = 2 700
    for dilation in (1, 2, 3):
        layer = Conv(3, 4, 3, dilation=dilation)
        assert (layer.weights, layer.macs((3, 5, 5))) == (108, 2_700)


# linear_weights: c1 · c2, and linear_macs: for each row


def test_weights_of_a_linear_layer():
    # 512·1 000 = 512 000
    assert formulas.linear_weights(512, 1_000) == 512_000


def test_macs_of_a_linear_layer():
    # one vector: 512·1 000
    assert formulas.linear_macs(512, 1_000, ()) == 512_000
    # 197 rows: 64·10 = 640, 640·197 = 126 080
    assert formulas.linear_macs(64, 10, (197,)) == 126_080
    # 7·4 = 28 rows: 640·28 = 17 920
    assert formulas.linear_macs(64, 10, (7, 4)) == 17_920


# kernel_extent: d · (k - 1) + 1, and same_pads: one less


@pytest.mark.parametrize(
    ("k", "d", "extent"),
    [
        (1, 1, 1),
        (1, 4, 1),  # a single tap has no holes: 4·0 + 1
        (3, 1, 3),
        (3, 2, 5),  # x.x.x
        (2, 3, 4),  # x..x
        (5, 4, 17),  # 4·4 + 1
    ],
)
def test_extent_and_same_pads_of_a_kernel(k, d, extent):
    taps = [tap * d for tap in range(k)]
    assert formulas.kernel_extent(k, d) == extent == taps[-1] - taps[0] + 1
    assert formulas.same_pads(k, d) == extent - 1


# conv_output: floor((n + p - d·(k - 1) - 1)/s) + 1, p both pads of an axis together


@pytest.mark.parametrize(
    ("n", "k", "s", "p", "d", "output"),
    [
        (7, 3, 1, 0, 1, 5),  # (7 + 0 - 2 - 1)/1 + 1 = 4 + 1
        (7, 3, 1, 0, 2, 3),  # (7 + 0 - 4 - 1)/1 + 1 = 2 + 1
        (5, 3, 1, 2, 1, 5),  # (5 + 2 - 2 - 1)/1 + 1 = 4 + 1
        (224, 7, 2, 6, 1, 112),  # (224 + 6 - 6 - 1)/2 + 1 = floor(111.5) + 1
        (227, 11, 4, 0, 1, 55),  # (227 + 0 - 10 - 1)/4 + 1 = 54 + 1
        (224, 3, 2, 1, 1, 112),  # (224 + 1 - 2 - 1)/2 + 1 = 111 + 1, padded at one end only
        (63, 3, 2, 8, 2, 34),  # (63 + 8 - 4 - 1)/2 + 1 = 33 + 1
        (1, 1, 5, 0, 3, 1),  # (1 + 0 - 0 - 1)/5 + 1 = 0 + 1
        (3, 5, 1, 0, 1, -1),  # (3 + 0 - 4 - 1)/1 + 1 = -2 + 1: no window fits
    ],
)
def test_output_size_of_a_convolution(n, k, s, p, d, output):
    assert formulas.conv_output(n, k, s, p, d) == output


# pool_output_ceil: ceil instead of floor, without a last window that starts beyond input and left padding


@pytest.mark.parametrize(
    ("n", "k", "s", "p", "d", "begin", "output"),
    [
        (7, 2, 2, 0, 1, 0, 4),  # ceil((7 - 1 - 1)/2) + 1 = 3 + 1; the last starts at 6, inside 7
        (6, 2, 2, 0, 1, 0, 3),  # ceil((6 - 1 - 1)/2) + 1 = 2 + 1, as floor
        (112, 3, 2, 0, 1, 0, 56),  # ceil((112 - 2 - 1)/2) + 1 = ceil(54.5) + 1, where floor gives 55
        (6, 2, 4, 0, 1, 0, 2),  # ceil((6 - 1 - 1)/4) + 1 = 1 + 1; the last starts at 4, inside 6
        (9, 3, 2, 0, 3, 0, 2),  # ceil((9 - 6 - 1)/2) + 1 = 1 + 1
        (4, 2, 2, 2, 1, 1, 3),  # ceil((4 + 2 - 1 - 1)/2) + 1 = 2 + 1; the last starts at 4, inside 4 + 1
        (3, 2, 2, 2, 1, 1, 2),  # ceil((3 + 2 - 1 - 1)/2) + 1 = 3, less the last, which starts at 4 = 3 + 1
        (5, 2, 3, 2, 1, 1, 2),  # ceil((5 + 2 - 1 - 1)/3) + 1 = 3, less the last, which starts at 6 = 5 + 1
        (5, 1, 5, 0, 1, 0, 1),  # ceil((5 - 0 - 1)/5) + 1 = 2, less the last, which starts at 5
    ],
)
def test_output_size_of_a_pool_in_ceil_mode(n, k, s, p, d, begin, output):
    assert formulas.pool_output_ceil(n, k, s, p, d, begin) == output


# conv_transpose_output: (n - 1)·s - p + d·(k - 1) + extra + 1


@pytest.mark.parametrize(
    ("n", "k", "s", "p", "d", "extra", "output"),
    [
        (14, 4, 2, 2, 1, 0, 28),  # 13·2 - 2 + 3 + 0 + 1
        (7, 3, 2, 2, 1, 1, 14),  # 6·2 - 2 + 2 + 1 + 1
        (4, 3, 1, 0, 1, 0, 6),  # 3·1 - 0 + 2 + 0 + 1
        (4, 3, 1, 0, 2, 0, 8),  # 3·1 - 0 + 4 + 0 + 1
        (5, 2, 3, 0, 1, 0, 14),  # 4·3 - 0 + 1 + 0 + 1, a gap of one between the kernels
        (1, 64, 32, 0, 1, 0, 64),  # 0·32 - 0 + 63 + 0 + 1
        (1, 1, 3, 2, 2, 1, 0),  # 0·3 - 2 + 0 + 1 + 1: all is cropped
    ],
)
def test_output_size_of_a_transposed_convolution(n, k, s, p, d, extra, output):
    assert formulas.conv_transpose_output(n, k, s, p, d, extra) == output


# The same sizes, counted one by one.

SIZES, KERNELS, STRIDES, PADS, DILATIONS = range(1, 9), range(1, 5), range(1, 5), range(4), range(1, 4)


def windows(n, k, s, begin, end, d):
    """Where the windows start that lie wholly inside the padded axis, from 0 on."""
    last_tap = d * (k - 1)
    return [start for start in range(0, begin + n + end, s) if start + last_tap < begin + n + end]


@pytest.mark.parametrize("n", SIZES)
def test_convolutions_and_pools_have_as_many_outputs_as_windows(n):
    for k, s, begin, end, d in product(KERNELS, STRIDES, PADS, PADS, DILATIONS):
        counted = len(windows(n, k, s, begin, end, d))
        assert max(0, formulas.conv_output(n, k, s, begin + end, d)) == counted
        fields = {"stride": s, "padding": [[begin, end]], "dilation": d, "dims": 1}
        assert _output(Conv(1, 1, k, **fields), n) == counted
        if max(begin, end) <= (d * (k - 1) + 1) // 2:
            assert _output(MaxPool(k, **fields), n) == counted
            if d == 1:
                assert _output(AvgPool(k, **fields), n) == counted


def _output(layer, n):
    """The size of one axis; 0 where the layer refuses the input because nothing is left of it."""
    try:
        return layer.output_shape((1, n))[1]
    except ConvcostError as error:
        return 0 if "no output is left" in error.message else None


@pytest.mark.parametrize("n", SIZES)
def test_pools_in_ceil_mode_have_one_window_more_where_something_is_left(n):
    for k, s, pad, d in product(KERNELS, STRIDES, PADS, DILATIONS):
        extent, padded = d * (k - 1) + 1, n + 2 * pad
        # A window may stick out by less than a stride, but must start in the input or its left padding.
        starts = [start for start in range(0, padded, s) if start + extent - padded < s and start < pad + n]
        assert max(0, formulas.pool_output_ceil(n, k, s, 2 * pad, d, pad)) == len(starts)
        if pad <= extent // 2:
            pool = MaxPool(k, stride=s, padding=pad, dilation=d, ceil_mode=True, dims=1)
            assert _output(pool, n) == len(starts)
            assert len(starts) - len(windows(n, k, s, pad, pad, d)) in (0, 1)


@pytest.mark.parametrize("n", SIZES)
def test_transposed_convolutions_reach_as_far_as_what_they_write(n):
    for k, s, pad, d, extra in product(KERNELS, STRIDES, PADS, DILATIONS, range(3)):
        written = {start * s + tap * d for start in range(n) for tap in range(k)}
        size = max(written) + 1 - 2 * pad + extra
        assert formulas.conv_transpose_output(n, k, s, 2 * pad, d, extra) == size
        if size >= 1 and extra < max(s, d):
            layer = ConvTranspose(1, 1, k, stride=s, padding=pad, dilation=d, output_padding=extra, dims=1)
            assert layer.output_shape((1, n)) == (1, size)


@pytest.mark.parametrize("n", SIZES)
def test_same_pads_make_ceil_n_over_s(n):
    for k, s, d in product(KERNELS, STRIDES, DILATIONS):
        pads = formulas.same_pads(k, d)
        assert len(windows(n, k, s, pads // 2, pads - pads // 2, d)) == -(-n // s)
        assert Conv(1, 1, k, stride=s, dilation=d, dims=1).output_shape((1, n)) == (1, -(-n // s))
        assert ConvTranspose(1, 1, k, stride=s, dilation=d, dims=1).output_shape((1, n)) == (1, n * s)


def test_macs_are_the_multiplications_of_the_loops():
    c1, c2, g, k, s, d, n = 4, 6, 2, 3, 2, 2, 11
    multiplications = sum(
        1 for _ in range(c2) for start in windows(n, k, s, 1, 1, d) for _ in range(c1 // g) for _ in range(k)
    )
    layer = Conv(c1, c2, k, stride=s, padding=1, dilation=d, groups=g, dims=1)
    # (11 + 2 - 4 - 1)/2 + 1 = 5 positions, 3·2·6 = 36 weights
    assert layer.macs((c1, n)) == multiplications == 180


def test_macs_of_a_transposed_convolution_are_the_multiplications_of_the_loops():
    c1, c2, g, k, n = 4, 6, 2, 3, 5
    multiplications = sum(1 for _ in range(n) for _ in range(c1) for _ in range(c2 // g) for _ in range(k))
    layer = ConvTranspose(c1, c2, k, stride=3, padding=1, dilation=2, groups=g, dims=1)
    # 5 input positions, 3·2·6 = 36 weights
    assert layer.macs((c1, n)) == multiplications == 180
