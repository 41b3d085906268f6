"""How polynomials are written: as text (``1/N + 1/Dk²``) and as LaTeX."""

from collections.abc import Callable, Mapping
from fractions import Fraction

Powers = tuple[tuple[int, str, int], ...]
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Formula:
    """A formula as text and as LaTeX."""

    def __init__(self, text: str, latex: str) -> None:
        self.text, self.latex = text, latex


class Style:
    """What differs between two ways of writing the same mathematics."""

    def __init__(
        self,
        name: Callable[[str], str],
        power: Callable[[str, int], str],
        fraction: Callable[[list[str], list[str]], str],
    ) -> None:
        self.name, self.power, self.fraction = name, power, fraction


def write(terms: Mapping[Powers, int | Fraction], style: Style, values: Mapping[str, int] | None) -> str:
    """A sum of terms, each a product over a product."""
    if not terms:
        return "0"
    text = ""
    for powers, value in terms.items():
        sign = " - " if value < 0 else " + "
        text += (sign if text else sign.strip(" +")) + _term(powers, -value if value < 0 else value, style, values)
    return text


def latex_name(name: str) -> str:
    """A symbol in LaTeX, what follows its first letter as an index: ``Dk`` is ``D_k``, ``c1`` is ``c_1``."""
    head, tail = name[0], name[1:]
    return head if not tail else f"{head}_{tail}" if len(tail) == 1 else f"{head}_{{{tail}}}"


def _term(powers: Powers, value: int | Fraction, style: Style, values: Mapping[str, int] | None) -> str:
    def factor(name: str, exponent: int) -> str:
        base = str(values[name]) if values and name in values else style.name(name)
        return style.power(base, exponent) if exponent > 1 else base

    above = [factor(name, e) for _, name, e in powers if e > 0]
    below = [factor(name, -e) for _, name, e in powers if e < 0]
    if value.numerator != 1 or not above:
        above.insert(0, str(value.numerator))
    if value.denominator != 1:
        below.insert(0, str(value.denominator))
    return style.fraction(above, below)


def _text_fraction(above: list[str], below: list[str]) -> str:
    top = "·".join(above)
    if not below:
        return top
    return f"{top}/{below[0]}" if len(below) == 1 else f"{top}/({'·'.join(below)})"


def _latex_fraction(above: list[str], below: list[str]) -> str:
    top, bottom = r" \cdot ".join(above), r" \cdot ".join(below)
    return rf"\frac{{{top}}}{{{bottom}}}" if below else top


TEXT = Style(str, lambda base, e: base + str(e).translate(_SUPERSCRIPTS), _text_fraction)
LATEX = Style(latex_name, lambda base, e: f"{base}^{{{e}}}", _latex_fraction)
