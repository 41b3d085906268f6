"""Which rows of a sweep stay, and in which order: ``--where``, ``--sort``, ``--top``, and what was left out."""

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import merge, nsmallest
from itertools import chain, count, islice, repeat
from typing import Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.expressions import Expression, ExpressionError
from convcost.lanes import Column, Lanes, Store
from convcost.ordering import Key

# What a row is that a condition leaves out.
LEFT_OUT = object()


def holds(condition: Expression, names: Mapping[str, Any], field: str) -> bool:
    """Whether a condition is true; an error names the field that holds it."""
    return bool(_value(condition, names, field))


def _value(expression: Expression | Key, names: Mapping[str, Any], field: str) -> Any:
    try:
        return expression.value(names)
    except ExpressionError as error:
        raise ConvcostError(f"{error.message} in `{expression.text}`", field=field, hint=error.hint) from None


class Invalid(NamedTuple):
    """Why combinations cannot be."""

    message: str


class Part(NamedTuple):
    """Rows that stay: each value one for all, or a column; and the places of the rows in their slice."""

    row: Mapping[str, Any]
    size: int
    places: Column | None


class Selection:
    """The conditions of a sweep, and how many combinations did not stay, for which reasons.

    ``partial`` are sentences on what is not counted.
    """

    def __init__(self, where: Expression | None = None, order: tuple[Key, ...] = (), top: int | None = None) -> None:
        self.where, self.order, self.top = where, order, top
        self.excluded = self.found = 0
        self.reasons: Counter[str] = Counter()
        self.partial: dict[str, None] = {}
        self._examples: dict[str, str] = {}

    def judge(self, row: dict[str, Any], scope: Callable[[], Mapping[str, Any]]) -> Any:
        """The row with what it is sorted by, or LEFT_OUT."""
        if self.where is None and not self.order:
            return row
        names = scope()
        if self.where is not None and not holds(self.where, names, "where"):
            return LEFT_OUT
        return {**row, "order": tuple(_value(key, names, "sort") for key in self.order)}

    def note(self, message: str, combinations: int) -> None:
        """Combinations that cannot be; reasons that differ in their numbers alone are one."""
        alike = _NUMBERS.sub("N", message)
        self.reasons[self._examples.setdefault(alike, message)] += combinations

    @property
    def invalid(self) -> int:
        """The combinations that cannot be."""
        return self.reasons.total()

    @property
    def left_out(self) -> int:
        """The rows that --top does not show."""
        return max(0, self.found - self.top) if self.top is not None else 0

    def rows(
        self, slices: Iterable[list[Part]], keys: tuple[str, ...], store: Store, shown: "Shown" = None
    ) -> Iterator[tuple[Any, ...]]:
        """The rows that stay, as a value for each key: in the grid's order as they come, or sorted at the end.

        With ``top`` no more than that many rows are held at a time, beside those of one slice. ``shown`` says
        how a value is shown, where not as it is.
        """
        if not self.order:
            for parts in slices:
                room = None if self.top is None else max(0, self.top - self.found)
                self.found += sum(part.size for part in parts)
                yield from islice(_in_order(parts, keys, shown), room)
            return
        best: list[_Ranked] = []
        numbers = count()
        for parts in slices:
            self.found += sum(part.size for part in parts)
            number = next(numbers)
            fresh = (row for part in self._promising(parts, best, store) for row in _ranked(part, keys, shown, number))
            best = list(chain(best, fresh)) if self.top is None else nsmallest(self.top, chain(best, fresh), key=_rank)
        yield from map(operator.itemgetter(-1), sorted(best, key=_rank))

    def _promising(self, parts: list[Part], best: "list[_Ranked]", store: Store) -> Iterator[Part]:
        """The rows that can be among the first: those that come before the last of the best so far."""
        for part in parts:
            first = part.row["order"][0]
            if type(first) is not Lanes or self.top is None or len(best) < self.top:
                yield part
                continue
            yield _taken(part, first.places(operator.le, best[-1][0][0]), store)


_NUMBERS = re.compile(r"[0-9]+")
Shown = Callable[[Any], Any] | None
# What a row is sorted by, its slice, its place there, and its values.
_Ranked = tuple[tuple[Any, ...], int, int, tuple[Any, ...]]


def _rank(row: _Ranked) -> tuple[Any, ...]:
    return row[:3]


def _ranked(part: Part, keys: tuple[str, ...], shown: Shown, number: int) -> Iterator[_Ranked]:
    order = cells(part.row["order"], part.size)
    return zip(order, repeat(number), _places(part), _rows(part, keys, shown), strict=False)


def _in_order(parts: list[Part], keys: tuple[str, ...], shown: Shown) -> Iterator[tuple[Any, ...]]:
    """The rows of a slice in the order of the grid, in which the rows of each part are already."""
    if len(parts) == 1:
        return _rows(parts[0], keys, shown)
    placed = (zip(_places(part), _rows(part, keys, shown), strict=True) for part in parts)
    return map(operator.itemgetter(1), merge(*placed, key=operator.itemgetter(0)))


def _places(part: Part) -> Iterable[int]:
    if part.places is None:
        return range(part.size)
    return part.places if isinstance(part.places, list) else part.places.tolist()


def _rows(part: Part, keys: tuple[str, ...], shown: Shown) -> Iterator[tuple[Any, ...]]:
    return zip(*(cells(part.row[key], part.size, shown) for key in keys), strict=True)


def _taken(part: Part, where: Column, store: Store) -> Part:
    """Some of a part's rows."""
    places = where if part.places is None else store.take(part.places, where, None)
    return Part({key: _take(value, where) for key, value in part.row.items()}, len(where), places)


def _take(value: Any, where: Column) -> Any:
    if isinstance(value, tuple):
        return tuple(_take(part, where) for part in value)
    return value.take(where) if type(value) is Lanes else value


def cells(value: Any, size: int, shown: Shown = None) -> Iterator[Any]:
    """A value of some lanes, lane by lane: one for all, a column, or a tuple of these for each axis.

    ``shown`` says how all but columns of numbers are shown.
    """
    if not _varies(value):
        return repeat(shown(value) if shown else value, size)
    if isinstance(value, tuple):
        each = zip(*(cells(part, size) for part in value), strict=True)
        return map(shown, each) if shown else each
    return iter(value.tolist())


def _varies(value: Any) -> bool:
    return any(map(_varies, value)) if isinstance(value, tuple) else type(value) is Lanes
