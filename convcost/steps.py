"""The steps of a derivation: how one size, one count or one ratio comes about."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from convcost import formulas
from convcost.closed_forms import Closed
from convcost.composition import Part
from convcost.derivation import Step
from convcost.layers.base import Shape
from convcost.layers.conv import Conv
from convcost.names import POSITIONS
from convcost.rows import Row
from convcost.symbols.axis import Axis
from convcost.symbols.notation import Formula, latex_name
from convcost.symbols.polynomial import Polynomial, as_polynomial
from convcost.symbols.written import Written
from convcost.units import significant


def output_steps(row: Row, part: Part, symbolic: Any) -> list[Step]:
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


def count_step(quantity: str, count: Any, values: Mapping[str, int]) -> Step:
    """A count by its formula, with the numbers put in, and its value, or what is left of it without a size."""
    count = as_polynomial(count)
    forms = (Formula(count.text(), count.latex()), Formula(count.text(values), count.latex(values)))
    if count.names() <= values.keys():
        value = int(count.evaluate(values))
        return Step(quantity, forms, number(value), value)
    known = {name: value for name, value in values.items() if name in count.names()}
    left = count.substitute(known)
    return Step(quantity, forms, Formula(left.text(), left.latex()))


def sum_step(quantity: str, parts: list[int], formula: Polynomial | None) -> Step:
    """A count as the sum of its parts."""
    added = " + ".join(map(str, parts))
    forms = [Formula(formula.text(), formula.latex())] if formula is not None else []
    return Step(quantity, (*forms, Formula(added, added)), number(sum(parts)), sum(parts))


def ratio_step(
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
    return Step(quantity, (*forms, fraction(value)), decimal(value), value, rounded=is_rounded(value))


def _summed(signs: list[str], terms: list[str]) -> str:
    text = " ".join(f"{sign} {term}" for sign, term in zip(signs, terms, strict=True))
    return text.removeprefix("+ ")


def is_rounded(value: Fraction) -> bool:
    """Whether `decimal` shows a quotient only nearly."""
    return Fraction(decimal(value).text.replace(",", "")) != value


def _formula(written: Written) -> Formula:
    return Formula(written.text, written.latex)


def _written(value: Any) -> Written:
    if isinstance(value, Polynomial):
        return Written(value.text(), value.latex())
    return Written.number(value)


def number(value: int) -> Formula:
    """A number with its digits in groups."""
    return Formula(f"{value:,}", f"{value:,}".replace(",", "{,}"))


def fraction(value: Fraction) -> Formula:
    """An exact quotient."""
    latex = str(value) if value.denominator == 1 else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    return Formula(str(value), latex)


def decimal(value: Fraction) -> Formula:
    """A quotient to a few digits, or whole."""
    text = str(value) if value.denominator == 1 else significant(value)
    return Formula(text, text)
