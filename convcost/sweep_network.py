"""`sweep` of a network: every combination of values of its vars and of its input, and the largest that fits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation, evaluate
from convcost.expressions import Expression
from convcost.lanes import Lists, Store
from convcost.network import Network
from convcost.partial import as_json, sentence
from convcost.selection import LEFT_OUT, Part, Selection, holds
from convcost.sweep_report import NETWORK_COUNTS

if TYPE_CHECKING:
    from convcost.conventions import Convention

INPUT = "input"
COUNTS = tuple(column.key for column in NETWORK_COUNTS)
# How finely bisection looks: the range in a thousand parts or more, as a decimal number.
_PARTS_OF_RANGE = 3
# Values above the one found that are tried, since costs need not grow with a var everywhere.
CHECKS = 16

Read = Callable[[Mapping[str, Any], Any], list[Network]]


class Span(NamedTuple):
    """A range to search: decimal numbers, the last in it."""

    first: Decimal
    last: Decimal

    @property
    def resolution(self) -> Decimal:
        """How far apart the numbers are that are told from each other."""
        width = self.last - self.first
        return Decimal(1).scaleb(width.adjusted() - _PARTS_OF_RANGE) if width else Decimal(1)

    def value(self, index: int) -> float:
        """The number of so many steps."""
        return float(min(self.last, self.first + index * self.resolution))

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return int(-(-(self.last - self.first) // self.resolution))


class Fit(NamedTuple):
    """A var whose largest value is looked for: among values, or in a span."""

    name: str
    condition: Expression
    among: "Sequence[Any] | Span"


class NetworkSweep:
    """Every combination of values of a network's vars and input, in the order of nesting; or the largest that fits.

    ``read`` builds the networks of the spec for values of vars and an input (None: its own). ``convention`` is what
    they are counted by beside MACs, if anything.
    """

    def __init__(
        self,
        read: Read,
        axes: Mapping[str, Sequence[Any]],
        fit: Fit | None = None,
        convention: "Convention | None" = None,
    ) -> None:
        self.read, self.axes, self.fit, self.convention = read, axes, fit, convention
        self.steps = prod(map(len, axes.values()))
        self.unmet = 0
        self.tried = 0
        self._error: ConvcostError | None = None
        self._built = False

    def store(self) -> Store:
        """Rows come one by one."""
        return Lists()

    def parts(self, selection: Selection, store: Store) -> Iterator[tuple[list[Part], int]]:
        """Combination by combination the rows that stay. Raises ConvcostError where none can be built at all."""
        del store
        for values in product(*self.axes.values()):
            given = dict(zip(self.axes, values, strict=True))
            rows = self._rows(given, selection) if self.fit is None else self._fitted(given, self.fit, selection)
            judged = (row if self.fit else selection.judge(row, _scope(row)) for row in rows)
            kept = [row for row in judged if row is not LEFT_OUT]
            selection.excluded += len(rows) - len(kept)
            yield [Part(row, 1, [place]) for place, row in enumerate(kept)], 1
        if self._error is not None and not self._built:
            raise self._error

    def _rows(self, given: Mapping[str, Any], selection: Selection) -> list[dict[str, Any]]:
        """A row for each network of the spec; without any, the reason is noted."""
        values = {name: value for name, value in given.items() if name != INPUT}
        self.tried += 1
        try:
            rows = [self._row(evaluate(network), values) for network in self.read(values, given.get(INPUT))]
        except ConvcostError as error:
            self._error = self._error or error
            selection.note(_first(error), 1)
            return []
        self._built = True
        # Of rows that a condition leaves out too: it was decided by what is counted.
        selection.partial.update(dict.fromkeys(line for row in rows for line in row["partial"]))
        return rows

    def _fitted(self, given: Mapping[str, Any], fit: Fit, selection: Selection) -> list[dict[str, Any]]:
        """The row of the largest value that fits, or a row without counts."""
        seen: dict[Any, list[dict[str, Any]]] = {}

        def fits(value: Any) -> bool:
            if value not in seen:
                seen[value] = self._rows({**given, fit.name: value}, selection)
            if not seen[value] and isinstance(fit.among, Span):
                raise ConvcostError(
                    f"--fit: {fit.name} = {value:g} cannot be, so that a search would pass over what fits",
                    hint=f"give a step, such as --set {fit.name}=1:64:1, and every value is tried",
                )
            return bool(seen[value]) and all(holds(fit.condition, _scope(row)(), "fit") for row in seen[value])

        among = fit.among
        found = highest(among, fits) if isinstance(among, Span) else next(filter(fits, among), None)
        if found is not None:
            return seen[found]
        self.unmet += 1
        values = {name: value for name, value in given.items() if name != INPUT}
        return [_without_counts({**values, fit.name: None}, given.get(INPUT))]

    def _row(self, evaluation: Evaluation, values: Mapping[str, Any]) -> dict[str, Any]:
        """A network's row: ``partial`` is what the caption says of what is not counted in it."""
        network, missing = evaluation.network, evaluation.uncounted
        return {
            "network": network.name,
            "source": network.source,
            "vars": {**network.about.get("vars", {}), **values},
            **_var_columns(values),
            "input": network.input,
            **{name: getattr(evaluation.total, name) for name in COUNTS[:-1]},
            "peak_activations": evaluation.peak_activations,
            "counted": self._counted(evaluation),
            **as_json(missing),
            "partial": sentence(network.name, missing),
        }

    def _counted(self, evaluation: Evaluation) -> int | None:
        if self.convention is None:
            return None
        from convcost.conventions.counting import counted

        return counted(self.convention, evaluation)


