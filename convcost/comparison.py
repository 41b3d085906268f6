"""`compare`: every kind side by side for one convolution that it might replace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Any

from convcost.closed_forms import Alphabet, Closed, macs_formula, position_symbols, ratio, symbolic
from convcost.composition import Composition, Part
from convcost.cost import Cost, cost
from convcost.errors import ConvcostError
from convcost.kinds import KINDS
from convcost.layers.base import Layer, Shape, Sizes
from convcost.layers.conv import Convolution
from convcost.network import Network, nodes_of, shapes
from convcost.receptive import View, views
from convcost.symbols import Axis, Polynomial


@dataclass(frozen=True, slots=True)
class Request:
    """The convolution to be replaced, and what the rows of single kinds take beside it.

    ``groups`` is the grouped row's, ``dilation`` the dilated row's; None lets the row choose. The
    baseline is the plain standard convolution. Per-axis fields are tuples of ``dims`` numbers.
    """

    in_channels: int
    out_channels: int
    kernel_size: Sizes
    stride: Sizes
    padding: Any
    dims: int
    dilation: Sizes | None = None
    groups: int | None = None
    multiplier: int = 1
    output_padding: Any = 0
    bias: bool = False
    input_size: Sizes | None = None
    notation: str = "paper"


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind asked for, with the options that were given for it."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The kind with the options given: ``inverted_residual t=4``."""
        return " ".join([self.kind, *(f"{name}={value}" for name, value in self.options.items())])


@dataclass(frozen=True, slots=True)
class Place:
    """A part between its shapes: what comes in, what goes out, and how much of the input it sees."""

    layer: Layer
    inputs: tuple[Shape, ...]
    output: Shape
    view: View | None

    @property
    def positions(self) -> Sizes:
        """What its kernel runs over; nothing where it has none."""
        return self.layer.positions(*self.inputs) if isinstance(self.layer, Convolution) else ()

    def cost(self) -> Cost:
        """Its counts, which need sizes that are numbers."""
        return cost(self.layer, *self.inputs)


