r"""Derivations in LaTeX's mathematics: on one line where that fits a page, else a line for each step.

Widths are estimates, in letters of running text; a line of LaTeX's article class has room
for at least so many of the widest formulas.
"""

import re

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


def steps(step: Step) -> list[tuple[str, str]]:
    """The lines of a step of a derivation, each the sign before it and a formula."""
    chain = step.chain("latex")
    whole = " ".join(f"{sign} {form}".lstrip() for sign, form in chain)
    if letters(whole) <= _ROOM:
        return [("", whole)]
    lines: list[tuple[str, str]] = []
    for sign, form in chain:
        first, *others = _folded(form)
        lines += [(sign, first), *(("", rf"\quad {{}} + {other}") for other in others)]
    return lines


def _folded(form: str) -> list[str]:
    """A sum as the sums that stand on its lines."""
    lines: list[str] = []
    for term in _terms(form):
        longer = f"{lines[-1]} + {term}" if lines else term
        if lines and letters(longer) <= _ROOM:
            lines[-1] = longer
        else:
            lines.append(term)
    return lines


def _terms(form: str) -> list[str]:
    """What stands between the plus signs that are in no brackets."""
    terms: list[str] = []
    for piece in form.split(" + "):
        if terms and not _closed(terms[-1]):
            terms[-1] += f" + {piece}"
        else:
            terms.append(piece)
    return terms


def _closed(piece: str) -> bool:
    pairs = (("{", "}"), ("(", ")"), (r"\left", r"\right"))
    return all(piece.count(opening) == piece.count(closing) for opening, closing in pairs)
