"""`diff` and `whatif`: two networks side by side, layer by layer and in total."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from convcost.costs import total
from convcost.difference import Change, Pair, change, change_of, pairs
from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation
from convcost.names import closest
from convcost.network import Node
from convcost.partial import as_json as partial_json
from convcost.partial import known, sentence, total_head
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
    whole = _total_changes(before, after, dtype)
    head = total_head({**before.uncounted, **after.uncounted})
    return Report(
        title=f"{labels[0]} → {labels[1]}",
        columns=_columns(chosen),
        rows=tuple(rows),
        totals={"layer": head, "change": None, **_cells(whole, chosen)},
        caption=(
            *sentence(labels[0], before.uncounted),
            *sentence(labels[1], after.uncounted),
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
            "total": _json_cells(whole),
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
    told = "; ".join(pair.changes) if pair.change == "changed" else f"{pair.change}: {_node(pair).kind}"
    return {"layer": pair.name, "change": told, **_cells(_changes(pair, before, after, dtype), chosen)}


def _node(pair: Pair) -> Node:
    return (pair.after or pair.before)[0]


def _changes(pair: Pair, before: Evaluation, after: Evaluation, dtype: str) -> dict[str, Change]:
    """How each quantity of a pair changes."""
    old, new = _known(pair.before, before, dtype), _known(pair.after, after, dtype)
    return {name: change_of(pair, old.get(name), new.get(name)) for name in QUANTITIES}


def _total_changes(before: Evaluation, after: Evaluation, dtype: str) -> dict[str, Change]:
    old, new = (_counts(one.network.nodes, one, dtype) for one in (before, after))
    return {name: change(old[name], new[name]) for name in QUANTITIES}


def _known(nodes: tuple[Node, ...], evaluation: Evaluation, dtype: str) -> Mapping[str, int | None]:
    """Every quantity of some layers that is known of them."""
    return known(_counts(nodes, evaluation, dtype), nodes)


def _counts(nodes: Iterable[Node], evaluation: Evaluation, dtype: str) -> Mapping[str, int]:
    """Every quantity of some layers; bytes are rounded up layer by layer."""
    costs = [evaluation.costs[node.name] for node in nodes]
    whole = total(costs)
    return {
        **{name: int(getattr(whole, name)) for name in QUANTITIES if not name.endswith("bytes")},
        "weight_bytes": sum(bytes_of(cost.params, dtype) for cost in costs),
        "activation_bytes": sum(bytes_of(cost.activations, dtype) for cost in costs),
    }


def _cells(changes: Mapping[str, Change], chosen: tuple[str, ...]) -> dict[str, Cell]:
    """Both sides of each quantity, the delta and the ratio."""
    return {f"{name}_{side}": cell for name in chosen for side, cell in changes[name]._asdict().items()}


def _sentences(before: Evaluation, after: Evaluation, labels: tuple[str, str], changed: int) -> tuple[str, ...]:
    """The direction in words."""
    old, new = labels
    of = "Of what is counted, " if before.uncounted or after.uncounted else ""
    if not changed and before.network.input == after.network.input:
        return (f"{of}{new} is the same as {old}, layer by layer.",)
    sizes = f"Inputs: {_shape(before)} and {_shape(after)}." if before.network.input != after.network.input else ""
    counts = [(getattr(before.total, name), getattr(after.total, name), QUANTITIES[name]) for name in _DEFAULT[::-1]]
    differ = " and ".join(_words(*count) for count in counts if count[0] != count[1])
    same = " and ".join(head for one, other, head in counts if one == other)
    words = [f"{differ} than {old}"] * bool(differ) + [f"as many {same} as {old}"] * bool(same)
    return tuple(filter(None, (f"{of}{new} has {', and '.join(words)}.", sizes)))


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
        **partial_json(evaluation.uncounted),
    }


def _json_cells(changes: Mapping[str, Change]) -> Mapping[str, Any]:
    return {name: as_json(changes[name]) for name in QUANTITIES if not name.endswith("bytes")}


def as_json(found: Change) -> Mapping[str, Any]:
    """How JSON says a change: the ratio as an exact fraction."""
    return {**found._asdict(), "ratio": str(found.ratio) if found.ratio is not None else None}


def _json(pair: Pair, before: Evaluation, after: Evaluation) -> Mapping[str, Any]:
    return {
        "change": pair.change,
        "before": [node.name for node in pair.before],
        "after": [node.name for node in pair.after],
        "kind": _node(pair).kind,
        "changes": pair.changes,
        **_json_cells(_changes(pair, before, after, "fp32")),
    }
