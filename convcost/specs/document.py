"""YAML as nodes that know their place, read from the parser's events within bounds.

Tags are refused, aliases are shared (not copied), merges (``<<``) are resolved, and scalars have one
meaning: ``010`` is refused, ``1e3`` is 1000, ``off`` is text.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from convcost.errors import describe
from convcost.problems import Problem, SpecError

MOST_BYTES = 16 * 2**20
MOST_NODES = 1_000_000
DEEPEST = 60
MOST_PROBLEMS = 500
_MOST_DIGITS = 24
_QUOTES = ("'", '"', "|", ">")

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_PADDED = re.compile(r"[-+]?0[0-9]+$")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][-+]?[0-9]{1,3})?$")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


class Place(NamedTuple):
    """Where a node stands: line and column from 1, and how long it is on that line."""

    line: int
    column: int
    length: int


class Scalar(NamedTuple):
    """A scalar as it is written; ``quoted`` ones are always text."""

    text: str
    quoted: bool
    place: Place

    @property
    def shown(self) -> str:
        """The text as an error shows it."""
        return describe(self.text)


class Mapping(NamedTuple):
    """Keys with their values, in order, without duplicates."""

    items: tuple[tuple[Scalar, "Node"], ...]
    place: Place


class Sequence(NamedTuple):
    """Items in order."""

    items: tuple["Node", ...]
    place: Place


Node = Scalar | Mapping | Sequence


class Source:
    """A text with its name, which collects the problems found in it."""

    def __init__(self, name: str, text: bytes) -> None:
        self.name = name
        self.data = text
        self.problems: list[Problem] = []
        self._noted: set[Problem] = set()
        # Problems of the YAML itself; what else is wrong in their places follows from them.
        self.of_yaml: tuple[Problem, ...] = ()
        self._lines: list[str] | None = None

    def problem(self, place: Place | None, message: str, hint: str = "") -> None:
        """Note a problem; the same one twice (behind an alias) is noted once."""
        if place is None:
            found = Problem(message, self.name, hint=hint)
        else:
            found = Problem(message, self.name, place.line, place.column, place.length, self._line(place.line), hint)
        if found not in self._noted:
            self._noted.add(found)
            self.problems.append(found)
        if len(self.problems) == MOST_PROBLEMS:
            self.problems.append(
                Problem(f"{self.name} has more problems; these are the first {MOST_PROBLEMS}", self.name)
            )
            self.check()

    def check(self) -> None:
        """Raise what was found so far, if anything."""
        spoilt = {(found.line, found.column) for found in self.of_yaml}
        others = [found for found in self.problems if (found.line, found.column) not in spoilt]
        if self.problems:
            raise SpecError((*self.of_yaml, *others))

    def _line(self, number: int) -> str:
        if self._lines is None:
            wide = self.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            self._lines = self.data.decode("utf-16" if wide else "utf-8-sig", "replace").splitlines()
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""


def documents(source: Source) -> list[Node]:
    """The documents of a source; raises SpecError for what is no YAML, or beyond the bounds."""
    if len(source.data) > MOST_BYTES:
        source.problem(None, f"{source.name} is larger than {MOST_BYTES // 2**20} MiB")
        source.check()
    try:
        found = _Composer(source).documents()
    except yaml.YAMLError as error:
        _note_yaml_error(source, error)
        source.check()
    source.of_yaml = tuple(source.problems)
    return found


def _note_yaml_error(source: Source, error: yaml.YAMLError) -> None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    place = Place(mark.line + 1, mark.column + 1, 1) if mark else None
    where = "" if place else f"{source.name}: "
    context, start = getattr(error, "context", None), getattr(error, "context_mark", None)
    hint = f"{context} that starts in line {start.line + 1}" if context and start else ""
    if problem.startswith("mapping values"):
        hint = "a text with a colon needs quotes"
    source.problem(place, f"{where}not valid YAML: {problem}", hint)


class _Composer:
    """Builds nodes from events; depth and number are bounded, and nothing is built twice for an alias, but counted."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.events: Iterator[Any] = yaml.parse(source.data, Loader=_Parser)
        # For each anchor its node, how many values it holds (those of aliases copied), and how deep it is.
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.count = 0
        self.deepest = 0

    def documents(self) -> list[Node]:
        found = []
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
                found.append(self.node(next(self.events), 0))
        return found

    def node(self, event: Any, depth: int) -> Node:
        place = _place(event)
        self.add(1, place)
        self.require_depth(depth, place)
        self.deepest = max(self.deepest, depth)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, place, depth)
        if event.tag is not None and not _implied(event):
            self.source.problem(place, f"tags like `{describe(event.tag)}` are not part of the language")
        before, outer = self.count - 1, self.deepest
        self.deepest = depth
        if isinstance(event, yaml.ScalarEvent):
            node: Node = Scalar(event.value, event.style in _QUOTES, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(tuple(self.until(yaml.SequenceEndEvent, depth)), place)
        else:
            node = self.mapping(place, depth)
        if event.anchor:
            self.anchors[event.anchor] = node, self.count - before, self.deepest - depth
        self.deepest = max(self.deepest, outer)
        return node

    def require_depth(self, depth: int, place: Place) -> None:
        if depth > DEEPEST:
            self.source.problem(place, f"nested deeper than {DEEPEST} levels")
            self.source.check()

    def add(self, number: int, place: Place) -> None:
        """Count what is built; merging counts each value it copies."""
        self.count += number
        if self.count > MOST_NODES:
            self.source.problem(place, f"more than {MOST_NODES:,} values")
            self.source.check()

    def until(self, end: type, depth: int) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, end):
                return
            yield self.node(event, depth + 1)

    def alias(self, event: Any, place: Place, depth: int) -> Node:
        """The node of an anchor; what it holds counts once more, for readers walk through it once more."""
        if event.anchor not in self.anchors:
            self.source.problem(place, f"no anchor `&{describe(event.anchor)}` stands before this alias")
            return Scalar("", quoted=False, place=place)
        node, size, height = self.anchors[event.anchor]
        self.add(size - 1, place)
        self.require_depth(depth + height, place)
        self.deepest = max(self.deepest, depth + height)
        return node

    def mapping(self, place: Place, depth: int) -> Mapping:
        items: dict[str, tuple[Scalar, Node]] = {}
        merged: dict[str, tuple[Scalar, Node]] = {}
        nodes = self.until(yaml.MappingEndEvent, depth)
        for key in nodes:
            value = next(nodes)
            if not isinstance(key, Scalar):
                self.source.problem(key.place, "a key must be a word")
            elif key.text == "<<" and not key.quoted:
                merged = {**self.merge(value), **merged}
            elif key.text in items:
                first = items[key.text][0].place.line
                self.source.problem(key.place, f"duplicate key `{key.shown}`", f"it stands in line {first} already")
            else:
                items[key.text] = (key, value)
        return Mapping(tuple({**merged, **items}.values()), place)

    def merge(self, value: Node) -> dict[str, tuple[Scalar, Node]]:
        sources = value.items if isinstance(value, Sequence) else (value,)
        found: dict[str, tuple[Scalar, Node]] = {}
        for node in sources:
            if isinstance(node, Mapping):
                self.add(len(node.items) + len(found), value.place)
                found = {**{key.text: (key, item) for key, item in node.items}, **found}
            else:
                self.source.problem(value.place, "`<<` merges a mapping, or a list of them")
        return found


