"""The cells of a network's table: of each row, of the total, of what is left out."""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from convcost.costs import Cost
from convcost.evaluation import Evaluation
from convcost.folding import Entry
from convcost.layers.base import Shape, text_pads
from convcost.partial import kinds_text, known, total_head, uncounted
from convcost.report import Cell, Size, Sizes, as_sizes
from convcost.units import bytes_of

if TYPE_CHECKING:
    from convcost.receptive import View

Cells = Mapping[str, Cell]

# Layers that a note names before it counts the others.
_NAMED = 5

# What adds up over rows.
SUMS = (
    *("layers", "params", "weights", "biases", "norm_params", "macs", "flops", "activations"),
    *("share", "params_share", "weight_bytes", "activation_bytes", "counted"),
)


def row(evaluation: Evaluation, entry: Entry, dtype: str, views: "Mapping[str, View | None]") -> Cells:
    """All cells of a row; those that mean nothing for it are None."""
    view = views.get(entry.last.name) if entry.last else None
    pads = getattr(entry.nodes[0].layer, "padding", None) if len(entry.nodes) == 1 and entry.last else None
    live = max(evaluation.live[node.name] for node in entry.nodes)
    return {
        "layer": entry.name,
        "kind": entry.kind,
        "layers": len(entry.nodes),
        "inputs": " ".join(entry.sources) or None,
        "input": sizes(entry.inputs) if entry.inputs else None,
        "output": sizes(entry.outputs) if entry.outputs else None,
        "padding": text_pads(pads) if pads is not None else None,
        **known(_costs(evaluation, entry, dtype), entry.nodes),
        **view_cells(view),
        "live_activations": live,
        "live_bytes": bytes_of(live, dtype),
        "uncounted": kinds_text(uncounted(entry.nodes)) or None,
    }


def _costs(evaluation: Evaluation, entry: Entry, dtype: str) -> Cells:
    return {
        **counts(entry.cost, dtype),
        **_bytes(evaluation, entry, dtype),
        **_shares(evaluation.total, entry.cost),
        "macs_per_byte": _intensity(entry, dtype),
    }


def _bytes(evaluation: Evaluation, entry: Entry, dtype: str) -> Cells:
    """Rounded up layer by layer, so that the total is the same however layers are folded."""
    costs = [evaluation.costs[node.name] for node in entry.nodes]
    return {
        "weight_bytes": sum(bytes_of(cost.params, dtype) for cost in costs),
        "activation_bytes": sum(bytes_of(cost.activations, dtype) for cost in costs),
    }


def _intensity(entry: Entry, dtype: str) -> Fraction | None:
    """MACs for each byte of input, output and parameters, each moved once; for blocks what goes in and out."""
    if not entry.outputs:
        return None
    moved = sum(map(prod, (*entry.inputs, *entry.outputs))) + entry.cost.params
    return Fraction(entry.cost.macs, bytes_of(moved, dtype))


def _shares(whole: Cost, part: Cost) -> Cells:
    return {
        "share": Fraction(part.macs, whole.macs) if whole.macs else None,
        "params_share": Fraction(part.params, whole.params) if whole.params else None,
    }


def view_cells(view: "View | None") -> Cells:
    """What a layer sees of the input."""
    return {
        "receptive_field": Size(view.size) if view else None,
        "effective_stride": Size(map(str, view.stride)) if view else None,
        "effective_padding": Size(view.padding) if view else None,
        "aligned": ("yes" if view.aligned else "no") if view else None,
    }


def view_notes(evaluation: Evaluation, seen: "Mapping[str, View | None]") -> tuple[tuple[str, str], ...]:
    """What is special about what layers see, with the first few layers where it begins."""
    places: dict[str, list[str]] = {}
    for node in evaluation.network.nodes if seen else ():
        before = {note for name in node.inputs for note in _notes(seen[name])}
        for note in _notes(seen[node.name]):
            if note not in before:
                places.setdefault(note, []).append(node.name)
    found = []
    for note, names in places.items():
        left = len(names) - _NAMED
        told = names if left <= 1 else [*names[:_NAMED], f"{left} others"]
        found += [(name, note) for name in told]
    return tuple(found)


def _notes(seen: "View | None") -> list[str]:
    return seen.note.split("; ") if seen and seen.note else []


def total_row(evaluation: Evaluation, rows: tuple[Cells, ...], first: str, dtype: str) -> Cells:
    """The sums of all rows, and what else is told of the whole."""
    summed: dict[str, Cell] = {key: _sum(rows, key) for key in SUMS}
    whole = counts(evaluation.total, dtype)
    summed |= {key: cell for key, cell in whole.items() if not key.endswith("bytes")}
    peak = evaluation.peak_activations
    missing = evaluation.uncounted
    told: Cells = {first: total_head(missing), "uncounted": kinds_text(missing) or None}
    return {**summed, **told, "live_activations": peak, "live_bytes": bytes_of(peak, dtype)}


def others(rows: tuple[Cells, ...], first: str) -> Cells:
    """Rows that are not shown, as one, so that columns still add up."""
    summed = {key: _sum(rows, key) for key in SUMS}
    live: dict[str, Cell] = {key: max(int(str(row[key])) for row in rows) for key in ("live_activations", "live_bytes")}
    missing = ", ".join(str(row["uncounted"]) for row in rows if row["uncounted"])
    return {**summed, **live, first: f"{len(rows)} other{'s' * (len(rows) > 1)}", "uncounted": missing or None}


def _sum(rows: tuple[Cells, ...], key: str) -> Cell:
    found = [cell for row in rows if isinstance(cell := row.get(key), int | Fraction)]
    return sum(found) if found else None


def exact(counted: Cost) -> Mapping[str, int]:
    """Every count by the key that it has in all formats."""
    return {
        "params": counted.params,
        "weights": counted.weights,
        "biases": counted.biases,
        "norm_params": counted.norm_params,
        "macs": counted.macs,
        "flops": counted.flops,
        "activations": counted.activations,
    }


def counts(counted: Cost, dtype: str) -> Cells:
    """Every count, and the bytes of parameters and activations."""
    return {
        **exact(counted),
        "weight_bytes": bytes_of(counted.params, dtype),
        "activation_bytes": bytes_of(counted.activations, dtype),
    }


def sizes(shapes: tuple[Shape, ...]) -> Cell:
    """One shape, or several."""
    return Size(shapes[0]) if len(shapes) == 1 else Sizes(map(Size, shapes))


def text(shape: Shape) -> str:
    """A shape as people read it."""
    return "×".join(map(str, shape))


def ordered(rows: tuple[Cells, ...], key: str) -> tuple[Cells, ...]:
    """Rows by a column: numbers and sizes from the largest, then text from A, the other way round behind a minus.

    Rows without a value come last.
    """
    column = key.removeprefix("-")
    having = [row for row in rows if row.get(column) is not None]
    first = sorted(having, key=lambda row: _rank(row[column]), reverse=column != key)
    return (*first, *(row for row in rows if row.get(column) is None))


def _rank(cell: Cell) -> tuple[Fraction | int, str]:
    if isinstance(cell, Size | Sizes):
        return -sum(map(_elements, as_sizes(cell))), ""
    return (-cell, "") if isinstance(cell, int | Fraction) else (0, str(cell))


def _elements(size: Size) -> Fraction:
    """How many elements a shape has; of effective strides, which may be fractions, the product too."""
    return prod(map(Fraction, size), start=Fraction(1))
