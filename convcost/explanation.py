"""`explain`: how each number of one kind comes about, from formula to result."""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any

from convcost import formulas
from convcost.closed_forms import Closed, macs_formula
from convcost.comparison import Comparison
from convcost.comparison_report import caption, head_json, json_row, legend
from convcost.composition import Part
from convcost.derivation import Section, Step
from convcost.errors import InternalError
from convcost.kinds import KINDS
from convcost.layers.base import Shape
from convcost.layers.conv import Conv, Convolution
from convcost.names import POSITIONS
from convcost.report import Cell, Report, columns
from convcost.rows import Row
from convcost.symbols.axis import Axis
from convcost.symbols.notation import Formula, latex_name
from convcost.symbols.polynomial import Polynomial, as_polynomial
from convcost.symbols.written import Written
from convcost.units import significant

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
    steps = [*_output_steps(row, part, symbolic), _count_step("weights", symbolic.weights, values)]
    if part.layer.biases:
        steps.append(_count_step("biases", as_polynomial(symbolic.biases), values))
    macs = macs_formula([symbolic.weights], [row.position_symbols.get(part.name)])
    if macs is not None:
        steps.append(_count_step("MACs", macs, values))
    title = part.name if part.name == part.kind else f"{part.name} ({part.kind})"
    return Section(f"{title}: {_text(part.layer)}", tuple(steps))


def _text(layer: Convolution) -> str:
    kernel = "×".join(map(str, layer.kernel_size))
    groups = f", {layer.groups} groups" if layer.groups > 1 else ""
    return f"{layer.in_channels}→{layer.out_channels}, {kernel}{groups}"


def _output_steps(row: Row, part: Part, symbolic: Any) -> list[Step]:
    """The output size on each axis, once for all axes that are alike."""
    entry, output = row.traced.inputs(part.name)[0], row.traced.shapes[part.name]
    names = POSITIONS[len(output) - 1]
    alike: dict[tuple[Any, ...], list[int]] = {}
    for axis in range(len(names)):
        key = (entry[1 + axis], output[1 + axis], *_fields(part.layer, axis))
        alike.setdefault(key, []).append(axis)
    steps = []
    for axes in alike.values():
        which = "each axis" if len(axes) == len(names) > 1 else " and ".join(names[axis] for axis in axes)
        step = _output_step(part.layer, symbolic, axes[0], (entry, output))
        steps.append(step._replace(quantity=f"output size, {which}"))
    return steps


def _output_step(layer: Any, symbolic: Any, axis: int, shapes: tuple[Shape, Shape]) -> Step:
    name = POSITIONS[len(layer.kernel_size)][axis] + "i"
    entering, leaving = (_size(shape[1 + axis], name) for shape in shapes)
    letters = [_written(symbolic.kernel_size[axis]), *map(Written.symbol, ("s", "P", "d", "op"))]
    formula = _output(layer, Written.symbol("n"), letters)
    put_in = _output(layer, entering, list(map(Written.number, _fields(layer, axis))))
    size = shapes[1][1 + axis]
    value = size if isinstance(size, int) else None
    return Step("", (_formula(formula), _formula(put_in)), _formula(leaving), value)


def _size(size: Any, name: str) -> Written:
    """A size as it is put into a formula; an unknown one in terms of the kind's input, such as Hi."""
    if not isinstance(size, Axis):
        return Written.number(size)
    text = size.text(name)
    latex = text.replace("⌊", r"\lfloor ").replace("⌋", r" \rfloor").replace("·", r" \cdot ")
    return Written.group(text, latex.replace(name, latex_name(name)), atom=not size.b or size.c != 1)


def _fields(layer: Any, axis: int) -> list[int]:
    """Kernel, stride, pads, dilation, output padding of one axis."""
    return [
        layer.kernel_size[axis],
        layer.stride[axis],
        sum(layer.padding[axis]),
        layer.dilation[axis],
        layer.output_padding[axis],
    ]


def _output(layer: Any, size: Written, fields: list[Written]) -> Written:
    k, s, p, d, extra = fields
    if isinstance(layer, Conv):
        written: Written = formulas.conv_output(size, k, s, p, d)
    else:
        written = formulas.conv_transpose_output(size, k, s, p, d, extra)
    return written


def _count_step(quantity: str, count: Any, values: Mapping[str, int]) -> Step:
    """A count by its formula, with the numbers put in, and its value, or what is left of it without a size."""
    count = as_polynomial(count)
    forms = (Formula(count.text(), count.latex()), Formula(count.text(values), count.latex(values)))
    if count.names() <= values.keys():
        value = int(count.evaluate(values))
        return Step(quantity, forms, _number(value), value)
    known = {name: value for name, value in values.items() if name in count.names()}
    left = count.substitute(known)
    return Step(quantity, forms, Formula(left.text(), left.latex()))


