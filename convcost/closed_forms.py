"""Closed forms, derived: a kind is put together once more, with symbols for its numbers."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import Any

from convcost.composition import Composition
from convcost.errors import InternalError
from convcost.kinds import KINDS
from convcost.layers.base import Sizes
from convcost.names import AXES, POSITIONS, SYMBOL_ORDER, both_names, symbol_name
from convcost.symbols.polynomial import (
    Polynomial,
    Quotient,
    Symbol,
    as_polynomial,
    divide,
)

Closed = Polynomial | Quotient


class Alphabet:
    """The symbols of one row: the number that each stands for, and the field that it writes.

    A symbol that ``reserved`` (the baseline's) uses for another number is not used: the number stands itself.
    """

    __slots__ = ("fields", "notation", "reserved", "values")

    def __init__(self, notation: str, reserved: Mapping[str, int] | None = None) -> None:
        self.notation, self.reserved = notation, reserved or {}
        self.values: dict[str, int] = {}
        self.fields: dict[str, str] = {}

    def symbol(self, name: str, value: int, axis: str = "") -> Polynomial:
        """The symbol of a field, or of one axis of it."""
        written = symbol_name(name, self.notation) + axis
        return self._note(
            written, value, both_names(name) + (f" along {axis}" if axis else ""), SYMBOL_ORDER.index(name)
        )

    def per_axis(self, name: str, sizes: Sizes) -> tuple[Polynomial, ...]:
        """A symbol for each axis of a field: one and the same where all are equal."""
        if len(set(sizes)) == 1:
            return (self.symbol(name, sizes[0]),) * len(sizes)
        return tuple(self.symbol(name, size, axis) for axis, size in zip(AXES[len(sizes)], sizes, strict=True))

    def entry(self, sizes: Sizes) -> tuple[Polynomial, ...]:
        """A symbol for each axis of the input: ``Hi``, ``Wi``."""
        names = POSITIONS[len(sizes)]
        return tuple(
            self._note(f"{name}i", size, "input size", _ENTRY) for name, size in zip(names, sizes, strict=True)
        )

    def _note(self, written: str, value: int, meaning: str, place: int) -> Polynomial:
        if self.reserved.get(written, value) != value:
            return as_polynomial(value)
        self.values[written] = value
        self.fields[written] = meaning
        return Symbol(written, place)


# Sizes are written last in a product, the input's before the positions.
_ENTRY = len(SYMBOL_ORDER)
_POSITION = _ENTRY + 1


def symbolic(composition: Composition, letters: Alphabet, arguments: Mapping[str, Any]) -> Composition:
    """The same composition with symbols for channels, kernel and options; a 1 among the options stays 1.

    ``arguments`` are those that the kind's function was called with.
    """
    sizes = arguments["kernel_size"]
    c1 = letters.symbol("in_channels", arguments["in_channels"])
    c2 = letters.symbol("out_channels", arguments["out_channels"])
    kernel = letters.entry(sizes) if composition.kind == "global_depthwise" else letters.per_axis("kernel_size", sizes)
    others = {name: value for name, value in arguments.items() if name in ("stride", "dims", "bias")}
    others.update({name: _option(letters, name, value) for name, value in composition.options.items()})
    return KINDS[composition.kind].build(c1, c2, kernel, padding=0, **others)


def _option(letters: Alphabet, name: str, value: Any) -> Any:
    if name not in SYMBOL_ORDER or value == 1:
        return value
    return letters.per_axis(name, value) if isinstance(value, tuple) else letters.symbol(name, value)


def ratio(part: Polynomial, whole: Polynomial, values: Mapping[str, int], computed: Fraction) -> Closed:
    """The closed form of a quotient of weights; it is checked against the quotient that was computed."""
    closed = divide(as_polynomial(part), as_polynomial(whole))
    if closed.evaluate(values) != computed:
        raise InternalError(f"the closed form {closed} gives {closed.evaluate(values)}, not {computed}")
    return closed


def position_symbols(positions: Sizes, output: Sizes, entry: Sizes) -> tuple[Polynomial, ...] | None:
    """A symbol for each axis that a part runs over; None where an axis has no name.

    H or W where it is as long as the composition's output, Hi or Wi where it is as long as its input.
    """
    symbols = []
    for axis, n in enumerate(positions):
        name = POSITIONS[len(positions)][axis]
        if n not in (output[axis], entry[axis]):
            return None
        symbols.append(Symbol(name if n == output[axis] else name + "i", _POSITION + axis))
    return tuple(symbols)


def macs_formula(weights: Iterable[Any], positions: Iterable[tuple[Polynomial, ...] | None]) -> Polynomial | None:
    """The MACs of several parts: each part's weights over its positions, ``795·H·W``."""
    total = as_polynomial(0)
    for count, symbols in zip(weights, positions, strict=True):
        if symbols is None:
            return None
        total += prod(symbols, start=as_polynomial(count))
    return total
