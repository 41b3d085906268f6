"""`eval`: the table of a network's layers. That of several networks is in `convcost.batch_report`."""

from typing import TYPE_CHECKING, NamedTuple

from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation
from convcost.evaluation_json import json_data
from convcost.evaluation_rows import ordered, others, row, text, total_row, view_notes
from convcost.folding import by_depth, by_kind, by_layer
from convcost.names import closest
from convcost.partial import known, sentence
from convcost.problems import Problem
from convcost.report import CONVENTION_TEXT, Column, Report, choose_columns
from convcost.report import columns as columns_of

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
    "uncounted",
)
# Means nothing for rows of several layers, of a kind, of one layer.
_NOT_FOLDED = ("padding",)
_NOT_KINDS = (
    *("layer", "inputs", "input", "output", "padding", "receptive_field", "effective_stride"),
    *("effective_padding", "aligned", "macs_per_byte"),
)
_NOT_SINGLE = ("layers",)
_SEEN = ("receptive_field", "effective_stride", "effective_padding", "aligned")


def layer_report(evaluation: Evaluation, view: View = USUAL, errors: tuple[Problem, ...] = ()) -> Report:
    """One network, a row for each layer, fold or kind, with totals."""
    every, usual = _layer_columns(view)
    # Of one layer the row itself tells; what is folded has what is known of it, and not all may be.
    folded = view.by_kind or view.depth is not None
    every, chosen = chosen_columns(view, every, usual, partial=folded and bool(evaluation.uncounted))
    sort = sort_key(view, every)
    seen = evaluation.views if {sort.removeprefix("-"), *(column.key for column in chosen)} & {*_SEEN} else {}
    entries = by_depth(evaluation, view.depth) if view.depth else (by_kind if view.by_kind else by_layer)(evaluation)
    rows = tuple(row(evaluation, entry, view.dtype, seen) for entry in entries)
    counting = view.counting(evaluation)
    if counting:
        both = zip(rows, entries, strict=True)
        rows = tuple({**cells, **known(counting.cells(entry.nodes), entry.nodes)} for cells, entry in both)
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
        caption=(*partial_text(evaluation), _network_text(evaluation), *convention_text(chosen, view)),
        notes=view_notes(evaluation, seen),
        data=lambda: json_data((evaluation,), errors, view.dtype, view),
    )


def chosen_columns(
    view: View, every: tuple[Column, ...], usual: tuple[str, ...], *, partial: bool
) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns that there are and those to show: what a convention counts, and in ``partial`` rows what is not."""
    added = [*(["counted"] if view.count_as else []), *(["uncounted"] if partial else [])]
    if view.count_as:
        from convcost.evaluation_counting import counted_column

        every = (*every, counted_column(view.count_as))
    return every, choose_columns((*(view.columns or usual), *added), every, usual)


def _layer_columns(view: View) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns that there are, and the usual ones."""
    if view.by_kind:
        known = columns_of(" ".join(key for key in LAYER_KEYS if key not in _NOT_KINDS))
        return known, ("kind", "layers", "params", "macs", "share")
    without, usual = (_NOT_FOLDED, ("layer", "kind", "layers")) if view.depth else (_NOT_SINGLE, ("layer", "kind"))
    return columns_of(" ".join(key for key in LAYER_KEYS if key not in without)), (*usual, "output", "params", "macs")


def sort_key(view: View, every: tuple[Column, ...]) -> str:
    """The column to sort by; the heaviest come first where only some are asked for."""
    key = view.sort or ("macs" if view.top is not None else "")
    if key and key.removeprefix("-") not in (column.key for column in every):
        raise _unknown("--sort", key.removeprefix("-"), every)
    return key


def _unknown(flag: str, key: str, every: tuple[Column, ...]) -> ConvcostError:
    names = [column.key for column in every]
    guess = closest(key, names)
    hint = f"did you mean `{guess}`?" if guess else f"choose from {', '.join(names)}"
    return ConvcostError(f"{flag}: unknown column `{key}`", hint=hint)


def partial_text(evaluation: Evaluation) -> tuple[str, ...]:
    """What is not counted, where anything is not."""
    return sentence(evaluation.network.name, evaluation.uncounted)


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


def convention_text(columns: tuple[Column, ...], view: View) -> tuple[str, ...]:
    """What was counted, by which convention, and at which dtype bytes are."""
    from convcost import __version__

    lines = [CONVENTION_TEXT]
    if view.count_as:
        from convcost.evaluation_counting import counting_text

        lines += counting_text(view.count_as)
    if any(column.holds == "bytes" or column.key == "macs_per_byte" for column in columns):
        lines.append(f"Bytes at {view.dtype}.")
    return (*lines, f"convcost {__version__}.")
