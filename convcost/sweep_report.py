"""A sweep as a report: its columns, its caption, and what JSON holds of it beside the rows."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.layers.base import text_pads
from convcost.partial import kinds_text
from convcost.report import CONVENTION, CONVENTION_TEXT, Cell, Column, Report, Size, choose_columns
from convcost.report import columns as columns_of
from convcost.selection import Selection

if TYPE_CHECKING:
    from convcost.conventions import Convention

# More rows than that nobody reads in a table; formats for programs have no limit.
MOST_ROWS = 10_000

FIELD_COLUMNS = (
    Column("in_channels", "c1", "count"),
    Column("out_channels", "c2", "count"),
    Column("kernel_size", "k", "size"),
    Column("stride", "s", "size"),
    Column("padding", "p"),
    Column("dilation", "d", "size"),
    Column("groups", "g", "count"),
    Column("multiplier", "m", "count"),
    Column("output_padding", "op", "size"),
    Column("bias", "bias"),
    Column("input_size", "size", "size"),
)
LAYER_COLUMNS = (
    *columns_of("kind"),
    Column("options", "options"),
    *FIELD_COLUMNS,
    *columns_of("output params weights biases macs flops activations"),
)
NETWORK_COUNTS = columns_of("params weights biases norm_params macs flops activations peak_activations")


class Counted(NamedTuple):
    """What --count-as adds to a sweep: a column, sentences of the caption, and what JSON says of it."""

    convention: "Convention"
    column: Column
    words: tuple[str, ...]
    data: Mapping[str, Any]


def counted_by(count_as: str) -> Counted | None:
    """What the convention of a name adds; nothing where none is named."""
    if not count_as:
        return None
    from convcost.conventions import find
    from convcost.evaluation_counting import counted_column, counting_text, named

    convention = find(count_as)
    return Counted(convention, counted_column(count_as), counting_text(count_as), {"counted": named(convention)})


class Plan(NamedTuple):
    """What a sweep shows: the columns there are and those shown, and the ``keys`` of its rows in JSON.

    ``combinations`` may be fewer than there are steps; ``words`` are sentences of the caption; ``data`` is
    what JSON says of the sweep before its rows; ``marks`` are columns that tables leave out where they are empty.
    """

    title: str
    columns: tuple[Column, ...]
    shown: tuple[Column, ...]
    keys: tuple[str, ...]
    combinations: int
    words: tuple[str, ...]
    data: Mapping[str, Any]
    marks: tuple[str, ...] = ()

    @property
    def keys_shown(self) -> tuple[str, ...]:
        """The keys of the columns that a table has."""
        return tuple(column.key for column in self.shown)


def shown_columns(
    asked: tuple[str, ...], known: tuple[Column, ...], usual: Iterable[str], added: tuple[str, ...] = ()
) -> tuple[Column, ...]:
    """The columns asked for with those ``added``, or the usual ones in the order of all."""
    wanted = set(usual)
    keys = (*asked, *added) if asked else ()
    try:
        return choose_columns(keys, known, tuple(column.key for column in known if column.key in wanted))
    except ConvcostError as error:
        raise ConvcostError(f"--columns: {error.message}", field=error.field, hint=error.hint) from None


def head(plan: Plan) -> dict[str, Any]:
    """What JSON says before the rows."""
    return {"command": "sweep", "convention": CONVENTION, **plan.data}


def foot(plan: Plan, selection: Selection) -> dict[str, Any]:
    """What is known behind the last row."""
    return {
        "combinations": plan.combinations,
        "invalid": selection.invalid,
        "reasons": [{"message": text, "combinations": number} for text, number in selection.reasons.most_common()],
        "excluded": selection.excluded,
        "rows_left_out": selection.left_out,
        "legend": {},
        "caption": " ".join((plan.title + ".", *_said(plan, selection))),
    }


def _said(plan: Plan, selection: Selection) -> tuple[str, ...]:
    """The caption, when all rows are there."""
    return (*selection.partial, *plan.words, *outcome(plan, selection), *convention())


def convention() -> tuple[str, ...]:
    """What was counted, and by which convcost."""
    from convcost import __version__

    return (CONVENTION_TEXT, f"convcost {__version__}.")


def outcome(plan: Plan, selection: Selection) -> tuple[str, ...]:
    """How many combinations there are, how many stayed, and why the others did not."""
    counted = f"{_number(plan.combinations, 'combination')}, {_number(selection.found, 'row')}"
    if selection.left_out:
        by = f" by --sort {','.join(key.text for key in selection.order)}" if selection.order else ""
        counted += f" of which the first {selection.top:,}{by} are shown"
    said = [f"{counted}."]
    if selection.excluded and selection.where is not None:
        said.append(f"{_number(selection.excluded, 'combination')} left out by --where {selection.where.text}.")
    return (*said, *left_out(selection))


def left_out(selection: Selection) -> tuple[str, ...]:
    """The combinations that cannot be, with a reason for each sort."""
    if not selection.invalid:
        return ()
    most = selection.reasons.most_common(_REASONS)
    reasons = "; ".join(f"{number:,} as {text}" for text, number in most)
    more = len(selection.reasons) - len(most)
    further = f"; and for {_number(more, 'further reason')}" if more > 0 else ""
    return (f"{_number(selection.invalid, 'combination')} cannot be, for example: {reasons}{further}.",)


_REASONS = 3


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def report(plan: Plan, selection: Selection, rows: Iterable[tuple[Any, ...]]) -> Report:
    """The rows as a table. Raises ConvcostError for more rows than anybody reads."""
    held = list(islice(rows, MOST_ROWS + 1))
    if len(held) > MOST_ROWS:
        raise ConvcostError(
            f"more than {MOST_ROWS:,} rows for a table",
            hint="take the first with --sort -macs --top 20, narrow it with --where, or stream it: -f csv, -f jsonl",
        )
    keys = plan.keys_shown
    made = tuple(dict(zip(keys, row, strict=True)) for row in held)
    empty = {key for key in plan.marks if not any(row[key] for row in made)}
    return Report(
        title=plan.title,
        columns=tuple(column for column in plan.shown if column.key not in empty),
        rows=made,
        caption=_said(plan, selection),
        data=dict,
    )


def written(value: Any) -> Any:
    """A value as CSV has it: shapes in words."""
    if isinstance(value, tuple) and not isinstance(value[0], tuple):
        return _shape(value)
    return cell(value)


@lru_cache(maxsize=2**16)
def _shape(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


def cell(value: Any) -> Cell:
    """A value as a cell of a table."""
    if isinstance(value, tuple):
        return text_pads(value) if value and isinstance(value[0], tuple) else Size(value)
    if isinstance(value, list):
        return kinds_text({missing["kind"]: missing["layers"] for missing in value}) or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value)
    return " ".join(f"{name}={item}" for name, item in value.items()) if isinstance(value, dict) else value
