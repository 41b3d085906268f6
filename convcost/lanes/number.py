"""Numbers of many lanes, and truths: what formulas, layers and kinds take for one integer or one answer."""

import math
import operator
from collections.abc import Callable
from typing import Any

from convcost.lanes.columns import Column
from convcost.lanes.passage import Run, Split

Number = Any  # an int, a float or Lanes


class Later:
    """A column that is computed when somebody looks."""

    __slots__ = ("_values", "bounds", "from_", "run")

    def __init__(self, run: Run, low: Any, high: Any, from_: tuple[Any, ...] = (), values: Column = None) -> None:
        self.run, self.bounds, self.from_, self._values = run, (low, high), from_, values

    @property
    def values(self) -> Column:
        """The column."""
        if self._values is None:
            word, a, b = self.from_
            self._values = self.run.store.apply(word, _column(a), _column(b), self.bounds)
        return self._values

    def flat(self) -> Column:
        """A value for each lane."""
        return self.run.store.flat(self.values, self.run.sizes)

    def tolist(self) -> list[Any]:
        """A value for each lane, as Python's own numbers."""
        return self.run.store.tolist(self.values, self.run.sizes)


class Truth(Later):
    """Yes or no for each lane. Whoever asks gets one answer, or the lanes part."""

    __slots__ = ()
    __class__ = property(lambda _: bool)  # as `compute` tells truths from numbers

    def __bool__(self) -> bool:
        return self.run.ask(lambda: self.values)


