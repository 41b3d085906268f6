"""Blocks: templates with parameters and their own defaults, which lines call by name."""

import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from typing import Any

from convcost.names import closest
from convcost.specs.document import Mapping, Node, Place, Scalar, Sequence, Source, is_empty, what
from convcost.specs.fields import is_cut, note_cut, read_defaults
from convcost.specs.language import BLOCK_KEYS, DEFAULT_KEYS, RESERVED, STRIDE, VALUE, WORDS, Key
from convcost.specs.lines import Line, read_lines
from convcost.specs.values import ANY, Reading, Unreadable, read

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*$")
# Vars of a network, parameters of a block.
MOST_NAMES = 1_000


class Template:
    """A block: its parameters with their defaults, of which the first is the main value of lines that call it.

    ``keys`` are the parameters as keys of such lines, ``lines`` its layers; None stands for those with problems.
    """

    __slots__ = ("convolves", "keys", "lines", "main", "optional", "parameters", "place")

    def __init__(self, place: Place, parameters: dict[str, Any]) -> None:
        self.place, self.parameters = place, parameters
        self.keys = {name: Key(VALUE, required=default is None) for name, default in parameters.items()}
        self.main = next(iter(parameters), None)
        self.optional = self.main is not None and parameters[self.main] is not None
        self.convolves = False
        self.lines: tuple[Line | None, ...] = ()


def fits_as_name(reading: Reading, key: Scalar, what: str) -> bool:
    """Whether a name can be given to a var, a parameter or a block; if not, the problem is noted."""
    if not _NAME.match(key.text):
        hint = "letters, digits and _, and no digit first"
        reading.source.problem(key.place, f"`{key.shown}` cannot be the name of a {what}", hint)
    elif key.text in RESERVED:
        hint = f"give the {what} another name"
        reading.source.problem(key.place, f"`{key.text}` is a word of the language already", hint)
    else:
        return True
    return False


def read_templates(reading: Reading, node: Node | None) -> MappingOf[str, Template]:
    """``blocks:`` by name; problems are noted, a block that calls itself among them."""
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, Mapping):
        reading.source.problem(node.place, f"`blocks` must be a mapping of names to blocks, got {what(node)}")
        return {ANY: Template(node.place, {ANY: 1})}
    for key, _ in node.items:
        fits_as_name(reading, key, "block")
    # A refused name is a name all the same: the lines that call it have no problem of their own.
    bodies = [(key, _body(reading, key, item)) for key, item in node.items if key.text not in WORDS]
    found = {
        key.text: Template(key.place, _parameters(reading, body.get("params")) if body else {ANY: 1})
        for key, body in bodies
    }
    for key, body in bodies:
        template = found[key.text]
        inside = reading._replace(names=(*reading.names, *template.keys, STRIDE), blocks=found)
        own = read_defaults(inside, body.get("defaults"), DEFAULT_KEYS)
        inside = inside._replace(defaults={**reading.defaults, **own})
        template.lines = read_lines(inside, body.get("layers"))
    _refuse_cycles(reading, found)
    return found


def _body(reading: Reading, key: Scalar, node: Node) -> dict[str, Node]:
    """The parts of a block; a list alone is its layers."""
    if isinstance(node, Sequence):
        return {"layers": node}
    if not isinstance(node, Mapping):
        hint = "a block has `params:` and `layers:`, or is a list of layers"
        reading.source.problem(
            node.place, f"the block `{key.shown}` is {what(node) if not is_empty(node) else 'empty'}", hint
        )
        return {}
    body = parts(reading.source, node, BLOCK_KEYS, "a block")
    if not isinstance(body.get("layers"), Sequence):
        reading.source.problem(key.place, f"the block `{key.shown}` has no `layers`", "a list of lines")
        body.pop("layers", None)
    return body


def parts(source: Source, node: Mapping, known: tuple[str, ...], owner: str) -> dict[str, Node]:
    """What stands under the known keys; an unknown one is noted, and read as the missing one that it seems to mean."""
    found = {key.text: item for key, item in node.items if key.text in known}
    for key, item in node.items:
        if key.text not in known:
            guess = closest(key.text, known)
            hint = f"did you mean `{guess}`?" if guess else f"{owner} has {', '.join(known)}"
            source.problem(key.place, f"unknown key `{key.shown}` of {owner}", hint)
            if guess:
                found.setdefault(guess, item)
    return found


def _parameters(reading: Reading, node: Node | None) -> dict[str, Any]:
    """Parameters with their defaults, which may use those before them; None for those that are required."""
    if node is None or is_empty(node):
        return {}
    nothing = Scalar("", quoted=False, place=node.place)
    if isinstance(node, Mapping):
        items = node.items
    elif isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
        items = tuple((item, nothing) for item in node.items if isinstance(item, Scalar))
    else:
        hint = "[out, kernel], or with defaults {out: , kernel: 3}"
        reading.source.problem(node.place, f"`params` must be names, or names with defaults, got {what(node)}", hint)
        return {ANY: 1}
    if cut := next((key for key, item in items if is_cut(key, item) and ")" in key.text), None):
        note_cut(reading, cut)
        return {ANY: 1}
    found: dict[str, Any] = {}
    for key, item in items:
        if len(found) >= MOST_NAMES:
            reading.source.problem(key.place, f"more than {MOST_NAMES:,} parameters")
            return {ANY: 1}
        if not fits_as_name(reading, key, "parameter"):
            found[ANY] = 1
        elif key.text in found or key.text in reading.names:
            reading.source.problem(key.place, f"`{key.shown}` is a parameter or a var already")
        before = reading._replace(names=(*reading.names, *found, STRIDE))
        try:
            found[key.text] = None if is_empty(item) else read(before, item, key.text, Key(VALUE))
        except Unreadable:
            # A parameter with a default all the same: lines that leave it out have no problem of their own.
            found[key.text] = 1
    return found


def calls(lines: "tuple[Line | None, ...]") -> Iterator[Line]:
    """Every line, those in the paths of branches too."""
    for line in lines:
        if line is not None:
            yield line
            for path in line.values.get("paths") or ():
                if type(path) is tuple:
                    yield from calls(path)


def _refuse_cycles(reading: Reading, found: dict[str, Template]) -> None:
    """Note the first call by which a block would contain itself."""
    # How many levels of blocks stand in each block that was looked into.
    heights: dict[str, int] = {}

    def visit(name: str, outer: tuple[str, ...]) -> int:
        height = 0
        for line in calls(found[name].lines):
            if line.kind in (*outer, name):
                first = outer.index(line.kind) if line.kind in outer else len(outer)
                way = " → ".join((*outer[first:], name, line.kind))
                reading.source.problem(line.place, f"the block `{line.kind}` contains itself: {way}")
            elif line.kind in found:
                too_deep = len(outer) >= DEEPEST
                inner = DEEPEST if too_deep else heights.get(line.kind, -1)
                inner = visit(line.kind, (*outer, name)) if inner < 0 else inner
                height = max(height, inner + 1)
                if len(outer) + height > DEEPEST:
                    reading.source.problem(line.place, f"blocks are nested deeper than {DEEPEST} levels")
                    reading.source.check()
        heights[name] = height
        return height

    for name in found:
        if name not in heights:
            visit(name, ())


# Levels of blocks in blocks.
DEEPEST = 40
