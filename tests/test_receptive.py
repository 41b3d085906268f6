"""Receptive fields: published tables, single pixels pushed through random networks, and cases by hand."""

from fractions import Fraction
from functools import cache, reduce
from math import floor, lcm
from operator import or_

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from convcost import ConvcostError, Network, Node, evaluate, reach
from convcost.blocks import bottleneck
from convcost.layers import (
    Activation,
    AdaptiveAvgPool,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    ConvTranspose,
    Crop,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    Linear,
    MaxPool,
    Mul,
    Pad,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    Slice,
    Uncounted,
    Upsample,
)
from convcost.network import INPUT, nodes_of
from convcost.receptive import GATED, UNALIGNED, View, explained, views


class Net:
    """A network written down layer by layer; `here` is the last layer's name."""

    def __init__(self, *shape):
        self.shapes, self.nodes, self.here = {INPUT: shape}, [], INPUT

    def put(self, *layers):
        for layer in layers:
            self.take(layer, self.here)
        return self

    def take(self, layer, *inputs):
        self.here = f"n{len(self.nodes)}"
        self.shapes[self.here] = layer.output_shape(*(self.shapes[name] for name in inputs))
        self.nodes.append(Node(self.here, layer.kind, layer, inputs))
        return self.here

    def block(self, composition):
        named = {INPUT: self.here}
        for node in nodes_of(composition):
            named[node.name] = self.take(node.layer, *(named[name] for name in node.inputs))

    def fork(self, merge, *paths):
        """Lists of layers, or functions that put some, side by side."""
        start, ends = self.here, []
        for path in paths:
            self.here = start
            self.put(*path) if isinstance(path, tuple | list) else path(self)
            ends.append(self.here)
        self.take(merge, *ends)
        return self

    @property
    def network(self):
        return Network("net", self.shapes[INPUT], tuple(self.nodes))

    @property
    def seen(self):
        """The last layer's view, or why there is none."""
        return explained(self.network, self.shapes)[self.here]


def chain(*layers, size=400):
    return Net(1, size).put(*layers)


# --- Published: google-research/receptive_field, of TF-slim's networks, at the end of the convolutional part ---------

# TensorFlow's SAME for kernels of 3 and 7 with stride 2 on an even size.
TF3, TF7 = ((0, 1), (0, 1)), ((2, 3), (2, 3))


def c(kernel, stride=1, padding="same"):
    return Conv(1, 1, kernel, stride, padding, dims=2)


C1, C3, C3V, DOWN = c(1), c(3), c(3, 1, 0), c(3, 2, 0)
LONG, WIDE = (c((1, 7)), c((7, 1))), (c((1, 3)), c((3, 1)))
MAX, AVG = MaxPool(3, 2, dims=2), (AvgPool(3, 1, 1, dims=2), C1)


def alexnet_v2():
    return Net(1, 224, 224).put(c(11, 4, 0), MAX, c(5), MAX, C3, C3, C3, MAX)


def vgg_16():
    net = Net(1, 224, 224)
    for depth in (2, 2, 3, 3, 3):
        net.put(*[C3] * depth, MaxPool(2, dims=2))
    return net


def mobilenet_v1():
    net = Net(1, 224, 224).put(c(3, 2, TF3))
    for stride in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1):
        net.put(c(3, stride, TF3 if stride == 2 else 1), C1)
    return net


def resnet(*depths, strided=-1, last=3, padding=TF3):
    """In slim a block's last unit has the stride, and the last block none; in torchvision the first, and the first."""
    net = Net(3, 224, 224).put(Conv(3, 64, 7, 2, 3), MaxPool(3, 2, padding))
    channels = 64
    for block, depth in enumerate(depths):
        for unit in range(depth):
            stride = 2 if unit == strided % depth and block != last else 1
            net.block(bottleneck(channels, 256 << block, 3, stride=stride))
            channels = 256 << block
    return net


# Inception's modules, on one channel: branches are added, which sees what a concatenation sees.


def inception_v2():
    down = c(3, 2, TF3)
    net = Net(1, 224, 224).put(c(7, 2, TF7), down, C1, C3, down)
    for modules in (2, 4, 2):
        for _ in range(modules):
            net.fork(Add(), (C1,), (C1, C3), (C1, C3, C3), AVG)
        if net.shapes[net.here][1] > 7:
            net.fork(Add(), (C1, down), (C1, C3, down), (MaxPool(3, 2, TF3),))
    return net


