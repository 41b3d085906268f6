"""CSV and TSV for programs: keys as heads, every digit, missing cells empty.

The caption stands in a last column of each row, so that it stays with the rows wherever they are put.
"""

import csv
from fractions import Fraction
from io import StringIO

from convcost.render import Options
from convcost.report import Cell, Formula, Report, Size, Sizes, as_sizes


def render(report: Report, _options: Options, format_: str) -> str:
    """RFC 4180 with newlines as line ends; TSV with tabs."""
    out = StringIO()
    writer = csv.writer(out, delimiter="\t" if format_ == "tsv" else ",", lineterminator="\n")
    writer.writerow([*(column.key for column in report.columns), "caption"])
    caption = " ".join([report.title + ".", *report.caption])
    rows = [*report.rows, report.totals] if report.totals is not None else report.rows
    for row in rows:
        writer.writerow([*(_cell(row.get(column.key)) for column in report.columns), caption])
    return out.getvalue()


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Formula):
        return cell.text
    if isinstance(cell, Size | Sizes):
        return " ".join("x".join(map(str, size)) for size in as_sizes(cell))
    if isinstance(cell, Fraction):
        return repr(float(cell)) if cell.denominator != 1 else str(cell.numerator)
    return str(cell)
