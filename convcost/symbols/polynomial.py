"""Laurent polynomials: sums of products of powers of symbols, with rational coefficients.

Enough algebra for the closed forms of convolutions: ``+ - * // / **``, exact evaluation, and a quotient with the
common monomial cancelled. How they are written stands in ``notation.py``.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import Union

from convcost.symbols import notation

# The powers of one term, as (place in the order of writing, name, exponent), without zero exponents.
Powers = tuple[tuple[int, str, int], ...]
Scalar = int | Fraction


class Polynomial:
    """A sum of terms, in the order in which they were added.

    ``/`` and ``//`` are one exact division; by more than one term it gives a `Quotient`.

    >>> M, N, k = symbols("M", "N", "k")
    >>> (k**2 * M + M * N) / (k**2 * M * N)
    1/N + 1/k²
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Powers, Scalar]) -> None:
        self.terms = {
            powers: value if type(value) is int else _plain(value) for powers, value in terms.items() if value
        }

    def __add__(self, other: Union["Polynomial", Scalar]) -> "Polynomial":
        total = dict(self.terms)
        for powers, value in as_polynomial(other).terms.items():
            total[powers] = total.get(powers, 0) + value
        return Polynomial(total)

    __radd__ = __add__

    def __neg__(self) -> "Polynomial":
        return self * -1

    def __sub__(self, other: Union["Polynomial", Scalar]) -> "Polynomial":
        return self + as_polynomial(other) * -1

    def __rsub__(self, other: Scalar) -> "Polynomial":
        return as_polynomial(other) - self

    def __mul__(self, other: Union["Polynomial", Scalar]) -> "Polynomial":
        total: dict[Powers, Scalar] = {}
        for others, factor in as_polynomial(other).terms.items():
            for powers, value in self.terms.items():
                product = _multiply(powers, others)
                total[product] = total.get(product, 0) + value * factor
        return Polynomial(total)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> "Polynomial":
        if exponent < 0:
            ((powers, value),) = self.terms.items()
            inverse = Polynomial({tuple((place, name, -e) for place, name, e in powers): _divide(1, value)})
            return inverse**-exponent
        result = as_polynomial(1)
        for _ in range(exponent):
            result *= self
        return result

    def __floordiv__(self, other: Union["Polynomial", Scalar]) -> "Polynomial":
        other = as_polynomial(other)
        if len(other.terms) != 1:
            msg = "only a single term divides a polynomial exactly"
            raise ArithmeticError(msg)
        ((below, divisor),) = other.terms.items()
        inverse = tuple((place, name, -e) for place, name, e in below)
        return Polynomial({_multiply(powers, inverse): _divide(value, divisor) for powers, value in self.terms.items()})

    def __rfloordiv__(self, other: Scalar) -> "Polynomial":
        return as_polynomial(other) // self

    def __truediv__(self, other: Union["Polynomial", Scalar]) -> Union["Polynomial", "Quotient"]:
        return divide(self, as_polynomial(other))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Polynomial | int | Fraction):
            return NotImplemented
        return self.terms == as_polynomial(other).terms

    def __hash__(self) -> int:
        constant = self.terms.keys() <= {()}
        return hash(self.terms.get((), 0) if constant else frozenset(self.terms.items()))

    def evaluate(self, values: Mapping[str, int]) -> Fraction:
        """The exact value, with a number for every symbol."""
        left = self.substitute(values)
        if left.names():
            msg = f"no value for {', '.join(sorted(left.names()))}"
            raise KeyError(msg)
        return Fraction(left.terms.get((), 0))

    def substitute(self, values: Mapping[str, int]) -> "Polynomial":
        """The polynomial that is left when some symbols are numbers."""
        result = as_polynomial(0)
        for powers, coefficient in self.terms.items():
            above = below = 1
            for _, name, exponent in powers:
                if name in values and exponent > 0:
                    above *= values[name] ** exponent
                elif name in values:
                    below *= values[name] ** -exponent
            rest = tuple(power for power in powers if power[1] not in values)
            result += Polynomial({rest: _divide(coefficient * above, below)})
        return result

    def names(self) -> frozenset[str]:
        """The symbols that occur."""
        return frozenset(name for powers in self.terms for _, name, _ in powers)

    def text(self, values: Mapping[str, int] | None = None) -> str:
        """As plain text: ``Dk²·M + M·N``; with ``values``, the numbers stand where the symbols stood."""
        return notation.write(self.terms, notation.TEXT, values)

    def latex(self, values: Mapping[str, int] | None = None) -> str:
        """As LaTeX mathematics, without delimiters."""
        return notation.write(self.terms, notation.LATEX, values)

    __repr__ = __str__ = text