def inception_v3():
    net = Net(1, 299, 299).put(DOWN, C3V, C3, MAX, C1, C3V, MAX)
    for _ in range(3):
        net.fork(Add(), (C1,), (C1, c(5)), (C1, C3, C3), AVG)
    net.fork(Add(), (DOWN,), (C1, C3, DOWN), (MAX,))
    for _ in range(4):
        net.fork(Add(), (C1,), (C1, *LONG), (C1, *LONG, *LONG), AVG)
    net.fork(Add(), (C1, DOWN), (C1, *LONG, DOWN), (MAX,))
    for _ in range(2):
        net.fork(Add(), (C1,), *((*start, end) for start in ((C1,), (C1, C3)) for end in WIDE), AVG)
    return net


def inception_v4():
    net = Net(1, 299, 299).put(DOWN, C3V, C3)
    net.fork(Add(), (MAX,), (DOWN,)).fork(Add(), (C1, C3V), (C1, *LONG, C3V)).fork(Add(), (DOWN,), (MAX,))
    for _ in range(4):
        net.fork(Add(), (C1,), (C1, C3), (C1, C3, C3), AVG)
    net.fork(Add(), (DOWN,), (C1, C3, DOWN), (MAX,))
    for _ in range(7):
        net.fork(Add(), (C1,), (C1, *LONG), (C1, *LONG, *LONG), AVG)
    net.fork(Add(), (C1, DOWN), (C1, *LONG, DOWN), (MAX,))
    for _ in range(3):
        net.fork(Add(), (C1,), *((*start, end) for start in ((C1,), (C1, *WIDE)) for end in WIDE), AVG)
    return net


def inception_resnet_v2():
    net = Net(1, 299, 299).put(DOWN, C3V, C3, MAX, C1, C3V, MAX)
    net.fork(Add(), (C1,), (C1, c(5)), (C1, C3, C3), AVG)
    for _ in range(10):
        net.fork(Add(), (), (C1,), (C1, C3), (C1, C3, C3))
    net.fork(Add(), (DOWN,), (C1, C3, DOWN), (MAX,))
    for _ in range(20):
        net.fork(Add(), (), (C1,), (C1, *LONG))
    net.fork(Add(), (C1, DOWN), (C1, C3, DOWN), (MAX,))
    for _ in range(10):
        net.fork(Add(), (), (C1,), (C1, *WIDE))
    return net


@pytest.mark.parametrize(
    ("net", "size", "stride", "padding"),
    [
        (alexnet_v2(), 195, 32, 64),
        (vgg_16(), 212, 32, 90),
        (mobilenet_v1(), 315, 32, 126),
        (resnet(3, 4, 6, 3), 483, 32, 239),
        (resnet(3, 4, 23, 3), 1027, 32, 511),
        (resnet(3, 8, 36, 3), 1507, 32, 751),
        (inception_v2(), 699, 32, 318),
        (inception_v3(), 1311, 32, 618),
        (inception_v4(), 2071, 32, 998),
        (inception_resnet_v2(), 3039, 32, 1482),
    ],
    ids=lambda value: None if isinstance(value, Net) else str(value),
)
def test_published_tables(net, size, stride, padding):
    assert net.seen == View((size,) * 2, (stride,) * 2, (padding,) * 2)


def test_resnet_50_of_torchvision():
    assert resnet(3, 4, 6, 3, strided=0, last=0, padding=1).seen.size == (427, 427)


# --- Single pixels through random networks ---------------------------------------------------------------------------

# An element is the set of input elements that it meets, as bits; the first bit says that it met padding.
PADDING = 1
FARTHEST = 20


def meets(layer, n, length):
    """For each output, which of n elements it reads, and which beyond them on both sides, as far as kernels go."""
    if not isinstance(layer, ConvTranspose):
        return [reads(layer, o, n, length) for o in range(length)]
    (k,), (s,), (d,), ((begin, _),) = layer.kernel_size, layer.stride, layer.dilation, layer.padding
    read = [set() for _ in range(length)]
    for i in range(-FARTHEST, n + FARTHEST):
        for tap in range(k):
            if 0 <= (o := i * s + tap * d - begin) < length:
                read[o].add(i)
    return read