def _implied(event: Any) -> bool:
    implicit = event.implicit
    return bool(any(implicit) if isinstance(implicit, tuple) else implicit)


def _place(event: Any) -> Place:
    """Where a node stands; a scalar behind its anchor."""
    start, end = event.start_mark, event.end_mark
    column, on_one_line = start.column, start.line == end.line
    if event.anchor and on_one_line and isinstance(event, yaml.ScalarEvent):
        column = max(column, end.column - len(event.value) - 2 * (event.style in _QUOTES))
    return Place(start.line + 1, column + 1, max(1, end.column - column) if on_one_line else 1)


def value(source: Source, node: Scalar) -> Any:
    """What a scalar means: nothing, a truth value, a number or text."""
    text = node.text
    if node.quoted:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _PADDED.match(text):
        plain = text.lstrip("+-").lstrip("0") or "0"
        source.problem(node.place, f"`{text}` is read differently by different tools", f"write {plain}")
        return None
    if len(text) > _MOST_DIGITS and (_INTEGER.match(text) or _FLOAT.match(text)):
        source.problem(node.place, f"a number of {len(text)} digits is too large")
        return None
    return _number(text) if _FLOAT.match(text) else text


def _number(text: str) -> int | float:
    """An integer where it is written as one, or as a power of ten that is one."""
    if _INTEGER.match(text):
        return int(text)
    number = float(text)
    whole = "e" in text.lower() and number.is_integer()
    return int(number) if whole else number


def what(node: Node) -> str:
    """What a node is, as an error shows it."""
    return "a list" if isinstance(node, Sequence) else "a mapping" if isinstance(node, Mapping) else f"`{node.shown}`"


def is_empty(node: Node) -> bool:
    """Whether nothing is written."""
    return isinstance(node, Scalar) and not node.quoted and _WORDS.get(node.text, True) is None
