"""`conventions`: what there is to count by, and the table of weights of one."""

from collections.abc import Mapping
from typing import Any

from convcost.conventions import CONVENTIONS
from convcost.conventions.convention import Convention
from convcost.conventions.labels import label
from convcost.report import Cell, Column, Report, choose_columns

_COLUMNS = (
    Column("convention", "convention"),
    Column("version", "version"),
    Column("unit", "unit"),
    Column("what", "what"),
    Column("counts", "counts"),
    Column("mistakes", "known mistakes"),
    Column("source", "source"),
)
_USUAL = ("convention", "version", "unit", "what")


def conventions_report(columns: tuple[str, ...] = ()) -> Report:
    """Every convention in a row; what it counts and its known mistakes stand below, where no column has them."""
    from convcost import __version__

    chosen = choose_columns(columns, _COLUMNS, _USUAL)
    shown = {column.key for column in chosen}
    return Report(
        title="Conventions: how counters count",
        columns=chosen,
        rows=tuple(_row(convention) for convention in CONVENTIONS.values()),
        caption=(
            "`convcost conventions NAME` shows the weights of one, `--count-as NAME` counts by it.",
            "`convcost reconcile NET` takes a network's totals apart.",
            f"convcost {__version__}.",
        ),
        notes=tuple(note for convention in CONVENTIONS.values() for note in _notes(convention, shown)),
        data=lambda: {"command": "conventions", "conventions": [_json(one) for one in CONVENTIONS.values()]},
    )


def _row(convention: Convention) -> Mapping[str, Cell]:
    return {
        "convention": convention.name,
        "version": convention.version or None,
        "unit": convention.unit,
        "what": convention.title,
        "counts": convention.counts,
        "mistakes": "; ".join(convention.mistakes) or None,
        "source": convention.source,
    }


def _notes(convention: Convention, shown: set[str]) -> list[tuple[str, str]]:
    source = "" if "source" in shown else f" Source: {convention.source}."
    notes = [] if "counts" in shown else [(convention.name, f"{convention.counts}.{source}")]
    if convention.mistakes and "mistakes" not in shown:
        notes.append((f"{convention.name}, known mistakes", f"{'; '.join(convention.mistakes)}."))
    return notes


_WEIGHT_COLUMNS = (
    Column("quantity", "quantity"),
    Column("weight", "weight", "count"),
    Column("once", "once a batch", "count"),
    Column("ledger", "in the ledger"),
)


def convention_report(convention: Convention) -> Report:
    """The weights of one convention, as it has them: what stands in no row counts nothing."""
    from convcost import __version__

    names = dict.fromkeys((*convention.weights, *convention.once, *convention.shrinking))
    unseen = f" Not seen unless a row says so: {', '.join(convention.unseen)}." if convention.unseen else ""
    rules = "".join(f" Not linear: {rule.text} ({rule.source})." for rule in convention.rules)
    return Report(
        title=f"{convention.name}: {convention.title}",
        columns=_WEIGHT_COLUMNS,
        rows=tuple(_weight_row(convention, name) for name in names),
        caption=(
            f"{' '.join(filter(None, (convention.version, convention.unit)))}: {convention.counts}.{unseen}{rules}",
            f"Source: {convention.source}.",
            f"convcost {__version__}.",
        ),
        notes=tuple(_notes(convention, {"counts"})),
        data=lambda: {"command": "conventions", "conventions": [_json(convention)]},
    )


def _weight_row(convention: Convention, name: str) -> Mapping[str, Cell]:
    once = convention.once.get(name, 0) + convention.shrinking.get(name, 0)
    return {
        "quantity": label(name),
        "weight": convention.weights.get(name, 0 if not once else None),
        "once": once or None,
        "ledger": name,
    }


def _json(convention: Convention) -> Mapping[str, Any]:
    return {
        "name": convention.name,
        "title": convention.title,
        "version": convention.version or None,
        "unit": convention.unit,
        "counts": convention.counts,
        "mistakes": convention.mistakes,
        "source": convention.source,
        "weights": dict(convention.weights),
        "once": dict(convention.once),
        "shrinking": dict(convention.shrinking),
        "unseen": convention.unseen,
        "rules": [{"text": rule.text, "source": rule.source} for rule in convention.rules],
    }
