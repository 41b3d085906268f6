"""Plain text in aligned columns, for pipes and comments in code."""

from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from convcost.render import Options
from convcost.render.cells import PLAIN, plain, remarks, sheet
from convcost.report import Report

if TYPE_CHECKING:
    from convcost.derivation import Section

_GAP = "  "


def render(report: Report, options: Options, _format: str) -> str:
    """The table, then notes, legend and caption."""
    body = [_section(section) for section in report.sections] or [_table(report, options)]
    foot = [plain(line) for line in [*remarks(report), *report.caption]]
    return "\n\n".join([plain(report.title), *body, "\n".join(foot)]) + "\n"


def _table(report: Report, options: Options) -> str:
    table = sheet(report, options, PLAIN)
    lines = [table.heads, *table.rows, *([table.totals] if table.totals else [])]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    ruler = _GAP.join("-" * size for size in widths)
    drawn = [_line(line, widths, table.numeric) for line in lines]
    drawn.insert(1, ruler)
    if table.totals:
        drawn.insert(-1, ruler)
    return "\n".join(drawn)


def _line(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    parts = []
    for cell, size, right in zip(cells, widths, numeric, strict=True):
        space = " " * (size - width(cell))
        parts.append(space + cell if right else cell + space)
    return _GAP.join(parts).rstrip()


def _section(section: "Section") -> str:
    lines = [plain(section.title), "-" * width(section.title)]
    for step in section.steps:
        chain = step.chain("text")
        lines.append(f"{plain(step.quantity)}:")
        lines.append("    " + "\n    = ".join(chain))
    return "\n".join(lines)


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
