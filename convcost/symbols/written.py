"""A formula written down as it is computed: symbols in the formula, then the numbers put in."""

from dataclasses import dataclass
from typing import Union

from convcost.symbols.notation import latex_name

_SUM, _PRODUCT, _ATOM = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Written:
    """Text and LaTeX of an expression, built by the operators that the output-size formulas use.

    >>> n, k = Written.symbol("H"), Written.symbol("k")
    >>> ((n - k) // Written.symbol("s") + 1).text
    '⌊(H - k)/s⌋ + 1'
    """

    text: str
    latex: str
    rank: int = _ATOM

    @staticmethod
    def symbol(name: str) -> "Written":
        """A symbol by its name."""
        return Written(name, latex_name(name))

    @staticmethod
    def number(value: int) -> "Written":
        """A number that was put in."""
        return Written(str(value), str(value)) if value >= 0 else Written(f"({value})", f"({value})")

    @staticmethod
    def group(text: str, latex: str, *, atom: bool) -> "Written":
        """An expression written elsewhere; a sum unless it is an atom."""
        return Written(text, latex, _ATOM if atom else _SUM)

    def __add__(self, other: Union["Written", int]) -> "Written":
        return self._join(other, " + ", " + ", _SUM)

    def __sub__(self, other: Union["Written", int]) -> "Written":
        return self._join(other, " - ", " - ", _SUM, right=_PRODUCT)

    def __mul__(self, other: Union["Written", int]) -> "Written":
        return self._join(other, "·", r" \cdot ", _PRODUCT)

    def __floordiv__(self, other: Union["Written", int]) -> "Written":
        other = _written(other)
        bottom = other.inside(_ATOM)
        return Written(
            f"⌊{self.inside(_PRODUCT).text}/{bottom.text}⌋",
            rf"\left\lfloor \frac{{{self.latex}}}{{{other.latex}}} \right\rfloor",
        )

    def _join(
        self, other: Union["Written", int], text: str, latex: str, rank: int, right: int | None = None
    ) -> "Written":
        a, b = self.inside(rank), _written(other).inside(right or rank)
        return Written(a.text + text + b.text, a.latex + latex + b.latex, rank)

    def inside(self, rank: int) -> "Written":
        """The same, in parentheses where its place needs them."""
        return self if self.rank >= rank else Written(f"({self.text})", f"({self.latex})")


def _written(value: Written | int) -> Written:
    return value if isinstance(value, Written) else Written.number(value)
