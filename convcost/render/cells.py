"""Cells for people: numbers scaled once per column, heads with their units, all as strings."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from convcost.render import Options
from convcost.report import Cell, Column, Formula, Report, Size, Sizes, as_sizes
from convcost.units import Unit, column_unit, quotient, significant


class Markup(NamedTuple):
    """What differs between formats: how text is escaped, a formula and a size are written."""

    text: Callable[[str], str]
    formula: Callable[[Formula], str]
    size: Callable[[str], str]


class Sheet(NamedTuple):
    """A table of strings; ``numeric`` says which columns stand to the right."""

    heads: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    totals: list[str] | None


def plain(text: str) -> str:
    """Text on one line, without control characters."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


PLAIN = Markup(plain, lambda formula: formula.text, lambda size: size)


def characters(options: Options) -> Markup:
    """No markup, in the characters that there are: told before columns are aligned, for some become longer."""
    if not options.ascii:
        return PLAIN
    from convcost.render.ascii import to_ascii

    return Markup(lambda text: to_ascii(plain(text)), lambda formula: to_ascii(formula.text), to_ascii)


def sheet(report: Report, options: Options, markup: Markup) -> Sheet:
    """The report's table for people; notes are shown below it, not in a column."""
    columns = [column for column in report.columns if column.key != "note"]
    heads, parts = [], []
    rows = [*report.rows, report.totals] if report.totals is not None else list(report.rows)
    for column in columns:
        unit = None if options.exact else _unit(column, rows)
        heads.append(markup.text(f"{column.head} [{unit.name}]" if unit else column.head))
        parts.append([_cell(row.get(column.key), unit, options, markup) for row in rows])
    lines = [list(cells) for cells in zip(*parts, strict=True)]
    totals = lines.pop() if report.totals is not None else None
    return Sheet(heads, [column.holds in ("count", "bytes", "ratio") for column in columns], lines, totals)


def _unit(column: Column, rows: "list[Mapping[str, Cell]]") -> Unit | None:
    if column.holds not in ("count", "bytes"):
        return None
    numbers = [abs(cell) for row in rows if isinstance(cell := row.get(column.key), int)]
    return column_unit(numbers, of_bytes=column.holds == "bytes")


def _cell(cell: Cell, unit: Unit | None, options: Options, markup: Markup) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Formula):
        return markup.formula(cell)
    if isinstance(cell, Size | Sizes):
        return " and ".join(markup.size("×".join(map(str, size))) for size in as_sizes(cell))
    if isinstance(cell, Fraction):
        return str(cell) if options.exact else significant(cell)
    if isinstance(cell, int):
        return quotient(cell, unit.size) if unit else f"{cell:,}"
    return markup.text(cell)


def remarks(report: Report) -> list[str]:
    """Notes, one line for all rows that share one; then the legend of symbols."""
    about: dict[str, list[str]] = {}
    for who, note in report.notes:
        about.setdefault(note, []).append(who)
    lines = [f"{', '.join(whom)}: {note}" if any(whom) else note for note, whom in about.items()]
    if report.legend:
        lines.append("; ".join(f"{name} = {meaning}" for name, meaning in report.legend))
    return lines
