"""`--count-as` in comparisons and differences: a finished report with a column more, of what a convention counts."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from convcost.comparison import Comparison
from convcost.conventions import find
from convcost.conventions.convention import Convention
from convcost.conventions.counting import counted, counted_layers
from convcost.difference import Pair, pairs
from convcost.evaluation import Evaluation, evaluate
from convcost.evaluation_counting import counting_text
from convcost.network import Node
from convcost.report import Cell, Column, Report
from convcost.rows import Row


def with_counted(report: Report, comparison: Comparison, count_as: str) -> Report:
    """A comparison of kinds with a column of what each costs by a convention; blank without an input size."""
    convention = find(count_as)
    values = [_of_row(convention, row) for row in comparison.rows]
    column = Column("counted", f"{convention.name} {convention.unit}", "count")
    # The notes are the last column.
    columns = (*report.columns[:-1], column, *report.columns[-1:])
    rows = tuple({**row, "counted": value} for row, value in zip(report.rows, values, strict=True))
    plain = report.data

    def data() -> Mapping[str, Any]:
        whole = dict(plain())
        both = zip(whole["rows"], values, strict=True)
        return {**whole, "counted": _named(convention), "rows": [{**row, "counted": value} for row, value in both]}

    return report._replace(columns=columns, rows=rows, caption=_caption(report, count_as), data=data)


def _of_row(convention: Convention, row: Row) -> int | None:
    return counted(convention, evaluate(row.known.network)) if row.known else None


def with_counted_difference(report: Report, before: Evaluation, after: Evaluation, count_as: str) -> Report:
    """A difference of two networks with what a convention counts before and after, as delta and as ratio."""
    convention = find(count_as)
    old, new = counted_layers(convention, before), counted_layers(convention, after)
    found = [pair for pair in pairs(before, after) if pair.change != "same"]
    each = [_sides(pair, old, new) for pair in found]
    whole = (sum(old.values()), sum(new.values()))
    head = f"{convention.name} {convention.unit}"
    columns = tuple(Column(f"counted_{side}", f"{head} {side}", "count") for side in ("before", "after", "delta"))
    rows = tuple({**row, **_cells(*sides)} for row, sides in zip(report.rows, each, strict=False))
    plain = report.data

    def data() -> Mapping[str, Any]:
        told = dict(plain())
        total = {**told["total"], "counted": _json(*whole)}
        layers = [{**one, "counted": _json(*sides)} for one, sides in zip(told["layers"], each, strict=True)]
        return {**told, "counted": _named(convention), "total": total, "layers": layers}

    return report._replace(
        columns=(*report.columns, *columns, Column("counted_ratio", "ratio", "ratio")),
        rows=rows,
        totals={**(report.totals or {}), **_cells(*whole)},
        caption=_caption(report, count_as),
        data=data,
    )


def _sides(pair: Pair, old: Mapping[str, int], new: Mapping[str, int]) -> tuple[int | None, int | None]:
    return _sum(pair.before, old), _sum(pair.after, new)


def _sum(nodes: tuple[Node, ...], counts: Mapping[str, int]) -> int | None:
    return sum(counts[node.name] for node in nodes) if nodes else None


def _cells(one: int | None, other: int | None) -> Mapping[str, Cell]:
    return {
        "counted_before": one,
        "counted_after": other,
        "counted_delta": (other or 0) - (one or 0),
        "counted_ratio": Fraction(other, one) if one and other is not None else None,
    }


def _json(one: int | None, other: int | None) -> Mapping[str, Any]:
    ratio = Fraction(other, one) if one and other is not None else None
    delta = (other or 0) - (one or 0)
    return {"before": one, "after": other, "delta": delta, "ratio": str(ratio) if ratio is not None else None}


def _named(convention: Convention) -> Mapping[str, Any]:
    return {"convention": convention.name, "version": convention.version or None, "unit": convention.unit}


def _caption(report: Report, count_as: str) -> tuple[str, ...]:
    """What is counted, before the last line, which is the version."""
    return (*report.caption[:-1], *counting_text(count_as), *report.caption[-1:])