@dataclass(slots=True)
class Row:
    """One kind for the request; without ``composition`` it could not be built, and ``note`` says why.

    ``axes`` are its parts behind an input of unknown size, ``places`` behind the one that was given.
    """

    choice: Choice
    note: str | None = None
    letters: Alphabet = field(default_factory=lambda: Alphabet("paper"))
    composition: Composition | None = None
    symbolic: Composition | None = None
    macs_formula: Polynomial | None = None
    position_symbols: dict[str, tuple[Polynomial, ...] | None] = field(default_factory=dict)
    output: Shape = ()
    positions: tuple[Sizes, ...] = ()
    axes: dict[str, Place] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    total: Cost | None = None
    params_ratio: Fraction | None = None
    macs_ratio: Fraction | None = None
    closed_form: Closed | None = None
    macs_closed_form: Closed | None = None

    @property
    def params(self) -> int:
        """Weights and biases."""
        return self.composition.weights + self.composition.biases if self.composition else 0

    @property
    def weights(self) -> Polynomial | None:
        """The weights on symbols."""
        return self.symbolic.weights if self.symbolic else None

    @property
    def view(self) -> View | None:
        """What an element of the output sees."""
        return self.axes[self.composition.parts[-1].name].view if self.composition else None

    @property
    def convolutions(self) -> list[Part]:
        """The parts with weights."""
        parts = self.composition.parts if self.composition else ()
        return [part for part in parts if isinstance(part.layer, Convolution)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows, the one that they are measured against, and the convolution that they might replace."""

    request: Request
    rows: tuple[Row, ...]
    baseline: Row
    standard: Row


def compare(request: Request, choices: tuple[Choice, ...], baseline: str = "standard") -> Comparison:
    """Build a row for each choice and measure it against the baseline.

    A kind that a default cannot fit to this convolution stays with its reason; what was asked for
    in so many words and is impossible is an error, and so is a convolution that cannot be.
    """
    plain = _row(request, Choice("standard"), {})
    chosen = next((choice for choice in choices if choice.kind == baseline), Choice(baseline))
    try:
        base = _row(request, chosen, {})
    except ConvcostError as error:
        raise ConvcostError(f"`{baseline}` cannot be the baseline: {error.message}", field="baseline") from None
    rows = [_row_or_reason(request, choice, base.letters.values) for choice in choices]
    for row in rows:
        _measure(row, base, plain)
    return Comparison(request, tuple(rows), base, plain)


def options_of(request: Request, choice: Choice) -> dict[str, Any]:
    """The kind's options: as given with it, else by the request's flags, else its defaults."""
    flags = {"groups": request.groups, "dilation": request.dilation}
    if choice.kind != "grouped":
        flags.pop("groups")
    own = KINDS[choice.kind].options
    options = {name: value for name, value in own.items() if value is not None}
    if "multiplier" in own:
        options["multiplier"] = request.multiplier
    if "output_padding" in own:
        options["output_padding"] = request.output_padding
    options.update({name: value for name, value in flags.items() if name in own and value is not None})
    options.update(choice.options)
    if choice.kind == "grouped" and "groups" not in options:
        options["groups"] = default_groups(request.in_channels, request.out_channels)
    return options


def default_groups(in_channels: int, out_channels: int) -> int:
    """2 where it divides both, else the smallest common divisor above 1.

    Raises ConvcostError where there is none.

    >>> default_groups(64, 256), default_groups(9, 27)
    (2, 3)
    """
    common = gcd(in_channels, out_channels)
    for divisor in range(2, min(common, 10**6) + 1):
        if common % divisor == 0:
            return divisor
    raise ConvcostError(f"g must divide gcd({in_channels}, {out_channels}) = {common}", field="groups")


def _row_or_reason(request: Request, choice: Choice, reserved: Mapping[str, int]) -> Row:
    try:
        return _row(request, choice, reserved)
    except ConvcostError as error:
        if error.field in _given(request, choice):
            raise
        return Row(choice, note=error.message)


def _given(request: Request, choice: Choice) -> set[str]:
    """The fields of this row that the person chose, so that an error in them is theirs to mend."""
    given = set(choice.options)
    if choice.kind == "grouped" and request.groups is not None:
        given.add("groups")
    if choice.kind == "dilated" and request.dilation is not None:
        given.add("dilation")
    if choice.kind == "transposed" and request.output_padding != (0,) * request.dims:
        given.add("output_padding")
    if choice.kind == "global_depthwise" and request.input_size is None:
        given.add("input_size")
    return given


def _row(request: Request, choice: Choice, reserved: Mapping[str, int]) -> Row:
    kind = choice.kind
    if kind == "global_depthwise" and request.input_size is None:
        raise ConvcostError("`global_depthwise` is as large as its input: it needs a size", field="input_size")
    if kind == "grouped" and (groups := choice.options.get("groups", request.groups)):
        _require_common(groups, request)
    arguments = {
        "in_channels": request.in_channels,
        "out_channels": request.out_channels,
        "kernel_size": request.input_size if kind == "global_depthwise" else request.kernel_size,
        "stride": request.stride,
        "padding": request.padding,
        "bias": request.bias,
        "dims": request.dims,
        **options_of(request, choice),
    }
    row = Row(choice, KINDS[kind].caveat or None, Alphabet(request.notation, reserved), KINDS[kind].build(**arguments))
    _trace(row, request)
    if row.composition is not None:
        row.symbolic = symbolic(row.composition, row.letters, arguments)
    return row


def _require_common(groups: int, request: Request) -> None:
    common = gcd(request.in_channels, request.out_channels)
    if isinstance(groups, int) and groups > 0 and common % groups:
        raise ConvcostError(
            f"g must divide gcd({request.in_channels}, {request.out_channels}) = {common}, got {groups}", field="groups"
        )


def _trace(row: Row, request: Request) -> None:
    """Shapes, positions and costs: for an unknown size in any case, and for the one given."""
    composition = row.composition
    if composition is None:
        return
    entry = (Axis(),) * request.dims
    known = _follow(composition, request, entry)
    output = known[composition.parts[-1].name].output[1:]
    symbols = [position_symbols(known[p.name].positions, output, entry) for p in row.convolutions]
    row.macs_formula = macs_formula((p.layer.weights for p in row.convolutions), symbols)
    row.position_symbols = {p.name: names for p, names in zip(row.convolutions, symbols, strict=True)}
    row.axes = {p.name: known[p.name] for p in composition.parts}
    if request.input_size is not None:
        known = _follow(composition, request, request.input_size)
        row.places = known
        row.total = sum((place.cost() for place in known.values()), Cost())
    row.output = known[composition.parts[-1].name].output
    row.positions = tuple(known[p.name].positions for p in row.convolutions)


def _follow(composition: Composition, request: Request, size: Any) -> dict[str, Place]:
    """Each part of the composition in its place behind an input of that size."""
    network = Network(composition.kind, (request.in_channels, *size), nodes_of(composition))
    known = shapes(network)
    seen = views(network, known)
    return {
        node.name: Place(node.layer, tuple(known[name] for name in node.inputs), known[node.name], seen[node.name])
        for node in network.nodes
    }


def _measure(row: Row, base: Row, plain: Row) -> None:
    """Ratios to the baseline, and the closed forms where they hold."""
    if row.composition is None or base.composition is None or row.weights is None or base.weights is None:
        return
    row.params_ratio = Fraction(row.params, base.params)
    weights = Fraction(row.composition.weights, base.composition.weights)
    row.closed_form = ratio(row.weights, base.weights, {**base.letters.values, **row.letters.values}, weights)
    if row.total is not None and base.total is not None:
        row.macs_ratio = Fraction(row.total.macs, base.total.macs)
    if len({*row.positions, *base.positions}) == 1:
        row.macs_closed_form = row.closed_form
        if row.macs_ratio not in (None, weights):
            raise ArithmeticError("equal positions, but the ratio of MACs is not that of the weights")
        row.macs_ratio = weights
    else:
        _add_note(row, "MACs run over other positions than the baseline's, so their ratio has no closed form")
    if row.output[1:] != plain.output[1:]:
        _add_note(row, "the output size is not the standard convolution's")


def _add_note(row: Row, text: str) -> None:
    row.note = f"{row.note}; {text}" if row.note else text


