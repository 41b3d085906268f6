"""A line of a network: its kind, its main value and its keys, checked against the language's table."""

from collections.abc import Mapping as MappingOf
from contextlib import suppress
from typing import Any, NamedTuple

from convcost.names import BY_NAME, both_names, closest, long_name
from convcost.specs.document import Mapping, Node, Place, Scalar, Sequence, is_empty, what
from convcost.specs.language import CALL_KEYS, LINE_KEYS, NAME, WORDS, Key, Word, keys_of, spellings
from convcost.specs.later import waits
from convcost.specs.values import Reading, Unreadable, layer_name, read

# A path of a branch is a name of an earlier layer (`str` or Later), or a tuple of lines from the current point.
Path = Any


class Line(NamedTuple):
    """A line as read. ``values`` are its kind's, ``places`` says where each stands; ``waits`` whether any is Later.

    ``start`` are the names behind which it starts, ``when`` the condition under which it is there, ``each`` whether
    it is for each map of its input, ``shared`` whether its weights stand elsewhere.
    """

    kind: str
    values: dict[str, Any]
    place: Place
    places: dict[str, Place]
    waits: bool
    name: str | None
    repeat: Any = 1
    start: Any = None
    when: Any = True
    each: Any = False
    shared: Any = False

    def place_of(self, field: str | None) -> Place:
        """Where a field was written, or else the line's kind."""
        return self.places.get(field or "", self.place)


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
    if len(kinds) != 1:
        _note_kinds(reading, node, [key for key, _ in kinds], items)
        return None
    (key, main) = kinds[0]
    word = _word(reading, key.text) or Word(None, {})
    rest = [(other, item) for other, item in items if other is not key]
    if isinstance(main, Mapping):  # `upsample: {size: 28}`
        rest = [*main.items, *rest]
        main = Scalar("", quoted=False, place=main.place)
    elif isinstance(main, Sequence) and key.text in reading.blocks:  # `inception: [64, 96, 128]`
        rest = [*_in_order(reading, key, main), *rest]
        main = Scalar("", quoted=False, place=main.place)
    # Keys that are missing for a reason that is noted already are not asked for again.
    known = _keys(reading, key.text)
    given, misspelt = fields(reading, rest, known, key.text)
    if not is_empty(main):
        if word.main is None:
            reading.source.problem(main.place, f"`{key.text}` takes no value of its own")
            return None
        if word.main in given:
            message = f"`{word.main}` stands here and as the value of `{key.text}`"
            reading.source.problem(given[word.main][0].place, message)
            return None
        given[word.main] = (key, main)
    elif word.main is not None and not word.optional and word.main not in given:
        reading.source.problem(key.place, f"`{key.text}` needs a value: {_meaning(word.main)}", f"{key.text}: …")
        misspelt.add(word.main)
    asked = {name: item for name, item in known.items() if name not in misspelt}
    return _values(reading, key, given, asked, complete=len(asked) == len(known))


def _in_order(reading: Reading, key: Scalar, main: Sequence) -> list[tuple[Scalar, Node]]:
    """The parameters of a block, given as a list in their order."""
    names = list(_keys(reading, key.text))[len(CALL_KEYS) :]
    if len(main.items) > len(names):
        message = f"`{key.text}` has {len(names)} parameters, got {len(main.items)} values"
        reading.source.problem(main.place, message, ", ".join(names))
    return [(Scalar(name, quoted=False, place=item.place), item) for name, item in zip(names, main.items, strict=False)]


def _values(
    reading: Reading,
    kind: Scalar,
    given: dict[str, tuple[Scalar, Node]],
    keys: dict[str, Key],
    *,
    complete: bool,
) -> Line | None:
    before = len(reading.source.problems)
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
    if len(reading.source.problems) > before or not complete:
        return None
    of_line = [values.pop(name) for name in LINE_KEYS]
    places = {field: item.place for field, (_, item) in given.items()}
    return Line(kind.text, values, kind.place, places, any(map(waits, values.values())), *of_line)


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


def fields(
    reading: Reading, items: "list[tuple[Scalar, Node]]", known: MappingOf[str, Key], kind: str
) -> tuple[dict[str, tuple[Scalar, Node]], set[str]]:
    """The keys of a line by their long names, and the fields that misspelt ones seem to mean.

    Unknown keys and second spellings are noted.
    """
    found: dict[str, tuple[Scalar, Node]] = {}
    misspelt = set()
    for key, item in items:
        name = long_name(key.text)
        if name not in known:
            misspelt.add(_note_unknown(reading, key, item, known, kind))
        elif name in found:
            message = f"`{key.text}` and `{found[name][0].text}` are one field"
            reading.source.problem(key.place, message, "leave one out")
        else:
            found[name] = (key, item)
    return found, misspelt


def read_defaults(reading: Reading, node: Node | None, known: MappingOf[str, Key]) -> dict[str, Any]:
    """``defaults:`` by long names; problems are noted."""
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, Mapping):
        reading.source.problem(node.place, "`defaults` must be a mapping like `{norm: batch, act: relu}`")
        return {}
    values = {}
    for name, (_, item) in fields(reading, list(node.items), known, "defaults")[0].items():
        try:
            values[name] = read(reading, item, name, known[name])
        except Unreadable:
            continue
    return values


def _note_unknown(reading: Reading, key: Scalar, item: Node, known: MappingOf[str, Key], kind: str) -> str:
    """Note an unknown key; the field that it seems to mean, or nothing."""
    guess = closest(key.text, spellings(tuple(known)))
    if guess:
        hint = f"did you mean `{both_names(long_name(guess), tick='`')}?"
    elif is_empty(item) and not key.text.isidentifier():
        hint = "in flow style what has a comma needs quotes"
    else:
        hint = f"`{kind}` takes {', '.join(both_names(name) for name in known if name not in LINE_KEYS) or 'no keys'}"
    reading.source.problem(key.place, f"unknown key `{key.text}`", hint)
    return long_name(guess) if guess else ""


def _note_kinds(reading: Reading, node: Node, kinds: list[Scalar], items: tuple[tuple[Scalar, Node], ...]) -> None:
    if kinds:
        names = " and ".join(f"`{key.text}`" for key in kinds)
        guess = closest(kinds[1].text, _keys(reading, kinds[0].text))
        meant = f", or did you mean `{both_names(guess, tick='`')}?" if guess else ""
        reading.source.problem(kinds[1].place, f"one line has two kinds: {names}", f"write a line for each{meant}")
        return
    words = [key for key, _ in items]
    known = (*WORDS, *reading.blocks)
    guesses = [(key, guess) for key in words if (guess := closest(key.text, known))]
    if guesses:
        key, guess = guesses[0]
        reading.source.problem(key.place, f"unknown kind of layer `{key.text}`", f"did you mean `{guess}`?")
    elif len(words) == 1:
        hint = "docs/language.md lists the kinds"
        reading.source.problem(words[0].place, f"unknown kind of layer `{words[0].text}`", hint)
    else:
        reading.source.problem(node.place, "this line names no kind of layer", "write one like `conv: 64`")


def _meaning(name: str) -> str:
    return BY_NAME[name].help if name in BY_NAME else name.replace("_", " ")
