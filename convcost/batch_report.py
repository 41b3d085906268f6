"""`eval` of several networks: a row for each, with ratios to one of them."""

from collections import Counter
from fractions import Fraction

from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation
from convcost.evaluation_json import json_data
from convcost.evaluation_report import USUAL, View, chosen_columns, convention_text, sort_key
from convcost.evaluation_rows import Cells, counts, ordered, sizes, text
from convcost.names import closest
from convcost.partial import kinds_text, sentence
from convcost.problems import Problem
from convcost.report import Column, Report, Size
from convcost.report import columns as columns_of
from convcost.units import bytes_of

_COLUMNS = columns_of(
    "network source input output layers params params_ratio weights biases norm_params macs macs_ratio flops"
    " activations peak_activations weight_bytes activation_bytes peak_bytes ledger uncounted"
)
_ALONE = ("network", "input", "output", "params", "macs", "activations")
_SEVERAL = ("network", "input", "params", "params_ratio", "macs", "macs_ratio", "activations")


def network_report(
    evaluations: tuple[Evaluation, ...],
    errors: tuple[Problem, ...] = (),
    view: View = USUAL,
    baseline: str | None = None,
) -> Report:
    """Several networks, a row for each, with ratios to the first or to the ``baseline``."""
    labels = _labels(evaluations)
    every, chosen = _columns(evaluations, view, baseline)
    base = _baseline(evaluations, baseline)
    rows = tuple(_row(evaluation, base, view) for evaluation in evaluations)
    sort = sort_key(view, every)
    shown = ordered(rows, sort) if sort else rows
    left = len(shown) - view.top if view.top is not None else 0
    return Report(
        title=f"{len(evaluations)} network{'' if len(evaluations) == 1 else 's'}",
        columns=chosen,
        rows=shown[: view.top] if view.top is not None else shown,
        caption=(
            *(line for one, label in labels.items() for line in sentence(label, one.uncounted)),
            *(_ratios_text(labels[base], chosen) if base else ()),
            *([f"{left} more network{'s are' if left > 1 else ' is'} not shown."] if left > 0 else []),
            *_sizes_text(labels, chosen),
            *convention_text(chosen, view),
        ),
        data=lambda: json_data(evaluations, errors, view.dtype, view),
    )


def _labels(evaluations: tuple[Evaluation, ...]) -> dict[Evaluation, str]:
    """What each network is called: its name, and where others have it too, its source."""
    names = Counter(one.network.name for one in evaluations)
    return {
        one: one.network.name if names[one.network.name] == 1 else f"{one.network.name} ({one.network.source})"
        for one in evaluations
    }


def _columns(
    evaluations: tuple[Evaluation, ...], view: View, baseline: str | None
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns that there are and those to show; the sources too, where names do not tell networks apart."""
    usual = _SEVERAL if len(evaluations) > 1 or baseline is not None else _ALONE
    if len({one.network.name for one in evaluations}) < len(evaluations):
        usual = (usual[0], "source", *usual[1:])
        view = view._replace(columns=("source", *view.columns) if view.columns else ())
    return chosen_columns(view, _COLUMNS, usual, partial=any(one.uncounted for one in evaluations))


def _baseline(evaluations: tuple[Evaluation, ...], name: str | None) -> Evaluation | None:
    """The network of this name or source; the first, where none is named."""
    if name is None:
        return evaluations[0] if evaluations else None
    known: dict[str, Evaluation] = {}
    for evaluation in reversed(evaluations):
        source = evaluation.network.source
        known |= {source.removeprefix("zoo:"): evaluation, source: evaluation, evaluation.network.name: evaluation}
    if name not in known:
        guess = closest(name, known)
        listed = ", ".join(evaluation.network.name for evaluation in evaluations[:10])
        hint = f"did you mean `{guess}`?" if guess else f"they are {listed}"
        raise ConvcostError(f"--baseline: no network `{name}` among these", hint=hint)
    return known[name]


def _row(evaluation: Evaluation, base: Evaluation | None, view: View) -> Cells:
    network, peak = evaluation.network, evaluation.peak_activations
    counting = view.counting(evaluation)
    return {
        "network": network.name,
        "source": network.source,
        "input": Size(network.input),
        "output": sizes(evaluation.outputs),
        "layers": len(network.nodes),
        **counts(evaluation.total, view.dtype),
        "weight_bytes": evaluation.weight_bytes(view.dtype),
        "activation_bytes": evaluation.activation_bytes(view.dtype),
        "params_ratio": _ratio(evaluation.total.params, base.total.params) if base else None,
        "macs_ratio": _ratio(evaluation.total.macs, base.total.macs) if base else None,
        "peak_activations": peak,
        "peak_bytes": bytes_of(peak, view.dtype),
        **(counting.cells(network.nodes) if counting else {}),
        "uncounted": kinds_text(evaluation.uncounted) or None,
    }


def _ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _ratios_text(base: str, columns: tuple[Column, ...]) -> tuple[str, ...]:
    ratios = any(column.key in ("params_ratio", "macs_ratio") for column in columns)
    return (f"Ratios are to {base}.",) if ratios else ()


def _sizes_text(labels: dict[Evaluation, str], columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The input sizes, where no column has them."""
    own = "Padding and biases are each layer's own."
    if any(column.key == "input" for column in columns):
        return (own,)
    inputs = ", ".join(f"{label} {text(one.network.input)}" for one, label in labels.items())
    return (f"Input sizes: {inputs}.", own)
