"""The keys of lines and of `defaults:` by their long names; what is none of them is noted, with what was meant."""

from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from typing import Any

from convcost.names import both_names, closest, long_name, row
from convcost.specs.document import Mapping, Node, Scalar, is_empty
from convcost.specs.language import LINE_KEYS, Key, spellings
from convcost.specs.values import Reading, Unreadable, read

Fields = dict[str, tuple[Scalar, Node]]


def fields(
    reading: Reading, items: Iterable[tuple[Scalar, Node]], known: MappingOf[str, Key], kind: str
) -> tuple[Fields, set[str]]:
    """The keys of a line by their long names, and the fields that misspelt ones seem to mean.

    Unknown keys and second spellings are noted. Raises Unreadable where a comma cut a value in two.
    """
    found: Fields = {}
    misspelt = set()
    for key, item in items:
        name = long_name(key.text)
        if name not in known:
            if is_cut(key, item):
                note_cut(reading, key)
                raise Unreadable
            misspelt.add(_note_unknown(reading, key, known, kind))
        elif name in found:
            message = f"`{key.text}` and `{found[name][0].text}` are one field"
            reading.source.problem(key.place, message, "leave one out")
        else:
            found[name] = (key, item)
    return found, misspelt


def is_cut(key: Scalar, item: Node) -> bool:
    """Whether a key is the rest of a text, which YAML ends at a comma: ``{k: max(3, s)}``."""
    return is_empty(item) and not key.text.isidentifier()


def note_cut(reading: Reading, key: Scalar) -> None:
    """Note a key that is the rest of a text; what is wrong beside it follows from it."""
    reading.source.problem(key.place, f"unknown key `{key.shown}`", "in flow style a text with a comma needs quotes")


def read_defaults(reading: Reading, node: Node | None, known: MappingOf[str, Key]) -> dict[str, Any]:
    """``defaults:`` by long names; problems are noted."""
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, Mapping):
        reading.source.problem(node.place, "`defaults` must be a mapping like `{norm: batch, act: relu}`")
        return {}
    values = {}
    try:
        found, _ = fields(reading, node.items, known, "defaults")
    except Unreadable:
        return {}
    for name, (_, item) in found.items():
        try:
            values[name] = read(reading, item, name, known[name])
        except Unreadable:
            continue
    return values


def _note_unknown(reading: Reading, key: Scalar, known: MappingOf[str, Key], kind: str) -> str:
    """Note an unknown key; the field that it seems to mean, or nothing."""
    guess = closest(key.text, spellings(tuple(known)))
    if guess:
        hint = f"did you mean `{both_names(long_name(guess), tick='`')}?"
    else:
        hint = f"`{kind}` takes {row(both_names(name) for name in known if name not in LINE_KEYS) or 'no keys'}"
    reading.source.problem(key.place, f"unknown key `{key.shown}`", hint)
    return long_name(guess) if guess else ""
