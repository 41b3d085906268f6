"""`check`: every limit with what was found beside it, and the layers behind what is over."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from convcost.budget import LEAST, NO_BUDGET, SAME, Check, Part
from convcost.evaluation import Evaluation
from convcost.problems import Problem
from convcost.report import CONVENTION, CONVENTION_TEXT, Cell, Column, Report, choose_columns
from convcost.units import Unit, column_unit, quotient, significant


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
    def summary(self) -> str:
        """How many networks and checks there were, and how many findings."""
        checks = sum(check.status != NO_BUDGET for check in self.checks)
        networks = f"{_number(len(self.evaluations), 'network')}, " if len(self.evaluations) != 1 else ""
        found = _number(self.findings, "finding") if self.findings else "no finding"
        return f"{networks}{_number(checks, 'check')}, {found}"


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


_DEFAULT = ("network", "what", "layer", "limit", "found", "over_by", "status", "set_by")
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

    checks = checked.checks
    known = _columns(checks)
    chosen = choose_columns(columns, known, _DEFAULT_OF_MACHINES if machine else _DEFAULT)
    names = {check.network for check in checks}
    if not machine and not columns:
        # What is the same in all rows stands in the title, or nowhere.
        dropped = {"layer"} if not any(check.layer for check in checks) else set()
        dropped |= {"network"} if len(names) == 1 else set()
        chosen = tuple(column for column in chosen if column.key not in dropped)
    in_bytes = any(check.what.endswith("_bytes") for check in checks)
    return Report(
        title=f"{', '.join(names)}: {checked.summary}" if len(names) == 1 else checked.summary,
        columns=chosen,
        rows=tuple(_row(check, machine=machine, exact=exact) for check in checks),
        caption=(
            *_networks_text(checked.evaluations),
            CONVENTION_TEXT,
            *([f"Bytes at {checked.dtype}."] if in_bytes else []),
            f"convcost {__version__}.",
        ),
        notes=(*((_about(check), note) for check in checks if (note := remark(check))), *_places(checks)),
        data=lambda: _data(checked),
    )


def _networks_text(evaluations: tuple[Evaluation, ...]) -> tuple[str, ...]:
    """Each network with its input and its file."""
    networks = (evaluation.network for evaluation in evaluations)
    shown = ", ".join(f"{one.name} {'×'.join(map(str, one.input))} ({one.source})" for one in networks)
    return (f"Input sizes and sources: {shown}.",) if shown else ()


def _places(checks: tuple[Check, ...]) -> list[tuple[str, str]]:
    """The lines of the layers that are over, one note for each limit."""
    found: dict[str, dict[int, list[str]]] = {}
    for check in checks:
        if check.finding and check.layer_line and check.layer and check.bound != SAME:
            found.setdefault(_about(check), {}).setdefault(check.layer_line, []).append(check.layer)
    return [
        (about, "; ".join(f"line {line}: {', '.join(layers)}" for line, layers in sorted(by_line.items())))
        for about, by_line in found.items()
    ]


def _row(check: Check, *, machine: bool, exact: bool) -> Mapping[str, Cell]:
    figures = (check.limit, check.found, check.difference)
    shown = (*figures, check.ratio) if machine else (*written(check, exact=exact), _percent(check))
    return {
        "network": check.network,
        "source": check.source,
        "layer": check.layer or None,
        "what": (check.what if machine else _what(check)) or None,
        "bound": check.bound if check.what else None,
        **dict(zip(("limit", "found", "over_by", "over_ratio"), shown, strict=True)),
        "status": check.status,
        "set_by": (set_by(check) if machine or not check.line else f"line {check.line}") or None,
        "line": check.layer_line or check.line or None,
        "note": remark(check) or None,
    }


def set_by(check: Check) -> str:
    """The flag, the file, or the line of the spec that sets the limit."""
    return check.set_by or (f"{check.source}:{check.line}" if check.line else "")


def written(check: Check, *, exact: bool = False) -> tuple[str | None, str | None, str | None]:
    """The limit, what was found and the difference, in one unit; exact where the two would look equal in it."""
    figures = [number for number in (check.limit, check.found) if number is not None]
    unit = None if exact else column_unit(figures, of_bytes=check.what.endswith("_bytes"))
    if len({_scaled(number, unit) for number in figures}) < len(set(figures)):
        unit = None
    limit, found, difference = (
        _scaled(number, unit) if number is not None else None for number in (check.limit, check.found, check.difference)
    )
    if difference and check.difference is not None:
        sign = "+" if check.bound == SAME and check.difference > 0 else ""
        part = f" ({sign}{_percent(check)})" if check.ratio is not None else ""
        difference = f"{sign}{difference}{part}"
    return limit, found, difference


def _scaled(number: int, unit: Unit | None) -> str:
    return f"{quotient(number, unit.size)} {unit.name}" if unit else f"{number:,}"


def _percent(check: Check) -> str | None:
    return f"{significant(100 * check.ratio)} %" if check.ratio is not None else None


def _what(check: Check) -> str:
    return f"{check.what} (at least)" if check.bound == LEAST else check.what


def _about(check: Check) -> str:
    return " ".join(word for word in (check.network, _what(check)) if word)


# Tensors that a note names.
_NAMED = 3


def remark(check: Check) -> str:
    """What is behind a figure, and what there is to know of its limit; empty where there is nothing."""
    said = [check.note] if check.note else []
    if check.peak_at:
        rest = len(check.parts) - _NAMED
        more = f" and {rest:,} more" if rest > 0 else ""
        named = ", ".join(_part(check, part) for part in check.parts[:_NAMED])
        said.append(f"the peak is at `{check.peak_at}`{_line(check.layer_line)}; live then: {named}{more}")
    elif check.parts:
        said.append("heaviest layers: " + ", ".join(_part(check, part) for part in check.parts))
    if check.replaced:
        said.append(f"{check.set_by} takes the place of the spec's {check.replaced.most:,}{_line(check.replaced.line)}")
    return "; ".join(said)


def _part(check: Check, part: Part) -> str:
    share = f" ({significant(100 * part.amount / check.found)} %)" if check.found else ""
    return f"{part.name} {part.amount:,}{share}"


def _line(line: int) -> str:
    return f" (line {line})" if line else ""


def _data(checked: Checked) -> Mapping[str, Any]:
    """What JSON holds."""
    return {
        "command": "check",
        "convention": CONVENTION,
        "dtype": checked.dtype,
        "findings": checked.findings,
        "networks": [
            {"name": one.network.name, "source": one.network.source, "input": one.network.input}
            for one in checked.evaluations
        ],
        "checks": [_check_json(check) for check in checked.checks],
        "errors": [
            {"source": e.source, "line": e.line or None, "column": e.column or None, "message": e.message}
            for e in checked.errors
        ],
    }


def _check_json(check: Check) -> Mapping[str, Any]:
    replaced = check.replaced
    return {
        "network": check.network,
        "source": check.source or None,
        "layer": check.layer or None,
        "what": check.what or None,
        "bound": check.bound if check.what else None,
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
