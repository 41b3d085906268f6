"""Numbers as people write them: scaled by a unit, to four significant digits, or exact."""

import re
from fractions import Fraction

from convcost.errors import ConvcostError, describe

# Bits of one element.
DTYPES = {
    "fp64": 64,
    "fp32": 32,
    "tf32": 32,
    "fp16": 16,
    "bf16": 16,
    "fp8": 8,
    "int32": 32,
    "int16": 16,
    "int8": 8,
    "int4": 4,
    "int1": 1,
}

SIGNIFICANT = 4
_SCALED_FROM = 1_000_000


class Unit:
    """A unit and how many base units it holds."""

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size

    def __repr__(self) -> str:
        return f"Unit({self.name!r}, {self.size})"


_COUNT_UNITS = (Unit("P", 10**15), Unit("T", 10**12), Unit("G", 10**9), Unit("M", 10**6))
_BYTE_UNITS = (Unit("PiB", 2**50), Unit("TiB", 2**40), Unit("GiB", 2**30), Unit("MiB", 2**20))


def column_unit(values: "list[int]", *, of_bytes: bool = False) -> Unit | None:
    """The unit for a whole column, where its largest value is a million or more.

    >>> column_unit([84672, 2493120]), column_unit([6912])
    (Unit('M', 1000000), None)
    """
    largest = max(values, default=0)
    if largest < _SCALED_FROM:
        return None
    return next((unit for unit in (_BYTE_UNITS if of_bytes else _COUNT_UNITS) if largest >= unit.size), None)


def significant(value: "int | float | Fraction") -> str:
    """A number to four significant digits, written out without an exponent.

    >>> significant(Fraction(265, 2304)), significant(21.676032), significant(1)
    ('0.1150', '21.68', '1.000')
    """
    return quotient(*value.as_integer_ratio())


def quotient(above: int, below: int) -> str:
    """A quotient to four significant digits, with all digits before the point.

    >>> quotient(84672, 10**6), quotient(99996, 10), quotient(12345, 1)
    ('0.08467', '10,000', '12,345')
    """
    if not above:
        return "0"
    sign, above = ("-", -above) if above < 0 else ("", above)
    # The power of ten of the first digit, up to one too large by the lengths alone.
    magnitude = len(str(above)) - len(str(below))
    magnitude -= above * 10 ** max(0, -magnitude) < below * 10 ** max(0, magnitude)
    places = max(0, SIGNIFICANT - 1 - magnitude)
    scaled = _rounded(above * 10**places, below)
    if places and scaled == 10**SIGNIFICANT:  # 9.9999 rounds up to one more digit
        places, scaled = places - 1, scaled // 10
    whole, rest = divmod(scaled, 10**places)
    return f"{sign}{whole:,}.{rest:0{places}d}" if places else f"{sign}{whole:,}"


def _rounded(above: int, below: int) -> int:
    """A quotient to the nearest integer, a half to the even one."""
    whole, rest = divmod(above, below)
    return whole + (2 * rest > below or (2 * rest == below and whole % 2 == 1))


def bytes_of(count: int, dtype: str) -> int:
    """Bytes that so many elements take, rounded up to whole bytes.

    >>> bytes_of(3, "fp32"), bytes_of(3, "int4")
    (12, 2)
    """
    return -(-count * DTYPES[dtype] // 8)


def times(ratio: Fraction) -> str:
    """A ratio in words: how many times fewer, or more.

    >>> times(Fraction(1, 8)), times(Fraction(3, 2)), times(Fraction(1))
    ('8.000× fewer', '1.500× more', 'the same')
    """
    if ratio == 1:
        return "the same"
    if ratio == 0:
        return "none"
    return f"{significant(1 / ratio)}× fewer" if ratio < 1 else f"{significant(ratio)}× more"


_AMOUNT_UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12, "P": 10**15}
_AMOUNT_UNITS |= {f"{letter}i": 2 ** (10 * power) for power, letter in enumerate("KMGTP", 1)}


def amount(text: str, *, of_bytes: bool = False) -> int:
    """A number as people write it, exactly: ``300M``, ``3.6e6``, ``256KiB``, ``5_000``; ``B`` is a byte or a billion.

    Raises ConvcostError for what is none, and for parts of one.

    >>> amount("3.6M"), amount("256KiB"), amount("1.5e6"), amount("512B", of_bytes=True)
    (3600000, 262144, 1500000, 512)
    """
    written = re.fullmatch(_AMOUNT, text.strip().replace("_", "").replace(",", ""))
    unit = written["unit"] if written else ""
    unit = unit if unit in _AMOUNT_UNITS and not of_bytes else unit.removesuffix("B")
    if written is None or unit not in _AMOUNT_UNITS or len(written["number"]) > _MOST_DIGITS:
        raise ConvcostError(f"must be a number such as 300M or 256KiB, got `{describe(text)}`")
    found = Fraction(written["number"]) * _AMOUNT_UNITS[unit]
    if found.denominator != 1:
        raise ConvcostError(f"must be a whole number, got `{describe(text)}`")
    return int(found)


_AMOUNT = r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?)\s*(?P<unit>[A-Za-z]*)"
_MOST_DIGITS = 24
