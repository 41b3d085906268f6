"""`eval`: the table of a network's layers, and the table of several networks."""

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation
from convcost.evaluation_json import json_data
from convcost.evaluation_rows import Cells, counts, ordered, others, row, sizes, text, total_row, view_notes
from convcost.folding import by_depth, by_kind, by_layer
from convcost.names import closest
from convcost.problems import Problem
from convcost.report import CONVENTION_TEXT, Column, Report, Size, choose_columns
from convcost.report import columns as columns_of
from convcost.units import bytes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from convcost.evaluation_counting import Counting


class View(NamedTuple):
    """How to show tables: which columns, bytes at which dtype, in which order, how many rows.

    ``depth`` folds layers to so many parts of their names, ``by_kind`` gathers them by kind; ``count_as`` names
    the convention that they are counted by beside MACs.
    """

    columns: tuple[str, ...] = ()
    dtype: str = "fp32"
    sort: str = ""
    top: int | None = None
    depth: int | None = None
    by_kind: bool = False
    count_as: str = ""

    def counting(self, evaluation: Evaluation) -> "Counting | None":
        """What the ledger tells of a network, where anything of it is asked for."""
        if not self.count_as and not {*self.columns, self.sort.removeprefix("-")} & {"ledger", "all"}:
            return None
        from convcost.evaluation_counting import Counting

        return Counting(evaluation, self.count_as)


USUAL = View()

LAYER_KEYS = (
    *("layer", "kind", "layers", "inputs", "input", "output", "padding", "params", "weights", "biases", "norm_params"),
    *("macs", "flops", "share", "params_share", "receptive_field", "effective_stride", "effective_padding", "aligned"),
    *("activations", "live_activations", "weight_bytes", "activation_bytes", "live_bytes", "macs_per_byte", "ledger"),
)
# Means nothing for rows of several layers, of a kind, of one layer.
_NOT_FOLDED = ("padding",)
_NOT_KINDS = (
    *("layer", "inputs", "input", "output", "padding", "receptive_field", "effective_stride"),
    *("effective_padding", "aligned", "macs_per_byte"),
)
_NOT_SINGLE = ("layers",)
_SEEN = ("receptive_field", "effective_stride", "effective_padding", "aligned")
_NETWORK_COLUMNS = columns_of(
    "network source input output layers params params_ratio weights biases norm_params macs macs_ratio flops"
    " activations peak_activations weight_bytes activation_bytes peak_bytes ledger"
)


_ALONE = ("network", "input", "output", "params", "macs", "activations")
_SEVERAL = ("network", "input", "params", "params_ratio", "macs", "macs_ratio", "activations")


def layer_report(evaluation: Evaluation, view: View = USUAL, errors: tuple[Problem, ...] = ()) -> Report:
    """One network, a row for each layer, fold or kind, with totals."""
    known, usual = _layer_columns(view)
    known, chosen = _chosen(view, known, usual)
    sort = _sort_key(view, known)
    seen = evaluation.views if {sort.removeprefix("-"), *(column.key for column in chosen)} & {*_SEEN} else {}
    entries = by_depth(evaluation, view.depth) if view.depth else (by_kind if view.by_kind else by_layer)(evaluation)
    rows = tuple(row(evaluation, entry, view.dtype, seen) for entry in entries)
    counting = view.counting(evaluation)
    if counting:
        rows = tuple({**cells, **counting.cells(entry.nodes)} for cells, entry in zip(rows, entries, strict=True))
    first = usual[0]
    shown = ordered(rows, sort) if sort else rows
    if view.top is not None and len(shown) > view.top:
        shown = (*shown[: view.top], others(shown[view.top :], first))
    return Report(
        title=evaluation.network.name,
        columns=chosen,
        rows=shown,
        totals={
            **total_row(evaluation, rows, first, view.dtype),
            **(counting.cells(evaluation.network.nodes) if counting else {}),
        },
        caption=(*partial_text(evaluation), _network_text(evaluation), *_convention_text(chosen, view)),
        notes=view_notes(evaluation, seen),
        data=lambda: json_data((evaluation,), errors, view.dtype, view),
    )


