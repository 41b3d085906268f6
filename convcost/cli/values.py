"""The values of flags: kernels like 3x5, sizes, paddings, kinds with their options."""

from collections.abc import Iterable
from typing import Any

from convcost.errors import ConvcostError, describe
from convcost.kinds import KINDS
from convcost.layers.base import count, text_pads
from convcost.names import BY_NAME, closest, long_name
from convcost.rows import Choice

# Options that take a number for each axis, and the least that it may be; the others take one number.
_LEAST = {"dilation": 1, "cheap_kernel": 1, "output_padding": 0}

# Longer numbers cannot be sizes of anything, and Python refuses to read the longest.
_MOST_DIGITS = 15


def whole(flag: str, text: str) -> int:
    """A whole number."""
    cleaned = text.strip().replace("_", "")
    digits = cleaned[1:] if cleaned[:1] in ("+", "-") else cleaned
    if not digits.isdecimal() or not digits.isascii():
        raise ConvcostError(f"{flag} must be a whole number, got `{describe(text)}`")
    if len(cleaned) > _MOST_DIGITS:
        raise ConvcostError(f"{flag}: `{describe(text)}` is too large")
    return int(cleaned)


def per_axis(flag: str, text: str) -> int | tuple[int, ...]:
    """One number, or one per axis: ``3``, ``3x5``, ``1x3x3``."""
    try:
        numbers = tuple(whole(flag, part) for part in _axes(text))
    except ConvcostError as error:
        raise ConvcostError(error.message, hint="a number, or one per axis such as 3x5") from None
    return numbers[0] if len(numbers) == 1 else numbers


def padding(flag: str, text: str) -> Any:
    """``same``, ``valid``, ``1``, ``1x2`` (one per axis), or with begin and end ``0:1x0:1``."""
    word = text.strip()
    if word.isalpha():
        if word not in ("same", "valid"):
            raise ConvcostError(f"{flag} must be a number, `same` or `valid`, got `{describe(word)}`")
        return word
    if ":" not in word:
        return per_axis(flag, word)
    pairs = []
    for part in _axes(word):
        begin, colon, end = part.partition(":")
        pairs.append((whole(flag, begin), whole(flag, end if colon else begin)))
    return tuple(pairs)


MOST_AXES = 3


def axes_of(dims: int | None, values: Iterable[tuple[str, Any]]) -> tuple[int, str]:
    """How many axes of space there are, and what says so: --dims, or the first value with a number for each.

    ``values`` come with their flags.
    """
    found = (dims, "--dims says") if dims else None
    lists = ((len(value), f"{flag} says") for flag, value in values if isinstance(value, tuple))
    axes, reason = found or next(lists, (2, "without --dims there are"))
    if axes > MOST_AXES:
        raise ConvcostError(f"a convolution has 1 to {MOST_AXES} axes, got {axes}")
    return axes, reason


def require_axes(flag: str, value: Any, axes: int, reason: str) -> None:
    """Raise where a value has not one number for each axis of space; ``reason`` is what says how many there are."""
    if isinstance(value, tuple) and len(value) != axes:
        shown = text_pads(value) if isinstance(value[0], tuple) else "x".join(map(str, value))
        many = f"{len(value)} ax{'is' if len(value) == 1 else 'es'}"
        raise ConvcostError(f"{flag} {shown} is for {many}, and {reason} {axes}", hint="one number stands for all axes")


def _axes(text: str) -> list[str]:
    return text.lower().replace("×", "x").split("x")


def kinds(flag: str, text: str) -> tuple[Choice, ...]:
    """``standard,inverted_residual:t=6``: kinds with their options; ``all`` is every kind."""
    if text.strip() == "all":
        return tuple(Choice(kind, by_name=False) for kind in KINDS)
    found: list[tuple[str, dict[str, Any]]] = []
    for item in filter(None, (item.strip() for item in text.split(","))):
        name, *options = item.split(":")
        if "=" in name and found:
            options = [name, *options]
        else:
            found.append((_kind(flag, name), {}))
        for option in options:
            key, value = _option(flag, found[-1][0], option)
            found[-1][1][key] = value
    if not found:
        raise ConvcostError(f"{flag} names no kind", hint=f"choose from {', '.join(KINDS)}")
    return tuple(Choice(kind, options) for kind, options in found)


def kind(flag: str, text: str) -> Choice:
    """One kind with its options."""
    chosen = kinds(flag, text)
    if len(chosen) != 1:
        raise ConvcostError(f"{flag} takes one kind, got `{describe(text)}`")
    return chosen[0]


def _kind(flag: str, name: str) -> str:
    if name in KINDS:
        return name
    guess = closest(name, tuple(KINDS))
    hint = f"did you mean `{guess}`?" if guess else f"choose from {', '.join(KINDS)}"
    raise ConvcostError(f"{flag}: no kind `{describe(name)}`", hint=hint)


def _option(flag: str, kind_: str, text: str) -> tuple[str, Any]:
    word, equals, value = text.partition("=")
    name = long_name(word.strip())
    known = KINDS[kind_].options
    if not equals or name not in known:
        takes = ", ".join(f"{BY_NAME[key].letter}=" for key in known) or "no options"
        raise ConvcostError(f"{flag}: `{kind_}` has no option `{describe(text)}`", hint=f"it takes {takes}")
    shown = f"{flag} {kind_}:{word}"
    if name == "se" and "." in value:
        return name, _part(shown, value)
    if name not in _LEAST:
        return name, count(name, whole(shown, value), 2 if name == "ratio" else 1)
    read = per_axis(shown, value)
    for number in read if isinstance(read, tuple) else (read,):
        count(name, number, _LEAST[name])
    return name, read


def _part(flag: str, text: str) -> float:
    """A part of the channels coming in, between 0 and 1."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1:
        raise ConvcostError(f"{flag} must be channels, or a part between 0 and 1, got `{describe(text)}`")
    return found
