"""What the columns of a block are kept in: lists here, numpy's arrays in `convcost.lanes.arrays`."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Protocol

Column = Any  # a list, or an array
# How many values each axis of a block has; None where lanes have parted, and are no block any more.
Sizes = tuple[int, ...] | None


class Store(Protocol):
    """What columns are kept in. A column of a block may be kept in less than a value for each lane."""

    def column(self, values: Sequence[Any], axis: int, sizes: tuple[int, ...]) -> Column:
        """The values of an axis of a block, over all of its lanes."""

    def apply(self, word: Callable[..., Any], a: Any, b: Any, bounds: tuple[Any, Any]) -> Column:
        """An operation, lane by lane; either operand may be one number for all. The result lies within the bounds."""

    def flat(self, column: Column, sizes: Sizes) -> Column:
        """A value for each lane."""

    def take(self, column: Column, where: Column, sizes: Sizes) -> Column:
        """The lanes at these places."""

    def split(self, mask: Column, sizes: Sizes) -> tuple[Column, Column]:
        """The places where a mask is true, and where it is false."""

    def groups(self, column: Column, sizes: Sizes) -> list[Column]:
        """The places of lanes that are equal, for each number that there is."""

    def agreed(self, mask: Column) -> bool | None:
        """What all lanes of a mask are; None where they differ."""

    def ends(self, column: Column) -> tuple[Any, Any]:
        """The least and the largest, as Python's own numbers."""

    def tolist(self, column: Column, sizes: Sizes) -> list[Any]:
        """A value for each lane, as Python's own numbers."""


class Lists:
    """Columns as lists: exact whatever the size."""

    def column(self, values: Sequence[Any], axis: int, sizes: tuple[int, ...]) -> Column:
        """Each value as often in a row as the axes behind have combinations, and so on again for those before."""
        times = prod(sizes[axis + 1 :])
        return [value for value in values for _ in range(times)] * prod(sizes[:axis])

    def apply(self, word: Callable[..., Any], a: Any, b: Any, bounds: tuple[Any, Any]) -> Column:
        """An operation, lane by lane."""
        del bounds
        if not isinstance(b, list):
            return [word(x, b) for x in a]
        return list(map(word, a, b)) if isinstance(a, list) else [word(a, y) for y in b]

    def flat(self, column: Column, sizes: Sizes) -> Column:
        """The column itself."""
        del sizes
        return column

    def take(self, column: Column, where: Column, sizes: Sizes) -> Column:
        """The lanes at these places."""
        del sizes
        return [column[place] for place in where]

    def split(self, mask: Column, sizes: Sizes) -> tuple[Column, Column]:
        """The places where a mask is true, and where it is false."""
        del sizes
        return [i for i, yes in enumerate(mask) if yes], [i for i, yes in enumerate(mask) if not yes]

    def groups(self, column: Column, sizes: Sizes) -> list[Column]:
        """The places of lanes that are equal, for each number that there is."""
        del sizes
        found: dict[Any, list[int]] = {}
        for place, number in enumerate(column):
            found.setdefault(number, []).append(place)
        return list(found.values())

    def agreed(self, mask: Column) -> bool | None:
        """What all lanes of a mask are; None where they differ."""
        return True if all(mask) else None if any(mask) else False

    def ends(self, column: Column) -> tuple[Any, Any]:
        """The least and the largest."""
        return min(column), max(column)

    def tolist(self, column: Column, sizes: Sizes) -> list[Any]:
        """The column itself."""
        del sizes
        return column  # type: ignore[no-any-return]
