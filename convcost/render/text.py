"""Plain text in aligned columns, for pipes and comments in code."""

from typing import TYPE_CHECKING

from convcost.characters import width
from convcost.render import Options
from convcost.render.cells import Markup, characters, remarks, sheet
from convcost.report import Report

if TYPE_CHECKING:
    from convcost.derivation import Section

_GAP = "  "


def render(report: Report, options: Options, _format: str) -> str:
    """The table, then notes, legend and caption."""
    markup = characters(options)
    body = ["\n".join(section(part, markup)) for part in report.sections] or [_table(report, options, markup)]
    foot = [markup.text(line) for line in [*remarks(report), *report.caption]]
    return "\n\n".join([markup.text(report.title), *body, "\n".join(foot)]) + "\n"


def _table(report: Report, options: Options, markup: Markup) -> str:
    table = sheet(report, options, markup)
    lines = [table.heads, *table.rows, *([table.totals] if table.totals else [])]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    ruler = _GAP.join("-" * size for size in widths)
    drawn = [_line(line, widths, table.numeric) for line in lines]
    drawn.insert(1, ruler)
    if table.totals:
        drawn.insert(-1, ruler)
    return "\n".join(drawn)


def _line(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    return _GAP.join(map(aligned, cells, widths, numeric)).rstrip()


def section(part: "Section", markup: Markup) -> list[str]:
    """A part of a derivation as lines: its title, a ruler, then each quantity and how it comes about."""
    title = markup.text(part.title)
    lines = [title, "-" * width(title)]
    for step in part.steps:
        lines.append(f"{markup.text(step.quantity)}:")
        lines += [f"    {markup.size(f'{sign} {form}'.lstrip())}" for sign, form in step.chain("text")]
    return lines


def aligned(text: str, size: int, right: bool) -> str:  # noqa: FBT001 - mapped over columns
    """A text with spaces to a width, at the right or the left."""
    space = " " * (size - width(text))
    return space + text if right else text + space
