"""The JSON Schema of the network language, made from the reader's own table, for completion and checks in editors.

What a schema cannot see (shapes, names of layers, what an expression comes to) is the reader's to say.
"""

from typing import Any

from convcost.assembly import NORMS
from convcost.names import BY_NAME
from convcost.specs import language
from convcost.specs.language import (
    BLOCK_KEYS,
    BUDGETS,
    CALL_KEYS,
    DEFAULT_KEYS,
    LINE_KEYS,
    RESERVED,
    TOP_KEYS,
    WORDS,
    Key,
    Word,
)

Schema = dict[str, Any]

_WORD = r"(?:[A-Za-z_][A-Za-z_0-9]*|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
# Names and numbers with something between any two of them, and more than a lone number.
_EXPRESSION = rf"^(?![\s0-9.]*$)[\s(+-]*{_WORD}(?:[\s()+\-*/%,]+{_WORD})*[\s)]*$"
_CONDITION = rf"^[\s(+-]*{_WORD}(?:[\s()+\-*/%,<>=!]+{_WORD})*[\s)]*$"
_NAME = "^[A-Za-z_][A-Za-z_0-9]*$"
_SHAPE = "^ *[0-9]+ *([xX×] *[0-9]+ *)*$"
_AMOUNT = "^[0-9_,]*[.]?[0-9]+([eE][-+]?[0-9]{1,2})? *[kKMGBTP]?i?B?$"