def _whole_section(comparison: Comparison, row: Row, values: Mapping[str, int]) -> Section:
    base = comparison.baseline
    steps = []
    if row.composition is None or row.weights is None or base.composition is None or base.weights is None:
        raise InternalError("a row without its composition")
    if len(row.convolutions) > 1:
        steps.append(_sum_step("weights", [part.layer.weights for part in row.convolutions], row.weights))
        if row.known is not None:
            macs = [row.known.cost(part.name).macs for part in row.convolutions]
            steps.append(_sum_step("MACs", macs, _symbolic_macs(row)))
    if row.composition.biases:
        weights, biases = row.composition.weights, row.composition.biases
        added = Formula(f"{weights} + {biases}", f"{weights} + {biases}")
        named = Formula("weights + biases", r"\mathrm{weights} + \mathrm{biases}")
        steps.append(Step("params", (named, added), _number(row.params), row.params))
    label = base.choice.label
    both = {**base.letters.values, **values}
    if row.closed_form is not None:
        weights = Fraction(row.composition.weights, base.composition.weights)
        steps.append(
            _ratio_step(f"weights, ratio to {label}", row.weights, base.weights, row.closed_form, weights, both)
        )
    if row.macs_closed_form is not None and row.macs_ratio is not None:
        over = prod(row.position_symbols.get(row.convolutions[0].name) or (), start=as_polynomial(1))
        steps.append(
            _ratio_step(
                f"MACs, ratio to {label}",
                row.weights * over,
                base.weights * over,
                row.macs_closed_form,
                row.macs_ratio,
                both,
            )
        )
    elif row.macs_ratio is not None and row.total and base.total:
        fraction = Formula(f"{row.total.macs}/{base.total.macs}", rf"\frac{{{row.total.macs}}}{{{base.total.macs}}}")
        value = row.macs_ratio
        forms = (fraction, _fraction(value))
        steps.append(Step(f"MACs, ratio to {label}", forms, _decimal(value), value, rounded=_is_rounded(value)))
    return Section(f"{row.choice.label} as a whole", tuple(steps))


def _symbolic_macs(row: Row) -> Polynomial | None:
    parts = row.symbolic.parts if row.symbolic else ()
    weights = {part.name: part.layer.weights for part in parts}
    symbols = [row.position_symbols.get(part.name) for part in row.convolutions]
    return macs_formula((weights[part.name] for part in row.convolutions), symbols)


def _sum_step(quantity: str, parts: list[int], formula: Polynomial | None) -> Step:
    added = " + ".join(map(str, parts))
    forms = [Formula(formula.text(), formula.latex())] if formula is not None else []
    return Step(quantity, (*forms, Formula(added, added)), _number(sum(parts)), sum(parts))


def _ratio_step(
    quantity: str, part: Polynomial, whole: Polynomial, closed: Closed, value: Fraction, values: Mapping[str, int]
) -> Step:
    """Fraction, each term over the whole, what is left when these are cancelled, the numbers, the value."""
    over = rf"\frac{{{part.latex()}}}{{{whole.latex()}}}"
    forms = [Formula(f"({part.text()}) / ({whole.text()})", over)]
    if len(part.terms) > 1 and len(whole.terms) == 1:
        terms = [Polynomial({powers: count}) for powers, count in part.terms.items()]
        signs = ["-" if value < 0 else "+" for value in part.terms.values()]
        terms = [term if sign == "+" else -term for sign, term in zip(signs, terms, strict=True)]
        text = _summed(signs, [f"({term.text()})/({whole.text()})" for term in terms])
        latex = _summed(signs, [rf"\frac{{{term.latex()}}}{{{whole.latex()}}}" for term in terms])
        forms.append(Formula(text, latex))
    forms.append(Formula(closed.text(), closed.latex()))
    forms.append(Formula(closed.text(values), closed.latex(values)))
    return Step(quantity, (*forms, _fraction(value)), _decimal(value), value, rounded=_is_rounded(value))


def _summed(signs: list[str], terms: list[str]) -> str:
    text = " ".join(f"{sign} {term}" for sign, term in zip(signs, terms, strict=True))
    return text.removeprefix("+ ")


def _is_rounded(value: Fraction) -> bool:
    return Fraction(_decimal(value).text.replace(",", "")) != value


def _formula(written: Written) -> Formula:
    return Formula(written.text, written.latex)


def _written(value: Any) -> Written:
    if isinstance(value, Polynomial):
        return Written(value.text(), value.latex())
    return Written.number(value)


def _number(value: int) -> Formula:
    return Formula(f"{value:,}", f"{value:,}".replace(",", "{,}"))


def _fraction(value: Fraction) -> Formula:
    latex = str(value) if value.denominator == 1 else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    return Formula(str(value), latex)


def _decimal(value: Fraction) -> Formula:
    text = str(value) if value.denominator == 1 else significant(value)
    return Formula(text, text)


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
