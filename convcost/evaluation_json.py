"""What JSON holds of networks and of files that could not be read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from convcost.evaluation import Evaluation
from convcost.evaluation_rows import exact
from convcost.folding import by_kind
from convcost.network import Node
from convcost.partial import as_json, known
from convcost.problems import Problem
from convcost.report import CONVENTION
from convcost.units import bytes_of

if TYPE_CHECKING:
    from convcost.evaluation_report import View as Shown
    from convcost.receptive import View


def json_data(
    evaluations: tuple[Evaluation, ...], errors: tuple[Problem, ...], dtype: str, shown: "Shown | None" = None
) -> Mapping[str, Any]:
    """The document of `eval`; with what the ledger tells, where it is ``shown``."""
    return {
        "command": "eval",
        "convention": CONVENTION,
        "dtype": dtype,
        "networks": [_network(evaluation, dtype, shown) for evaluation in evaluations],
        "errors": [
            {"source": e.source, "line": e.line or None, "column": e.column or None, "message": e.message}
            for e in errors
        ],
    }


def _network(evaluation: Evaluation, dtype: str, shown: "Shown | None") -> Mapping[str, Any]:
    network = evaluation.network
    counting = shown.counting(evaluation) if shown else None
    outputs, seen = evaluation.outputs, evaluation.views
    return {
        "name": network.name,
        "source": network.source,
        "about": network.about,
        "input": network.input,
        "output": outputs[0] if len(outputs) == 1 else outputs,
        **exact(evaluation.total),
        **(counting.json(network.nodes) if counting else {}),
        "peak_activations": evaluation.peak_activations,
        "weight_bytes": evaluation.weight_bytes(dtype),
        "activation_bytes": evaluation.activation_bytes(dtype),
        "peak_bytes": bytes_of(evaluation.peak_activations, dtype),
        **as_json(evaluation.uncounted),
        "kinds": [
            {"kind": entry.kind, "layers": len(entry.nodes), **known(exact(entry.cost), entry.nodes)}
            for entry in by_kind(evaluation)
        ],
        "layers": [
            {**_layer(evaluation, node, seen[node.name]), **(counting.json_layer(node) if counting else {})}
            for node in network.nodes
        ],
    }


_OF_LAYERS = ("params", "weights", "biases", "norm_params", "macs", "activations")


def _layer(evaluation: Evaluation, node: Node, view: "View | None") -> Mapping[str, Any]:
    counted = known(exact(evaluation.costs[node.name]), (node,))
    return {
        "name": node.name,
        "kind": node.kind,
        "inputs": node.inputs,
        "input": evaluation.inputs(node),
        "output": evaluation.shapes[node.name],
        "padding": getattr(node.layer, "padding", None),
        **{key: counted[key] for key in _OF_LAYERS},
        "live_activations": evaluation.live[node.name],
        "receptive_field": view.size if view else None,
        "effective_stride": view.stride if view else None,
        "effective_padding": view.padding if view else None,
        "aligned": view.aligned if view else None,
    }
