"""A derivation as data: sections of steps, each from a formula to its result."""

from fractions import Fraction
from typing import NamedTuple

from convcost.symbols.notation import Formula


class Step(NamedTuple):
    """One line of a derivation: a quantity, its formula as it is worked out, and the result.

    ``value`` is the result as a number, where it is one; ``rounded`` that the result shows it to a few digits.
    """

    quantity: str
    forms: tuple[Formula, ...]
    result: Formula
    value: int | Fraction | None = None
    rounded: bool = False

    def chain(self, way: str) -> list[tuple[str, str]]:
        """The forms and the result, each once, as ``text`` or as ``latex``, behind the sign that leads to it."""
        forms = list(dict.fromkeys(getattr(form, way) for form in (*self.forms, self.result)))
        signs = ["", *["="] * (len(forms) - 1)]
        if self.rounded:
            signs[-1] = {"text": "≈", "latex": r"\approx"}[way]
        return list(zip(signs, forms, strict=True))


class Section(NamedTuple):
    """One part of a derivation."""

    title: str
    steps: tuple[Step, ...]
