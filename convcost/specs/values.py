"""The values of keys: each read by what it holds, or noted as a problem at its place."""

from collections.abc import Callable
from typing import Any

from convcost.errors import ConvcostError, describe
from convcost.layers.base import LARGEST, count
from convcost.names import closest
from convcost.specs import language
from convcost.specs.document import Mapping, Node, Scalar, Sequence, Source, value
from convcost.specs.language import Key


class Unreadable(Exception):  # noqa: N818 - no error that leaves the reader: its problem is noted already
    """A value that was noted as a problem."""


def read(source: Source, node: Node, name: str, key: Key) -> Any:
    """The value of a key; raises Unreadable where it is a problem, which is noted."""
    return _READERS[key.holds](source, node, name, key)


def text(source: Source, node: Node, name: str) -> str:
    """A word or a line of text."""
    if not isinstance(node, Scalar):
        raise _wrong(source, node, f"`{name}` must be text, got {_what(node)}")
    if not node.text.strip():
        raise _wrong(source, node, f"`{name}` is empty")
    return node.text


def number(source: Source, node: Node, name: str, least: int = 1) -> int:
    """A whole number."""
    found = _scalar(source, node, name, "a whole number")
    if isinstance(found, float) and isinstance(node, Scalar):
        raise _wrong(source, node, f"`{name}` must be a whole number, got `{describe(node.text)}`")
    try:
        count(name, found, least)
    except ConvcostError as error:
        raise _wrong(source, node, error.message) from None
    return int(found)


def _count(source: Source, node: Node, name: str, key: Key) -> int:
    return number(source, node, name, key.least)


def _per_axis(source: Source, node: Node, name: str, key: Key) -> Any:
    if isinstance(node, Sequence):
        return tuple(number(source, item, name, key.least) for item in node.items)
    if isinstance(node, Scalar) and (axes := node.text.split("x"))[1:] and all(map(str.isdecimal, axes)):
        hint = f"one per axis is a list: [{', '.join(axes)}]"
        raise _wrong(source, node, f"`{name}` must be a whole number, got `{node.text}`", hint)
    return number(source, node, name, key.least)


def _padding(source: Source, node: Node, name: str, key: Key) -> Any:
    del key
    if isinstance(node, Sequence):
        pairs = [item for item in node.items if isinstance(item, Sequence)]
        if pairs and len(pairs) != len(node.items):
            raise _wrong(source, node, f"`{name}` mixes numbers with [begin, end] pairs")
        if any(len(pair.items) != 2 for pair in pairs):  # noqa: PLR2004 - begin and end
            raise _wrong(source, node, f"`{name}` as pairs takes [begin, end] for each axis")
        if pairs:
            return tuple(tuple(number(source, item, name, 0) for item in pair.items) for pair in pairs)
        return tuple(number(source, item, name, 0) for item in node.items)
    found = _scalar(source, node, name, "a number, `same` or `valid`")
    if isinstance(found, str):
        if found not in ("same", "valid"):
            hint = f"did you mean `{found.lower()}`?" if found.lower() in ("same", "valid") else ""
            raise _wrong(source, node, f"`{name}` must be a number, `same` or `valid`, got `{describe(found)}`", hint)
        return found
    return number(source, node, name, 0)


def _flag(source: Source, node: Node, name: str, key: Key) -> bool:
    del key
    found = _scalar(source, node, name, "true or false")
    if not isinstance(found, bool):
        raise _wrong(source, node, f"`{name}` must be true or false, got `{describe(found)}`")
    return found


def _text(source: Source, node: Node, name: str, key: Key) -> str:
    del key
    return text(source, node, name)


def _word(known: tuple[str, ...]) -> Callable[[Source, Node, str, Key], str]:
    def reader(source: Source, node: Node, name: str, key: Key) -> str:
        del key
        found = text(source, node, name)
        if found not in known:
            guess = closest(found, known)
            hint = f"did you mean `{guess}`?" if guess else f"one of {', '.join(known)}"
            raise _wrong(source, node, f"`{name}` cannot be `{describe(found)}`", hint)
        return found

    return reader


def _decimal(source: Source, node: Node, name: str, key: Key) -> float:
    del key
    found = _scalar(source, node, name, "a number")
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _wrong(source, node, f"`{name}` must be a number, got `{describe(found)}`")
    return found


def _rate(source: Source, node: Node, name: str, key: Key) -> float:
    found = _decimal(source, node, name, key)
    if not 0 <= found <= 1:
        raise _wrong(source, node, f"`{name}` must be between 0 and 1, got `{describe(found)}`")
    return found


def _factor(source: Source, node: Node, name: str, key: Key) -> Any:
    if isinstance(node, Sequence):
        return tuple(_decimal(source, item, name, key) for item in node.items)
    return _decimal(source, node, name, key)


def _sizes(source: Source, node: Node, name: str, key: Key) -> Any:
    if isinstance(node, Sequence):
        return tuple(_size(source, item, name, key) for item in node.items)
    return _size(source, node, name, key)


def _size(source: Source, node: Node, name: str, key: Key) -> int | None:
    if isinstance(node, Scalar) and value(source, node) is None and not node.quoted:
        return None
    return number(source, node, name, key.least)


def shape(source: Source, node: Node) -> tuple[int, ...]:
    """An input shape without the batch: ``3x224x224`` or ``[3, 224, 224]``."""
    if isinstance(node, Sequence):
        if not node.items:
            raise _wrong(source, node, "`input` is empty", "write channels and sizes: 3x224x224")
        return tuple(number(source, item, "input") for item in node.items)
    written = text(source, node, "input")
    parts = written.lower().replace("×", "x").split("x")
    if not all(part.strip().isdecimal() and len(part) <= len(str(LARGEST)) for part in parts):
        raise _wrong(
            source, node, f"`input` must be a shape like 3x224x224, got `{describe(written)}`", "without the batch"
        )
    sizes = tuple(int(part) for part in parts)
    for size in sizes:
        try:
            count("input", size)
        except ConvcostError as error:
            raise _wrong(source, node, error.message) from None
    return sizes


def _scalar(source: Source, node: Node, name: str, wanted: str) -> Any:
    if not isinstance(node, Scalar):
        raise _wrong(source, node, f"`{name}` must be {wanted}, got {_what(node)}")
    before = len(source.problems)
    found = value(source, node)
    if len(source.problems) > before:
        raise Unreadable
    if found is None:
        raise _wrong(source, node, f"`{name}` must be {wanted}, got nothing")
    return found


def _what(node: Node) -> str:
    return "a list" if isinstance(node, Sequence) else "a mapping" if isinstance(node, Mapping) else f"`{node.text}`"


def _wrong(source: Source, node: Node, message: str, hint: str = "") -> Unreadable:
    source.problem(node.place, message, hint)
    return Unreadable(message)


_READERS: dict[str, Callable[[Source, Node, str, Key], Any]] = {
    language.COUNT: _count,
    language.PER_AXIS: _per_axis,
    language.PADDING: _padding,
    language.FLAG: _flag,
    language.TEXT: _text,
    language.NORM: _word(("none", *language.NORMS)),
    language.ACT: _word(("none", *language.ACTIVATIONS)),
    language.RATE: _rate,
    language.FACTOR: _factor,
    language.SIZES: _sizes,
}
