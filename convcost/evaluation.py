"""`eval`: networks, layer by layer or one line each."""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.costs import Cost, costs, total
from convcost.layers.base import Shape, text_pads
from convcost.liveness import peak_activations
from convcost.network import Network, Node, Shapes, shapes
from convcost.problems import Problem
from convcost.report import CONVENTION, CONVENTION_TEXT, Cell, Column, Report, Size, choose_columns
from convcost.report import columns as columns_of
from convcost.units import bytes_of

if TYPE_CHECKING:
    from convcost.receptive import View


class Evaluation(NamedTuple):
    """A network with everything that is known of it."""

    network: Network
    shapes: Shapes
    costs: dict[str, Cost]
    total: Cost
    peak_activations: int

    @property
    def views(self) -> "dict[str, View | None]":
        """How much of the input each layer sees."""
        from convcost.receptive import views

        return views(self.network, self.shapes)

    @property
    def outputs(self) -> tuple[Shape, ...]:
        """The shapes of what the network returns."""
        return tuple(self.shapes[name] for name in self.network.outputs)

    def inputs(self, node: Node) -> tuple[Shape, ...]:
        """The shapes that go into a node."""
        return tuple(self.shapes[name] for name in node.inputs)


def evaluate(network: Network) -> Evaluation:
    """Walk a network once for each question. Raises ConvcostError where a layer does not fit."""
    known = shapes(network)
    counted = costs(network, known)
    return Evaluation(network, known, counted, total(counted.values()), peak_activations(network, known))


LAYER_COLUMNS = columns_of(
    "layer kind inputs input output padding params weights biases norm_params macs flops share receptive_field"
    " effective_stride activations weight_bytes activation_bytes macs_per_byte"
)
NETWORK_COLUMNS = columns_of(
    "network source input output layers params weights biases norm_params macs flops activations peak_activations"
    " weight_bytes activation_bytes peak_bytes"
)
_SEEN = ("receptive_field", "effective_stride")
_LAYER_DEFAULT = ("layer", "kind", "output", "params", "macs")
_NETWORK_DEFAULT = ("network", "input", "output", "params", "macs", "activations")


def layer_report(evaluation: Evaluation, columns: tuple[str, ...] = (), dtype: str = "fp32") -> Report:
    """One network, a row for each layer, with totals."""
    network = evaluation.network
    chosen = choose_columns(columns, LAYER_COLUMNS, _LAYER_DEFAULT)
    seen = evaluation.views if any(column.key in _SEEN for column in chosen) else {}
    rows = [_layer_row(evaluation, node, dtype, seen.get(node.name)) for node in network.nodes]
    whole = _network_row(evaluation, dtype)
    summed: dict[str, Cell] = {column.key: whole.get(column.key) for column in LAYER_COLUMNS if column.holds != "size"}
    # Bytes are rounded up layer by layer, and so is their sum.
    summed |= {key: sum(int(str(row[key])) for row in rows) for key in ("weight_bytes", "activation_bytes")}
    summed |= {"layer": "total", "kind": None, "share": Fraction(1) if evaluation.total.macs else None}
    return Report(
        title=network.name,
        columns=chosen,
        rows=tuple(rows),
        totals=summed,
        caption=(_network_text(evaluation), *_convention_text(chosen, dtype)),
        data=lambda: json_data((evaluation,), ()),
    )


def network_report(
    evaluations: tuple[Evaluation, ...],
    errors: tuple[Problem, ...] = (),
    columns: tuple[str, ...] = (),
    dtype: str = "fp32",
) -> Report:
    """Several networks, a row for each."""
    chosen = choose_columns(columns, NETWORK_COLUMNS, _NETWORK_DEFAULT)
    return Report(
        title=f"{len(evaluations)} network{'' if len(evaluations) == 1 else 's'}",
        columns=chosen,
        rows=tuple(_network_row(evaluation, dtype) for evaluation in evaluations),
        caption=(*_sizes_text(evaluations, chosen), *_convention_text(chosen, dtype)),
        data=lambda: json_data(evaluations, errors),
    )


def _layer_row(evaluation: Evaluation, node: Node, dtype: str, view: "View | None") -> Mapping[str, Cell]:
    counted, inputs = evaluation.costs[node.name], evaluation.inputs(node)
    output = evaluation.shapes[node.name]
    pads = getattr(node.layer, "padding", None)
    moved = sum(map(prod, inputs)) + prod(output) + counted.params
    return {
        "layer": node.name,
        "kind": node.kind,
        "inputs": " ".join(node.inputs),
        "input": _sizes(inputs),
        "output": Size(output),
        "padding": text_pads(pads) if pads is not None else None,
        **_counts(counted, dtype),
        "share": Fraction(counted.macs, evaluation.total.macs) if evaluation.total.macs else None,
        "receptive_field": Size(view.size) if view else None,
        "effective_stride": Size(map(str, view.stride)) if view else None,
        "macs_per_byte": Fraction(counted.macs, bytes_of(moved, dtype)),
    }


