"""A report: a table as data until the last moment.

Commands fill it, renderers show it. A renderer computes nothing but how numbers are written.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from convcost.derivation import Section


class Formula(NamedTuple):
    """A formula as text and as LaTeX."""

    text: str
    latex: str


class Size(tuple[int | str, ...]):
    """A shape or a per-axis value, written with × between its numbers."""

    __slots__ = ()


Cell = str | int | Fraction | Formula | Size | None


class Column(NamedTuple):
    """A column: its key in machine formats, its head for people, and what its cells are."""

    key: str
    head: str
    # "text", "count" (scaled by a unit, one for the whole column), "bytes", "ratio", "formula" or "size"
    holds: str = "text"


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
    complete: bool = True


CONVENTION = {
    "macs": "multiply-accumulates of convolutions, transposed convolutions, linear layers and matrix products",
    "flops": "2 * macs",
    "not_in_macs": ["bias", "norms", "activations", "pooling", "elementwise operations"],
    "params": "weights, biases, norm scales and shifts; no running statistics",
    "batch": 1,
}
CONVENTION_TEXT = (
    "Batch 1. MACs are multiply-accumulates of convolutions, transposed convolutions, linear layers and matrix"
    " products; bias, norms, activations and pooling are not in them; FLOPs = 2 × MACs."
)
