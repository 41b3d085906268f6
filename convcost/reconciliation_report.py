"""`reconcile`: every counter's total for a network, each taken apart; and who gives a number that was quoted."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from convcost.evaluation import Evaluation
from convcost.partial import as_json
from convcost.reconciliation import Account, Term, accounts
from convcost.reconciliation_quote import Match, Quote, matches, near_misses, nearest
from convcost.reconciliation_variants import AtInput
from convcost.report import CONVENTION, Cell, Column, Report, choose_columns

_COLUMNS = (
    Column("convention", "convention"),
    Column("version", "version"),
    Column("unit", "unit"),
    Column("counted", "counted", "count"),
    Column("ratio", "× our MACs", "ratio"),
    Column("taken_apart", "taken apart"),
)
_USUAL = ("convention", "version", "unit", "counted", "ratio")


def reconciliation_report(evaluation: Evaluation, columns: tuple[str, ...] = ()) -> Report:
    """A row for each convention, with its total taken apart below."""
    found = accounts(evaluation)
    chosen = choose_columns(columns, _COLUMNS, _USUAL)
    apart = any(column.key == "taken_apart" for column in chosen)
    return Report(
        title=f"{evaluation.network.name} by every counter",
        columns=chosen,
        rows=tuple(_row(account, evaluation) for account in found),
        caption=_caption(evaluation),
        notes=() if apart else _equations(found),
        data=lambda: {
            "command": "reconcile",
            "convention": CONVENTION,
            **_network_json(evaluation),
            "conventions": [_json(account, evaluation) for account in found],
            "quoted": None,
        },
    )


def _row(account: Account, evaluation: Evaluation) -> Mapping[str, Cell]:
    convention = account.convention
    return {
        "convention": convention.name,
        "version": convention.version or None,
        "unit": convention.unit,
        "counted": account.total,
        "ratio": _ratio(account.total, evaluation),
        "taken_apart": account.text,
    }


def _ratio(total: int, evaluation: Evaluation) -> Fraction | None:
    return Fraction(total, evaluation.total.macs) if evaluation.total.macs else None


def _equations(found: tuple[Account, ...]) -> tuple[tuple[str, str], ...]:
    """How each total comes about, but for those that are the MACs and no more."""
    return tuple((account.convention.name, account.text) for account in found if not account.is_plain)


def _caption(evaluation: Evaluation) -> tuple[str, ...]:
    from convcost import __version__
    from convcost.evaluation_report import partial_text

    size = "×".join(map(str, evaluation.network.input))
    return (
        *partial_text(evaluation),
        f"Input {size}, batch 1; ours: {evaluation.total.macs:,} MACs, which is `paper`.",
        "Layers are taken for modules, sums and products for operators, unless the spec says `as`.",
        "`convcost conventions` tells what each counter counts, and what it does not see.",
        f"convcost {__version__}.",
    )


def _network_json(evaluation: Evaluation) -> Mapping[str, Any]:
    network = evaluation.network
    return {
        "network": {
            "name": network.name,
            "source": network.source,
            "input": network.input,
            "macs": evaluation.total.macs,
            **as_json(evaluation.uncounted),
        }
    }


def _json(account: Account, evaluation: Evaluation) -> Mapping[str, Any]:
    ratio = _ratio(account.total, evaluation)
    return {
        "name": account.convention.name,
        "version": account.convention.version or None,
        "unit": account.convention.unit,
        "counted": account.total,
        "complete": not account.missing,
        "ratio": float(ratio) if ratio is not None else None,
        "taken_apart": account.text,
        "terms": [_term(term) for term in account.terms],
    }


def _term(term: Term) -> Mapping[str, Any]:
    return {"weight": term.weight, "amount": term.amount, "what": term.what, "ledger": term.names}


_QUOTE_COLUMNS = (
    Column("convention", "convention"),
    Column("unit", "unit"),
    Column("counted", "counted", "count"),
    Column("difference", "difference", "count"),
    Column("how", "how"),
)


class Quoted:
    """What gives a quoted number: conventions as they are, near misses, or else those that come nearest."""

    def __init__(self, evaluation: Evaluation, meant: tuple[Quote, ...], at_input: AtInput | None = None) -> None:
        self.evaluation, self.quote = evaluation, meant[-1]
        self.found: list[Match] = []
        self.near: list[Match] = []
        for quote in meant:
            found, near = matches(quote, evaluation), near_misses(quote, evaluation, at_input)
            if len(found) > len(self.found) or (not self.found and len(near) > len(self.near)):
                self.quote, self.found, self.near = quote, found, near
        self.nearest = [] if self.found or self.near else nearest(self.quote, evaluation)

    @property
    def is_explained(self) -> bool:
        """Whether anything gives the number."""
        return bool(self.found or self.near)


def quote_report(quoted: Quoted) -> Report:
    """A row for each way to the number; one row for conventions that go it together."""
    evaluation, quote = quoted.evaluation, quoted.quote
    shown = [*quoted.found, *quoted.near, *(match._replace(how="the nearest") for match in quoted.nearest)]
    chosen = {match.convention.name for match in quoted.found}
    equations = tuple(account for account in accounts(evaluation) if account.convention.name in chosen)
    name = evaluation.network.name
    return Report(
        title=f"{name}: who counts {quote.text}" if quoted.is_explained else f"{name}: nobody counts {quote.text}",
        columns=_QUOTE_COLUMNS,
        rows=tuple(_together(shown, quote)),
        caption=(_quote_text(quoted), *_caption(evaluation)),
        notes=_equations(equations),
        data=lambda: {
            "command": "reconcile",
            "convention": CONVENTION,
            **_network_json(evaluation),
            "conventions": [_json(account, evaluation) for account in equations],
            "quoted": {
                "text": quote.text,
                "value": float(quote.value) if quote.value.denominator != 1 else int(quote.value),
                "last_digit": float(quote.step) if quote.step.denominator != 1 else int(quote.step),
                "explained": quoted.is_explained,
                "matches": [_match_json(match) for match in quoted.found],
                "near": [_match_json(match) for match in quoted.near],
                "nearest": [_match_json(match) for match in quoted.nearest],
            },
        },
    )


def _together(shown: list[Match], quote: Quote) -> list[Mapping[str, Cell]]:
    groups: dict[tuple[str, int, str], list[str]] = {}
    for match in shown:
        groups.setdefault((match.how, match.total, match.convention.unit), []).append(match.convention.name)
    return [
        {
            "convention": ", ".join(names),
            "unit": unit,
            "counted": total,
            "difference": int(total - quote.value),
            "how": how or "as it is",
        }
        for (how, total, unit), names in groups.items()
    ]


def _quote_text(quoted: Quoted) -> str:
    quote = quoted.quote
    low, high = quote.value - quote.step / 2, quote.value + quote.step / 2
    span = f", which is {_plain(low)} to {_plain(high)}" if quote.step > 1 else ""
    if quoted.found:
        return f"Quoted: {quote.text}{span}."
    return f"Quoted: {quote.text}{span}: no convention gives it for the network as it is."


def _plain(value: Fraction) -> str:
    return f"{int(value):,}"


def _match_json(match: Match) -> Mapping[str, Any]:
    return {
        "convention": match.convention.name,
        "unit": match.convention.unit,
        "counted": match.total,
        "how": match.how or None,
    }