def reads(layer, o, n, length):
    found = {o}
    match layer:
        case Conv() | MaxPool() | AvgPool():
            (k,), (s,), (d,), ((begin, _),) = layer.kernel_size, layer.stride, layer.dilation, layer.padding
            found = {o * s + tap * d - begin for tap in range(k)}
        case Pad():
            found = {o - layer.padding[0][0]}
        case Crop():
            found = {o + layer.padding[0][0]}
        case PixelShuffle():
            found = {o // layer.factor}
        case PixelUnshuffle():
            found = {o * layer.factor + place for place in range(layer.factor)}
        case AdaptiveAvgPool() | Upsample(mode="area"):
            # The elements that overlap with the output's part of the input.
            found = {i for i in near(o * n // length) if i * length < (o + 1) * n and (i + 1) * length > o * n}
        case Upsample(scale=None):
            found = interpolated(layer.mode, o, Fraction(n, length))
        case Upsample():
            found = interpolated(layer.mode, o, 1 / Fraction(layer.scale).limit_denominator(12))
    return found


def interpolated(mode, o, step):
    num, den = step.as_integer_ratio()
    if mode.startswith("nearest"):
        return {o * num // den if mode == "nearest" else (2 * o + 1) * num // (2 * den)}
    at = ((2 * o + 1) * num - den) / (2 * den)
    return {i for i in near(at) if weight(mode, abs(at - i))}


def near(at):
    return range(floor(at) - 2, floor(at) + 6)


def weight(mode, x):
    """Of a neighbour at this distance, which is 0 only at whole ones; the cubic is Keys' with a = -3/4."""
    if mode != "bicubic":
        return max(0, 1 - x)
    a = -0.75
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0


def pushed(net):
    """What every element of every layer meets."""
    met = {INPUT: [2 << i for i in range(net.shapes[INPUT][1])]}
    for node in net.nodes:
        first, *others = [met[name] for name in node.inputs]
        if others:
            met[node.name] = [reduce(or_, row) for row in zip(first, *others, strict=True)]
            continue
        n = len(first)
        met[node.name] = [
            reduce(or_, [first[i] if 0 <= i < n else PADDING for i in indexes], 0)
            for indexes in meets(node.layer, n, net.shapes[node.name][1])
        ]
    return met


def hull(element):
    """First and last input element of a set of bits without padding, None for the empty set."""
    return ((element & -element).bit_length() - 2, element.bit_length() - 2) if element else None


def interior(elements):
    """Where elements meet no padding: from the last before the middle that does to the first behind."""
    middle = len(elements) // 2
    padded = [o for o, element in enumerate(elements) if element & PADDING]
    return range(
        max((o + 1 for o in padded if o < middle), default=0),
        min((o for o in padded if o >= middle), default=len(elements)),
    )


NOTHING, UNSTEADY = "see nothing", "unequal strides"


def moves(hulls, period):
    """How far every hull moves with so many elements; None where not all move equally far."""
    shift = None
    for a, b in zip(hulls, hulls[period:], strict=False):
        if a and b and shift is None:
            shift = b[0] - a[0]
        if (a or b) and (not a or not b or b != (a[0] + shift, a[1] + shift)):
            return None
    return shift


def measured(elements, most):
    """Size, stride and padding from the interior, or that nothing is seen, or something without a steady step.

    ``most`` bounds the period; raises LookupError where the interior holds less than two periods.
    """
    inside = interior(elements)
    if len(inside) < 2 * most + 2:
        raise LookupError
    hulls = [hull(elements[o]) for o in inside]
    if not any(hulls):
        return NOTHING
    found = next(((period, shift) for period in range(1, most + 1) if (shift := moves(hulls, period))), None)
    if not found:
        return UNSTEADY
    period, shift = found
    phase, where, first = min((o % period, o, seen[0]) for o, seen in zip(inside, hulls, strict=True) if seen)
    size = max(last - first + 1 for first, last in filter(None, hulls))
    return size, Fraction(shift, period), (where - phase) // period * shift - first


def centres_agree(node, met):
    """Whether all branches have one centre at each element of which all meet no padding."""
    branches = [met[name] for name in node.inputs]
    if len(branches) == 1:
        return True
    centres = [{sum(hull(e)) for e in row if e} for row in zip(*branches, strict=True) if not any(e & 1 for e in row)]
    return all(len(each) <= 1 for each in centres)


# Plans of networks: lists of layers to be put, each by a function of the net, so that they fit any length.

pads = st.tuples(st.integers(0, 3), st.integers(0, 3))
MODES = ("nearest", "nearest-exact", "linear", "bicubic", "area")


def channels(net):
    return net.shapes[net.here][0]


def length(net):
    return net.shapes[net.here][1]


def convolution(k, s, p, d):
    return lambda net: net.put(Conv(channels(net), 6, (k,), s, p, d))


def pool(kind, k, s, p):
    return lambda net: net.put(kind((k,), s, (tuple(min(pad, k // 2) for pad in p),)))


def transposed(k, s, p, d, extra):
    extra = extra if extra < max(s, d) else 0
    return lambda net: net.put(ConvTranspose(channels(net), 6, (k,), s, (p,), d, output_padding=extra))


def moved(kind, p):
    return lambda net: net.put(kind((p,)))


def cropped(net, end):
    return net.put(Crop(((0, end),))) if end else net


def resized(mode, factor, *, sized):
    """By a factor or, where no element would be left over, to a size."""

    def put(net):
        cropped(net, length(net) % factor.denominator)
        sizes = (int(length(net) * factor),)
        if mode == "adaptive":
            return net.put(AdaptiveAvgPool(sizes))
        by_size = sized or mode == "area"
        return net.put(Upsample(None if by_size else float(factor), sizes if by_size else None, mode))

    return put


def shuffled(f):
    def put(net):
        if channels(net) % f:
            net.put(Conv(channels(net), 6, (1,)))
        net.put(PixelShuffle(f))

    return put


def unshuffled(f):
    return lambda net: cropped(net, length(net) % f).put(PixelUnshuffle(f))


def same_or(draw, k, d):
    """Centred pads half of the time."""
    return draw(st.one_of(st.just(((d * (k - 1) // 2,) * 2,)), pads.map(lambda pair: (pair,))))


@st.composite
def convolutions(draw, s=1):
    k, d = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    return convolution(k, s, same_or(draw, k, d), d)


def pools(s=1):
    return st.builds(pool, st.sampled_from((MaxPool, AvgPool)), st.integers(1, 4), st.just(s), pads)


def transposes(s=1):
    return st.builds(transposed, st.integers(1, 5), st.just(s), pads, st.integers(1, 3), st.integers(0, 2))


def resizes(factor):
    return st.builds(resized, st.sampled_from((*MODES, "adaptive")), st.just(factor), sized=st.booleans())


steady = st.one_of(
    convolutions(), pools(), transposes(), st.builds(moved, st.just(Pad), pads), st.builds(moved, st.just(Crop), pads)
)
perhaps_one, perhaps_two = st.lists(steady, max_size=1), st.lists(steady, max_size=2)


@cache
def by(factor):
    """A layer that makes its input this many times longer."""
    if factor.denominator > 1 and factor.numerator == 1:
        s = factor.denominator
        return st.one_of(convolutions(s), pools(s), st.just(unshuffled(s)), resizes(factor))
    if factor.denominator > 1:
        return resizes(factor)
    return st.one_of(transposes(int(factor)), st.just(shuffled(int(factor))), resizes(factor))


FACTORS = [Fraction(1, 2), Fraction(1, 3), Fraction(2), Fraction(3), Fraction(3, 2)]
BALANCED = [
    [],
    [Fraction(1, 2), Fraction(2)],
    [Fraction(1, 3), Fraction(3)],
    [Fraction(1, 3), Fraction(3, 2), Fraction(2)],
]


@st.composite
def runs(draw, factors, depth=0):
    """Layers with these factors in some order, steady ones between them, and perhaps branches."""
    run = []
    for factor in draw(st.permutations(factors)):
        run += draw(perhaps_one)
        run.append(draw(by(factor)))
    if depth and draw(st.booleans()):
        run.insert(draw(st.integers(0, len(run))), draw(forks(depth - 1)))
    return [*run, *draw(perhaps_two)]


@cache
@st.composite
def forks(draw, depth):
    """Branches with the same factors, or now and then with others, cropped to one length."""
    factors = draw(st.sampled_from(BALANCED))
    odd = draw(st.integers(0, 9)) == 0
    paths = [draw(runs(factors, depth)) for _ in range(draw(st.integers(1, 2)))]
    paths.append(draw(runs([*factors, FACTORS[0]] if odd else factors, depth)))
    kind = draw(st.sampled_from((Add, Concat, Mul)))

    def put(net):
        start, ends = net.here, []
        for path in paths:
            net.here = start
            for layer in path:
                layer(net)
            if kind is not Concat:
                net.put(Conv(channels(net), 6, (1,)))
            ends.append(net.here)
        shortest = min(net.shapes[end][1] for end in ends)
        for index, end in enumerate(ends):
            net.here = end
            ends[index] = cropped(net, length(net) - shortest).here
        net.take(kind(), *ends)

    return put


plans = st.lists(st.sampled_from(FACTORS), max_size=3).flatmap(lambda factors: runs(factors, 2))


def steps(net):
    """A bound on the period of what each layer's elements see: how often positions were divided before."""
    most = {INPUT: 1}
    for node in net.nodes:
        n, o = net.shapes[node.inputs[0]][1], net.shapes[node.name][1]
        match node.layer:
            case ConvTranspose():
                times = node.layer.stride[0]
            case PixelShuffle():
                times = node.layer.factor
            case Upsample() | AdaptiveAvgPool():
                times = Fraction(o, n).limit_denominator(12).numerator
            case _:
                times = 1
        most[node.name] = times * lcm(*(most[name] for name in node.inputs))
    return most


def compared(plan, size):
    """All views of a network against its pixels. Raises LookupError where its input is too short to say."""
    net = Net(6, size)
    for layer in plan:
        layer(net)
    found, met, most = explained(net.network, net.shapes), pushed(net), steps(net)
    aligned, unsteady = {INPUT: True}, set()
    for node in net.nodes:
        name, view = node.name, found[node.name]
        aligned[name] = all(aligned[one] for one in node.inputs) and centres_agree(node, met)
        truth = measured(met[name], most[name])
        if truth == UNSTEADY or unsteady.intersection(node.inputs):
            unsteady.add(name)
            assert UNSTEADY in view
        elif truth == NOTHING:
            assert NOTHING in view
        else:
            note = "" if aligned[name] else UNALIGNED
            assert view == View(*((value,) for value in truth), aligned[name], note)
    return net


@settings(max_examples=100, deadline=None)
@given(plans)
def test_every_element_sees_what_pixels_say(plan):
    for size in (240, 1800):
        try:
            compared(plan, size)
        except (LookupError, ConvcostError):
            continue
        return
    reject()


convolutions_1d = st.builds(
    lambda k, s, d: Conv(1, 1, (k,), s, d * (k - 1), d), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(convolutions_1d, min_size=1, max_size=4))
def test_convolutions_are_the_recurrence_of_distill(layers):
    size = jump = 1
    padding = 0
    for layer in layers:
        (k,), (s,), (d,), ((begin, _),) = layer.kernel_size, layer.stride, layer.dilation, layer.padding
        size, padding = size + d * (k - 1) * jump, padding + begin * jump
        jump *= s
    assert chain(*layers).seen == View((size,), (jump,), (padding,))


layers_2d = st.one_of(
    st.tuples(
        st.just(Conv), st.tuples(*[st.integers(1, 4)] * 2), st.tuples(*[st.integers(1, 3)] * 2), st.tuples(pads, pads)
    ),
    st.tuples(
        st.just(ConvTranspose),
        st.tuples(*[st.integers(1, 4)] * 2),
        st.tuples(*[st.integers(1, 3)] * 2),
        st.tuples(pads, pads),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(layers_2d, max_size=4))
def test_axes_do_not_mix(drawn):
    plane = Net(1, 900, 800).put(*(kind(1, 1, k, s, p) for kind, k, s, p in drawn)).seen
    lines = [
        Net(1, size).put(*(kind(1, 1, k[axis : axis + 1], s[axis], p[axis : axis + 1]) for kind, k, s, p in drawn)).seen
        for axis, size in enumerate((900, 800))
    ]
    if isinstance(plane, str):
        assert plane in lines
    else:
        assert plane == View(*(one + other for one, other in zip(lines[0][:3], lines[1][:3], strict=True)))


# --- By hand ---------------------------------------------------------------------------------------------------------


def test_one_transposed_layer():
    """Elements that see nothing do not count; where the first does not, the padding is the first one's that does."""
    for k, s, p, size, padding in [
        (4, 2, 0, 2, 1),
        (3, 2, 0, 2, 1),
        (2, 2, 0, 1, 0),
        (3, 1, 0, 3, 2),
        (1, 2, 1, 1, -1),
    ]:
        net = chain(ConvTranspose(1, 1, (k,), s, p), size=20)
        assert net.seen == View((size,), (Fraction(1, s) if s > 1 else 1,), (padding,))


def test_a_dilated_transposed_layer_puts_elements_out_of_order():
    """Output o takes i with 2·i = o or 2·i + 3 = o: 0, -1, 1, 0, 2, 1, … A kernel that skips reads 0 and 1 of them."""
    layers = [ConvTranspose(1, 1, (2,), 2, 0, 3), Conv(1, 1, (2,), 1, 0, 2)]
    assert chain(*layers[:1]).seen == View((1,), (Fraction(1, 2),), (0,))
    assert chain(*layers).seen == View((2,), (Fraction(1, 2),), (0,))


def test_what_sees_nothing_has_no_view():
    """Of elements 0, 4, 8, … and zeros between them the odd ones are read. Beside another branch they have no say."""
    holes = (ConvTranspose(1, 1, (1,), 4, 0), Conv(1, 1, (1,), 2, ((1, 0),)))
    assert chain(*holes).seen == "the elements of `n1` see nothing of the input"
    net = chain().fork(Add(), holes, (Conv(1, 1, (3,)), Pad(((0, 399),))))
    assert net.seen == View((3,), (1,), (1,))


def test_upsampling_modes():
    """Twice as long: nearest sees one element, linear and bicubic the neighbours on both sides of a quarter."""
    for mode, size, padding in [
        ("nearest", 1, 0),
        ("nearest-exact", 1, 0),
        ("area", 1, 0),
        ("linear", 2, 1),
        ("bicubic", 4, 2),
    ]:
        assert chain(Upsample(2, mode=mode)).seen == View((size,), (Fraction(1, 2),), (padding,))
    # At a third the neighbours of linear lie on elements, and alone have a weight.
    assert chain(Upsample(1 / 3, mode="linear"), size=9).seen == View((1,), (3,), (-1,))
    assert chain(Upsample(1.1), size=20).seen.stride == (Fraction(10, 11),)


def test_bins_of_an_adaptive_pool():
    """7 to 3: elements 0 to 2, 2 to 4, 4 to 6; 14 to 7: pairs; None keeps an axis."""
    assert chain(AdaptiveAvgPool((3,)), size=7).seen == View((3,), (Fraction(7, 3),), (0,))
    assert chain(AdaptiveAvgPool((7,)), size=14).seen == View((2,), (2,), (0,))
    assert Net(1, 14, 10).put(AdaptiveAvgPool((7, None))).seen == View((2, 1), (2, 1), (0, 0))
    assert chain(GlobalAvgPool(), size=7).seen == View((7,), (7,), (0,))


def test_a_period_longer_than_the_axis_counts_only_elements_that_are():
    """5 to 7: the middle element lies on an input element, the others between two."""
    net = chain(Upsample(size=(7,), mode="linear"), size=5)
    assert net.seen.size == (2,)
    assert net.put(Crop(((3, 3),))).seen.size == (1,)


def gated(*gate):
    return Net(4, 8, 8).put(Conv(4, 4, 3)).fork(Mul(), (), gate)


def test_a_gate_is_left_out_and_said_so():
    seen = View((3, 3), (1, 1), (1, 1), note=GATED)
    gate = (GlobalAvgPool(), Conv(4, 4, 1), Activation("sigmoid"))
    assert gated(*gate).seen == seen
    assert gated(GlobalAvgPool(), Flatten(), Linear(4, 4), Activation("sigmoid")).seen == seen
    assert gated(*gate).put(Conv(4, 4, 3)).seen == View((5, 5), (1, 1), (2, 2), note=GATED)
    assert gated(*gate).fork(Add(), (), (Conv(4, 4, 3),)).seen == View((5, 5), (1, 1), (2, 2), note=GATED)
    # What serves one axis counts on the other: here the mean over the width of 8.
    assert gated(AdaptiveAvgPool((None, 1)), Conv(4, 4, (5, 1))).seen == View((7, 3), (1, 1), (3, 1), note=GATED)
    # On one position there is nothing to be left out.
    net = Net(4, 8, 8).put(GlobalAvgPool()).fork(Mul(), (), (Conv(4, 4, 1),))
    assert net.seen == View((8, 8), (8, 8), (0, 0))


def test_branches_off_centre_are_said_to_be():
    net = Net(1, 16, 16).fork(Concat(), (c(3),), (c(3, 1, ((0, 2), (1, 1))),))
    assert net.seen == View((4, 3), (1, 1), (1, 1), aligned=False, note=UNALIGNED)
    net.put(Conv(2, 2, 3), BatchNorm(2), Activation("relu"))
    assert net.seen == View((6, 5), (1, 1), (2, 2), aligned=False, note=UNALIGNED)
    net.fork(Mul(), (), (GlobalAvgPool(),))
    assert net.seen.note == f"{UNALIGNED}; {GATED}"
    assert Net(1, 16, 16).fork(Add(), (c(3),), (c(5),)).seen == View((5, 5), (1, 1), (2, 2))


def test_branches_of_unequal_strides_have_no_view():
    net = chain(size=8).fork(Add(), (Conv(1, 1, (1,)), Crop(((0, 4),))), (Conv(1, 1, (1,), 2),))
    assert net.seen == "branches of unequal strides meet in `n3`"
    net.put(Conv(1, 1, (3,)))
    assert net.seen == "branches of unequal strides meet in `n3`"
    assert views(net.network, net.shapes)[net.here] is None


@pytest.mark.parametrize("layer", [Flatten(), Linear(6, 4), Permute((0, 2, 1))])
def test_where_positions_lose_their_meaning(layer):
    net = Net(2, 6, 6).put(layer, Activation("relu"))
    assert net.seen == "positions lose their meaning in `n0`"
    assert evaluate(net.network).views[net.here] is None
    assert Net(5).put(Activation("relu")).seen == "the input has no positions"


def test_what_reads_its_own_position():
    net = Net(4, 8, 8).put(
        Slice(1, 3), GroupNorm(2, groups=1), Activation("softmax"), PixelUnshuffle(2), PixelShuffle(2)
    )
    assert net.seen == View((2, 2), (1, 1), (0, 0))


# --- Bounds ----------------------------------------------------------------------------------------------------------


def blocks(factor):
    """All elements of a block see the block."""
    return (PixelUnshuffle(factor), PixelShuffle(factor))


@pytest.mark.parametrize(
    "net",
    [
        chain(Upsample(size=(4099,), mode="linear"), Conv(1, 1, (3,)), size=4098),
        chain(Upsample(size=(10**12,))),
        chain(Upsample(0.12345678901)),
        chain(ConvTranspose(1, 1, (1,), 10**9, 0)),
        chain(AdaptiveAvgPool((10**9,))),
        Net(10**9, 9).put(PixelShuffle(10**9)),
        chain(size=61 * 71).fork(Add(), blocks(61), blocks(71)),
    ],
    ids=lambda net: net.here,
)
def test_elements_that_differ_in_too_many_ways_are_not_followed(net):
    assert net.seen.endswith("is not followed: its elements differ in more than 4,096 ways")


def test_all_lookups_of_a_network_are_bounded(monkeypatch):
    layers = [Upsample(8), *[Conv(1, 1, (3,))] * 20]
    assert chain(*layers).seen.size == (6,)
    monkeypatch.setattr(reach, "MOST_LOOKUPS", 288)
    assert chain(*layers).seen == "`n18` is not followed: the network's elements differ in too many ways"
    # Where elements do not differ, nothing is looked up.
    assert chain(*layers[1:] * 100).seen.size == (4001,)


def test_steps_are_bounded():
    net = chain(*[Conv(1, 1, (1,), 10**12)] * 400, size=1)
    assert net.seen == "`n1` is not followed: it moves by more than 1,000,000,000,000 elements"


def test_positions_that_no_input_has_have_no_view():
    network = Network("n", (3, 8, 8), (Node("a", "x", Uncounted("x", (3, 16, 8)), ("input", "input")),))
    assert evaluate(network).views["a"] is None
