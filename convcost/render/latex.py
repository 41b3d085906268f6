"""LaTeX: a booktabs table, or a derivation in display mathematics. Needs no package but booktabs."""

from typing import TYPE_CHECKING

from convcost.render import Options
from convcost.render.cells import Markup, plain, remarks, sheet
from convcost.report import Formula, Report

if TYPE_CHECKING:
    from convcost.derivation import Section

_SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"$<$",
        ">": r"$>$",
        "|": r"$|$",
        '"': "''",
        "[": "{[}",
        "]": "{]}",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "→": r"$\to$",
        "≤": r"$\le$",
        "≥": r"$\ge$",
        "–": "--",
        "—": "---",
        "…": r"\dots{}",
        **{digit: f"$^{i}$" for i, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    }
)


def escape(text: str) -> str:
    """Text that pdflatex typesets; letters that its usual fonts lack become question marks."""
    return "".join(map(_typeset, plain(text)))


def _typeset(char: str) -> str:
    special = char.translate(_SPECIAL)
    known = special != char or char.isascii() or "À" <= char <= "ÿ"
    return special if known else "?"


def _formula(formula: Formula) -> str:
    return f"${formula.latex}$"


LATEX = Markup(escape, _formula, escape)


def render(report: Report, options: Options, _format: str) -> str:
    """A floating table with its caption below, ready for \\input; or the derivation."""
    foot = " ".join(escape(line) + ("" if line.endswith(".") else ".") for line in [*remarks(report), *report.caption])
    if report.sections:
        return "\n\n".join([*(_section(section) for section in report.sections), rf"\noindent {foot}"])
    table = sheet(report, options, LATEX)
    spec = "".join("r" if right else "l" for right in table.numeric)
    totals = [r"\midrule", _line(table.totals)] if table.totals else []
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape(report.title)}. {foot}}}",
        rf"\begin{{tabular}}{{{spec}}}",
        r"\toprule",
        _line(table.heads),
        r"\midrule",
        *map(_line, table.rows),
        *totals,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _section(section: "Section") -> str:
    lines = [rf"\paragraph{{{escape(section.title)}}}"]
    for step in section.steps:
        chain = step.chain("latex")
        lines.append(f"{escape(step.quantity)}:\n\\[ {' = '.join(chain)} \\]")
    return "\n".join(lines)