def _chosen(
    view: View, known: tuple[Column, ...], usual: tuple[str, ...]
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns that there are and those to show: with a convention, what it counts is among both."""
    if not view.count_as:
        return known, choose_columns(view.columns, known, usual)
    from convcost.evaluation_counting import with_heads

    known = with_heads((*known, *columns_of("counted")), view.count_as)
    asked = view.columns if {*view.columns} & {"counted", "all"} else (*(view.columns or usual), "counted")
    return known, choose_columns(asked, known, usual)


def _layer_columns(view: View) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns that there are, and the usual ones."""
    if view.by_kind:
        known = columns_of(" ".join(key for key in LAYER_KEYS if key not in _NOT_KINDS))
        return known, ("kind", "layers", "params", "macs", "share")
    without, usual = (_NOT_FOLDED, ("layer", "kind", "layers")) if view.depth else (_NOT_SINGLE, ("layer", "kind"))
    return columns_of(" ".join(key for key in LAYER_KEYS if key not in without)), (*usual, "output", "params", "macs")


def _sort_key(view: View, known: tuple[Column, ...]) -> str:
    """The column to sort by; the heaviest come first where only some are asked for."""
    key = view.sort or ("macs" if view.top is not None else "")
    if key and key.removeprefix("-") not in (column.key for column in known):
        raise _unknown("--sort", key.removeprefix("-"), known)
    return key


def _unknown(flag: str, key: str, known: tuple[Column, ...]) -> ConvcostError:
    names = [column.key for column in known]
    guess = closest(key, names)
    hint = f"did you mean `{guess}`?" if guess else f"choose from {', '.join(names)}"
    return ConvcostError(f"{flag}: unknown column `{key}`", hint=hint)


def network_report(
    evaluations: tuple[Evaluation, ...],
    errors: tuple[Problem, ...] = (),
    view: View = USUAL,
    baseline: str | None = None,
) -> Report:
    """Several networks, a row for each, with ratios to the first or to the ``baseline``."""
    several = len(evaluations) > 1 or baseline is not None
    known, chosen = _chosen(view, _NETWORK_COLUMNS, _SEVERAL if several else _ALONE)
    base = _baseline(evaluations, baseline)
    rows = tuple(_network_row(evaluation, base, view) for evaluation in evaluations)
    sort = _sort_key(view, known)
    shown = ordered(rows, sort) if sort else rows
    left = len(shown) - view.top if view.top is not None else 0
    return Report(
        title=f"{len(evaluations)} network{'' if len(evaluations) == 1 else 's'}",
        columns=chosen,
        rows=shown[: view.top] if view.top is not None else shown,
        caption=(
            *(text for evaluation in evaluations for text in partial_text(evaluation)),
            *(_ratios_text(base, chosen) if base else ()),
            *([f"{left} more network{'s are' if left > 1 else ' is'} not shown."] if left > 0 else []),
            *_sizes_text(evaluations, chosen),
            *_convention_text(chosen, view),
        ),
        data=lambda: json_data(evaluations, errors, view.dtype, view),
    )


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


def _network_row(evaluation: Evaluation, base: Evaluation | None, view: View) -> Cells:
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
    }


def _ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _ratios_text(base: Evaluation, columns: tuple[Column, ...]) -> tuple[str, ...]:
    ratios = any(column.key in ("params_ratio", "macs_ratio") for column in columns)
    return (f"Ratios are to {base.network.name}.",) if ratios else ()


def partial_text(evaluation: Evaluation) -> tuple[str, ...]:
    """What is not counted, where anything is not."""
    missing = ", ".join(f"{number} × {kind}" for kind, number in evaluation.uncounted.items())
    return (f"Partial: not counted in {evaluation.network.name}: {missing}.",) if missing else ()


def _network_text(evaluation: Evaluation) -> str:
    network, counted = evaluation.network, evaluation.total
    said: Mapping[str, str] = network.about.get("published") or {}
    words = [f"{word} {said[key]}" for key, word in (("params", "params"), ("macs", "MACs")) if key in said]
    note = f" ({said['note']})" if "note" in said else ""
    published = f" Published: {', '.join(words)}{note}." if words else ""
    source = f" Source: {network.about['source'].rstrip('.')}." if network.about.get("source") else ""
    return (
        f"Input {text(network.input)}, output {' and '.join(map(text, evaluation.outputs))}; params with "
        f"{counted.biases:,} biases and {counted.norm_params:,} of norms; padding is each layer's own."
        f" Peak of live activations: {evaluation.peak_activations:,} elements.{source}{published}"
    )


def _sizes_text(evaluations: tuple[Evaluation, ...], columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The input sizes, where no column has them."""
    own = "Padding and biases are each layer's own."
    if any(column.key == "input" for column in columns):
        return (own,)
    inputs = ", ".join(f"{evaluation.network.name} {text(evaluation.network.input)}" for evaluation in evaluations)
    return (f"Input sizes: {inputs}.", own)


def _convention_text(columns: tuple[Column, ...], view: View) -> tuple[str, ...]:
    from convcost import __version__

    lines = [CONVENTION_TEXT]
    if view.count_as:
        from convcost.evaluation_counting import counting_text

        lines += counting_text(view.count_as)
    if any(column.holds == "bytes" or column.key == "macs_per_byte" for column in columns):
        lines.append(f"Bytes at {view.dtype}.")
    return (*lines, f"convcost {__version__}.")
