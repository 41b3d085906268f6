"""`check`: every limit with what was found beside it, and the layers behind what is over."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from convcost.budget import LEAST, NO_BUDGET, SAME, Check
from convcost.check_words import percent, remark, set_by, what_text, written
from convcost.evaluation import Evaluation
from convcost.partial import as_json, sentence
from convcost.problems import Problem
from convcost.report import CONVENTION, CONVENTION_TEXT, Cell, Column, Report, choose_columns


class Checked(NamedTuple):
    """All that a run has checked, and what it could not read."""

    checks: tuple[Check, ...]
    evaluations: tuple[Evaluation, ...] = ()
    errors: tuple[Problem, ...] = ()
    dtype: str = "fp32"

    @property
    def findings(self) -> int:
        """How many checks make the exit status 1."""
        return sum(check.finding for check in self.checks)

    @property
    def repeats_names(self) -> bool:
        """Whether two networks have one name, and only their sources tell them apart."""
        networks = {(check.network, check.source) for check in self.checks}
        return len({name for name, _ in networks}) < len(networks)

    def label(self, name: str, source: str) -> str:
        """What a network is called in the text below the table."""
        return f"{name} ({source})" if self.repeats_names and source else name

    @property
    def summary(self) -> str:
        """How many networks and checks there were, and how many findings."""
        checks = sum(check.status != NO_BUDGET for check in self.checks)
        networks = f"{_number(len(self.evaluations), 'network')}, " if len(self.evaluations) != 1 else ""
        found = _number(self.findings, "finding") if self.findings else "no finding"
        return f"{networks}{_number(checks, 'check')}, {found}"


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


_DEFAULT = ("network", "source", "what", "layer", "limit", "found", "over_by", "status", "set_by")
_DEFAULT_OF_MACHINES = (
    *("network", "source", "what", "layer", "bound", "limit", "found", "over_by", "over_ratio", "status"),
    *("set_by", "line", "note"),
)


def _columns(checks: tuple[Check, ...]) -> tuple[Column, ...]:
    """Every column; the heads of figures say whether they are beside a budget or a snapshot."""
    same = {check.bound == SAME for check in checks if check.status != NO_BUDGET}
    least = any(check.bound == LEAST for check in checks)
    limit = {(True,): "snapshot", (False, True): "budget or snapshot"}.get(tuple(sorted(same)), "budget")
    return (
        Column("network", "network"),
        Column("source", "source"),
        Column("what", "what"),
        Column("layer", "layer"),
        Column("bound", "bound"),
        Column("limit", limit, "count"),
        Column("found", "found", "count"),
        Column("over_by", "difference" if True in same else "over or under by" if least else "over by", "count"),
        Column("over_ratio", "over by, of the limit", "ratio"),
        Column("status", "status"),
        Column("set_by", "set by"),
        Column("line", "line", "count"),
        Column("note", "note"),
    )


def check_report(
    checked: Checked, columns: tuple[str, ...] = (), *, machine: bool = False, exact: bool = False
) -> Report:
    """Every limit in a row. ``machine``: figures are numbers; else each row has them in a unit of its own."""
    from convcost import __version__

    checks, repeats = checked.checks, checked.repeats_names
    asked = ("source", *columns) if columns and repeats else columns
    chosen = choose_columns(asked, _columns(checks), _DEFAULT_OF_MACHINES if machine else _DEFAULT)
    names = {check.network for check in checks}
    alone = len(names) == 1 and not repeats
    if not machine and not columns:
        # What is the same in all rows stands in the title, or nowhere.
        dropped = {"layer"} if not any(check.layer for check in checks) else set()
        dropped |= {"network"} if alone else set()
        dropped |= {"source"} if not repeats else set()
        chosen = tuple(column for column in chosen if column.key not in dropped)
    in_bytes = any(check.what.endswith("_bytes") for check in checks)
    return Report(
        title=f"{', '.join(names)}: {checked.summary}" if alone else checked.summary,
        columns=chosen,
        rows=tuple(_row(check, machine=machine, exact=exact) for check in checks),
        caption=(
            *(line for one in checked.evaluations for line in _partial_text(checked, one)),
            *_networks_text(checked.evaluations),
            CONVENTION_TEXT,
            *([f"Bytes at {checked.dtype}."] if in_bytes else []),
            f"convcost {__version__}.",
        ),
        notes=(
            *((_about(checked, check), note) for check in checks if (note := remark(check))),
            *_places(checked),
        ),
        data=lambda: _data(checked),
    )


def _networks_text(evaluations: tuple[Evaluation, ...]) -> tuple[str, ...]:
    """Each network with its input and its file."""
    networks = (evaluation.network for evaluation in evaluations)
    shown = ", ".join(f"{one.name} {'×'.join(map(str, one.input))} ({one.source})" for one in networks)
    return (f"Input sizes and sources: {shown}.",) if shown else ()


def _partial_text(checked: Checked, evaluation: Evaluation) -> tuple[str, ...]:
    network = evaluation.network
    return sentence(checked.label(network.name, network.source), evaluation.uncounted)


def _places(checked: Checked) -> list[tuple[str, str]]:
    """The lines of the layers that are over, one note for each limit."""
    found: dict[str, dict[int, list[str]]] = {}
    for check in checked.checks:
        if check.finding and check.layer_line and check.layer and check.bound != SAME:
            found.setdefault(_about(checked, check), {}).setdefault(check.layer_line, []).append(check.layer)
    return [
        (about, "; ".join(f"line {line}: {', '.join(layers)}" for line, layers in sorted(by_line.items())))
        for about, by_line in found.items()
    ]


def _row(check: Check, *, machine: bool, exact: bool) -> Mapping[str, Cell]:
    figures = (check.limit, check.found, check.difference)
    shown = (*figures, check.ratio) if machine else (*written(check, exact=exact), percent(check))
    return {
        "network": check.network,
        "source": check.source,
        "layer": check.layer or None,
        "what": (check.what if machine else what_text(check)) or None,
        "bound": (check.what and check.bound) or None,
        **dict(zip(("limit", "found", "over_by", "over_ratio"), shown, strict=True)),
        "status": check.status,
        "set_by": (set_by(check) if machine or not check.line else f"line {check.line}") or None,
        "line": check.layer_line or check.line or None,
        "note": remark(check) or None,
    }


def _about(checked: Checked, check: Check) -> str:
    return " ".join(word for word in (checked.label(check.network, check.source), what_text(check)) if word)


def _data(checked: Checked) -> Mapping[str, Any]:
    """What JSON holds."""
    return {
        "command": "check",
        "convention": CONVENTION,
        "dtype": checked.dtype,
        "findings": checked.findings,
        "networks": [_network_json(one) for one in checked.evaluations],
        "checks": [_check_json(check) for check in checked.checks],
        "errors": [
            {"source": e.source, "line": e.line or None, "column": e.column or None, "message": e.message}
            for e in checked.errors
        ],
    }


def _network_json(evaluation: Evaluation) -> Mapping[str, Any]:
    network = evaluation.network
    told = {"name": network.name, "source": network.source, "input": network.input}
    return {**told, **as_json(evaluation.uncounted)}


def _check_json(check: Check) -> Mapping[str, Any]:
    replaced = check.replaced
    return {
        "network": check.network,
        "source": check.source or None,
        "layer": check.layer or None,
        "what": check.what or None,
        "bound": (check.what and check.bound) or None,
        "limit": check.limit,
        "found": check.found,
        "over_by": check.difference,
        "over_ratio": float(check.ratio) if check.ratio is not None else None,
        "status": check.status,
        "finding": check.finding,
        "set_by": set_by(check) or None,
        "line": check.line or None,
        "layer_line": check.layer_line or None,
        "replaced": {"limit": replaced.most, "line": replaced.line or None} if replaced else None,
        "peak_at": check.peak_at or None,
        "parts": [{"name": part.name, "amount": part.amount, "line": part.line or None} for part in check.parts],
        "note": check.note or None,
    }
