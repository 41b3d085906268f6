"""A table for the terminal, by rich. No digit is cut: what is too wide becomes one block a row."""

from io import StringIO

from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convcost.render import Options
from convcost.render.cells import PLAIN, Sheet, plain, remarks, sheet
from convcost.render.text import width
from convcost.report import Report

_WIDEST = 100_000


def render(report: Report, options: Options, _format: str) -> str:
    """The table where it fits the width, folding only words; else a block for each row."""
    cells = sheet(report, options, PLAIN)
    available = options.width or _WIDEST
    table = _table(cells, options)
    drawn = _draw(table, options, available) if _least_width(cells) <= available else _blocks(cells)
    foot = [plain(line) for line in [*remarks(report), *report.caption]]
    return "\n".join([_wrap(plain(report.title), available), drawn, *(_wrap(line, available) for line in foot)])


def _table(cells: Sheet, options: Options) -> Table:
    table = Table(box=ASCII2 if options.ascii else SIMPLE_HEAD, show_footer=cells.totals is not None, pad_edge=False)
    for index, (head, numeric) in enumerate(zip(cells.heads, cells.numeric, strict=True)):
        footer = Text(cells.totals[index]) if cells.totals else Text("")
        fixed = numeric or any(char.isdigit() for row in cells.rows for char in row[index])
        table.add_column(
            Text(head), footer, justify="right" if numeric else "left", no_wrap=fixed, overflow="fold", style=None
        )
    for row in cells.rows:
        table.add_row(*map(Text, row))
    return table


def _least_width(cells: Sheet) -> int:
    """The width at which every cell with a digit still stands on one line, and every word unbroken."""
    total = 0
    for index, head in enumerate(cells.heads):
        column = [row[index] for row in cells.rows] + ([cells.totals[index]] if cells.totals else [])
        words = [word for cell in column for word in ([cell] if _has_digit(cell) else cell.split())]
        total += max([width(word) for word in [*head.split(), *words]], default=0) + 2
    return total


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _blocks(cells: Sheet) -> str:
    """Each row as lines of ``head: cell``, under the row's first cell."""
    blocks = []
    rows = [*cells.rows, *([cells.totals] if cells.totals else [])]
    for row in rows:
        lines = [row[0]]
        lines += [f"  {head}: {cell}" for head, cell in zip(cells.heads[1:], row[1:], strict=True) if cell]
        blocks.append("\n".join(lines))
    return "\n" + "\n\n".join(blocks) + "\n"


def _draw(table: Table, options: Options, available: int) -> str:
    out = StringIO()
    console = Console(
        file=out,
        width=available,
        force_terminal=options.color,
        color_system="standard" if options.color else None,
        no_color=not options.color,
        legacy_windows=False,
        _environ={},
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _wrap(line: str, available: int) -> str:
    from textwrap import fill

    return fill(line, max(available, 16), break_long_words=False, break_on_hyphens=False)
