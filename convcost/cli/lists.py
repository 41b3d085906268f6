"""Flags that take several values: ``3,5,7``, ``64:512:64`` (both ends included), or ``16,32:128:32``."""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from convcost.cli.values import axes_of, padding, per_axis, require_axes, whole
from convcost.errors import ConvcostError, describe
from convcost.layers.base import count, pads_of
from convcost.layers.base import per_axis as on_each_axis
from convcost.names import BY_NAME

SINGLE = ("in_channels", "out_channels", "groups", "multiplier")
MOST_VALUES = 1_000_000
_RANGE = "a range is FIRST:LAST:STEP, such as 64:512:64"
_PARTS = (2, 3)


def flags(name: str) -> tuple[str, str]:
    """Both spellings of a field's flag: ``--c1 --in-channels``, ``-k --kernel-size``."""
    short = letter(name)
    return (f"-{short}" if len(short) == 1 else f"--{short}", f"--{name.replace('_', '-')}")


def letter(name: str) -> str:
    """A field as people name it in short: ``c1``, ``k``, ``size``."""
    return BY_NAME[name].letter if name in BY_NAME else name.removeprefix("input_")


def texts(flag: str, text: str) -> list[str]:
    """The items of a list, of which none is empty."""
    found = [item.strip() for item in text.split(",")]
    if not all(found):
        raise ConvcostError(f"{flag}: an empty value in `{describe(text)}`", hint="a list is like 3,5,7")
    return found


def numbers(flag: str, text: str) -> Sequence[Any]:
    """Whole numbers, and values with one for each axis, in the order written, each once."""
    items: list[Any] = []
    for item in texts(flag, text):
        found = whole_range(flag, item) if ":" in item else (per_axis(flag, item),)
        if isinstance(found, range) and item == text.strip():
            return found
        items.extend(found)
        if len(items) > MOST_VALUES:
            raise too_many(flag)
    return list(dict.fromkeys(items))


def whole_range(flag: str, text: str) -> range:
    """``64:512:64``: from the first to the last, which is in it where the steps meet it."""
    parts = [whole(flag, part) if part.strip() else None for part in text.split(":")]
    if len(parts) not in _PARTS or None in parts:
        raise ConvcostError(f"{flag}: `{describe(text)}` is no range", hint=_RANGE)
    first, last, step = (*parts, 1)[:3]
    _check_steps(flag, text, first, last, step)
    found = range(first, last + (1 if step > 0 else -1), step)  # type: ignore[operator,arg-type]
    if len(found) > MOST_VALUES:
        raise too_many(flag)
    return found


def _check_steps(flag: str, text: str, first: Any, last: Any, step: Any) -> None:
    if step == 0:
        raise ConvcostError(f"{flag}: the step of `{describe(text)}` is 0", hint=_RANGE)
    if (last - first) * step < 0:
        raise ConvcostError(
            f"{flag}: the steps of `{describe(text)}` lead away from its end", hint="turn its ends, or the step's sign"
        )


def too_many(flag: str) -> ConvcostError:
    """The error of a list that is too long."""
    return ConvcostError(f"{flag}: more than {MOST_VALUES:,} values", hint="a larger step makes them fewer")


class Span:
    """A range of numbers that may have parts: ``0.25:1.0:0.05``; without a step every number from end to end."""

    def __init__(self, flag: str, text: str) -> None:
        parts = text.split(":")
        if len(parts) not in _PARTS:
            raise ConvcostError(f"{flag}: `{describe(text)}` is no range", hint=_RANGE)
        try:
            self.first, self.last, *step = map(Decimal, parts)
        except InvalidOperation:
            raise ConvcostError(f"{flag}: `{describe(text)}` is no range", hint=_RANGE) from None
        if not all(number.is_finite() and abs(number) < _LARGEST for number in (self.first, self.last, *step)):
            raise ConvcostError(f"{flag}: `{describe(text)}` is no range", hint=_RANGE)
        self.flag, self.text = flag, text
        in_parts = any("." in part or "e" in part.lower() for part in parts)
        self.step = step[0] if step else None if in_parts else Decimal(1)
        self.number: Callable[[Decimal], float] = float if in_parts else int
        _check_steps(flag, text, self.first, self.last, self.step or self.last - self.first or 1)

    def values(self) -> list[float]:
        """The numbers, exact in decimals."""
        if self.step is None:
            raise ConvcostError(f"{self.flag}: `{describe(self.text)}` needs a step", hint=f"{self.text}:0.05")
        steps = int((self.last - self.first) / self.step)
        if steps >= MOST_VALUES:
            raise too_many(self.flag)
        return [self.number(self.first + index * self.step) for index in range(steps + 1)]


_LARGEST = Decimal(10) ** 12


def field(name: str, text: str) -> Sequence[Any]:
    """The values of a field's flag, as they are written."""
    flag = flags(name)[0]
    if name == "padding":
        return list(dict.fromkeys(padding(flag, item) for item in texts(flag, text)))
    found = numbers(flag, text)
    if name in SINGLE and (lists := [value for value in found if isinstance(value, tuple)]):
        raise ConvcostError(f"{flag} takes one number, not one per axis, got `{describe(lists[0])}`")
    return found


def axes_in(dims: int | None, read: dict[str, Sequence[Any]]) -> tuple[int, str]:
    """How many axes of space there are, and what says so."""
    lists = ((flags(name)[0], values) for name, values in read.items() if not isinstance(values, range))
    return axes_of(dims, ((flag, value) for flag, values in lists for value in values))


def checked(name: str, values: Sequence[Any], dims: int, reason: str) -> Sequence[Any]:
    """The values as layers take them; an error names the flag, and ``reason`` says where the axes are from."""
    if name not in SINGLE and not isinstance(values, range):
        for value in values:
            require_axes(flags(name)[0], value, dims, reason)
    try:
        if name in SINGLE:
            for value in (values[0], values[-1]) if isinstance(values, range) else values:
                count(name, value)
            return values
        if name == "padding":
            return [value if isinstance(value, str) else pads_of(value, dims, _no_word) for value in values]
        return [on_each_axis(name, value, dims, 0 if name == "output_padding" else 1) for value in values]
    except ConvcostError as error:
        raise ConvcostError(f"{flags(name)[0]}: {error.message}", field=error.field, hint=error.hint) from None


def _no_word(_axis: int) -> tuple[int, int]:
    raise ConvcostError("`padding` is no word here", field="padding")