def _sizes(shapes: tuple[Shape, ...]) -> Cell:
    """One shape as it is; several as text."""
    return Size(shapes[0]) if len(shapes) == 1 else " and ".join(map(_text, shapes))


def _exact(counted: Cost) -> Mapping[str, int]:
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


def _counts(counted: Cost, dtype: str) -> Mapping[str, Cell]:
    return {
        **_exact(counted),
        "weight_bytes": bytes_of(counted.params, dtype),
        "activation_bytes": bytes_of(counted.activations, dtype),
    }


def _network_row(evaluation: Evaluation, dtype: str) -> Mapping[str, Cell]:
    network = evaluation.network
    return {
        "network": network.name,
        "source": network.source,
        "input": Size(network.input),
        "output": _sizes(evaluation.outputs),
        "layers": len(network.nodes),
        **_counts(evaluation.total, dtype),
        "peak_activations": evaluation.peak_activations,
        "peak_bytes": bytes_of(evaluation.peak_activations, dtype),
    }


def _network_text(evaluation: Evaluation) -> str:
    network, counted = evaluation.network, evaluation.total
    said = network.about.get("published") or {}
    words = [f"{word} {said[key]}" for key, word in (("params", "params"), ("macs", "MACs")) if key in said]
    words += [said["note"]] if "note" in said else []
    published = f" Published: {', '.join(words)}." if words else ""
    source = f" Source: {network.about['source'].rstrip('.')}." if network.about.get("source") else ""
    return (
        f"Input {_text(network.input)}, output {' and '.join(map(_text, evaluation.outputs))}; params with "
        f"{counted.biases:,} biases and {counted.norm_params:,} of norms; padding is each layer's own."
        f" Peak of live activations: {evaluation.peak_activations:,} elements.{source}{published}"
    )


def _sizes_text(evaluations: tuple[Evaluation, ...], columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The input sizes, where no column has them."""
    own = "Padding and biases are each layer's own."
    if any(column.key == "input" for column in columns):
        return (own,)
    sizes = ", ".join(f"{evaluation.network.name} {_text(evaluation.network.input)}" for evaluation in evaluations)
    return (f"Input sizes: {sizes}.", own)


def _text(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _convention_text(columns: tuple[Column, ...], dtype: str) -> tuple[str, ...]:
    from convcost import __version__

    in_bytes = any(column.holds == "bytes" or column.key == "macs_per_byte" for column in columns)
    return (CONVENTION_TEXT, *([f"Bytes at {dtype}."] if in_bytes else []), f"convcost {__version__}.")


def json_data(evaluations: tuple[Evaluation, ...], errors: tuple[Problem, ...]) -> Mapping[str, Any]:
    """What JSON holds of networks and of files that could not be read."""
    return {
        "command": "eval",
        "convention": CONVENTION,
        "networks": [_network_json(evaluation) for evaluation in evaluations],
        "errors": [
            {"source": e.source, "line": e.line or None, "column": e.column or None, "message": e.message}
            for e in errors
        ],
    }


def _network_json(evaluation: Evaluation) -> Mapping[str, Any]:
    network = evaluation.network
    outputs, seen = evaluation.outputs, evaluation.views
    return {
        "name": network.name,
        "source": network.source,
        "about": network.about,
        "input": network.input,
        "output": outputs[0] if len(outputs) == 1 else outputs,
        **_exact(evaluation.total),
        "peak_activations": evaluation.peak_activations,
        "complete": True,
        "uncounted": [],
        "layers": [_layer_json(evaluation, node, seen[node.name]) for node in network.nodes],
    }


def _layer_json(evaluation: Evaluation, node: Node, view: "View | None") -> Mapping[str, Any]:
    counted = evaluation.costs[node.name]
    return {
        "name": node.name,
        "kind": node.kind,
        "inputs": node.inputs,
        "input": evaluation.inputs(node),
        "output": evaluation.shapes[node.name],
        "padding": getattr(node.layer, "padding", None),
        "params": counted.params,
        "weights": counted.weights,
        "biases": counted.biases,
        "norm_params": counted.norm_params,
        "macs": counted.macs,
        "activations": counted.activations,
        "receptive_field": view.size if view else None,
        "effective_stride": view.stride if view else None,
    }
