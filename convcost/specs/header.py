"""What a network says of itself before its layers: vars, published figures, a budget."""

from collections.abc import Mapping as MappingOf
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, describe
from convcost.layers.base import Shape
from convcost.names import row, suggestion
from convcost.network import Bound
from convcost.problems import SpecError
from convcost.specs.document import Mapping, Node, Scalar, Source, is_empty, value, what
from convcost.specs.fields import is_cut, note_cut
from convcost.specs.language import BUDGETS, VALUE, Key
from convcost.specs.later import settle
from convcost.specs.templates import MOST_NAMES, fits_as_name
from convcost.specs.values import ANY, Reading, Unreadable, read
from convcost.units import amount


class Overrides(NamedTuple):
    """What a person puts in place of a spec's own: values of its vars, and its input."""

    vars: MappingOf[str, Any] = {}
    input: Shape | None = None


AS_WRITTEN = Overrides()


def read_vars(reading: Reading, node: Node | None, given: MappingOf[str, Any]) -> dict[str, Any]:
    """``vars:`` with their values, of which each may use those before it; ``given`` take the place of the spec's."""
    found: dict[str, Any] = {}
    node = None if node is None or is_empty(node) else node
    if node is not None and not isinstance(node, Mapping):
        reading.source.problem(node.place, f"`vars` must be a mapping like `{{alpha: 1.0}}`, got {what(node)}")
        return {ANY: 1}
    items = node.items if node is not None else ()
    if cut := next((key for key, item in items if is_cut(key, item)), None):
        note_cut(reading, cut)
        return {ANY: 1}
    for key, item in items:
        if not fits_as_name(reading, key, "var"):
            found[ANY] = 1
        if len(found) >= MOST_NAMES:
            reading.source.problem(key.place, f"more than {MOST_NAMES:,} vars")
            found[ANY] = 1
            break
        try:
            own = read(reading._replace(names=tuple(found)), item, key.text, Key(VALUE))
            found[key.text] = given[key.text] if key.text in given else settle(own, found)
        except SpecError:
            raise
        except ConvcostError as error:
            # What is wrong with one var is not told again of those that use it.
            found[key.text] = given.get(key.text, 1)
            reading.source.problem(item.place, error.message, error.hint or "")
        except Unreadable:
            found[key.text] = given.get(key.text, 1)
    return found


def require_vars(source: Source, given: MappingOf[str, Any], known: MappingOf[str, Any]) -> None:
    """Note the ``given`` values of vars that no network of a file has."""
    for name in given:
        if name not in known:
            hint = suggestion(name, known, f"it has {row(known)}" if known else "it has no vars")
            source.problem(None, f"{source.name} has no var `{describe(name)}`", hint)


_PUBLISHED = ("params", "macs", "note")


def read_published(reading: Reading, node: Node | None) -> dict[str, str]:
    """What the paper prints, as it prints it: shown beside what is counted."""
    found = {}
    for key, item in _entries(reading, node, "published", "{params: 4.2M, macs: 569M}", _PUBLISHED):
        value(reading.source, item)
        found[key.text] = item.text
    return found


def read_budget(reading: Reading, node: Node | None) -> dict[str, Bound]:
    """``budget:``: the most that a network may cost, ``{params: 3.6M, peak_bytes: 256KiB}``."""
    found = {}
    for key, item in _entries(reading, node, "budget", "{params: 3.6M, macs: 310M}", BUDGETS):
        try:
            found[key.text] = Bound(amount(item.text, of_bytes=key.text.endswith("_bytes")), key.place.line)
        except ConvcostError as error:
            reading.source.problem(item.place, f"`{key.text}` {error.message}", error.hint or "")
    return found


def _entries(
    reading: Reading, node: Node | None, name: str, example: str, known: tuple[str, ...]
) -> list[tuple[Scalar, Scalar]]:
    """The known keys of a mapping of scalars; what else stands in it is noted."""
    if node is None or is_empty(node):
        return []
    if not isinstance(node, Mapping):
        reading.source.problem(node.place, f"`{name}` must be a mapping like `{example}`")
        return []
    found = []
    for key, item in node.items:
        if is_cut(key, item):
            note_cut(reading, key)
        elif key.text not in known:
            hint = suggestion(key.text, known, f"`{name}` takes {', '.join(known)}")
            reading.source.problem(key.place, f"unknown key `{key.shown}`", hint)
        elif not isinstance(item, Scalar) or is_empty(item):
            reading.source.problem(item.place, f"`{key.text}` must be a number or text")
        else:
            found.append((key, item))
    return found
