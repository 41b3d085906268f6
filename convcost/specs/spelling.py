"""Words, numbers and lines as YAML text, quoted where YAML or people would take them for something else."""

import re
from collections.abc import Mapping
from typing import Any

from convcost.names import BY_NAME
from convcost.specs.language import WORDS
from convcost.specs.phrases import Phrase, Ways

# What may stand in flow style without quotes: no sign of YAML in it, and nothing like a number.
_PLAIN = re.compile(r"[^\W\d][\w./+-]*")
_FIGURE = re.compile(r"(?!0[0-9])[<\d.][\w.×⁰¹²³⁴-⁹+-]*")
# Words that some tool takes for a truth value or for nothing.
_TAKEN = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_WIDTH = 118


def word(text: str) -> str:
    """A text in flow style.

    >>> word("stem.1"), word("3x"), word("on"), word("a: b")
    ('stem.1', '"3x"', '"on"', '"a: b"')
    """
    plain = _PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in _TAKEN
    return text if plain else quoted(text)


def figure(text: str) -> str:
    """A published figure in flow style: ``3.4M`` and ``<25M`` need no quotes."""
    return text if _FIGURE.fullmatch(text) and text.isprintable() else word(text)


def line_of_text(text: str) -> str:
    """A text behind a key of its own, folded where it is long."""
    if not text.isprintable():
        return quoted(text)
    plain = text[:1].isalpha() and text == text.strip() and text.lower() not in _TAKEN
    if not plain or ": " in text or " #" in text or text.endswith(":"):
        text = "'" + text.replace("'", "''") + "'" if '"' in text else quoted(text)
    return text if "  " in text or text[1:2] == " " or text[-2:-1] == " " else _folded(text)


def _folded(text: str) -> str:
    """A text on lines of their own; a line break is a space to YAML."""
    from textwrap import wrap

    return "\n  ".join(wrap(text, _WIDTH - len("source: "), break_long_words=False, break_on_hyphens=False))


def quoted(text: str) -> str:
    r"""A text in double quotes; what cannot be seen is escaped.

    >>> quoted('a "b"\n')
    '"a \\"b\\"\\n"'
    """
    return '"' + "".join(_SIGNS.get(char) or (char if char.isprintable() else _escaped(char)) for char in text) + '"'


_SIGNS = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def _escaped(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004


def value(found: Any) -> str:
    """The value of a key in flow style; None among sizes is an axis that stays as it is.

    >>> value((3, None)), value(True), value("same"), value(2.0)
    ('[3, null]', 'true', 'same', '2')
    """
    if isinstance(found, Ways):
        return value(found[0])
    if isinstance(found, list | tuple):
        return f"[{', '.join(map(value, found))}]"
    if found is None:
        return "null"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float) and found.is_integer():
        return str(int(found))
    return word(found) if isinstance(found, str) else str(found)


# After the main value: the kernel, what shapes the middle, the other letters; last what stands around a layer.
_FIRST = (
    *("kernel_size", "cheap_kernel", "expansion", "width", "squeeze", "ratio"),
    *("stride", "padding", "output_padding", "dilation", "groups", "multiplier"),
)
_LAST = ("bias", "norm", "act", "mid_norm", "mid_act")
_RANK = {name: rank - len(_FIRST) for rank, name in enumerate(_FIRST)}
_RANK |= {name: rank for rank, name in enumerate(_LAST, 1)}


def line(phrase: Phrase, defaults: Mapping[str, Any]) -> str:
    """A line of layers, without its dash; what the reader would fill in by itself is left out.

    >>> line(Phrase("conv", {"out_channels": 64, "kernel_size": 3, "stride": 1}, "stem"), {})
    '{conv: 64, k: 3, name: stem}'
    """
    found = WORDS[phrase.word]
    said = said_of(phrase, defaults)
    main = value(said.pop(found.main)) if found.main in said else ""
    own = [f"{_key(name)}: {value(said[name])}" for name in sorted(said, key=lambda name: _RANK.get(name, 0))]
    if own and not main:
        main, own = f"{{{', '.join(own)}}}", []
    around = [f"repeat: {phrase.repeat}"] if phrase.repeat != 1 else []
    around += [f"from: {value(phrase.start)}"] if phrase.start is not None else []
    around += ["each: true"] if phrase.each else []
    around += [f"shared: {value(phrase.shared)}"] if phrase.shared else []
    around += [f"name: {word(phrase.name)}"] if phrase.name is not None else []
    items = [f"{phrase.word}: {main}", *own, *around]
    return f"{{{', '.join(items)}}}" if main or len(items) > 1 else phrase.word


def said_of(phrase: Phrase, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a line has to say."""
    found = WORDS[phrase.word]
    return {
        name: phrase.values[name]
        for name, key in found.keys.items()
        if phrase.values.get(name) is not None
        and (key.required or not is_value(phrase.values[name], _default(found.convolves, defaults, name, key.default)))
    }


def is_value(found: Any, other: Any) -> bool:
    """Whether a value can be spelled so."""
    return other in found if isinstance(found, Ways) else bool(found == other)


def _default(convolves: bool, defaults: Mapping[str, Any], name: str, own: object) -> Any:  # noqa: FBT001
    return defaults.get(name, own) if convolves or name == "act_as" else own


def _key(name: str) -> str:
    return BY_NAME[name].letter if name in BY_NAME else name