class Quotient:
    """A quotient of two polynomials of which the denominator has several terms."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Polynomial, denominator: Polynomial) -> None:
        self.numerator, self.denominator = numerator, denominator

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quotient):
            return NotImplemented
        return self.numerator * other.denominator == other.numerator * self.denominator

    __hash__ = None  # type: ignore[assignment]  # equal quotients can be written in many ways

    def evaluate(self, values: Mapping[str, int]) -> Fraction:
        """The exact value, with a number for every symbol."""
        return self.numerator.evaluate(values) / self.denominator.evaluate(values)

    def names(self) -> frozenset[str]:
        """The symbols that occur."""
        return self.numerator.names() | self.denominator.names()

    def text(self, values: Mapping[str, int] | None = None) -> str:
        """As plain text: ``(M + N)/(M·N + 1)``."""
        top = self.numerator.text(values)
        return (
            f"({top})/({self.denominator.text(values)})"
            if len(self.numerator.terms) > 1
            else (f"{top}/({self.denominator.text(values)})")
        )

    def latex(self, values: Mapping[str, int] | None = None) -> str:
        """As LaTeX mathematics, without delimiters."""
        return rf"\frac{{{self.numerator.latex(values)}}}{{{self.denominator.latex(values)}}}"

    __repr__ = __str__ = text


def divide(numerator: Polynomial, denominator: Polynomial) -> Polynomial | Quotient:
    """The quotient, with the common monomial cancelled; a polynomial wherever it is one."""
    if not denominator.terms:
        raise ZeroDivisionError("a polynomial divided by zero")
    if not numerator.terms:
        return numerator
    common = _common_monomial(numerator, denominator)
    numerator, denominator = numerator // common, denominator // common
    if len(denominator.terms) == 1:
        return numerator // denominator
    factor = _proportion(numerator, denominator)
    return factor if factor is not None else Quotient(numerator, denominator)


def symbols(*names: str) -> tuple[Polynomial, ...]:
    """Symbols that are written in the order given here.

    >>> N, M = symbols("N", "M")
    >>> M * N
    N·M
    """
    return tuple(Symbol(name, place) for place, name in enumerate(names))


def Symbol(name: str, place: int = 0) -> Polynomial:  # noqa: N802 - reads as the class it stands in for
    """One symbol; in a product, lower places are written first."""
    return Polynomial({((place, name, 1),): 1})


def as_polynomial(value: Polynomial | Scalar) -> Polynomial:
    """A number as the polynomial of one constant term; a polynomial as it is."""
    return value if isinstance(value, Polynomial) else Polynomial({(): value})


def _divide(value: Scalar, divisor: Scalar) -> Scalar:
    """An exact quotient, an integer where it is one."""
    return _plain(Fraction(value, divisor))


def _plain(value: Scalar) -> Scalar:
    """An integer where it is one."""
    return value.numerator if value.denominator == 1 else value


def _multiply(left: Powers, right: Powers) -> Powers:
    if not left or not right:
        return left or right
    exponents: dict[tuple[int, str], int] = {}
    for place, name, exponent in left + right:
        exponents[place, name] = exponents.get((place, name), 0) + exponent
    return tuple((place, name, e) for (place, name), e in sorted(exponents.items()) if e)


def _common_monomial(left: Polynomial, right: Polynomial) -> Polynomial:
    """The largest monomial, with the largest number, that divides every term of both."""
    terms = [*left.terms.items(), *right.terms.items()]
    keys = {(place, name) for powers, _ in terms for place, name, _ in powers}
    lowest = {
        key: min(next((e for place, name, e in powers if (place, name) == key), 0) for powers, _ in terms)
        for key in keys
    }
    number = _divide(gcd(*(c.numerator for _, c in terms)), lcm(*(c.denominator for _, c in terms)))
    return Polynomial({tuple((*key, e) for key, e in sorted(lowest.items()) if e): number})


def _proportion(left: Polynomial, right: Polynomial) -> Polynomial | None:
    """The single term that ``left`` is a multiple of ``right`` by, if there is one."""
    if not left.terms or len(left.terms) != len(right.terms):
        return None
    for powers, value in left.terms.items():
        (first, divisor) = next(iter(right.terms.items()))
        factor = Polynomial({powers: value}) // Polynomial({first: divisor})
        if right * factor == left:
            return factor
    return None
