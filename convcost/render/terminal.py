"""A table for a terminal of some width. No digit is cut: what is too wide becomes one block a row."""

from typing import TYPE_CHECKING

from convcost.characters import width
from convcost.render import Options
from convcost.render.cells import Markup, Sheet, characters, remarks, sheet
from convcost.render.text import aligned, section
from convcost.report import Report

if TYPE_CHECKING:
    from convcost.derivation import Section

_GAP = 2
# A terminal narrower than this gets lines as for this.
_NARROWEST = 16


def render(report: Report, options: Options, _format: str) -> str:
    """The table where it fits the width, folding only words; else a block for each row. Or the derivation."""
    markup = characters(options)
    available = max(options.width, _NARROWEST) if options.width else None
    if report.sections:
        body = "\n\n".join(_section(part, markup, available) for part in report.sections)
    else:
        cells = sheet(report, options, markup)
        widths = _widths(cells, available)
        body = _table(cells, widths, options) if widths else _blocks(cells, available)
    title, *foot = (
        "\n".join(_fold(markup.text(line), available)) for line in (report.title, *remarks(report), *report.caption)
    )
    return "\n".join([title, "", body, "", *foot])


def _widths(cells: Sheet, available: int | None) -> list[int] | None:
    """A width for each column: its own, or less where its words can fold; None where even that is too wide."""
    columns = list(zip(cells.heads, *cells.rows, *([cells.totals] if cells.totals else []), strict=True))
    natural = [max(map(width, column)) for column in columns]
    if available is None:
        return natural
    room = available - _GAP * (len(columns) - 1)
    if sum(natural) <= room:
        return natural
    least = [max(_longest_word(head), *map(_least, rest)) for head, *rest in columns]
    # Columns are cut down to one limit, the largest at which they fit.
    for limit in range(max(natural), -1, -1):
        limits = [max(few, min(many, limit)) for few, many in zip(least, natural, strict=True)]
        if sum(limits) <= room:
            return [_folded_width(column, most) for column, most in zip(columns, limits, strict=True)]
    return None


def _folded_width(cells: tuple[str, ...], most: int) -> int:
    return max(width(line) for cell in cells for line in _fold(cell, most))


def _least(cell: str) -> int:
    """How narrow a cell can be: one with a digit stays on its line."""
    return width(cell) if any(map(str.isdigit, cell)) else _longest_word(cell)


def _longest_word(text: str) -> int:
    return max(map(width, text.split()), default=0)


def _table(cells: Sheet, widths: list[int], options: Options) -> str:
    """The table, by rich, which gets each column as lines of its width."""
    from convcost.render.table import Block, draw

    def fitted(rows: list[list[str]], *, bottom: bool = False) -> list[list[str]]:
        """The lines of each column; cells stand at the top of their row, or at the bottom."""
        columns: list[list[str]] = [[] for _ in widths]
        for row in rows:
            folded = list(map(_fold, row, widths))
            height = max(map(len, folded))
            for column, lines, size, right in zip(columns, folded, widths, cells.numeric, strict=True):
                blank = [" " * size] * (height - len(lines))
                shown = [aligned(line, size, right) for line in lines]
                column.extend(blank + shown if bottom else shown + blank)
        return columns

    heads, rows = fitted([cells.heads], bottom=True), fitted(cells.rows)
    totals = fitted([cells.totals] if cells.totals else [])
    return draw(list(map(Block, heads, rows, totals)), _GAP, foot=cells.totals is not None, color=options.color)


def _blocks(cells: Sheet, available: int | None) -> str:
    """Each row as lines of ``head: cell``, under the row's first cell."""
    blocks = []
    for row in [*cells.rows, *([cells.totals] if cells.totals else [])]:
        lines = [row[0], *(f"  {head}: {cell}" for head, cell in zip(cells.heads[1:], row[1:], strict=True) if cell)]
        blocks.append("\n".join(part for line in lines for part in _fold(line, available)))
    return "\n\n".join(blocks)


def _section(part: "Section", markup: Markup, available: int | None) -> str:
    title, ruler, *lines = section(part, markup)
    return "\n".join(folded for line in (title, ruler[:available], *lines) for folded in _fold(line, available))


def _fold(text: str, available: int | None) -> list[str]:
    """Lines no wider than there is room, folded between words; those after the first stand further in."""
    if available is None or width(text) <= available:
        return [text]
    first, *words = text.split() or [""]
    indent = text[: len(text) - len(text.lstrip())]
    lines = [indent + first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if width(longer) <= available:
            lines[-1] = longer
        else:
            lines.append(f"{indent and indent + '  '}{word}")
    return lines
