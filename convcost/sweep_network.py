"""`sweep` of a network: every combination of values of its vars and of its input, and the largest that fits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.evaluation import evaluate
from convcost.expressions import Expression
from convcost.lanes import Lists, Store
from convcost.network import Network
from convcost.selection import LEFT_OUT, Part, Selection, holds
from convcost.sweep_report import NETWORK_COUNTS

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

    ``read`` builds the networks of the spec for values of vars and an input (None: its own).
    """

    def __init__(self, read: Read, axes: Mapping[str, Sequence[Any]], fit: Fit | None = None) -> None:
        self.read, self.axes, self.fit = read, axes, fit
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
            rows = [_row(network, values) for network in self.read(values, given.get(INPUT))]
        except ConvcostError as error:
            self._error = self._error or error
            selection.note(_first(error), 1)
            return []
        self._built = True
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


def _row(network: Network, values: Mapping[str, Any]) -> dict[str, Any]:
    counted = evaluate(network)
    counts = {name: getattr(counted.total, name) for name in COUNTS[:-1]}
    own = {"vars": {**network.about.get("vars", {}), **values}}
    return {
        "network": network.name,
        **own,
        **_var_columns(values),
        "input": network.input,
        **counts,
        "peak_activations": counted.peak_activations,
    }


def _without_counts(values: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    return {"network": None, "vars": dict(values), **_var_columns(values), "input": shape, **dict.fromkeys(COUNTS)}


def column_of(var: str) -> str:
    """The key of a var's column: its name, unless a column has this already.

    >>> column_of("alpha"), column_of("macs")
    ('alpha', 'var.macs')
    """
    return f"var.{var}" if var in ("network", "vars", "input", *COUNTS) else var


def _var_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {column_of(name): value for name, value in values.items()}


def _scope(row: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
    return lambda: {**row["vars"], **{name: row[name] for name in COUNTS}}


def _first(error: ConvcostError) -> str:
    """The first problem of a spec, or the error itself, in one line."""
    problems = getattr(error, "problems", ())
    return problems[0].message if problems else error.message
