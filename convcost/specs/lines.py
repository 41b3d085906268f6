"""A line of a network: its kind, its main value and its keys, checked against the language's table."""

from contextlib import suppress
from typing import Any, NamedTuple

from convcost.names import BY_NAME, both_names, closest, long_name, row
from convcost.specs.document import Mapping, Node, Place, Scalar, Sequence, is_empty, what
from convcost.specs.fields import Fields, fields
from convcost.specs.language import CALL_KEYS, LINE_KEYS, NAME, WORDS, Key, Word, keys_of
from convcost.specs.later import waits
from convcost.specs.values import ANY, Reading, Unreadable, layer_name, read

# A path of a branch is a name of an earlier layer (`str` or Later), or a tuple of lines from the current point.
Path = Any


class Line(NamedTuple):
    """A line as read. ``values`` are its kind's, ``nodes`` what was written of each; ``waits`` whether any is Later.

    ``start`` are the names behind which it starts, ``when`` the condition under which it is there, ``each`` whether
    it is for each map of its input, ``shared`` whether its weights stand elsewhere.
    """

    kind: str
    values: dict[str, Any]
    place: Place
    nodes: dict[str, Node]
    waits: bool
    name: str | None
    repeat: Any = 1
    start: Any = None
    when: Any = True
    each: Any = False
    shared: Any = False

    def place_of(self, field: str | None) -> Place:
        """Where a field was written, or an item of its list (``paths.1``), or else the line's kind."""
        name, _, index = (field or "").partition(".")
        node = self.nodes.get(_WRITTEN_AS.get(name, name))
        if node is None:
            return self.place
        return node.items[int(index)].place if index and isinstance(node, Sequence) else node.place


# Fields of layers that a line writes as parts of another field.
_WRITTEN_AS = {"begin": "channels", "end": "channels"}


def read_lines(reading: Reading, node: Node | None, name: str = "layers") -> tuple[Line | None, ...]:
    """The lines of a list; None for those with problems, which are all noted."""
    if node is None:
        return ()
    if not isinstance(node, Sequence):
        hint = "one line a layer, each behind a dash"
        reading.source.problem(node.place, f"`{name}` must be a list", hint)
        return (None,)
    return tuple(read_line(reading, item) for item in node.items)


def read_line(reading: Reading, node: Node) -> Line | None:
    """One item of ``layers:``; None where it has problems, which are all noted."""
    if is_empty(node):
        reading.source.problem(node.place, "an empty line: a layer is a word or a mapping like `{conv: 64, k: 3}`")
        return None
    if isinstance(node, Scalar):
        return _from_items(reading, node, ((node, Scalar("", quoted=False, place=node.place)),))
    if isinstance(node, Mapping):
        return _from_items(reading, node, node.items)
    reading.source.problem(node.place, "a layer is a word or a mapping like `{conv: 64, k: 3}`, got a list")
    return None


def _word(reading: Reading, kind: str) -> Word | None:
    """What a kind takes, be it the language's or a block of the file."""
    return WORDS.get(kind) or reading.blocks.get(kind)


def _keys(reading: Reading, kind: str) -> dict[str, Key]:
    if kind in WORDS:
        return keys_of(kind)
    word = _word(reading, kind)
    return {**CALL_KEYS, **(word.keys if word else {})}


def _from_items(reading: Reading, node: Node, items: tuple[tuple[Scalar, Node], ...]) -> Line | None:
    kinds = [(key, item) for key, item in items if _word(reading, key.text)]
    if len(kinds) > 1:  # such as `linear` with its key `flatten`
        names = {key.text for key, _ in kinds}
        kinds = [(key, item) for key, item in kinds if names <= {key.text, *_keys(reading, key.text)}] or kinds
    if len(kinds) == 1:
        ((key, main),) = kinds
        try:
            return _of_kind(reading, key, main, [item for item in items if item[0] is not key])
        except Unreadable:
            return None
    if kinds or ANY not in reading.blocks:
        _note_kinds(reading, node, [key for key, _ in kinds], items)
    return None


def _of_kind(reading: Reading, key: Scalar, main: Node, rest: list[tuple[Scalar, Node]]) -> Line | None:
    """A line of a kind with its main value and the rest of its keys; raises Unreadable where they cannot be told."""
    before = len(reading.source.problems)
    word = _word(reading, key.text) or Word(None, {})
    if ANY in word.keys:  # a block whose parameters could not be read
        raise Unreadable
    if isinstance(main, Mapping):  # `upsample: {size: 28}`
        rest = [*main.items, *rest]
        main = Scalar("", quoted=False, place=main.place)
    elif isinstance(main, Sequence) and key.text in reading.blocks:  # `inception: [64, 96, 128]`
        rest = [*_in_order(reading, key, main), *rest]
        main = Scalar("", quoted=False, place=main.place)
    known = _keys(reading, key.text)
    given, misspelt = fields(reading, rest, known, key.text)
    if not is_empty(main):
        if word.main is None:
            reading.source.problem(main.place, f"`{key.text}` takes no value of its own")
        elif word.main in given:
            message = f"`{word.main}` stands here and as the value of `{key.text}`"
            reading.source.problem(given[word.main][0].place, message)
        else:
            given[word.main] = (key, main)
    elif word.main is not None and not word.optional and word.main not in given:
        reading.source.problem(key.place, f"`{key.text}` needs a value: {_meaning(word.main)}", f"{key.text}: …")
        misspelt.add(word.main)
    # Keys that are missing for a reason that is noted already are not asked for again.
    values = _values(reading, key, given, {name: item for name, item in known.items() if name not in misspelt})
    if len(reading.source.problems) > before:
        return None
    of_line = [values.pop(name) for name in LINE_KEYS]
    nodes = {field: item for field, (_, item) in given.items()}
    return Line(key.text, values, key.place, nodes, any(map(waits, values.values())), *of_line)


