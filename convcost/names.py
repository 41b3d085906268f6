"""One table of words: the long name, the letter, the symbols and the meaning of every field.

Flags, YAML keys, error messages and the symbols of closed forms are made from it.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Field(NamedTuple):
    """A field of a layer: its long name, its letter, how closed forms write it, and what it means."""

    name: str
    letter: str
    paper: str
    help: str


FIELDS = (
    Field("in_channels", "c1", "M", "channels coming in"),
    Field("out_channels", "c2", "N", "channels going out"),
    Field("kernel_size", "k", "Dk", "kernel, one number or one per axis"),
    Field("stride", "s", "s", "stride, one number or one per axis"),
    Field("padding", "p", "p", "padding: a number, one per axis, begin and end of each axis, `same` or `valid`"),
    Field("dilation", "d", "d", "dilation, one number or one per axis"),
    Field("groups", "g", "g", "groups of channels that do not see each other"),
    Field("multiplier", "m", "m", "output channels for each input channel of a depthwise convolution"),
    Field("expansion", "t", "t", "how many times an inverted residual widens its input"),
    Field("width", "b", "B", "channels in the middle of a bottleneck, an inverted residual or a shuffle unit"),
    Field("squeeze", "q", "Q", "channels in the middle of a fire module or a squeeze-excite"),
    Field(
        "se", "se", "Q", "squeeze of the squeeze-excite in an inverted residual: channels, or a part of those coming in"
    ),
    Field("ratio", "r", "r", "a ghost module makes 1/r of its channels by convolution"),
    Field("cheap_kernel", "e", "De", "kernel of a ghost module's cheap convolution"),
    Field("output_padding", "op", "op", "elements added to a transposed convolution's output"),
    Field("bias", "bias", "bias", "whether the convolution has a bias"),
)

BY_NAME = {field.name: field for field in FIELDS}
BY_LETTER = {field.letter: field for field in FIELDS}

# The fields that closed forms have symbols for, in the order in which a product is written.
SYMBOL_ORDER = (
    "kernel_size",
    "cheap_kernel",
    "in_channels",
    "out_channels",
    "multiplier",
    "expansion",
    "width",
    "squeeze",
    "se",
    "groups",
    "ratio",
)

NOTATIONS = ("paper", "letters")

# What a single axis of a kernel or a feature map is called, by the number of axes.
AXES = {1: ("w",), 2: ("h", "w"), 3: ("d", "h", "w")}
POSITIONS = {1: ("W",), 2: ("H", "W"), 3: ("D", "H", "W")}


def long_name(word: str) -> str:
    """The long name of a field given by either spelling; other words as they are.

    >>> long_name("c1"), long_name("in_channels")
    ('in_channels', 'in_channels')
    """
    field = BY_LETTER.get(word)
    return field.name if field else word


def both_names(name: str, tick: str = "") -> str:
    """A field as help and errors name it: ``kernel_size (k)``; the long name alone stands before ``tick``."""
    field = BY_NAME.get(name)
    return f"{name}{tick} ({field.letter})" if field and field.letter != name else f"{name}{tick}"


def symbol_name(name: str, notation: str) -> str:
    """How closed forms write a field: ``Dk`` in the paper's notation, ``k`` in letters."""
    field = BY_NAME[name]
    return field.paper if notation == "paper" else field.letter


def closest(word: str, known: "Iterable[str]") -> str | None:
    """The known word that a misspelt one is closest to, if any is close; a misspelt beginning counts too.

    >>> closest("kernal", ["kernel_size", "stride"])
    'kernel_size'
    """
    from difflib import SequenceMatcher
    from heapq import nlargest
    from itertools import islice

    if len(word) > _LONGEST:
        return None
    letters = set(word)

    def shared(other: str) -> float:
        return len(letters.intersection(other)) / (len(word) + len(other))

    def likeness(other: str) -> float:
        begins = SequenceMatcher(None, word, other[: len(word)]).ratio() if len(word) >= _SHORTEST else 0.0
        return max(SequenceMatcher(None, word, other).ratio(), begins - 0.05)

    near = nlargest(_COMPARED, (other for other in islice(known, _MOST) if len(other) <= _LONGEST), key=shared)
    best = max(near, key=likeness, default=None)
    return best if best is not None and likeness(best) >= _ALIKE else None


def suggestion(word: str, known: "Iterable[str]", otherwise: str = "") -> str:
    """The hint for a word that is not known: the one that was meant, or else what a person may do.

    >>> suggestion("strid", ["kernel_size", "stride"]), suggestion("x", [], "leave it out")
    ('did you mean `stride`?', 'leave it out')
    """
    guess = closest(word, known)
    return f"did you mean `{guess}`?" if guess else otherwise


def row(words: "Iterable[str]") -> str:
    """Words as a hint lists them: the first ones where there are many.

    >>> row(["a", "b"]), row(map(str, range(100)))[-8:]
    ('a, b', '28, 29 …')
    """
    from itertools import islice

    first = list(islice(words, _LISTED + 1))
    return ", ".join(first[:_LISTED]) + " …" * (len(first) > _LISTED)


# Longer words, and more of them, would take long to compare; of many, those that share most letters are.
_LONGEST = 60
_MOST = 1_000
_COMPARED = 20
_LISTED = 30
# Shorter words begin like too many others.
_SHORTEST = 4
_ALIKE = 0.6
