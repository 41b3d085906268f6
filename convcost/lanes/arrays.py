"""Columns of lanes as numpy's arrays: 64-bit integers while they suffice, exact integers where they do not."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convcost.lanes.columns import Sizes

_WORD = 2**63
# Up to here a 64-bit float holds every integer.
_EXACT = 2**53


class Arrays:
    """Columns as arrays. What may overflow 64 bits, by the bounds of the result, is computed in Python's integers.

    A column of a block lies along its own axis, and an operation spreads over the axes of both operands: what
    does not depend on the input size is not computed for each.
    """

    def column(self, values: Sequence[Any], axis: int, sizes: tuple[int, ...]) -> Any:
        """The values along their axis."""
        along = np.asarray(values, dtype=np.int64)
        return along.reshape((1,) * axis + (-1,) + (1,) * (len(sizes) - axis - 1))

    def apply(self, word: Callable[..., Any], a: Any, b: Any, bounds: tuple[Any, Any]) -> Any:
        """An operation, lane by lane; the result lies within the bounds."""
        whole = not isinstance(bounds[0], float) and not isinstance(bounds[1], float)
        if whole and word is not operator.truediv:
            fits = bounds[0] >= -_WORD and bounds[1] < _WORD and _is_word(a) and _is_word(b)
        else:
            fits = _is_float(a) and _is_float(b)
        return word(a, b) if fits else word(_exact(a), _exact(b))

    def flat(self, column: Any, sizes: Sizes) -> Any:
        """A value for each lane."""
        return column if sizes is None else np.broadcast_to(column, sizes).ravel()

    def take(self, column: Any, where: Any, sizes: Sizes) -> Any:
        """The lanes at these places."""
        return self.flat(column, sizes)[where]

    def split(self, mask: Any, sizes: Sizes) -> tuple[Any, Any]:
        """The places where a mask is true, and where it is false."""
        whole = self.flat(mask.astype(bool), sizes)
        return np.flatnonzero(whole), np.flatnonzero(~whole)

    def groups(self, column: Any, sizes: Sizes) -> list[Any]:
        """The places of lanes that are equal, for each number that there is."""
        _, numbers = np.unique(self.flat(column, sizes), return_inverse=True)
        places = np.argsort(numbers, kind="stable")
        return np.split(places, np.flatnonzero(np.diff(numbers[places])) + 1)

    def agreed(self, mask: Any) -> bool | None:
        """What all lanes of a mask are; None where they differ."""
        return True if mask.all() else None if mask.any() else False

    def ends(self, column: Any) -> tuple[Any, Any]:
        """The least and the largest, as Python's own numbers."""
        least, largest = column.min(), column.max()
        return (least.item(), largest.item()) if isinstance(least, np.generic) else (least, largest)

    def tolist(self, column: Any, sizes: Sizes) -> list[Any]:
        """A value for each lane, as Python's own numbers."""
        return self.flat(column, sizes).tolist()  # type: ignore[no-any-return]


def _is_word(value: Any) -> bool:
    """Whether an operand is in machine words, or a number that fits one."""
    return bool(value.dtype != object) if isinstance(value, np.ndarray) else bool(-_WORD <= value < _WORD)


def _is_float(value: Any) -> bool:
    """Whether a float takes the operand without rounding, so that numpy computes what Python does."""
    if not isinstance(value, np.ndarray):
        return isinstance(value, float) or abs(value) <= _EXACT
    if value.dtype == object:
        return False
    return bool(value.dtype.kind == "f") or int(np.abs(value).max(initial=0)) <= _EXACT


def _exact(value: Any) -> Any:
    return value.astype(object) if isinstance(value, np.ndarray) else value
