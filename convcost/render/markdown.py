"""Markdown as GitHub renders it: a pipe table, or a derivation in math fences."""

from typing import TYPE_CHECKING

from convcost.render import Options
from convcost.render.cells import Markup, plain, remarks, sheet
from convcost.render.mathematics import steps
from convcost.report import Report

if TYPE_CHECKING:
    from convcost.derivation import Section, Step

_SPECIAL = str.maketrans({char: "\\" + char for char in "\\`*_|<>[]~#&$"})


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return plain(text).translate(_SPECIAL)


MARKDOWN = Markup(escape, lambda formula: formula.text.replace("|", "\\|"), lambda size: size)


def render(report: Report, options: Options, _format: str) -> str:
    """The table, then notes, legend and caption as a list."""
    body = [_section(section) for section in report.sections] or [_table(report, options)]
    foot = [f"- {escape(line)}" for line in [*remarks(report), *report.caption]]
    return "\n\n".join([f"**{escape(report.title)}**", *body, "\n".join(foot)])


def _table(report: Report, options: Options) -> str:
    table = sheet(report, options, MARKDOWN)
    rules = ["---:" if right else ":---" for right in table.numeric]
    totals = [[f"**{cell}**" if cell else "" for cell in table.totals]] if table.totals else []
    return "\n".join("| " + " | ".join(line) + " |" for line in [table.heads, rules, *table.rows, *totals])


def _section(section: "Section") -> str:
    blocks = [f"### {escape(section.title)}"]
    blocks += [f"{escape(step.quantity)}:\n\n```math\n{_display(step)}\n```" for step in section.steps]
    return "\n\n".join(blocks)


def _display(step: "Step") -> str:
    first, *others = steps(step)
    if not others:
        return first[1]
    # The braces give = its space before the column that follows it.
    rows = [f"{sign + '{}' if sign else ''}& {form}" for sign, form in (first, *others)]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"