class Lanes(Later):
    """A column of numbers that passes for one number."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # equal is a question with many answers

    # So that what checks an `int` checks these.
    __class__ = property(lambda self: float if isinstance(self.bounds[0], float) else int)

    def _lanes(self, word: Callable[..., Any], a: Number, b: Number, low: Any, high: Any) -> Any:
        key = (word, _key(a), _key(b))
        if key not in self.run.memo:
            self.run.memo[key] = Lanes(self.run, low, high, (word, a, b))
        return self.run.memo[key]

    def _corners(self, word: Callable[..., Any], a: Number, b: Number) -> Any:
        """An operation that grows or falls with each operand: its bounds are among those of the corners."""
        ends = [word(x, y) for x in _bounds(a) for y in _bounds(b)]
        if any(end != end for end in ends):  # noqa: PLR0124 - inf - inf is no number
            ends = [-math.inf, math.inf]
        return self._lanes(word, a, b, min(ends), max(ends))

    def _divided(self, word: Callable[..., Any], a: Number, b: Number) -> Any:
        low, high = _bounds(b)
        if low > 0 or high < 0:
            return self._corners(word, a, b)
        if b == 0:
            raise ZeroDivisionError
        most = max(map(abs, _bounds(a)))
        whole = word is operator.floordiv and isinstance(a, int) and isinstance(b, int)
        return self._lanes(word, a, b, *((-most - 1, most) if whole else (-math.inf, math.inf)))

    def _rest(self, a: Number, b: Number) -> Any:
        low, high = _bounds(b)
        if low <= 0 <= high and b == 0:
            raise ZeroDivisionError
        zero = 0 if isinstance(a, int) and isinstance(b, int) else 0.0
        return self._lanes(operator.mod, a, b, min(low + zero, zero), max(high + zero, zero))

    def _compared(self, word: Callable[..., Any], other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        if other is self:
            return word(0, 0)
        decided = _decided(word, self.bounds, _bounds(other))
        if decided is not None:
            return decided
        key = (word, *map(_key, (self, other)))
        if key not in self.run.memo:
            ends = (*self.bounds, *_bounds(other))
            self.run.memo[key] = Truth(self.run, min(ends), max(ends), (word, self, other))
        return self.run.memo[key]

    def __add__(self, other: Number) -> Any:
        return self if _is(other, 0) else self._corners(operator.add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Number) -> Any:
        return self if _is(other, 0) else self._corners(operator.sub, self, other)

    def __rsub__(self, other: Number) -> Any:
        return self._corners(operator.sub, other, self)

    def __mul__(self, other: Number) -> Any:
        return self if _is(other, 1) else self._corners(operator.mul, self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Number) -> Any:
        # A depthwise convolution has as many groups as channels.
        if other is self and _is_count(self):
            return 1
        return self if _is(other, 1) and _is_count(self) else self._divided(operator.floordiv, self, other)

    def __rfloordiv__(self, other: Number) -> Any:
        return self._divided(operator.floordiv, other, self)

    def __truediv__(self, other: Number) -> Any:
        return self._divided(operator.truediv, self, other)

    def __rtruediv__(self, other: Number) -> Any:
        return self._divided(operator.truediv, other, self)

    def __mod__(self, other: Number) -> Any:
        return 0 if _is_count(self) and (other is self or _is(other, 1)) else self._rest(self, other)

    def __rmod__(self, other: Number) -> Any:
        return self._rest(other, self)

    def __neg__(self) -> Any:
        return self._corners(operator.sub, 0, self)

    def __abs__(self) -> Any:
        return -self if self < 0 else self

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __eq__(self, other: object) -> Any:
        return self._compared(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(operator.ne, other)

    def __lt__(self, other: Any) -> Any:
        return self._compared(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._compared(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(operator.ge, other)

    # As integers have them, so that fractions take lanes.
    numerator = property(lambda self: self)
    denominator = 1

    def take(self, where: Column) -> "Lanes":
        """Some of the lanes."""
        store = self.run.store
        return Lanes(Run(store, None), *self.bounds, values=store.take(self.values, where, self.run.sizes))

    def places(self, word: Callable[..., Any], other: float) -> Column:
        """The places where a comparison with a number is true."""
        store = self.run.store
        return store.split(store.apply(word, self.values, other, self.bounds), self.run.sizes)[0]

    def _one(self) -> Any:
        """The number that all lanes are, for code that needs a number in its hand; lanes of others part."""
        low, high = self.run.store.ends(self.values)
        if low == high:
            return low
        raise Split((places, None) for places in self.run.store.groups(self.values, self.run.sizes))

    def __int__(self) -> int:
        return int(self._one())

    def __index__(self) -> int:
        return operator.index(self._one())

    def __float__(self) -> float:
        return float(self._one())

    def __ceil__(self) -> Any:
        return math.ceil(self._one()) if isinstance(self, float) else self

    def __floor__(self) -> Any:
        return math.floor(self._one()) if isinstance(self, float) else self

    def __round__(self) -> Any:
        return round(self._one()) if isinstance(self, float) else self

    def __format__(self, spec: str) -> str:
        return format(self._first(), spec)

    def __str__(self) -> str:
        return str(self._first())

    __repr__ = __str__

    def _first(self) -> Any:
        """What a message about the lanes gives as an example."""
        return self.take([0]).tolist()[0]


def _is(value: Number, neutral: int) -> bool:
    """Whether an operand is the integer that changes nothing."""
    return type(value) is int and value == neutral


def _is_count(value: Lanes) -> bool:
    """Whether all lanes are whole and above 0."""
    return type(value.bounds[0]) is int and value.bounds[0] > 0


def _key(value: Number) -> Any:
    return id(value) if type(value) is Lanes else (value, type(value))


def _bounds(value: Number) -> tuple[Any, Any]:
    return value.bounds if type(value) is Lanes else (value, value)


def _column(value: Number) -> Any:
    return value.values if type(value) is Lanes else value


def _decided(word: Callable[..., Any], a: tuple[Any, Any], b: tuple[Any, Any]) -> bool | None:
    """What the bounds of both sides say of a comparison, where they say it."""
    (low, high), (least, most) = a, b
    if word in (operator.eq, operator.ne):
        apart = high < least or low > most
        return (word is operator.ne) if apart else (word is operator.eq) if low == high == least == most else None
    surely, hardly = (
        ((high, least), (low, most)) if word in (operator.lt, operator.le) else ((low, most), (high, least))
    )
    return True if word(*surely) else None if word(*hardly) else False
