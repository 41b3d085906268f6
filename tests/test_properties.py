"""One formula, three readings; sizes by counting windows; chains by their parts; closed forms by their numbers."""

import re
from fractions import Fraction
from math import ceil, prod

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from convcost import formulas
from convcost.comparison import Choice, Request, compare
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate
from convcost.kinds import KINDS
from convcost.layers import AvgPool, Conv, ConvTranspose, MaxPool
from convcost.names import POSITIONS
from convcost.network import Network, nodes_of, shapes
from convcost.symbols.axis import Axis
from convcost.symbols.polynomial import as_polynomial, symbols

settings.register_profile("convcost", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("convcost")

sizes = st.integers(1, 9)
dims_of = st.integers(1, 3)


# --- One formula, three readings ------------------------------------------------------------------------------------


@st.composite
def layers(draw, dims=dims_of):
    """Channels, kernel, groups (none, some, depthwise) and positions of a convolution, its twin or a linear layer."""
    axes = draw(dims)
    a, b, g = draw(st.tuples(sizes, sizes, st.integers(1, 6)))
    c1, c2 = draw(st.sampled_from([(a, b), (a * g, b * g), (g, b * g)]))
    g = g if c1 % g == c2 % g == 0 else 1
    k, positions = (tuple(draw(sizes) for _ in range(axes)) for _ in "kp")
    return c1, c2, k, g, positions


def counts(c1, c2, k, g, positions):
    """Every count of `formulas` for one layer, or for many at once."""
    return (
        formulas.conv_weights(c1, c2, k, g),
        formulas.conv_macs(c1, c2, k, g, positions),
        formulas.linear_weights(c1, c2),
        formulas.linear_macs(c1, c2, positions),
    )


def by_hand(c1, c2, k, g, positions):
    """The same counts, each weight and each product counted one by one."""
    weights = sum(1 for out in range(c2) for _ in range(c1 // g) for _ in np.ndindex(*k))
    return weights, weights * len(list(np.ndindex(*positions))), c1 * c2, c1 * c2 * prod(positions)


def as_fractions(c1, c2, k, g, positions):
    return Fraction(c1), Fraction(c2), tuple(map(Fraction, k)), Fraction(g), tuple(map(Fraction, positions))


def as_arrays(many):
    """Several layers of one rank as arrays, one number for each layer in each."""
    c1, c2, k, g, positions = zip(*many, strict=True)
    per_axis = [tuple(np.array(axis, np.int64) for axis in zip(*values, strict=True)) for values in (k, positions)]
    return np.array(c1, np.int64), np.array(c2, np.int64), per_axis[0], np.array(g, np.int64), per_axis[1]


def as_symbols(layer):
    """A layer as symbols, with the number that each stands for; equal channels and groups are one symbol."""
    c1, c2, k, g, positions = layer
    names = ["M", "N", "g", *(f"k{axis}" for axis in range(len(k))), *(f"n{axis}" for axis in range(len(k)))]
    values = dict(zip(names, (c1, c2, g, *k, *positions), strict=True))
    m, n, groups, *rest = symbols(*names)
    return (m, n, tuple(rest[: len(k)]), m if g == c1 else groups, tuple(rest[len(k) :])), values


@given(layers(dims=st.integers(1, 2)))
def test_counts_are_those_of_counting_one_by_one(layer):
    assert counts(*layer) == by_hand(*layer)


@given(layers())
def test_counts_on_fractions_are_those_on_integers(layer):
    assert counts(*as_fractions(*layer)) == counts(*layer)


@given(dims_of.flatmap(lambda axes: st.lists(layers(dims=st.just(axes)), min_size=1, max_size=5)))
def test_counts_on_arrays_are_those_on_integers_one_by_one(many):
    on_arrays = counts(*as_arrays(many))
    assert all(array.dtype == np.int64 for array in on_arrays)
    assert list(zip(*(array.tolist() for array in on_arrays), strict=True)) == [counts(*layer) for layer in many]


@given(layers())
def test_counts_on_symbols_give_those_on_integers_when_evaluated(layer):
    on_symbols, values = as_symbols(layer)
    assert tuple(count.evaluate(values) for count in counts(*on_symbols)) == counts(*layer)


@given(layers(), st.booleans())
def test_layers_count_by_the_formulas_on_numbers_and_on_symbols(layer, transposed):
    c1, c2, k, g, positions = layer
    kind = ConvTranspose if transposed else Conv
    made = kind(c1, c2, k, groups=g)
    assert made.weights == formulas.conv_weights(*layer[:4])
    assert made.macs((c1, *positions)) == formulas.conv_macs(*layer)
    on_symbols, values = as_symbols(layer)
    written = kind(*on_symbols[:3], padding=0, groups=on_symbols[3])
    assert written.weights.evaluate(values) == made.weights


fields = st.fixed_dictionaries(
    {
        "n": st.integers(1, 30),
        "k": st.integers(1, 7),
        "s": st.integers(1, 5),
        "p": st.integers(0, 8),
        "d": st.integers(1, 4),
        "extra": st.integers(0, 3),
    }
)
SIZES = {
    "kernel_extent": ("k", "d"),
    "same_pads": ("k", "d"),
    "conv_output": ("n", "k", "s", "p", "d"),
    "conv_transpose_output": ("n", "k", "s", "p", "d", "extra"),
    "pool_output_ceil": ("n", "k", "s", "p", "d", "extra"),
}


@pytest.mark.parametrize("name", SIZES)
@given(fields)
def test_sizes_on_fractions_are_those_on_integers(name, values):
    arguments = [values[letter] for letter in SIZES[name]]
    assert getattr(formulas, name)(*map(Fraction, arguments)) == getattr(formulas, name)(*arguments)


@pytest.mark.parametrize("name", SIZES)
@given(st.lists(fields, min_size=2, max_size=6))
def test_sizes_on_arrays_are_those_on_integers_one_by_one(name, many):
    formula = getattr(formulas, name)
    columns = [np.array([values[letter] for values in many], np.int64) for letter in SIZES[name]]
    assert formula(*columns).tolist() == [formula(*(values[letter] for letter in SIZES[name])) for values in many]


@pytest.mark.parametrize("name", [name for name in SIZES if not name.startswith("pool")])
@given(fields)
def test_sizes_on_symbols_give_those_on_integers_when_evaluated(name, values):
    # A symbol meets no floor: where the formula has one, the stride divides.
    values |= {"s": 1} if name == "conv_output" else {}
    on_symbols = dict(zip(values, symbols(*values), strict=True)) | ({"s": 1} if name == "conv_output" else {})
    formula = getattr(formulas, name)
    written = formula(*(on_symbols[letter] for letter in SIZES[name]))
    assert written.evaluate(values) == formula(*(values[letter] for letter in SIZES[name]))


# --- Output sizes by counting windows -------------------------------------------------------------------------------


def windows(n, k, s, pads, d):
    """Windows of dilated kernels that lie in the padded axis, counted one by one."""
    begin, found = 0, 0
    while all(begin + tap * d < pads[0] + n + pads[1] for tap in range(k)):
        begin, found = begin + s, found + 1
    return found


def windows_in_ceil_mode(n, k, s, pads, d):
    """One window more while the last has not reached the end, if it starts in the input or the padding before it."""
    end, begin, found = -s + d * (k - 1), 0, 0
    while end < n + sum(pads) - 1 and begin < pads[0] + n:
        end, begin, found = end + s, begin + s, found + 1
    return found


axis_fields = st.tuples(st.integers(1, 20), st.integers(1, 6), st.integers(1, 5), st.integers(1, 3)).flatmap(
    lambda axis: st.tuples(
        st.just(axis),
        st.tuples(*[st.integers(0, (axis[3] * (axis[1] - 1) + 1) // 2)] * 2),
    )
)
axes = st.lists(axis_fields, min_size=1, max_size=3)


def per_axis(drawn):
    n, k, s, d = zip(*(axis for axis, _ in drawn), strict=True)
    return n, k, s, d, tuple(pads for _, pads in drawn)


def output(layer, shape):
    """The spatial output size; without elements where the layer says that none are left."""
    try:
        return layer.output_shape(shape)[1:]
    except ConvcostError:
        return None


def counted(drawn, count):
    found = tuple(count(n, k, s, pads, d) for (n, k, s, d), pads in drawn)
    return found if all(found) else None


@given(axes)
def test_a_convolution_has_as_many_outputs_as_windows(drawn):
    n, k, s, d, pads = per_axis(drawn)
    assert output(Conv(2, 3, k, s, pads, d), (2, *n)) == counted(drawn, windows)


@given(axes)
def test_a_pool_has_as_many_outputs_as_windows(drawn):
    n, k, s, d, pads = per_axis(drawn)
    assert output(MaxPool(k, s, pads, d), (2, *n)) == counted(drawn, windows)


@given(axes)
def test_a_pool_in_ceil_mode_has_as_many_outputs_as_windows_that_start_inside(drawn):
    n, k, s, d, pads = per_axis(drawn)
    assert output(MaxPool(k, s, pads, d, ceil_mode=True), (2, *n)) == counted(drawn, windows_in_ceil_mode)


@given(axes, st.booleans())
def test_an_average_pool_is_as_large_as_a_max_pool(drawn, ceil_mode):
    n, k, s, _, pads = per_axis(drawn)
    assume(len(n) < 3 or all(size >= kernel for size, kernel in zip(n, k, strict=True)))  # torch's 3-D rule
    pads = tuple((min(begin, kernel // 2), min(end, kernel // 2)) for (begin, end), kernel in zip(pads, k, strict=True))
    pools = [kind(k, s, pads, ceil_mode=ceil_mode) for kind in (AvgPool, MaxPool)]
    assert output(pools[0], (2, *n)) == output(pools[1], (2, *n))


@given(axes)
def test_a_transposed_convolution_makes_the_size_that_a_convolution_takes_back(drawn):
    n, k, s, d, pads = per_axis(drawn)
    made = output(ConvTranspose(2, 3, k, s, pads, d), (2, *n))
    assume(made is not None)
    assert tuple(windows(m, *rest) for m, rest in zip(made, zip(k, s, pads, d, strict=True), strict=True)) == n
    assert output(Conv(3, 2, k, s, pads, d), (3, *made)) == n


@given(axes)
def test_no_smaller_size_goes_back_to_the_input_of_a_transposed_convolution(drawn):
    n, k, s, d, pads = per_axis(drawn)
    made = output(ConvTranspose(2, 3, k, s, pads, d), (2, *n))
    assume(made is not None)
    for m, size, rest in zip(made, n, zip(k, s, pads, d, strict=True), strict=True):
        assert [windows(m + extra, *rest) == size for extra in range(-1, rest[1] + 1)] == [
            False,
            *[True] * rest[1],
            False,
        ]


@given(axes)
def test_a_transposed_convolution_spans_what_its_taps_touch(drawn):
    n, k, s, d, pads = per_axis(drawn)
    touched = [
        {place * step + tap * hole for place in range(size) for tap in range(kernel)}
        for size, kernel, step, hole in zip(n, k, s, d, strict=True)
    ]
    left = tuple(max(taps) + 1 - sum(crop) for taps, crop in zip(touched, pads, strict=True))
    assert output(ConvTranspose(2, 3, k, s, pads, d), (2, *n)) == (left if min(left) > 0 else None)


@given(axes)
def test_same_padding_leaves_one_output_for_each_stride_begun(drawn):
    n, k, s, d, _ = per_axis(drawn)
    assert output(Conv(2, 3, k, s, "same", d), (2, *n)) == tuple(map(ceil, map(Fraction, n, s)))


@given(axes, st.data())
def test_same_padding_makes_a_transposed_output_of_n_strides(drawn, data):
    n, k, s, d, _ = per_axis(drawn)
    extra = tuple(data.draw(st.integers(0, max(step, hole) - 1)) for step, hole in zip(s, d, strict=True))
    layer = ConvTranspose(2, 3, k, s, "same", d, output_padding=extra)
    assert output(layer, (2, *n)) == tuple(size * step for size, step in zip(n, s, strict=True))


@given(axes)
def test_same_padding_puts_the_odd_element_at_the_end(drawn):
    _, k, s, d, _ = per_axis(drawn)
    for layer in (Conv(2, 3, k, s, "same", d), MaxPool(k, s, "same", d), ConvTranspose(2, 3, k, s, "same", d)):
        assert all(end - begin in (0, 1) for begin, end in layer.padding)
    assert [sum(pads) for pads in Conv(2, 3, k, s, "same", d).padding] == [
        hole * (kernel - 1) for kernel, hole in zip(k, d, strict=True)
    ]


# --- An axis of unknown size ----------------------------------------------------------------------------------------

steps = st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(0, 5), st.integers(1, 3))


def put_through(n, transposed, convolutions):
    """A size behind some transposed convolutions and then some convolutions."""
    for k, s, p, d in transposed:
        n = formulas.conv_transpose_output(n, k, s, p, d, 0)
    for k, s, p, d in convolutions:
        n = formulas.conv_output(n, k, s, p, d)
    return n


def at(axis, n):
    return (axis.a * n + axis.b) // axis.c


@given(st.lists(steps, max_size=2), st.lists(steps, max_size=4), st.integers(-50, 500))
def test_an_unknown_axis_through_the_formulas_is_the_size_when_evaluated(transposed, convolutions, n):
    assert at(put_through(Axis(), transposed, convolutions), n) == put_through(n, transposed, convolutions)


@given(st.integers(1, 5), st.integers(-20, 20), st.integers(1, 9), st.integers(-50, 500))
def test_a_ceiling_of_an_unknown_axis_is_the_ceiling(a, b, c, n):
    assert at(-(-Axis(a, b) // c), n) == ceil(Fraction(a * n + b, c))


axis_forms = st.tuples(st.integers(1, 4), st.integers(-4, 4), st.integers(1, 6))


@given(axis_forms, axis_forms)
@settings(max_examples=500)
def test_unknown_axes_are_equal_exactly_where_their_sizes_always_are(first, second):
    one, other = Axis(*first), Axis(*second)
    same = all((a * n + b) // c == at(other, n) for a, b, c in [first] for n in range(2 * first[2] * second[2]))
    assert (one == other) == same
    assert one != other or hash(one) == hash(other)


def test_an_odd_size_over_four_is_the_even_one_over_four():
    assert Axis(2, 1) // 4 == Axis(2) // 4 == Axis() // 2  # floor((2n + 1)/4) = floor(n/2)


# --- Chains ---------------------------------------------------------------------------------------------------------

# Weights of every kind as its paper has them, from the channels, the number of the kernel's elements k, and options.
WEIGHTS = {
    "standard": lambda c1, c2, k, **_: k * c1 * c2,
    "grouped": lambda c1, c2, k, groups, **_: k * c1 * c2 // groups,
    "depthwise": lambda c1, _, k, multiplier, **__: k * c1 * multiplier,
    "pointwise": lambda c1, c2, *_, **__: c1 * c2,
    "separable": lambda c1, c2, k, multiplier, **_: k * c1 * multiplier + c1 * multiplier * c2,
    "dilated": lambda c1, c2, k, **_: k * c1 * c2,
    "transposed": lambda c1, c2, k, **_: k * c1 * c2,
    "global_depthwise": lambda c1, _, k, multiplier, **__: k * c1 * multiplier,
    "spatially_separable": lambda c1, c2, k, kernel, **_: kernel[0] * c1 * c2 + sum(kernel[1:]) * c2 * c2,
    "bottleneck": lambda c1, c2, k, width, groups, shortcut, **_: (
        c1 * width + k * width * width // groups + width * c2 + (c1 * c2 if shortcut == "projection" else 0)
    ),
    "residual_block": lambda c1, c2, k, shortcut, **_: (
        k * c1 * c2 + k * c2 * c2 + (c1 * c2 if shortcut == "projection" else 0)
    ),
    "inverted_residual": lambda c1, c2, k, expansion=0, width=None, se=0, **_: _inverted(
        c1, c2, k, width or c1 * expansion, se
    ),
    "squeeze_excite": lambda c1, _, __, squeeze, **___: 2 * c1 * squeeze,
    "fire": lambda c1, c2, k, squeeze, **_: c1 * squeeze + squeeze * (c2 // 2) + k * squeeze * (c2 // 2),
    "ghost": lambda c1, c2, k, ratio, cheap, **_: k * c1 * (c2 // ratio) + cheap * (c2 - c2 // ratio),
    "shuffle_unit": lambda c1, c2, k, width, groups, added, **_: (
        c1 * width // groups + k * width + width * (c2 if added else c2 - c1) // groups
    ),
}


def _inverted(c1, c2, k, hidden, se):
    return (c1 * hidden if hidden != c1 else 0) + k * hidden + hidden * c2 + 2 * hidden * se


FEW = st.sampled_from([1, 2, 3, 5, 6, 12, 24])  # channels, some of them with many divisors
CHAINS = (
    "bottleneck",
    "residual_block",
    "inverted_residual",
    "fire",
    "ghost",
    "shuffle_unit",
)  # their branches have to meet


@st.composite
def requests(draw, kind="standard", sized=None):
    """A convolution to replace, such that this kind can be built for it."""
    dims = draw(st.integers(2, 3) if kind == "spatially_separable" else dims_of)
    on_axes = lambda value: st.one_of(value.map(lambda x: (x,) * dims), st.tuples(*[value] * dims))  # noqa: E731
    many = kind in (*CHAINS, "grouped")
    c1, c2 = draw(st.sampled_from([6, 12]) if many else FEW), draw(st.sampled_from([24, 48]) if many else FEW)
    s = draw(on_axes(st.sampled_from([1, 1, 2, 3])))
    if kind == "squeeze_excite" or (all(step == 1 for step in s) and (kind == "shuffle_unit" or draw(st.booleans()))):
        c1 = c2
    pads = st.tuples(st.integers(0, 2), st.integers(0, 2))
    padding = st.sampled_from(["same", "valid"]) | st.integers(0, 2) | st.tuples(*[pads] * dims)
    given_groups = [None, *(g for g in (2, 3, 4, 6) if c1 % g == c2 % g == 0)]
    return Request(
        c1,
        c2,
        kernel_size=draw(on_axes(st.integers(1, 5))),
        stride=s,
        padding="same" if kind in CHAINS else draw(padding),
        dims=dims,
        dilation=draw(st.none() | on_axes(st.integers(1, 2))),
        groups=draw(st.sampled_from(given_groups)),
        multiplier=draw(st.sampled_from([1, 1, 2, 3])),
        output_padding=draw(st.sampled_from([(0,) * dims, tuple(step - 1 for step in s)])),
        bias=draw(st.booleans()),
        input_size=draw(on_axes(st.integers(9, 14)))
        if sized or kind == "global_depthwise" or (sized is None and draw(st.booleans()))
        else None,
        notation=draw(st.sampled_from(["paper", "letters"])),
    )


def options(kind, request):
    """Options of a kind that fit the request."""
    halves = request.out_channels % 8 == 0
    ratios = [r for r in (2, 3, 4) if request.out_channels % r == 0]
    shuffled = [g for g in (1, 2, 3) if request.in_channels % g == request.out_channels % g == 0]
    if kind == "shuffle_unit":
        return st.just({}) | st.fixed_dictionaries({"groups": st.sampled_from(shuffled), "width": st.just(6)})
    own = {
        "bottleneck": {"width": st.sampled_from([2, 4, 12]), "groups": st.sampled_from([1, 2] if halves else [1])},
        "inverted_residual": {
            "expansion": st.integers(1, 6),
            "width": st.sampled_from([4, 6, 24]),
            "se": st.sampled_from([1, 3, 0.25]),
        },
        "squeeze_excite": {"squeeze": st.integers(1, 6)},
        "fire": {"squeeze": st.integers(1, 6)},
        "ghost": {"cheap_kernel": st.sampled_from([1, 3, 5])} | ({"ratio": st.sampled_from(ratios)} if ratios else {}),
    }
    return st.fixed_dictionaries({}, optional=own.get(kind, {}))


@st.composite
def comparisons(draw, kind="standard", kinds=tuple(KINDS), sized=None):
    """A request for which this kind can be built, and the kinds, each sometimes with options of its own."""
    request = draw(requests(kind, sized))
    chosen = [Choice(other, draw(options(other, request))) for other in kinds]
    if request.input_size is None:
        chosen = [choice for choice in chosen if choice.kind != "global_depthwise"]
    return request, tuple(chosen)


of_one_kind = st.sampled_from(list(KINDS)).flatmap(lambda kind: comparisons(kind, (kind,)))
of_one_kind_with_size = st.sampled_from(list(KINDS)).flatmap(lambda kind: comparisons(kind, (kind,), sized=True))


# A squeeze-excite has biases, whatever the convolutions around it have.
ALWAYS_BIASED = {"inverted_residual": ("se.reduce", "se.expand"), "squeeze_excite": ("reduce", "expand")}


def weights_of(row, request):
    """The weights of a row by its paper's formula."""
    options = dict(row.composition.options)
    kernel = request.input_size if row.choice.kind == "global_depthwise" else request.kernel_size
    cheap = options.get("cheap_kernel", 1)
    options |= {
        "kernel": kernel,
        "cheap": prod(cheap) if isinstance(cheap, tuple) else cheap**request.dims,
        "added": all(step == 1 for step in request.stride),
    }
    formula = WEIGHTS[row.choice.kind]
    return formula(request.in_channels, request.out_channels, prod(kernel), **options)


def macs_of(composition, request):
    """MACs with the sizes walked once more: weights of each part, over its output or, transposed, its input."""
    network = Network("n", (request.in_channels, *request.input_size), nodes_of(composition))
    known, found = shapes(network), 0
    for node in network.nodes:
        over = known[node.inputs[0] if isinstance(node.layer, ConvTranspose) else node.name]
        found += node.layer.weights * prod(over[1:])
    return found


def test_every_kind_has_its_weights_written_down_here():
    assert list(WEIGHTS) == list(KINDS)


@given(of_one_kind)
@settings(max_examples=120)
def test_a_kind_has_the_weights_of_its_paper_and_costs_the_sum_of_its_parts(problem):
    request, chosen = problem
    (row,) = compare(request, chosen).rows
    parts = row.composition.parts
    assert row.composition.weights == weights_of(row, request) == sum(part.layer.weights for part in parts)
    always = ALWAYS_BIASED.get(row.choice.kind, ())
    biases = sum(part.layer.out_channels for part in row.convolutions if request.bias or part.name in always)
    assert row.params == row.composition.weights + biases


@given(of_one_kind_with_size)
@settings(max_examples=120)
def test_a_network_of_a_kind_costs_the_sum_of_its_parts(problem):
    request, chosen = problem
    (row,) = compare(request, chosen).rows
    evaluated = evaluate(Network("n", (request.in_channels, *request.input_size), nodes_of(row.composition)))
    for count in ("weights", "biases", "macs", "activations"):
        assert getattr(evaluated.total, count) == sum(getattr(cost, count) for cost in evaluated.costs.values())
    assert row.total == evaluated.total
    assert evaluated.total.weights == weights_of(row, request)
    assert evaluated.total.macs == macs_of(row.composition, request)


# --- Closed forms ---------------------------------------------------------------------------------------------------

_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def value_of(text, values):
    """What a printed formula says when its letters are numbers."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: f"**{power.group().translate(_POWERS)}", text).replace("·", "*")
    text = re.sub(r"(?<![\w*])\d+", lambda number: f"Fraction({number.group()})", text)
    exact = {name: Fraction(value) for name, value in values.items()}
    return Fraction(eval(text, {"Fraction": Fraction, **exact}))  # noqa: S307 - a formula that convcost wrote


def built(made):
    return [row for row in made.rows if row.composition is not None]


def positions_of(row, request):
    """The positions of the row's convolutions, and all shapes, behind the input size given."""
    known = shapes(Network("n", (request.in_channels, *request.input_size), nodes_of(row.composition)))
    names = ["input" if isinstance(part.layer, ConvTranspose) else part.name for part in row.convolutions]
    return {known[name][1:] for name in names}, known


@pytest.mark.parametrize("baseline", KINDS)
@given(st.data())
@settings(max_examples=12)
def test_closed_forms_are_the_ratios_that_are_computed(baseline, data):
    request, chosen = data.draw(comparisons(baseline))
    made = compare(request, chosen, baseline)
    base = made.baseline
    assert base.choice.kind == baseline
    for row in built(made):
        values = {**base.letters.values, **row.letters.values}
        assert {**row.letters.values, **base.letters.values} == values
        ratio = Fraction(weights_of(row, request), weights_of(base, request))
        assert row.closed_form.evaluate(values) == ratio
        assert value_of(row.closed_form.text(), values) == ratio
        assert value_of(row.closed_form.text(values), {}) == ratio
        assert row.weights.evaluate(row.letters.values) == weights_of(row, request)
        assert row.params_ratio == Fraction(row.params, base.params)


@pytest.mark.parametrize("baseline", KINDS)
@given(st.data())
@settings(max_examples=8)
def test_macs_have_the_ratio_of_the_weights_exactly_where_all_run_over_equal_positions(baseline, data):
    request, chosen = data.draw(comparisons(baseline, sized=True))
    made = compare(request, chosen, baseline)
    base = made.baseline
    for row in built(made):
        ratio = Fraction(macs_of(row.composition, request), macs_of(base.composition, request))
        assert row.macs_ratio == ratio
        equal = len(positions_of(row, request)[0] | positions_of(base, request)[0]) == 1
        assert (row.macs_closed_form is not None) == equal
        if equal:
            assert row.macs_closed_form.evaluate({**base.letters.values, **row.letters.values}) == ratio
        assert equal or "no closed form" in row.note


lengths = st.lists(st.integers(9, 40), min_size=3, max_size=3)


@given(comparisons(sized=False), lengths)
def test_a_closed_form_of_macs_without_a_size_holds_at_every_size(problem, lengths):
    request, chosen = problem
    made = compare(request, chosen)
    sized = request._replace(input_size=tuple(lengths[: request.dims]))
    for row in built(made):
        if row.macs_closed_form is not None:
            values = {**made.baseline.letters.values, **row.letters.values}
            ratio = Fraction(macs_of(row.composition, sized), macs_of(made.baseline.composition, sized))
            assert row.macs_closed_form.evaluate(values) == row.macs_ratio == ratio


@given(comparisons(), lengths)
def test_the_formula_of_macs_gives_the_macs_when_positions_are_put_in(problem, lengths):
    request, chosen = problem
    sized = request._replace(input_size=request.input_size or tuple(lengths[: request.dims]))
    names = POSITIONS[request.dims]
    for row in built(compare(request, chosen)):
        last = nodes_of(row.composition)[-1].name
        values = dict(zip(names, positions_of(row, sized)[1][last][1:], strict=True))
        values |= dict(zip((name + "i" for name in names), sized.input_size, strict=True))
        if row.macs_formula is not None:
            assert row.macs_formula.evaluate(values) == macs_of(row.composition, sized)
            assert value_of(row.macs_formula.text(), values) == macs_of(row.composition, sized)


# --- The algebra itself ---------------------------------------------------------------------------------------------

letters = dict(zip("MNk", symbols("M", "N", "k"), strict=True))
monomials = st.builds(
    lambda c, m, n, k: letters["M"] ** m * letters["N"] ** n * letters["k"] ** k * c,
    st.integers(-3, 3),
    *[st.integers(-2, 2)] * 3,
)
polynomials = st.lists(monomials, max_size=3).map(lambda terms: sum(terms, start=as_polynomial(0)))
numbers = st.fixed_dictionaries({name: st.integers(1, 7) for name in "MNk"})


@given(polynomials, polynomials, numbers)
def test_polynomials_add_and_multiply_as_their_values_do(one, other, values):
    left, right = one.evaluate(values), other.evaluate(values)
    assert (one + other).evaluate(values) == left + right
    assert (one - other).evaluate(values) == left - right
    assert (one * other).evaluate(values) == left * right
    assert (-one).evaluate(values) == -left
    assert value_of(one.text(), values) == left
    assert value_of(one.text(values), {}) == left


@given(polynomials, polynomials, numbers)
def test_polynomials_divide_as_their_values_do(one, other, values):
    assume(other.evaluate(values) != 0)
    quotient = one / other
    assert quotient.evaluate(values) == one.evaluate(values) / other.evaluate(values)
    assert value_of(quotient.text(), values) == quotient.evaluate(values)
    assert value_of(quotient.text(values), {}) == quotient.evaluate(values)


@given(polynomials, numbers, st.sets(st.sampled_from("MNk")))
def test_substituting_some_letters_and_evaluating_the_rest_is_evaluating_all(polynomial, values, some):
    left = polynomial.substitute({name: values[name] for name in some})
    assert left.names() <= set("MNk") - some
    assert left.evaluate(values) == polynomial.evaluate(values)
