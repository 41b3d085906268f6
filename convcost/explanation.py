"""`explain`: how each number of one kind comes about, from formula to result."""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any

from convcost.closed_forms import macs_formula
from convcost.comparison import Comparison
from convcost.comparison_report import caption, head_json, json_row, legend
from convcost.composition import Part
from convcost.derivation import Section, Step
from convcost.errors import InternalError
from convcost.kinds import KINDS
from convcost.layers.conv import Convolution
from convcost.report import Cell, Report, columns
from convcost.rows import Row
from convcost.steps import count_step, decimal, fraction, is_rounded, number, output_steps, ratio_step, sum_step
from convcost.symbols.notation import Formula
from convcost.symbols.polynomial import Polynomial, as_polynomial

_COLUMNS = columns("part quantity formula numbers result")

_SIZE_LETTERS = (
    ("n", "input size of the part on an axis"),
    ("P", "pads of the axis, both sides together"),
    ("s", "stride"),
    ("d", "dilation"),
    ("op", "output padding"),
    ("H, W", "output size"),
    ("Hi, Wi", "input size"),
)


def report(comparison: Comparison) -> Report:
    """The derivation of a comparison's only row, part by part and then as a whole."""
    (row,) = comparison.rows
    if row.composition is None:
        raise InternalError("a kind that cannot be built cannot be explained")
    values = _values(row)
    sections = [_part_section(row, part, values) for part in row.composition.parts]
    sections.append(_whole_section(comparison, row, values))
    return Report(
        title=f"{row.choice.label}: {KINDS[row.choice.kind].meaning}",
        columns=_COLUMNS,
        rows=tuple(_table_rows(sections)),
        caption=caption(comparison, row=row),
        legend=_legend(comparison),
        notes=((row.choice.label, row.note),) if row.note else (),
        sections=tuple(sections),
        data=lambda: _json(comparison, row, sections),
    )


def _legend(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """The symbols of the closed forms, and the letters of sizes that are not among them."""
    symbols = legend(comparison)
    known = {name for name, _ in symbols}
    return (*symbols, *(entry for entry in _SIZE_LETTERS if not known & set(entry[0].split(", "))))


def _values(row: Row) -> dict[str, int]:
    """The number for every symbol: the row's letters, and the positions where sizes are known."""
    values = dict(row.letters.values)
    for name, symbols in row.position_symbols.items():
        if row.known and symbols:
            for symbol, size in zip(symbols, row.known.positions(name), strict=True):
                values.update(dict.fromkeys(symbol.names(), size))
    return values


def _part_section(row: Row, part: Part, values: Mapping[str, int]) -> Section:
    if not isinstance(part.layer, Convolution) or row.symbolic is None:
        return Section(f"{part.name}: no weights, no MACs", ())
    symbolic = next(other.layer for other in row.symbolic.parts if other.name == part.name)
    steps = [*output_steps(row, part, symbolic), count_step("weights", symbolic.weights, values)]
    if part.layer.biases:
        steps.append(count_step("biases", as_polynomial(symbolic.biases), values))
    macs = macs_formula([symbolic.weights], [row.position_symbols.get(part.name)])
    if macs is not None:
        steps.append(count_step("MACs", macs, values))
    title = part.name if part.name == part.kind else f"{part.name} ({part.kind})"
    return Section(f"{title}: {_text(part.layer)}", tuple(steps))


def _text(layer: Convolution) -> str:
    kernel = "×".join(map(str, layer.kernel_size))
    groups = f", {layer.groups} groups" if layer.groups > 1 else ""
    return f"{layer.in_channels}→{layer.out_channels}, {kernel}{groups}"


def _whole_section(comparison: Comparison, row: Row, values: Mapping[str, int]) -> Section:
    base = comparison.baseline
    steps = []
    if row.composition is None or row.weights is None or base.composition is None or base.weights is None:
        raise InternalError("a row without its composition")
    if len(row.convolutions) > 1:
        steps.append(sum_step("weights", [part.layer.weights for part in row.convolutions], row.weights))
        if row.known is not None:
            macs = [row.known.cost(part.name).macs for part in row.convolutions]
            steps.append(sum_step("MACs", macs, _symbolic_macs(row)))
    if row.composition.biases:
        weights, biases = row.composition.weights, row.composition.biases
        added = Formula(f"{weights} + {biases}", f"{weights} + {biases}")
        named = Formula("weights + biases", r"\mathrm{weights} + \mathrm{biases}")
        steps.append(Step("params", (named, added), number(row.params), row.params))
    label = base.choice.label
    both = {**base.letters.values, **values}
    if row.closed_form is not None:
        weights = Fraction(row.composition.weights, base.composition.weights)
        steps.append(
            ratio_step(f"weights, ratio to {label}", row.weights, base.weights, row.closed_form, weights, both)
        )
    if row.macs_closed_form is not None and row.macs_ratio is not None:
        over = prod(row.position_symbols.get(row.convolutions[0].name) or (), start=as_polynomial(1))
        steps.append(
            ratio_step(
                f"MACs, ratio to {label}",
                row.weights * over,
                base.weights * over,
                row.macs_closed_form,
                row.macs_ratio,
                both,
            )
        )
    elif row.macs_ratio is not None and row.total and base.total:
        quotient = Formula(f"{row.total.macs}/{base.total.macs}", rf"\frac{{{row.total.macs}}}{{{base.total.macs}}}")
        value = row.macs_ratio
        forms = (quotient, fraction(value))
        steps.append(Step(f"MACs, ratio to {label}", forms, decimal(value), value, rounded=is_rounded(value)))
    return Section(f"{row.choice.label} as a whole", tuple(steps))


def _symbolic_macs(row: Row) -> Polynomial | None:
    parts = row.symbolic.parts if row.symbolic else ()
    weights = {part.name: part.layer.weights for part in parts}
    symbols = [row.position_symbols.get(part.name) for part in row.convolutions]
    return macs_formula((weights[part.name] for part in row.convolutions), symbols)


def _table_rows(sections: list[Section]) -> list[Mapping[str, Cell]]:
    rows: list[Mapping[str, Cell]] = []
    for section in sections:
        for step in section.steps:
            middle = _middle(step)
            rows.append(
                {
                    "part": section.title,
                    "quantity": step.quantity,
                    "formula": step.forms[0],
                    "numbers": middle,
                    "result": step.result if step.value is None else step.value,
                }
            )
    return rows


def _json(comparison: Comparison, row: Row, sections: list[Section]) -> Mapping[str, Any]:
    return {
        "command": "explain",
        **head_json(comparison),
        "row": json_row(row),
        "steps": [
            {
                "part": section.title,
                "quantity": step.quantity,
                "forms": [form.text for form in step.forms],
                "latex": [form.latex for form in step.forms],
                "result": step.result.text,
                "value": step.value if isinstance(step.value, int) or step.value is None else float(step.value),
            }
            for section in sections
            for step in section.steps
        ],
    }


def _middle(step: Step) -> Formula:
    """What stands between the formula and the result, each form once."""
    written = {form.text: form.latex for form in step.forms[1:] if form.text != step.forms[0].text}
    return Formula(" = ".join(written), " = ".join(written.values()))
