"""A grid: every combination of the values on its axes, in blocks that share their structure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from operator import add
from typing import Any, NamedTuple

from convcost.lanes import Column, Store


class Axis(NamedTuple):
    """A field and its values: numbers, tuples with a number for each axis of space, or words.

    Words (kinds, paddings) are structure: all lanes of a block have the same.
    """

    name: str
    values: Sequence[Any]
    of_words: bool = False

    def numbers(self, start: int, stop: int) -> dict[str, Sequence[Any]]:
        """The values as columns of numbers: one, or one for each axis of space where these differ."""
        values = self.values[start:stop]
        if not isinstance(values[0], tuple):
            return {self.name: values}
        if all(len(set(value)) == 1 for value in values):
            return {self.name: [value[0] for value in values]}
        return {f"{self.name}.{axis}": column for axis, column in enumerate(zip(*values, strict=True))}


class Block(NamedTuple):
    """Combinations of one structure: what is fixed, the columns of the rest, and the place of each in its slice."""

    fixed: Mapping[str, Any]
    columns: Mapping[str, Column]
    sizes: tuple[int, ...]
    places: Column | None  # None: in order

    @property
    def size(self) -> int:
        """How many there are."""
        return prod(self.sizes)


class Slice(NamedTuple):
    """Combinations that follow each other, as blocks; ``steps`` are the combinations, with those that are no row."""

    blocks: list[Block]
    steps: int


class Grid:
    """Axes in the order of nesting, the last varying fastest; one of them is ``kind``.

    ``ignored`` are the axes that a kind does not take: it has one row for all of their values.
    """

    def __init__(self, axes: tuple[Axis, ...], ignored: Callable[[Any], frozenset[str]]) -> None:
        self.axes, self.ignored = axes, ignored
        self.sizes = [len(axis.values) for axis in axes]
        self._memo: dict[Any, Column] = {}

    @property
    def steps(self) -> int:
        """All steps through the grid, with those that repeat a row."""
        return prod(self.sizes)

    @property
    def combinations(self) -> int:
        """The rows that there would be if every combination were possible."""
        kinds = next(axis.values for axis in self.axes if axis.name == "kind")
        return sum(self._rows_of(kind) for kind in kinds)

    def _rows_of(self, kind: Any) -> int:
        left_out = self.ignored(kind) | {"kind"}
        return prod(len(axis.values) for axis in self.axes if axis.name not in left_out)

    def slices(self, store: Store, most: int) -> Iterator[Slice]:
        """The grid in order, in slices of ``most`` combinations or fewer."""
        cut = next(index for index in range(len(self.axes)) if prod(self.sizes[index + 1 :]) <= most)
        inner = prod(self.sizes[cut + 1 :])
        length = max(1, most // inner)
        for outer in product(*map(range, self.sizes[:cut])):
            for start in range(0, self.sizes[cut], length):
                stop = min(start + length, self.sizes[cut])
                yield Slice(list(self._blocks(store, outer, cut, (start, stop))), (stop - start) * inner)

    def _blocks(self, store: Store, outer: tuple[int, ...], cut: int, cut_range: tuple[int, int]) -> Iterator[Block]:
        """The blocks of a slice: one for each combination of words."""
        before = {axis.name: (index, axis.values[index]) for axis, index in zip(self.axes, outer, strict=False)}
        ranges = [cut_range, *((0, size) for size in self.sizes[cut + 1 :])]
        inner = list(zip(self.axes[cut:], ranges, strict=True))
        words = [(axis, range(*span)) for axis, span in inner if axis.of_words]
        for chosen in product(*(span for _, span in words)):
            picked = {axis.name: (i, axis.values[i]) for (axis, _), i in zip(words, chosen, strict=True)}
            ignored = self.ignored((before | picked)["kind"][1])
            if any(index for name, (index, _) in before.items() if name in ignored):
                continue
            if any(start for (axis, (start, _)) in inner if axis.name in ignored):
                continue
            picked |= {axis.name: (0, axis.values[0]) for axis, _ in inner if axis.name in ignored}
            yield self._block(store, inner, before, picked)

    def _block(self, store: Store, inner: list[Any], before: Mapping[str, Any], picked: Mapping[str, Any]) -> Block:
        free = [(axis, span) for axis, span in inner if axis.name not in picked]
        sizes = tuple(stop - start for _, (start, stop) in free) or (1,)
        columns: dict[str, Column] = {}
        for index, (axis, (start, stop)) in enumerate(free):
            for name, values in axis.numbers(start, stop).items():
                columns[name] = self._column(store, name, values, index, sizes)
        fixed = {name: value for name, (_, value) in {**before, **picked}.items()}
        places = self._places(store, inner, picked, sizes) if picked else None
        return Block(fixed, columns, sizes, places)

    def _column(self, store: Store, name: str, values: Sequence[Any], index: int, sizes: tuple[int, ...]) -> Column:
        """A column of an axis; those of whole axes come up again in each slice."""
        axis = next(axis for axis in self.axes if axis.name == name.partition(".")[0])
        if len(values) != len(axis.values):
            return store.column(values, index, sizes)
        key = (name, index, sizes)
        if key not in self._memo:
            self._memo[key] = store.column(values, index, sizes)
        return self._memo[key]

    def _places(self, store: Store, inner: list[Any], picked: Mapping[str, Any], sizes: tuple[int, ...]) -> Column:
        """Where the combinations of a block stand in its slice."""
        place, step = 0, prod(stop - start for _, (start, stop) in inner)
        columns: list[Column] = []
        for axis, (start, stop) in inner:
            step //= stop - start
            if axis.name in picked:
                place += (picked[axis.name][0] - start) * step
            else:
                offsets = [offset * step for offset in range(stop - start)]
                columns.append(store.column(offsets, len(columns), sizes))
        total = store.column([place] * sizes[0], 0, sizes)
        for column in columns:
            total = store.apply(add, total, column, (0, step))
        return store.flat(total, sizes)
