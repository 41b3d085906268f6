"""A table drawn by rich: rules, and bold heads where there is colour."""

from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

from rich.box import SIMPLE
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.table import Table

_WIDEST = 1_000_000


class _Lines(NamedTuple):
    """A cell that rich need not measure nor wrap."""

    lines: list[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        yield Segment("\n".join(self.lines))


def draw(
    heads: list[list[str]], rows: list[list[list[str]]], totals: list[list[str]] | None, *, gap: int, color: bool
) -> str:
    """A table of cells, each the list of its lines, which are all as wide as their column."""
    box = SIMPLE
    table = Table(box=SIMPLE, show_edge=False, padding=(0, gap - 1, 0, 0), pad_edge=False, show_footer=bool(totals))
    for index, head in enumerate(heads):
        # By rich's own measure, so that it crops nothing, whatever the script.
        table.add_column(_Lines(head), _Lines(totals[index]) if totals else "", width=cell_len(head[0]))
    for row in rows:
        table.add_row(*map(_Lines, row))
    out = StringIO()
    console = Console(
        file=out,
        width=_WIDEST,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        _environ={},
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