def highest(span: Span, fits: Callable[[float], bool]) -> float | None:
    """The largest number of a span that fits, by bisection: what does not fit is taken not to fit above.

    Then larger numbers are tried; where one fits, the search goes on above it.
    """

    def at(index: int) -> bool:
        return fits(span.value(index))

    if at(span.steps):
        return span.value(span.steps)
    low, high = (0, span.steps) if at(0) else _higher(-1, span.steps, at)
    while low >= 0:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if at(middle) else (low, middle)
        above = _higher(low, span.steps, at)
        if above[0] == low:
            break
        low, high = above
    return span.value(low) if low >= 0 else None


def _higher(low: int, top: int, at: Callable[[int], bool]) -> tuple[int, int]:
    """A larger step that fits with one above that does not, among a few between; the old one where none does."""
    high = top
    for index in sorted({low + (top - low) * part // (CHECKS + 1) for part in range(1, CHECKS + 1)}, reverse=True):
        if index > low and at(index):
            return index, high
        high = index
    return low, min(low + 1, top)


def _without_counts(values: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The row where nothing fits: a network that is not there."""
    unknown = dict.fromkeys(("network", "source", *COUNTS, "counted", "complete", "uncounted"))
    return {**unknown, "vars": dict(values), **_var_columns(values), "input": shape, "partial": ()}


def column_of(var: str) -> str:
    """The key of a var's column: its name, unless a column has this already.

    >>> column_of("alpha"), column_of("macs")
    ('alpha', 'var.macs')
    """
    return f"var.{var}" if var in _TAKEN else var


_TAKEN = ("network", "source", "vars", "input", *COUNTS, "counted", "complete", "uncounted", "partial", "order")


def _var_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {column_of(name): value for name, value in values.items()}


def _scope(row: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
    """The names of conditions."""
    counted = {"counted": row["counted"]} if row["counted"] is not None else {}
    return lambda: {**row["vars"], "network": row["network"], **{name: row[name] for name in COUNTS}, **counted}


def _first(error: ConvcostError) -> str:
    """The first problem of a spec, or the error itself, in one line."""
    problems = getattr(error, "problems", ())
    return problems[0].message if problems else error.message