def schema() -> Schema:
    """The schema of a file: of each of its networks."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "convcost network",
        "type": "object",
        "properties": {name: _TOP[name] for name in TOP_KEYS},
        "required": ["input", "layers"],
        "additionalProperties": False,
        # Without blocks, every line is of a kind of the language.
        "if": {"required": ["blocks"]},
        "else": {"properties": {"layers": {"items": {"$ref": "#/definitions/known"}}}},
        "definitions": {
            "expression": {"type": "string", "pattern": _EXPRESSION, "maxLength": 500},
            "free_name": {"type": "string", "pattern": _NAME, "not": {"enum": sorted(RESERVED)}},
            "every_line": {"properties": _properties(LINE_KEYS)},
            **_values(),
            "known": _known(),
            "line": {"anyOf": [{"type": "string", "pattern": _NAME}, {"type": "object", "allOf": _kinds()}]},
            "call": _call(),
            **{f"{kind}.fields": {"properties": _properties(word.keys)} for kind, word in WORDS.items()},
            **{kind: _kind(kind, word) for kind, word in WORDS.items()},
        },
    }


def _list(item: Schema, least: int = 1) -> Schema:
    return {"type": "array", "items": item, "minItems": least}


def _mapping(keys: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": keys, "additionalProperties": False}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


# Names may be written like numbers: the reader takes them as text.
_TEXT: Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
_LINES = _list(_ref("line"))


def _holds(key: Key) -> Schema:
    """What the value of a key may be, by the name of its definition."""
    at_least = f"_{key.least}" if key.holds in _WITH_LEAST and key.least != 1 else ""
    return _ref(f"{key.holds}{at_least}".replace(" ", "_"))


_WITH_LEAST = (language.COUNT, language.PER_AXIS, language.SPAN, language.PATHS)


def _values() -> dict[str, Schema]:
    """The definitions of all that keys hold."""
    leasts = sorted({key.least for word in WORDS.values() for key in word.keys.values()} - {1})
    found = _values_from(1)
    for least in leasts:
        found |= {f"{holds}_{least}".replace(" ", "_"): _values_from(least)[holds] for holds in _WITH_LEAST}
    return {name.replace(" ", "_"): value for name, value in found.items()}


def _values_from(least: int) -> dict[str, Schema]:
    expression = _ref("expression")
    whole: Schema = {"anyOf": [{"type": "integer", "minimum": least}, expression]}
    number: Schema = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, expression]}
    part: Schema = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    pad: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, expression]}
    size: Schema = {"anyOf": [*whole["anyOf"], {"type": "null"}]}
    path: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _ref("line")}]}
    word = {"type": "string", "pattern": _NAME}
    return {
        language.COUNT: whole,
        language.PER_AXIS: {"anyOf": [*whole["anyOf"], _list(whole)]},
        language.PADDING: {"anyOf": [{"enum": ["same", "valid"]}, *pad["anyOf"], _list(pad), _list(_pair(pad))]},
        language.FLAG: {"anyOf": [{"type": "boolean"}, word]},
        language.SHARED: {"anyOf": [{"type": "boolean"}, {"const": "weights"}, word]},
        language.TEXT: _TEXT,
        language.NORM: {"anyOf": [{"enum": ["none", *NORMS]}, word]},
        language.ACT: {"anyOf": [{"enum": ["none", *language.ACTIVATIONS]}, word]},
        language.FACTOR: {"anyOf": [*number["anyOf"], _list(number)]},
        language.SIZES: {"anyOf": [*size["anyOf"], _list(size)]},
        language.RATE: {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, expression]},
        language.NAME: _TEXT,
        language.NAMES: {"anyOf": [_TEXT, _list(_TEXT)]},
        language.PATHS: {"type": "array", "items": path, "minItems": max(least, 1)},
        language.CONDITION: {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _CONDITION}]},
        language.SPAN: {"anyOf": [{"type": "integer", "minimum": 1}, expression, _pair(whole)]},
        language.PART: {"anyOf": [{"const": "none"}, *whole["anyOf"], part]},
        **{holds: {"anyOf": [{"enum": list(ways)}, word]} for holds, ways in language.CHOICES.items()},
        language.VALUE: {"type": ["number", "boolean", "string", "array"]},
    }


def _pair(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 2, "maxItems": 2}


def _spellings(name: str) -> list[str]:
    field = BY_NAME.get(name)
    return [name] if field is None or field.letter == name else [name, field.letter]


def _properties(keys: dict[str, Key]) -> dict[str, Schema]:
    """Every spelling of every key, with what it means for the editor to show."""
    found: dict[str, Schema] = {}
    for name, key in keys.items():
        meaning = {"description": BY_NAME[name].help} if name in BY_NAME else {}
        default = {"default": key.default} if isinstance(key.default, int | str) and not key.required else {}
        found |= {spelling: {**_holds(key), **meaning, **default} for spelling in _spellings(name)}
    return found


def _one_spelling(keys: dict[str, Key]) -> list[Schema]:
    """No field stands in both of its spellings."""
    return [{"not": {"required": both}} for name in keys if len(both := _spellings(name)) > 1]


def _kind(kind: str, word: Word) -> Schema:
    """A line of this kind, as a mapping."""
    keys = {**word.keys, **LINE_KEYS}
    names = [spelling for name in keys for spelling in _spellings(name)]
    fields = [_ref(f"{kind}.fields"), _ref("every_line")]
    # Fields may also stand in the kind's own value: `upsample: {size: 28}`.
    main: list[Schema] = [{"type": "null"}, {"type": "object", "allOf": fields, "propertyNames": {"enum": names}}]
    needed = [_any_spelling(name) for name, key in word.keys.items() if key.required and name != word.main]
    rules = _one_spelling(keys)
    if word.main is not None:
        written = {"required": [kind], "properties": {kind: {"not": {"type": ["null", "object"]}}}}
        main.insert(0, _holds(word.keys[word.main]))
        rules += [{"not": {**written, "allOf": [_any_spelling(word.main)]}}]
        if not word.optional:
            needed.append({"anyOf": [written, *_any_spelling(word.main)["anyOf"]]})
    inside = {"properties": {kind: {"type": "object"}}}
    required = [{"anyOf": [inside, *rule["anyOf"]]} for rule in needed]
    return {
        "properties": {kind: {"anyOf": main}},
        "propertyNames": {"enum": [kind, *(name for name in names if name != kind)]},
        "allOf": [*fields, *rules, *required],
    }


def _any_spelling(name: str) -> Schema:
    return {"anyOf": [{"required": [spelling]} for spelling in _spellings(name)]}


def _kinds() -> list[Schema]:
    """For each kind: where a line has it, the line is of that kind; where it has none, it calls a block.

    A kind may also be a key of another, as `flatten` is of `linear`: there it is the other's.
    """
    rules: list[Schema] = []
    for kind in WORDS:
        others = [other for other, word in WORDS.items() if other != kind and kind in word.keys]
        among: Schema = {"not": {"anyOf": [{"required": [other]} for other in others]}} if others else {}
        rules.append({"if": {"required": [kind], **among}, "then": _ref(kind)})
    return [*rules, {"if": {"not": _has_kind()}, "then": _ref("call")}]


def _has_kind() -> Schema:
    return {"anyOf": [{"required": [kind]} for kind in WORDS]}


def _known() -> Schema:
    """A line of a kind of the language: a word for those that need no value, or a mapping."""
    words = [kind for kind, word in WORDS.items() if _is_word(word)]
    return {"if": {"type": "string"}, "then": {"enum": words}, "else": _has_kind()}


def _is_word(word: Word) -> bool:
    return (word.main is None or word.optional) and not any(key.required for key in word.keys.values())


def _call() -> Schema:
    """A line that calls a block: its name, its parameters, and what every line takes."""
    own = _properties(CALL_KEYS)
    return {
        "type": "object",
        "properties": own,
        "additionalProperties": {"type": ["number", "boolean", "string", "array", "null"]},
        "propertyNames": {"pattern": _NAME},
        "allOf": _one_spelling(CALL_KEYS),
        # Of what a call has, one is no key of lines: the block.
        "not": {"propertyNames": {"enum": list(own)}},
    }


_NAMED: Schema = {"propertyNames": _ref("free_name")}
_PARAMS: Schema = {
    "anyOf": [
        {"type": "object", **_NAMED, "additionalProperties": {"anyOf": [_ref("value"), {"type": "null"}]}},
        {"type": "array", "items": _ref("free_name")},
        {"type": "null"},
    ]
}


def _defaults() -> Schema:
    return {**_mapping(_properties(DEFAULT_KEYS)), "allOf": _one_spelling(DEFAULT_KEYS)}


_BLOCK_PARTS: dict[str, Schema] = {"params": _PARAMS, "defaults": _defaults(), "layers": {**_LINES, "minItems": 0}}
_BLOCK: Schema = {
    "anyOf": [
        {"type": "array", "items": _ref("line")},
        {**_mapping({name: _BLOCK_PARTS[name] for name in BLOCK_KEYS}), "required": ["layers"]},
    ]
}
_AMOUNTS: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _AMOUNT}]}
_SAID: Schema = {"type": ["number", "string", "boolean"]}

_TOP: dict[str, Schema] = {
    "name": _TEXT,
    "source": {**_TEXT, "description": "where the network was published"},
    "published": {
        **_mapping(dict.fromkeys(("params", "macs", "note"), _SAID)),
        "description": "what the paper prints, shown beside what is counted",
    },
    "input": {
        "description": "channels and sizes without the batch, such as 3x224x224",
        "anyOf": [
            {"type": "string", "pattern": _SHAPE},
            {"type": "integer", "minimum": 1},
            _list({"type": "integer", "minimum": 1}),
        ],
    },
    "vars": {"type": "object", **_NAMED, "additionalProperties": _ref("value")},
    "budget": {**_mapping(dict.fromkeys(BUDGETS, _AMOUNTS)), "description": "the most that it may cost"},
    "defaults": {**_defaults(), "description": "what convolutions and linear layers leave out"},
    "blocks": {"type": "object", **_NAMED, "additionalProperties": _BLOCK},
    "layers": _LINES,
    "outputs": {"anyOf": [_TEXT, _list(_TEXT)]},
}
