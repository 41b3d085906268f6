"""`--count-as` in comparisons and differences: a finished report with a column more, of what a convention counts."""

from collections.abc import Mapping
from typing import Any

from convcost.comparison import Comparison
from convcost.conventions import find
from convcost.conventions.convention import Convention
from convcost.conventions.counting import counted, counted_layers
from convcost.difference import Change, change, change_of, pairs
from convcost.difference_report import as_json
from convcost.evaluation import Evaluation, evaluate
from convcost.evaluation_counting import counted_column, counting_text, named
from convcost.network import Node
from convcost.partial import known
from convcost.report import Column, Report
from convcost.rows import Row


def with_counted(report: Report, comparison: Comparison, count_as: str) -> Report:
    """A comparison of kinds with a column of what each costs by a convention; blank without an input size."""
    convention = find(count_as)
    values = [_of_row(convention, row) for row in comparison.rows]
    # The notes are the last column.
    columns = (*report.columns[:-1], counted_column(count_as), *report.columns[-1:])
    rows = tuple({**row, "counted": value} for row, value in zip(report.rows, values, strict=True))
    plain = report.data

    def data() -> Mapping[str, Any]:
        whole = dict(plain())
        both = zip(whole["rows"], values, strict=True)
        return {**whole, "counted": named(convention), "rows": [{**row, "counted": value} for row, value in both]}

    return report._replace(columns=columns, rows=rows, caption=_caption(report, count_as), data=data)


def _of_row(convention: Convention, row: Row) -> int | None:
    return counted(convention, evaluate(row.known.network)) if row.known else None


def with_counted_difference(report: Report, before: Evaluation, after: Evaluation, count_as: str) -> Report:
    """A difference of two networks with what a convention counts before and after, as delta and as ratio."""
    convention = find(count_as)
    old, new = counted_layers(convention, before), counted_layers(convention, after)
    found = [pair for pair in pairs(before, after) if pair.change != "same"]
    each = [change_of(pair, _sum(pair.before, old), _sum(pair.after, new)) for pair in found]
    whole = change(sum(old.values()), sum(new.values()))
    head = counted_column(count_as).head
    columns = tuple(Column(f"counted_{side}", f"{head} {side}", "count") for side in ("before", "after", "delta"))
    rows = tuple({**row, **_cells(one)} for row, one in zip(report.rows, each, strict=False))
    plain = report.data

    def data() -> Mapping[str, Any]:
        told = dict(plain())
        total = {**told["total"], "counted": as_json(whole)}
        layers = [{**layer, "counted": as_json(one)} for layer, one in zip(told["layers"], each, strict=True)]
        return {**told, "counted": named(convention), "total": total, "layers": layers}

    return report._replace(
        columns=(*report.columns, *columns, Column("counted_ratio", "ratio", "ratio")),
        rows=rows,
        totals={**(report.totals or {}), **_cells(whole)},
        caption=_caption(report, count_as),
        data=data,
    )


def _sum(nodes: tuple[Node, ...], counts: Mapping[str, int]) -> int | None:
    """What some layers cost, or None where there are none or nobody knows it."""
    found = {"counted": sum(counts[node.name] for node in nodes)}
    return known(found, nodes)["counted"] if nodes else None


def _cells(found: Change) -> Mapping[str, Any]:
    return {f"counted_{side}": cell for side, cell in found._asdict().items()}


def _caption(report: Report, count_as: str) -> tuple[str, ...]:
    """What is counted, before the last line, which is the version."""
    return (*report.caption[:-1], *counting_text(count_as), *report.caption[-1:])
