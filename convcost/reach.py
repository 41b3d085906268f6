"""What the elements of a layer see of the network's input on one axis, exactly, though they may differ.

Behind an upsampling or a transposed layer neighbours see differently much, but what they see repeats. So a
reach is a periodic function from an element to a hull, the first and the last input element that it sees, and a
layer's window takes one such function to the next. Elements of the input are counted from 0, and go on on both
sides as far as padding reaches.
"""

from math import gcd, lcm
from typing import NamedTuple

from convcost.layers.base import Window

Hull = tuple[int, int]

# Bounds, so that no network is slow: hulls of one reach, hulls looked up in all, and a reach's shift.
MOST_PHASES = 4096
MOST_LOOKUPS = 2**20
MOST_SHIFT = 10**12


class Reach(NamedTuple):
    """``hulls`` of elements 0, 1, … of one period; None for an element that sees nothing.

    Element o + period sees what o sees, ``shift`` input elements further on. ``rising`` says that every element
    sees something, and begins and ends no earlier than the one before it.
    """

    shift: int
    hulls: tuple[Hull | None, ...]
    rising: bool = True

    def at(self, element: int) -> Hull | None:
        """The hull of any element, those of padding too."""
        turns, phase = divmod(element, len(self.hulls))
        hull = self.hulls[phase]
        return hull and (hull[0] + turns * self.shift, hull[1] + turns * self.shift)


ITSELF = Reach(1, ((0, 0),))


class BeyondError(Exception):
    """A reach is beyond the bounds; the message says how."""


class Effort:
    """The lookups that are left to a network."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_LOOKUPS

    def take(self, lookups: int) -> None:
        """Spend some. Raises BeyondError where fewer are left."""
        self.left -= lookups
        if self.left < 0:
            raise BeyondError("the network's elements differ in too many ways")


def behind(reach: Reach, window: Window, effort: Effort) -> Reach:
    """The reach of a layer that reads elements of this reach through its window. Raises BeyondError."""
    shift, hulls, _ = reach
    hull = hulls[0]
    if window.period == len(hulls) == 1 and hull:
        # All that most networks need.
        reads = window.reads(0)
        return _bounded(window.shift * shift, ((hull[0] + reads[0] * shift, hull[1] + reads[-1] * shift),))
    # After so many of its own periods the window has moved by whole periods of what it reads.
    turns = len(hulls) // gcd(len(hulls), window.shift)
    _require_few(turns * window.period)
    seen = []
    for element in range(turns * window.period):
        turn, phase = divmod(element, window.period)
        reads, moved = window.reads(phase), turn * window.shift
        seen.append(_hull(reach, range(reads.start + moved, reads.stop + moved, reads.step), effort))
    return _bounded(turns * window.shift // len(hulls) * shift, tuple(seen))


def _hull(reach: Reach, reads: range, effort: Effort) -> Hull | None:
    """From the first to the last input element behind the elements that are read."""
    effort.take(2)
    if reach.rising and reads:
        begin, end = reach.at(reads[0]), reach.at(reads[-1])
        return begin and end and (begin[0], end[1])
    # A dilated transposed layer puts elements out of order, a short one leaves holes. But after one round of
    # phases all recur, further on.
    phases = len(reach.hulls) // gcd(len(reach.hulls), reads.step)
    early, late = reads[:phases], reads[-phases:]
    effort.take(len(early) + len(late))
    first = min((hull[0] for hull in map(reach.at, early) if hull), default=None)
    last = max((hull[1] for hull in map(reach.at, late) if hull), default=None)
    return None if first is None or last is None else (first, last)


def joined(reaches: list[Reach], effort: Effort) -> tuple[Reach, bool] | None:
    """The reach of elements made of one element of each branch, and whether these have one centre throughout.

    None where branches move over the input in unequal steps. Raises BeyondError.
    """
    one = reaches[0]
    if all(reach is one for reach in reaches):
        return one, True
    effort.take(sum(len(reach.hulls) - 1 for reach in reaches))
    # A branch that sees nothing has no say.
    reaches = [reach for reach in reaches if any(reach.hulls)] or reaches[:1]
    one = reaches[0]
    if any(reach.shift * len(one.hulls) != one.shift * len(reach.hulls) for reach in reaches):
        return None
    period = lcm(*(len(reach.hulls) for reach in reaches))
    _require_few(period)
    effort.take((period - 1) * len(reaches))
    aligned = True
    seen: list[Hull | None] = []
    for element in range(period):
        hulls = [hull for reach in reaches if (hull := reach.at(element))]
        aligned = aligned and len({first + last for first, last in hulls}) <= 1
        seen.append((min(first for first, _ in hulls), max(last for _, last in hulls)) if hulls else None)
    return _bounded(period // len(one.hulls) * one.shift, tuple(seen)), aligned


def _require_few(phases: int) -> None:
    if phases > MOST_PHASES:
        raise BeyondError(f"its elements differ in more than {MOST_PHASES:,} ways")


def _bounded(shift: int, hulls: tuple[Hull | None, ...]) -> Reach:
    if shift > MOST_SHIFT:
        raise BeyondError(f"it moves by more than {MOST_SHIFT:,} elements")
    return Reach(shift, hulls, _rises(shift, hulls) if len(hulls) > 1 else bool(hulls[0]))


def _rises(shift: int, hulls: tuple[Hull | None, ...]) -> bool:
    seen = [hull for hull in hulls if hull]
    if len(seen) < len(hulls):
        return False
    following = (*seen[1:], (seen[0][0] + shift, seen[0][1] + shift))
    return all(a[0] <= b[0] and a[1] <= b[1] for a, b in zip(seen, following, strict=True))
