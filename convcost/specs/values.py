"""The values of keys: each read by what it holds, or noted as a problem at its place.

What a template's parameters, the vars or the channels coming in decide is read as `Later` and settled when
the line is built; both ways go through the same checks.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, describe
from convcost.expressions import Expression, ExpressionError
from convcost.layers.base import LARGEST, count
from convcost.specs import language
from convcost.specs.document import Node, Place, Scalar, Sequence, Source, is_empty, value, what
from convcost.specs.language import Key
from convcost.specs.later import WANTED, WORDS, Later, check


class Unreadable(Exception):  # noqa: N818 - no error that leaves the reader: its problem is noted already
    """A value that was noted as a problem."""


# Among names, parameters or blocks: any that there may be, for what gives them could not be read. What has one of
# these names is no problem of its own.
ANY = "*"


class Reading(NamedTuple):
    """Where values stand: their source, the names that expressions may use, the blocks and defaults there are."""

    source: Source
    names: tuple[str, ...] = ()
    blocks: Mapping[str, Any] = {}
    defaults: Mapping[str, Any] = {}

    def wrong(self, node: Node, message: str, hint: str = "") -> Unreadable:
        """The value is noted as a problem."""
        self.source.problem(node.place, message, hint)
        return Unreadable(message)

    def knows(self, name: str) -> bool:
        """Whether expressions may use a name."""
        return name in self.names or (ANY in self.names and name.isidentifier())


def read(reading: Reading, node: Node, name: str, key: Key) -> Any:
    """The value of a key; raises Unreadable where it is a problem, which is noted."""
    return _READERS.get(key.holds, _leaf)(reading, node, name, key)


def layer_name(source: Source, node: Node) -> str:
    """The name of a line."""
    found = text(source, node, "name")
    if len(found) > LONGEST_NAME:
        raise Reading(source).wrong(node, f"a name of {len(found)} characters is too long", f"at most {LONGEST_NAME}")
    return found


LONGEST_NAME = 300


def text(source: Source, node: Node, name: str) -> str:
    """A word or a line of text."""
    reading = Reading(source)
    if not isinstance(node, Scalar):
        raise reading.wrong(node, f"`{name}` must be text, got {what(node)}")
    if not node.text.strip():
        raise reading.wrong(node, f"`{name}` is empty")
    return node.text


def expression(reading: Reading, node: Scalar, name: str, *, condition: bool = False) -> Expression:
    """A scalar as an expression over the names that are known; an error stands at its place in the text."""
    try:
        found = Expression(node.text, condition=condition)
        if ANY not in reading.names:
            found.require(reading.names)
    except ExpressionError as error:
        start = node.place.column + node.quoted + error.start
        place = Place(node.place.line, start, error.length) if node.place.length > 1 else node.place
        reading.source.problem(place, f"`{name}`: {error.message}", error.hint or "")
        raise Unreadable from None
    return found


def _leaf(reading: Reading, node: Node, name: str, key: Key) -> Any:
    """One value, checked as it stands, or an expression whose value will be."""
    words = WORDS.get(key.holds, ())
    if key.holds not in WANTED:
        found: Any = text(reading.source, node, name)
    else:
        found = scalar(reading, node, name, WANTED[key.holds])
    if isinstance(found, str) and isinstance(node, Scalar) and found not in words and _computes(found, reading, key):
        return Later(expression(reading, node, name), name, key, node.place)
    if key.holds in (language.COUNT, language.PER_AXIS) and isinstance(found, float) and isinstance(node, Scalar):
        raise reading.wrong(node, f"`{name}` must be a whole number, got `{node.shown}`")
    try:
        check(name, found, key)
    except ConvcostError as error:
        raise reading.wrong(node, error.message, error.hint or "") from None
    return found


_ARITHMETIC = frozenset("+-*/%(), ")


def _computes(found: str, reading: Reading, key: Key) -> bool:
    """Whether a text is an expression: a known name, or arithmetic where a number is wanted.

    What is a word may be called as numbers are that every line knows (``self.c1`` of a U-Net).
    """
    if key.holds not in WANTED and found in language.NUMBERS:
        return False
    return reading.knows(found) or (key.holds in WANTED and bool(_ARITHMETIC & set(found)) and len(found) > 1)


def number(source: Source, node: Node, name: str, least: int = 1) -> int:
    """A whole number that is written as one."""
    found: int = _leaf(Reading(source), node, name, Key(language.COUNT, least=least))
    return found


def _each(reading: Reading, node: Node, name: str, key: Key) -> Any:
    """One value, or a list with one for each axis."""
    if isinstance(node, Sequence):
        return tuple(_leaf(reading, item, name, key) for item in _items(reading, node, name))
    if isinstance(node, Scalar) and (axes := node.text.split("x"))[1:] and all(map(str.isdecimal, axes)):
        hint = f"one per axis is a list: [{', '.join(axes)}]"
        raise reading.wrong(node, f"`{name}` must be {WANTED[key.holds]}, got `{node.shown}`", hint)
    return _leaf(reading, node, name, key)


def _items(reading: Reading, node: Sequence, name: str) -> tuple[Node, ...]:
    """The items of a list, which has one at least."""
    if not node.items:
        raise reading.wrong(node, f"`{name}` is an empty list")
    return node.items


def _padding(reading: Reading, node: Node, name: str, key: Key) -> Any:
    if not isinstance(node, Sequence):
        return _each(reading, node, name, key)
    number_key = Key(language.COUNT, least=0)
    pairs = [item for item in _items(reading, node, name) if isinstance(item, Sequence)]
    if pairs and len(pairs) != len(node.items):
        raise reading.wrong(node, f"`{name}` mixes numbers with [begin, end] pairs")
    if any(len(pair.items) != 2 for pair in pairs):  # noqa: PLR2004 - begin and end
        raise reading.wrong(node, f"`{name}` as pairs takes [begin, end] for each axis")
    if pairs:
        return tuple(tuple(_leaf(reading, item, name, number_key) for item in pair.items) for pair in pairs)
    return tuple(_leaf(reading, item, name, number_key) for item in node.items)


def _sizes(reading: Reading, node: Node, name: str, key: Key) -> Any:
    """Sizes, of which one may be nothing: as it comes in."""
    items = _items(reading, node, name) if isinstance(node, Sequence) else (node,)
    sizes = tuple(None if is_empty(item) else _leaf(reading, item, name, key) for item in items)
    return sizes if isinstance(node, Sequence) else sizes[0]


def _span(reading: Reading, node: Node, name: str, key: Key) -> tuple[Any, Any]:
    """Channels from, and up to; a single number is how many from the first."""
    if not isinstance(node, Sequence):
        return (0, _leaf(reading, node, name, key._replace(least=1)))
    if len(node.items) != 2:  # noqa: PLR2004 - from and to
        raise reading.wrong(node, f"`{name}` takes [begin, end], got {len(node.items)} numbers")
    begin, end = (_leaf(reading, item, name, key) for item in node.items)
    return (begin, end)


def _value(reading: Reading, node: Node, name: str, key: Key) -> Any:
    """A number, a truth value or a word; a list of them; or an expression."""
    if isinstance(node, Sequence):
        return tuple(_value(reading, item, name, key) for item in _items(reading, node, name))
    found = scalar(reading, node, name, "a number or a word")
    if isinstance(found, float) and abs(found) == float("inf"):
        raise reading.wrong(node, f"`{name}` is too large")
    if not isinstance(found, str) or not isinstance(node, Scalar):
        return found
    known = found in reading.names
    if not known and (not _ARITHMETIC & set(found) or _is_word(found, reading.names)):
        return found
    return Later(expression(reading, node, name), name, key, node.place)


def _is_word(text: str, names: tuple[str, ...]) -> bool:
    """Whether a text with a minus or a slash in it is a word, such as ``nearest-exact``, and no arithmetic."""
    return bool(_WORD.match(text)) and not any(part in names for part in _BETWEEN.split(text))


_BETWEEN = re.compile(r"[-/ ]")
_WORD = re.compile(r"[A-Za-z_][\w.]*(?:[-/ ][\w.]+)+$")


def _condition(reading: Reading, node: Node, name: str, key: Key) -> Any:
    """A condition over the names that are known."""
    found = scalar(reading, node, name, "a condition such as `s == 1`")
    if isinstance(found, str) and isinstance(node, Scalar):
        return Later(expression(reading, node, name, condition=True), name, key, node.place)
    if not isinstance(found, bool):
        raise reading.wrong(node, f"`{name}` must be a condition such as `s == 1`, got `{describe(found)}`")
    return found


def shape(source: Source, node: Node) -> tuple[int, ...]:
    """An input shape without the batch: ``3x224x224`` or ``[3, 224, 224]``."""
    reading = Reading(source)
    if isinstance(node, Sequence):
        if not node.items:
            raise reading.wrong(node, "`input` is empty", "write channels and sizes: 3x224x224")
        return tuple(number(source, item, "input") for item in node.items)
    try:
        return shape_of(text(source, node, "input"))
    except ConvcostError as error:
        raise reading.wrong(node, error.message, error.hint or "") from None


def shape_of(written: str) -> tuple[int, ...]:
    """A shape as it is written, ``3x224x224``; raises ConvcostError for what is none."""
    parts = written.lower().replace("×", "x").split("x")
    if not written.replace("×", "x").isascii() or not all(
        part.strip().isdecimal() and len(part) <= len(str(LARGEST)) for part in parts
    ):
        raise ConvcostError(
            f"`input` must be a shape like 3x224x224, got `{describe(written)}`", hint="without the batch"
        )
    return tuple(int(count("input", int(part))) for part in parts)


def scalar(reading: Reading, node: Node, name: str, wanted: str) -> Any:
    """What a scalar means; nothing and lists are problems."""
    if not isinstance(node, Scalar):
        raise reading.wrong(node, f"`{name}` must be {wanted}, got {what(node)}")
    before = len(reading.source.problems)
    found = value(reading.source, node)
    if len(reading.source.problems) > before:
        raise Unreadable
    if found is None:
        raise reading.wrong(node, f"`{name}` must be {wanted}, got nothing")
    return found


_READERS: dict[str, Callable[[Reading, Node, str, Key], Any]] = {
    language.PER_AXIS: _each,
    language.FACTOR: _each,
    language.PADDING: _padding,
    language.SIZES: _sizes,
    language.SPAN: _span,
    language.CONDITION: _condition,
    language.VALUE: _value,
}
