"""A table drawn by rich: rules, and bold heads where there is colour."""

from collections.abc import Iterator
from io import StringIO
from itertools import chain
from typing import NamedTuple

from rich.box import SIMPLE
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.table import Table

_WIDEST = 1_000_000


class Lines(NamedTuple):
    """Lines that are all equally wide, so that rich has nothing to measure or to wrap."""

    lines: list[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """The lines as they are."""
        del console, options
        yield Segment("\n".join(self.lines))


class Block(NamedTuple):
    """A column: its lines in the head, in the body, in the foot."""

    head: list[str]
    body: list[str]
    foot: list[str]


def draw(columns: list[Block], gap: int, *, foot: bool, color: bool) -> str:
    """Columns side by side, whose lines are all as wide as their column."""
    table = Table(box=SIMPLE, show_edge=False, padding=(0, gap - 1, 0, 0), pad_edge=False, show_footer=foot)
    for column in columns:
        # By rich's own measure, so that it crops nothing, whatever the script.
        wide = max(map(cell_len, chain(*column)))
        table.add_column(Lines(column.head), Lines(column.foot), width=wide)
    table.add_row(*(Lines(column.body) for column in columns))
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