def _in_order(reading: Reading, key: Scalar, main: Sequence) -> list[tuple[Scalar, Node]]:
    """The parameters of a block, given as a list in their order."""
    names = list(_keys(reading, key.text))[len(CALL_KEYS) :]
    if len(main.items) > len(names):
        message = f"`{key.text}` has {len(names)} parameters, got {len(main.items)} values"
        reading.source.problem(main.place, message, row(names))
    return [(Scalar(name, quoted=False, place=item.place), item) for name, item in zip(names, main.items, strict=False)]


def _values(reading: Reading, kind: Scalar, given: Fields, keys: dict[str, Key]) -> dict[str, Any]:
    """The values of keys, those that are left out from the defaults; what is wrong with them is noted."""
    word = _word(reading, kind.text)
    defaults = reading.defaults if word and word.convolves else {}
    values: dict[str, Any] = {}
    for name, key in keys.items():
        if name in given:
            try:
                values[name] = _value(reading, given[name][1], name, key)
            except Unreadable:
                continue
        elif key.required:
            hint = f"add `{BY_NAME[name].letter if name in BY_NAME else name}: …`"
            reading.source.problem(kind.place, f"`{kind.text}` needs `{both_names(name)}`", hint)
        else:
            # How activations are written holds behind sums as well, which take no other defaults.
            values[name] = (reading.defaults if name == "act_as" else defaults).get(name, key.default)
    return values


def _value(reading: Reading, node: Node, name: str, key: Key) -> Any:
    """A value of a line; those that hold names of layers and lines are read here."""
    if name == "name":
        return layer_name(reading.source, node)
    if name == "from":
        items = node.items if isinstance(node, Sequence) else (node,)
        if not items:
            raise reading.wrong(node, "`from` names no layer")
        return tuple(read(reading, item, name, Key(NAME)) for item in items)
    if name == "paths":
        return _paths(reading, node)
    return read(reading, node, name, key)


def _paths(reading: Reading, node: Node) -> tuple[Path, ...]:
    """What a branch joins: names of earlier layers, and lists of layers from the current point."""
    if not isinstance(node, Sequence):
        raise reading.wrong(
            node, f"a branch joins a list, got {what(node)}", "names of layers, or lists of them: [[…], []]"
        )
    paths: list[Path] = []
    before = len(reading.source.problems)
    for item in node.items:
        if isinstance(item, Sequence):
            paths.append(tuple(read_line(reading, line) for line in item.items))
        elif isinstance(item, Mapping):
            reading.source.problem(item.place, "a path is a list of layers, got a mapping", "put it in brackets: [{…}]")
        else:
            with suppress(Unreadable):
                paths.append(read(reading, item, "path", Key(NAME)))
    if len(reading.source.problems) > before:
        raise Unreadable
    return tuple(paths)


def _note_kinds(reading: Reading, node: Node, kinds: list[Scalar], items: tuple[tuple[Scalar, Node], ...]) -> None:
    if kinds:
        names = " and ".join(f"`{key.text}`" for key in kinds)
        guess = closest(kinds[1].text, _keys(reading, kinds[0].text))
        meant = f", or did you mean `{both_names(guess, tick='`')}?" if guess else ""
        reading.source.problem(kinds[1].place, f"one line has two kinds: {names}", f"write a line for each{meant}")
        return
    fields_of_any = {name for word in WORDS.values() for name in (*word.keys, *LINE_KEYS)}
    words = [key for key, _ in items if long_name(key.text) not in fields_of_any] or [key for key, _ in items]
    known = (*WORDS, *reading.blocks)
    guesses = [(key, guess) for key in words if (guess := closest(key.text, known))]
    if guesses:
        key, guess = guesses[0]
        reading.source.problem(key.place, f"unknown kind of layer `{key.shown}`", f"did you mean `{guess}`?")
    elif len(words) == 1:
        hint = "docs/language.md lists the kinds"
        reading.source.problem(words[0].place, f"unknown kind of layer `{words[0].shown}`", hint)
    else:
        reading.source.problem(node.place, "this line names no kind of layer", "write one like `conv: 64`")


def _meaning(name: str) -> str:
    return BY_NAME[name].help if name in BY_NAME else name.replace("_", " ")
