"""An axis of unknown size n, followed through the output-size formulas."""

from math import gcd


class Axis:
    """The size floor((a·n + b)/c) of an axis, for an unknown n.

    Floors of floors stay in this form, so two layers run over equally many positions, whatever n, exactly
    when their axes are equal. Multiplying a size that has been divided leaves the form and is refused.

    >>> n = Axis()
    >>> (n + 2 - 3) // 2 + 1 == -(-n // 2)
    True
    >>> (n - 3) // 1 + 1 == n
    False
    """

    __slots__ = ("a", "b", "c")

    def __init__(self, a: int = 1, b: int = 0, c: int = 1) -> None:
        # floor((h·x + b)/(h·y)) is floor((x + floor(b/h))/y): the form with a and c coprime is the only one.
        common = 1 if a == 1 else gcd(a, c)
        self.a, self.b, self.c = a // common, b // common, c // common

    def __add__(self, other: int) -> "Axis":
        return Axis(self.a, self.b + other * self.c, self.c)

    def __sub__(self, other: int) -> "Axis":
        return self + -other

    def __mul__(self, other: int) -> "Axis":
        if self.c != 1:
            msg = "an axis that was divided cannot be multiplied"
            raise ArithmeticError(msg)
        return Axis(self.a * other, self.b * other)

    def __floordiv__(self, other: int) -> "Axis":
        return Axis(self.a, self.b, self.c * other)

    def __neg__(self) -> "_Negated":
        return _Negated(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Axis):
            return NotImplemented
        return (self.a, self.b, self.c) == (other.a, other.b, other.c)

    def __hash__(self) -> int:
        return hash((self.a, self.b, self.c))

    def text(self, name: str = "n") -> str:
        """The size as text, for an input of size ``name``.

        >>> str((Axis() + 1) // 2)
        '⌊(n + 1)/2⌋'
        """
        scaled = name if self.a == 1 else f"{self.a}·{name}"
        shifted = f"{scaled} {'-' if self.b < 0 else '+'} {abs(self.b)}" if self.b else scaled
        if self.c == 1:
            return shifted
        return f"⌊({shifted})/{self.c}⌋" if self.b else f"⌊{shifted}/{self.c}⌋"

    __repr__ = __str__ = text


class _Negated:
    """The -n of a ceiling: -(-n // c) is floor((n + c - 1)/c)."""

    __slots__ = ("axis",)

    def __init__(self, axis: Axis) -> None:
        self.axis = axis

    def __floordiv__(self, other: int) -> "_Negated":
        return _Negated((self.axis + (other - 1)) // other)

    def __neg__(self) -> Axis:
        return self.axis
