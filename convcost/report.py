"""A report: a table as data until the last moment.

Commands fill it, renderers show it. A renderer computes nothing but how numbers are written.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.names import closest
from convcost.symbols.notation import Formula

if TYPE_CHECKING:
    from convcost.derivation import Section

__all__ = [
    "CONVENTION",
    "CONVENTION_TEXT",
    "OF_CLOSED_FORMS",
    "Cell",
    "Column",
    "Formula",
    "Report",
    "Size",
    "Sizes",
    "choose_columns",
    "columns",
]


class Size(tuple[int | str, ...]):
    """A shape or a per-axis value, written with × between its numbers."""

    __slots__ = ()


class Sizes(tuple[Size, ...]):
    """Several shapes, as go into a layer that joins them."""

    __slots__ = ()


def as_sizes(cell: Size | Sizes) -> Sizes:
    """One shape, or several, as several."""
    return cell if isinstance(cell, Sizes) else Sizes((cell,))


Cell = str | int | Fraction | Formula | Size | Sizes | None


class Column(NamedTuple):
    """A column: its key in machine formats, its head for people, and what its cells are."""

    key: str
    head: str
    # "text", "count" (scaled by a unit, one for the whole column), "bytes", "ratio", "formula" or "size"
    holds: str = "text"


# Every column of every table, by what its cells are; the heads in braces are filled in by the table.
_HEADS = {
    "text": {
        "kind": "kind",
        "layer": "layer",
        "inputs": "inputs",
        "network": "network",
        "source": "source",
        "padding": "pads",
        "fewer": "vs {baseline}",
        "note": "note",
        "aligned": "aligned",
        "ledger": "ledger",
        "uncounted": "not counted",
        "part": "part",
        "quantity": "quantity",
        "paper": "paper",
        "published_params": "published params",
        "published_macs": "published MACs",
    },
    "size": {
        "input": "input",
        "output": "output",
        "receptive_field": "receptive field",
        "effective_stride": "effective stride",
        "effective_padding": "effective padding",
    },
    "count": {
        "layers": "layers",
        "params": "params",
        "weights": "weights",
        "biases": "biases",
        "norm_params": "norm params",
        "macs": "MACs",
        "flops": "FLOPs",
        "activations": "activations",
        "peak_activations": "peak activations",
        "live_activations": "live activations",
        "counted": "counted",
    },
    "bytes": {
        "weight_bytes": "weight bytes",
        "activation_bytes": "activation bytes",
        "peak_bytes": "peak bytes",
        "live_bytes": "live bytes",
    },
    "ratio": {
        "params_ratio": "ratio",
        "macs_ratio": "MACs ratio",
        "macs_per_byte": "MACs/byte",
        "share": "share of MACs",
        "params_share": "share of params",
    },
    "formula": {
        "weights_formula": "weights, formula",
        "closed_form": "closed form{of}",
        "macs_closed_form": "MACs closed form",
        "formula": "formula",
        "numbers": "numbers put in",
        "result": "result",
    },
}
_COLUMNS = {key: Column(key, head, holds) for holds, heads in _HEADS.items() for key, head in heads.items()}


def columns(keys: str) -> tuple[Column, ...]:
    """The columns of these keys, in this order."""
    return tuple(_COLUMNS[key] for key in keys.split())


class Report(NamedTuple):
    """Columns, rows by column key, totals, and what travels with them in every format.

    ``caption`` are sentences that state sizes, batch and convention; ``notes`` are remarks on rows, with
    whom they are about; ``data`` makes what machine formats with structure (JSON) hold. A report with
    ``sections`` is a derivation: formats for reading show these in place of the table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
    caption: tuple[str, ...]
    data: Callable[[], Mapping[str, Any]]
    totals: Mapping[str, Cell] | None = None
    legend: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    sections: "tuple[Section, ...]" = ()

    def _repr_html_(self) -> str:
        return self._rendered("html")

    def _repr_markdown_(self) -> str:
        return self._rendered("markdown")

    def _rendered(self, format_: str) -> str:
        # Loaded here, so that a report knows no renderer until a notebook asks for one.
        from convcost.render import render

        return render(self, format_)


def choose_columns(keys: tuple[str, ...], known: tuple[Column, ...], usual: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns of these keys behind the first usual one; the usual ones for none, every one for ``all``.

    Raises ConvcostError for a key that is unknown.
    """
    if "all" in keys:
        return known
    by_key = {column.key: column for column in known}
    for key in keys:
        if key not in by_key:
            guess = closest(key, by_key)
            hint = f"did you mean `{guess}`?" if guess else f"choose from {', '.join(by_key)}, or `all`"
            raise ConvcostError(f"unknown column `{key}`", field="columns", hint=hint)
    wanted = tuple(dict.fromkeys(keys)) or usual
    return tuple(by_key[key] for key in (wanted if usual[0] in wanted else (usual[0], *wanted)))


CONVENTION = {
    "macs": "multiply-accumulates of convolutions, transposed convolutions, linear layers and matrix products",
    "flops": "2 * macs",
    "not_in_macs": ["bias", "norms", "activations", "pooling", "elementwise operations"],
    "params": "weights, biases, norm scales and shifts; no running statistics",
    "batch": 1,
}
OF_CLOSED_FORMS = {"closed_forms": "of the weights, without bias"}
CONVENTION_TEXT = (
    "Batch 1. MACs are multiply-accumulates of convolutions, transposed convolutions, linear layers and matrix"
    " products; bias, norms, activations and pooling are not in them; FLOPs = 2 × MACs."
)
