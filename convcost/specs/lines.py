"""A line of a network: its kind, its main value and its keys, checked against the language's table."""

from typing import Any, NamedTuple

from convcost.names import BY_NAME, both_names, closest, long_name
from convcost.specs.document import Mapping, Node, Place, Scalar, Source
from convcost.specs.language import LINE_KEYS, WORDS, Key, keys_of, spellings
from convcost.specs.values import Unreadable, read


class Line(NamedTuple):
    """A line as read. ``places`` says where each value that it gives stands."""

    kind: str
    values: dict[str, Any]
    place: Place
    places: dict[str, Place]
    name: str | None
    repeat: int

    def place_of(self, field: str | None) -> Place:
        """Where a field was written, or else the line's kind."""
        return self.places.get(field or "", self.place)


def read_line(source: Source, node: Node, defaults: dict[str, Any]) -> Line | None:
    """One item of ``layers:``; None where it has problems, which are all noted."""
    if _is_empty(node):
        source.problem(node.place, "an empty line: a layer is a word or a mapping like `{conv: 64, k: 3}`")
        return None
    if isinstance(node, Scalar):
        return _from_items(source, node, ((node, Scalar("", quoted=False, place=node.place)),), defaults)
    if isinstance(node, Mapping):
        return _from_items(source, node, node.items, defaults)
    source.problem(node.place, "a layer is a word or a mapping like `{conv: 64, k: 3}`, got a list")
    return None


def _from_items(
    source: Source, node: Node, items: tuple[tuple[Scalar, Node], ...], defaults: dict[str, Any]
) -> Line | None:
    kinds = [(key, item) for key, item in items if key.text in WORDS]
    if len(kinds) > 1:  # such as `linear` with its key `flatten`
        names = {key.text for key, _ in kinds}
        kinds = [(key, item) for key, item in kinds if names <= {key.text, *keys_of(key.text)}] or kinds
    if len(kinds) != 1:
        _note_kinds(source, node, [key for key, _ in kinds], items)
        return None
    (key, main) = kinds[0]
    word = WORDS[key.text]
    rest = [(other, item) for other, item in items if other is not key]
    if isinstance(main, Mapping):  # `upsample: {size: 28}`
        rest = [*main.items, *rest]
        main = Scalar("", quoted=False, place=main.place)
    # Keys that are missing for a reason that is noted already are not asked for again.
    given, misspelt = _fields(source, rest, keys_of(key.text), key.text)
    if not _is_empty(main):
        if word.main is None:
            source.problem(main.place, f"`{key.text}` takes no value of its own")
            return None
        if word.main in given:
            source.problem(given[word.main][0].place, f"`{word.main}` stands here and as the value of `{key.text}`")
            return None
        given[word.main] = (key, main)
    elif word.main is not None and not word.optional and word.main not in given:
        source.problem(key.place, f"`{key.text}` needs a value: {_meaning(word.main)}", f"{key.text}: …")
        misspelt.add(word.main)
    keys = {name: item for name, item in keys_of(key.text).items() if name not in misspelt}
    return _values(source, key, given, keys, defaults if word.convolves else {})


def _values(
    source: Source,
    kind: Scalar,
    given: dict[str, tuple[Scalar, Node]],
    keys: dict[str, Key],
    defaults: dict[str, Any],
) -> Line | None:
    before = len(source.problems)
    values: dict[str, Any] = {}
    for name, key in keys.items():
        if name in given:
            try:
                values[name] = read(source, given[name][1], name, key)
            except Unreadable:
                continue
        elif key.required:
            hint = f"add `{BY_NAME[name].letter if name in BY_NAME else name}: …`"
            source.problem(kind.place, f"`{kind.text}` needs `{both_names(name)}`", hint)
        else:
            values[name] = defaults.get(name, key.default)
    if len(source.problems) > before or len(keys) < len(keys_of(kind.text)):
        return None
    name, repeat = values.pop("name"), values.pop("repeat")
    places = {field: item.place for field, (_, item) in given.items()}
    return Line(kind.text, values, kind.place, places, name, repeat)


def _fields(
    source: Source, items: "list[tuple[Scalar, Node]]", known: dict[str, Key], kind: str
) -> tuple[dict[str, tuple[Scalar, Node]], set[str]]:
    """The keys of a line by their long names, and the fields that misspelt ones seem to mean.

    Unknown keys and second spellings are noted.
    """
    found: dict[str, tuple[Scalar, Node]] = {}
    misspelt = set()
    for key, item in items:
        name = long_name(key.text)
        if name not in known:
            misspelt.add(_note_unknown(source, key, known, kind))
        elif name in found:
            source.problem(key.place, f"`{key.text}` and `{found[name][0].text}` are one field", "leave one out")
        else:
            found[name] = (key, item)
    return found, misspelt


def read_defaults(source: Source, node: Node, known: dict[str, Key]) -> dict[str, Any]:
    """``defaults:`` by long names; problems are noted."""
    if not isinstance(node, Mapping):
        source.problem(node.place, "`defaults` must be a mapping like `{norm: batch, act: relu}`")
        return {}
    values = {}
    for name, (_, item) in _fields(source, list(node.items), known, "defaults")[0].items():
        try:
            values[name] = read(source, item, name, known[name])
        except Unreadable:
            continue
    return values


def _note_unknown(source: Source, key: Scalar, known: dict[str, Key], kind: str) -> str:
    """Note an unknown key; the field that it seems to mean, or nothing."""
    guess = closest(key.text, spellings(tuple(known)))
    if guess:
        hint = f"did you mean `{both_names(long_name(guess), tick='`')}?"
    else:
        hint = f"`{kind}` takes {', '.join(both_names(name) for name in known if name not in LINE_KEYS) or 'no keys'}"
    source.problem(key.place, f"unknown key `{key.text}`", hint)
    return long_name(guess) if guess else ""


def _note_kinds(source: Source, node: Node, kinds: list[Scalar], items: tuple[tuple[Scalar, Node], ...]) -> None:
    if kinds:
        names = " and ".join(f"`{key.text}`" for key in kinds)
        guess = closest(kinds[1].text, keys_of(kinds[0].text))
        hint = (
            f"write a line for each, or did you mean `{both_names(guess, tick='`')}?"
            if guess
            else "write a line for each"
        )
        source.problem(kinds[1].place, f"one line has two kinds: {names}", hint)
        return
    words = [key for key, _ in items]
    guesses = [(key, guess) for key in words if (guess := closest(key.text, tuple(WORDS)))]
    if guesses:
        key, guess = guesses[0]
        source.problem(key.place, f"unknown kind of layer `{key.text}`", f"did you mean `{guess}`?")
    elif len(words) == 1:
        source.problem(words[0].place, f"unknown kind of layer `{words[0].text}`", "docs/language.md lists the kinds")
    else:
        source.problem(node.place, "this line names no kind of layer", "write one like `conv: 64`")


def _meaning(name: str) -> str:
    return BY_NAME[name].help if name in BY_NAME else name.replace("_", " ")


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.quoted and node.text in ("", "~", "null")
