r"""LaTeX: booktabs tables, or a derivation in display mathematics; in ASCII, for every engine.

The first line says which packages it needs: booktabs, and longtable for a table that no page holds.
"""

import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from convcost.render import Options
from convcost.render.cells import Markup, Sheet, plain, remarks, sheet
from convcost.render.mathematics import letters, steps
from convcost.report import Report

if TYPE_CHECKING:
    from convcost.derivation import Section, Step

_SYMBOLS = {
    "×·→≤≥≈±": "times cdot to le ge approx pm",
    "αβγδεζηθικλμ": "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu",
    "νξπρστυφχψω": "nu xi pi rho sigma tau upsilon phi chi psi omega",
    "ΓΔΘΛΞΠΣΦΨΩ": "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega",
}
_LETTERS = {"ßæÆœŒøØłŁı": "ss ae AE oe OE o O l L i"}
_SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{char: f"\\{char}" for char in "{}$&#%_"},
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        # Behind \\ these would be its own.
        **{char: f"{{{char}}}" for char in "[]*"},
        # Between signs that would become one.
        "\0": "{}",
        "`": "`{}",
        "‘": "`{}",
        "’": "'",
        "“": "``{}",
        "”": "''",
        "–": "--",
        "—": "---",
        "…": r"\dots{}",
        "−": "$-$",
        "°": r"$^\circ$",
        **{char: f"${char}$" for char in "<>|"},
        **{digit: f"$^{i}$" for i, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
        **{
            char: rf"$\{name}$"
            for chars, names in _SYMBOLS.items()
            for char, name in zip(chars, names.split(), strict=True)
        },
        **{
            char: rf"\{name}{{}}"
            for chars, names in _LETTERS.items()
            for char, name in zip(chars, names.split(), strict=True)
        },
    }
)
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
}
_OPENING = re.compile(r'(?<![^\s([])"')
_LIGATURE = re.compile(r"([-'])(?=\1)|([?!])(?=`)")

_SMALL = r"\footnotesize\setlength{\tabcolsep}{3pt}"
# In letters of running text: the room of a page and what a column keeps free, in the usual size and in that.
_ROOM, _GAP = 68, 2.4
_ROOM_SMALL, _GAP_SMALL = 80, 1.4
# What ends a line of a derivation, without and with a fraction in it.
_BELOW = (r"\\[0.5ex]", r"\\[2.5ex]")
# Lines of that size on a page; letters in one of them.
_PAGE, _LINE = 56, 95


def escape(text: str) -> str:
    """Text that LaTeX typesets as it is; letters of scripts beyond Latin and Greek become question marks."""
    text = plain(text)
    if '"' in text:
        text = _OPENING.sub("“", text).replace('"', "”")
    text = _LIGATURE.sub("\\g<0>\0", text).translate(_SPECIAL)
    return text if text.isascii() else "".join(char if char.isascii() else _accented(char) for char in text)


def _accented(char: str) -> str:
    letter, *accents = list(normalize("NFD", char))
    for accent in accents:
        letter = rf"\{_ACCENTS[accent]}{{{letter}}}" if accent in _ACCENTS else letter
    return letter if letter.isascii() else "?"


LATEX = Markup(escape, lambda formula: f"${formula.latex}$", escape)


def render(report: Report, options: Options, _format: str) -> str:
    r"""A floating table, or one that runs over pages, ready for \input; or the derivation."""
    title = escape(report.title)
    foot = " ".join(escape(line) + ("" if line.endswith(".") else ".") for line in [*remarks(report), *report.caption])
    if report.sections:
        return "\n\n".join(
            [rf"\subsection*{{\raggedright {title}}}", *map(_section, report.sections), rf"\noindent {foot}"]
        )
    setting, parts = _layout(sheet(report, options, LATEX))
    long = sum(map(_height, parts)) + len(foot) / _LINE > _PAGE
    return "\n".join((_over_pages if long else _floating)(parts, setting, title, foot))


