r"""Derivations in LaTeX's mathematics: on one line where that fits a page, else a line for each step.

Widths are estimates, in letters of running text; a line of LaTeX's article class has room
for at least so many of the widest formulas.
"""

import re
from collections.abc import Iterator

from convcost.derivation import Step

_ROOM = 58
_DELIMITER = re.compile(r"\\(left|right)(?![a-z])")
_FRACTION = re.compile(r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
_COMMAND = re.compile(r"\\([a-zA-Z]+ ?|.)")
_SILENT = re.compile(r"[{}$_^]")


def letters(latex: str) -> int:
    r"""About how wide a text or a formula is; of a fraction, the wider part counts.

    >>> letters(r"\frac{M \cdot t}{D_k^{2} \cdot N}")
    6
    """
    while (flat := _FRACTION.sub(lambda found: max(found.groups(), key=letters), latex)) != latex:
        latex = flat
    return len(_SILENT.sub("", _COMMAND.sub("x", _DELIMITER.sub("", latex))))


def lines(step: Step) -> list[tuple[str, str]]:
    """The derivation as lines, each the sign before it and a formula."""
    chain = step.chain("latex")
    whole = " = ".join(chain)
    if letters(whole) <= _ROOM:
        return [("", whole)]
    folded = [(("=" if index else ""), list(_folded(form))) for index, form in enumerate(chain)]
    return [(sign if not index else "", part) for sign, parts in folded for index, part in enumerate(parts)]


def _folded(form: str) -> Iterator[str]:
    """A sum on as many lines as it needs."""
    line = ""
    for term in _terms(form):
        longer = f"{line} + {term}" if line else term
        if line and letters(longer) > _ROOM:
            yield line
            longer = rf"\quad {{}} + {term}"
        line = longer
    yield line


def _terms(form: str) -> list[str]:
    terms: list[str] = []
    for piece in form.split(" + "):
        if terms and not _closed(terms[-1]):
            terms[-1] += f" + {piece}"
        else:
            terms.append(piece)
    return terms


def _closed(piece: str) -> bool:
    pairs = ("{}", "()", (r"\left", r"\right"))
    return all(piece.count(opening) == piece.count(closing) for opening, closing in pairs)
