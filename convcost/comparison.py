"""`compare`: every kind side by side for one convolution that it might replace."""

from collections.abc import Mapping
from fractions import Fraction
from math import gcd, isqrt
from typing import TYPE_CHECKING, Any

from convcost.closed_forms import Alphabet, macs_formula, position_symbols, ratio, symbolic
from convcost.composition import Composition
from convcost.costs import total
from convcost.errors import ConvcostError, InternalError
from convcost.kinds import KINDS
from convcost.layers.base import Sizes
from convcost.network import Network, nodes_of, shapes
from convcost.rows import STANDARD, Choice, Request, Row, Traced
from convcost.symbols.axis import Axis
from convcost.symbols.polynomial import as_polynomial

if TYPE_CHECKING:
    from convcost.report import Report


class Comparison:
    """All rows, the one that they are measured against, and the convolution that they might replace."""

    __slots__ = ("baseline", "request", "rows", "standard")

    def __init__(self, request: Request, rows: tuple[Row, ...], baseline: Row, standard: Row) -> None:
        self.request, self.rows, self.baseline, self.standard = request, rows, baseline, standard

    @property
    def report(self) -> "Report":
        """The table of the kinds, as `convcost compare` shows it."""
        from convcost.comparison_report import report

        return report(self)

    def _repr_html_(self) -> str:
        return self.report._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.report._repr_markdown_()


def compare(request: Request, choices: tuple[Choice, ...], baseline: str = "standard") -> Comparison:
    """Build a row for each choice and measure it against the baseline.

    A kind that a default cannot fit to this convolution stays with its reason; what was asked for
    in so many words and is impossible is an error, and so is a convolution that cannot be.
    """
    plain = _row(request, STANDARD, {})
    chosen = next((choice for choice in choices if choice.kind == baseline), Choice(baseline))
    try:
        base = plain if chosen.label == STANDARD.label else _row(request, chosen, {})
    except ConvcostError as error:
        raise ConvcostError(f"`{baseline}` cannot be the baseline: {error.message}", field="baseline") from None
    built = {STANDARD.label: plain, chosen.label: base}
    rows = [built.get(choice.label) or _row_or_reason(request, choice, base.letters.values) for choice in choices]
    for row in dict.fromkeys(rows):
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
    if common > 1:
        return next((divisor for divisor in range(2, isqrt(common) + 1) if common % divisor == 0), common)
    raise ConvcostError(f"g must divide gcd({in_channels}, {out_channels}) = {common}", field="groups")


def _row_or_reason(request: Request, choice: Choice, reserved: Mapping[str, int]) -> Row:
    try:
        return _row(request, choice, reserved)
    except ConvcostError as error:
        if error.field in _given(request, choice):
            raise
        return Row(choice, Alphabet(request.notation), error.message.removeprefix(f"{choice.kind}: "))


def _given(request: Request, choice: Choice) -> set[str]:
    """The fields of this row that the person chose, so that an error in them is theirs to mend."""
    given = set(choice.options)
    if choice.kind == "grouped" and request.groups is not None:
        given.add("groups")
    if choice.kind == "dilated" and request.dilation is not None:
        given.add("dilation")
    if choice.kind == "transposed" and request.output_padding != (0,) * request.dims:
        given.add("output_padding")
    if request.multiplier != 1 and "multiplier" in KINDS[choice.kind].options:
        given.add("multiplier")
    if choice.by_name and request.input_size is None:
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
    row = Row(choice, Alphabet(request.notation, reserved), KINDS[kind].caveat or None)
    row.composition = KINDS[kind].build(**arguments)
    row.symbolic = symbolic(row.composition, row.letters, arguments)
    row.weights = as_polynomial(row.symbolic.weights)
    _trace(row, row.composition, request)
    extra = arguments.get("output_padding", 0)
    if request.padding == "same" and extra not in (0, (0,) * request.dims):
        _add_note(row, "padding `same` makes the output n·s, so output padding changes nothing")
    return row


def _require_common(groups: int, request: Request) -> None:
    common = gcd(request.in_channels, request.out_channels)
    if isinstance(groups, int) and groups > 0 and common % groups:
        raise ConvcostError(
            f"g must divide gcd({request.in_channels}, {request.out_channels}) = {common}, got {groups}", field="groups"
        )


def _trace(row: Row, composition: Composition, request: Request) -> None:
    """Shapes, positions and costs: for the size that was given, and for an unknown one where all sizes fit."""
    names = [part.name for part in row.convolutions]
    if request.input_size is not None:
        row.known = _follow(composition, request, request.input_size)
        row.total = total(row.known.cost(part.name) for part in composition.parts)
    entry: Any = (Axis(),) * request.dims
    try:
        row.unknown = _follow(composition, request, entry)
    except ConvcostError:
        if row.known is None:
            raise
        _add_note(row, "it fits this input size, but not every one, so its MACs have no formula")
    else:
        output = row.unknown.output[1:]
        symbols = [position_symbols(row.unknown.positions(name), output, entry) for name in names]
        row.position_symbols = dict(zip(names, symbols, strict=True))
        row.macs_formula = macs_formula((part.layer.weights for part in row.convolutions), symbols)
    row.positions = {row.traced.positions(name) for name in names}


def _follow(composition: Composition, request: Request, size: Sizes) -> Traced:
    network = Network(composition.kind, (request.in_channels, *size), nodes_of(composition))
    return Traced(network, shapes(network))


def _measure(row: Row, base: Row, plain: Row) -> None:
    """Ratios to the baseline, and the closed forms where they hold."""
    if row.composition is None or base.composition is None or row.weights is None or base.weights is None:
        return
    row.params_ratio = Fraction(row.params, base.params)
    weights = Fraction(row.composition.weights, base.composition.weights)
    row.closed_form = ratio(row.weights, base.weights, {**base.letters.values, **row.letters.values}, weights)
    if row.total is not None and base.total is not None:
        row.macs_ratio = Fraction(row.total.macs, base.total.macs)
    if len(row.positions | base.positions) == 1:
        row.macs_closed_form = row.closed_form
        if row.macs_ratio not in (None, weights):
            raise InternalError("equal positions, but the ratio of MACs is not that of the weights")
        row.macs_ratio = weights
    else:
        _add_note(row, "MACs run over other positions than the baseline's, so their ratio has no closed form")
    if row.traced.output[1:] != plain.traced.output[1:]:
        _add_note(row, "the output size is not the standard convolution's")


def _add_note(row: Row, text: str) -> None:
    row.note = f"{row.note}; {text}" if row.note else text