def _floating(parts: list[Sheet], setting: str, title: str, foot: str) -> list[str]:
    lines = [r"% needs \usepackage{booktabs}", r"\begin{table}[htbp]", r"\centering", rf"\caption{{{title}}}{setting}"]
    for part in parts:
        lines += ["", r"\smallskip", rf"\begin{{tabular}}{{{_columns(part)}}}", *_head(part), *_body(part)]
        lines += [r"\bottomrule", r"\end{tabular}", "", r"\medskip"]
    return [*lines, rf"\parbox{{\linewidth}}{{\footnotesize {foot}}}", r"\end{table}"]


def _over_pages(parts: list[Sheet], setting: str, title: str, foot: str) -> list[str]:
    lines = [r"% needs \usepackage{booktabs,longtable}", f"{{{setting}"]
    for index, part in enumerate(parts):
        # A part after the first goes on with its number.
        start = [r"\addtocounter{table}{-1}"] if index else []
        first = [] if index else [rf"\caption{{{title}}} \\", *_head(part), r"\endfirsthead"]
        lines += [*start, rf"\begin{{longtable}}{{{_columns(part)}}}", *first, *_head(part), r"\endhead"]
        lines += [r"\bottomrule", r"\endfoot", *_body(part), r"\end{longtable}"]
    return [*lines, "}", rf"\noindent{{\footnotesize {foot}\par}}"]


def _layout(table: Sheet) -> tuple[str, list[Sheet]]:
    """Font and gaps in which a table is no wider than a page; where none is, tables of some of its columns."""
    columns = list(zip(table.heads, *table.rows, *([table.totals] if table.totals else []), strict=True))
    widths = [max(map(letters, column)) for column in columns]
    if sum(widths) + _GAP * len(widths) <= _ROOM:
        return "", [table]
    groups: list[list[int]] = [[0]]
    for index in range(1, len(widths)):
        taken = sum(widths[other] + _GAP_SMALL for other in (*groups[-1], index))
        if taken > _ROOM_SMALL and len(groups[-1]) > 1:
            groups.append([0])
        groups[-1].append(index)
    return _SMALL, [_only(table, group) for group in groups]


def _only(table: Sheet, columns: list[int]) -> Sheet:
    rows = [[row[index] for index in columns] for row in table.rows]
    totals = [table.totals[index] for index in columns] if table.totals else None
    return Sheet([table.heads[index] for index in columns], [table.numeric[index] for index in columns], rows, totals)


def _height(table: Sheet) -> float:
    """About how many lines a table takes."""
    return 5 + sum(1.7 if _fraction(row) else 1 for row in table.rows)


def _fraction(cells: list[str]) -> bool:
    return any(r"\frac" in cell for cell in cells)


def _columns(table: Sheet) -> str:
    return "".join("r" if right else "l" for right in table.numeric)


def _head(table: Sheet) -> list[str]:
    return [r"\toprule", _line(table.heads), r"\midrule"]


def _body(table: Sheet) -> list[str]:
    return [*map(_line, table.rows), *([r"\midrule", _line(table.totals)] if table.totals else [])]


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + (r" \\[3pt]" if _fraction(cells) else r" \\")


def _section(section: "Section") -> str:
    shown = (f"\\noindent {escape(step.quantity)}:\n{_display(step)}" for step in section.steps)
    return "\n".join([rf"\subsubsection*{{\raggedright {escape(section.title)}}}", *shown])


def _display(step: "Step") -> str:
    first, *others = steps(step)
    if not others:
        return rf"\[ {first[1]} \]"
    rows = [rf"{sign} & \displaystyle {form} {_BELOW[_fraction([form])]}" for sign, form in (first, *others)]
    return "\n".join([r"\[", r"\begin{array}{@{}r@{\;}l@{}}", *rows, r"\end{array}", r"\]"])
