"""`diff` and `whatif`: two networks side by side, layer by layer and in total."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from convcost.costs import Cost, total
from convcost.difference import Pair, pairs
from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation
from convcost.evaluation_report import partial_text
from convcost.names import closest
from convcost.network import Node
from convcost.report import CONVENTION, CONVENTION_TEXT, Cell, Column, Report
from convcost.units import bytes_of, times

# What two networks can be compared by, with its head; bytes are at a `dtype`.
QUANTITIES = {
    "params": "params",
    "weights": "weights",
    "biases": "biases",
    "norm_params": "norm params",
    "macs": "MACs",
    "flops": "FLOPs",
    "activations": "activations",
    "weight_bytes": "weight bytes",
    "activation_bytes": "activation bytes",
}
_DEFAULT = ("params", "macs")


def difference_report(
    before: Evaluation,
    after: Evaluation,
    *,
    command: str,
    labels: tuple[str, str],
    quantities: tuple[str, ...] = (),
    dtype: str = "fp32",
    notes: tuple[tuple[str, str], ...] = (),
    layers: bool = True,
) -> Report:
    """What differs from ``before`` to ``after``: a row for each layer that is not the same, and the totals.

    ``labels`` are what the two are called; without ``layers`` the totals stand alone.
    """
    from convcost import __version__

    chosen = _chosen(quantities)
    found = [pair for pair in pairs(before, after) if pair.change != "same"]
    rows = [_row(pair, before, after, chosen, dtype) for pair in found] if layers else []
    totals = {"layer": "total", "change": None} | _cells(before.total, after.total, chosen, dtype)
    return Report(
        title=f"{labels[0]} → {labels[1]}",
        columns=_columns(chosen),
        rows=tuple(rows),
        totals=totals,
        caption=(
            *(text for side in (before, after) for text in partial_text(side)),
            *_sentences(before, after, labels, len(found)),
            CONVENTION_TEXT,
            *([f"Bytes at {dtype}."] if any(name.endswith("bytes") for name in chosen) else []),
            f"convcost {__version__}.",
        ),
        notes=notes,
        data=lambda: {
            "command": command,
            "convention": CONVENTION,
            "before": _side(before, labels[0]),
            "after": _side(after, labels[1]),
            "total": _json_cells(before.total, after.total),
            "layers": [_json(pair, before, after) for pair in found],
            "notes": [note for _, note in notes],
        },
    )


def _chosen(quantities: tuple[str, ...]) -> tuple[str, ...]:
    if quantities == ("all",):
        return tuple(QUANTITIES)
    for name in quantities:
        if name not in QUANTITIES:
            guess = closest(name, QUANTITIES)
            hint = f"did you mean `{guess}`?" if guess else f"choose from {', '.join(QUANTITIES)}, or `all`"
            raise ConvcostError(f"unknown column `{name}`", field="columns", hint=hint)
    return quantities or _DEFAULT


def _columns(chosen: tuple[str, ...]) -> tuple[Column, ...]:
    found = [Column("layer", "layer"), Column("change", "change")]
    for name in chosen:
        holds, head = "bytes" if name.endswith("bytes") else "count", QUANTITIES[name]
        found += [Column(f"{name}_{side}", f"{head} {side}", holds) for side in ("before", "after", "delta")]
        found.append(Column(f"{name}_ratio", "ratio", "ratio"))
    return tuple(found)


def _row(pair: Pair, before: Evaluation, after: Evaluation, chosen: tuple[str, ...], dtype: str) -> Mapping[str, Cell]:
    change = "; ".join(pair.changes) if pair.change == "changed" else f"{pair.change}: {_node(pair).kind}"
    return {"layer": pair.name, "change": change} | _cells(*_costs(pair, before, after), chosen, dtype)


def _node(pair: Pair) -> Node:
    return (pair.after or pair.before)[0]


def _costs(pair: Pair, before: Evaluation, after: Evaluation) -> tuple[Cost | None, Cost | None]:
    return _total(pair.before, before), _total(pair.after, after)


def _total(nodes: tuple[Node, ...], evaluation: Evaluation) -> Cost | None:
    return total(evaluation.costs[node.name] for node in nodes) if nodes else None


def _cells(old: Cost | None, new: Cost | None, chosen: tuple[str, ...], dtype: str) -> dict[str, Cell]:
    """Both sides of each quantity, the delta and the ratio, which is blank where there was nothing."""
    cells: dict[str, Cell] = {}
    for name in chosen:
        one, other = _value(old, name, dtype), _value(new, name, dtype)
        cells |= {f"{name}_before": one, f"{name}_after": other, f"{name}_delta": (other or 0) - (one or 0)}
        cells[f"{name}_ratio"] = Fraction(other, one) if one and other is not None else None
    return cells


def _value(cost: Cost | None, name: str, dtype: str) -> int | None:
    if cost is None:
        return None
    if name == "weight_bytes":
        return bytes_of(cost.params, dtype)
    if name == "activation_bytes":
        return bytes_of(cost.activations, dtype)
    return int(getattr(cost, name))


def _sentences(before: Evaluation, after: Evaluation, labels: tuple[str, str], changed: int) -> tuple[str, ...]:
    """The direction in words."""
    old, new = labels
    if not changed and before.network.input == after.network.input:
        return (f"{new} is the same as {old}, layer by layer.",)
    sizes = f"Inputs: {_shape(before)} and {_shape(after)}." if before.network.input != after.network.input else ""
    counts = [(getattr(before.total, name), getattr(after.total, name), QUANTITIES[name]) for name in _DEFAULT[::-1]]
    differ = " and ".join(_words(*count) for count in counts if count[0] != count[1])
    same = " and ".join(head for one, other, head in counts if one == other)
    words = [f"{differ} than {old}"] * bool(differ) + [f"as many {same} as {old}"] * bool(same)
    return tuple(filter(None, (f"{new} has {', and '.join(words)}.", sizes)))


def _words(old: int, new: int, head: str) -> str:
    return f"{times(Fraction(new, old))} {head}" if old and new else f"{new - old:+,} {head}"


def _shape(evaluation: Evaluation) -> str:
    return "×".join(map(str, evaluation.network.input))


def _side(evaluation: Evaluation, label: str) -> Mapping[str, Any]:
    network = evaluation.network
    return {
        "label": label,
        "name": network.name,
        "source": network.source,
        "input": network.input,
        "complete": not evaluation.uncounted,
    }


_MACHINE = ("params", "weights", "biases", "norm_params", "macs", "flops", "activations")


def _json_cells(old: Cost | None, new: Cost | None) -> Mapping[str, Any]:
    return {
        name: {
            "before": one,
            "after": other,
            "delta": (other or 0) - (one or 0),
            "ratio": str(Fraction(other, one)) if one and other is not None else None,
        }
        for name in _MACHINE
        for one, other in [(_value(old, name, "fp32"), _value(new, name, "fp32"))]
    }


def _json(pair: Pair, before: Evaluation, after: Evaluation) -> Mapping[str, Any]:
    return {
        "change": pair.change,
        "before": [node.name for node in pair.before],
        "after": [node.name for node in pair.after],
        "kind": _node(pair).kind,
        "changes": pair.changes,
        **_json_cells(*_costs(pair, before, after)),
    }
