"""Every counter's total for a network, taken apart exactly: so many MACs, and so much of what else it counts."""

from typing import NamedTuple

from convcost.conventions import CONVENTIONS
from convcost.conventions.convention import Convention
from convcost.conventions.counting import extras, ledgers
from convcost.conventions.labels import cases, producers, stem
from convcost.errors import InternalError
from convcost.evaluation import Evaluation
from convcost.ledger import Ledger, summed


class Term(NamedTuple):
    """A part of a total: ``weight`` × ``amount``, what it is, and the names of the ledger that it sums."""

    weight: int
    amount: int
    what: str
    names: tuple[str, ...] = ()

    @property
    def value(self) -> int:
        """What it adds to the total."""
        return self.weight * self.amount


class Account(NamedTuple):
    """A convention's total for a network, in its unit; the terms add up to it.

    ``missing`` are the operations whose cost is not known: with any, the total is partial.
    """

    convention: Convention
    total: int
    terms: tuple[Term, ...]
    missing: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The total as a sum: ``27,648 MACs + 2 × 1,024 batch-norm elements``."""
        said = ""
        for term in self.terms:
            times = f"{abs(term.weight):,} × " if abs(term.weight) != 1 else ""
            sign = (" - " if said else "-") if term.weight < 0 else " + " if said else ""
            said += f"{sign}{times}{term.amount:,} {term.what}"
        partial = f" (partial: without {', '.join(self.missing)})" if self.missing else ""
        return f"{self.total:,} = {said or '0'}{partial}"

    @property
    def is_plain(self) -> bool:
        """Whether the total is the MACs, and nothing is to be said."""
        alone = len(self.terms) == 1 and not self.missing
        return alone and self.terms[0].weight == 1 and self.terms[0].what == "MACs"


def accounts(evaluation: Evaluation) -> tuple[Account, ...]:
    """Every convention's account of a network."""
    whole = summed(ledgers(evaluation).values())
    return tuple(account(convention, evaluation, whole) for convention in CONVENTIONS.values())


def account(convention: Convention, evaluation: Evaluation, whole: Ledger) -> Account:
    """A convention's account of a network, whose ``whole`` ledger is given.

    >>> from convcost import evaluate, loads
    >>> from convcost.conventions import find
    >>> evaluation = evaluate(loads("{input: 3x8x8, layers: [{conv: 16, k: 3, norm: batch}]}")[0])
    >>> account(find("fvcore"), evaluation, summed(ledgers(evaluation).values())).text
    '29,696 = 27,648 MACs + 2 × 1,024 batch-norm elements'
    """
    weights = {name: int(convention.weight(name)) for name in whole}
    terms = [*_products(weights, whole), *_others(weights, whole), *_rules(convention, evaluation)]
    total = sum(weights[name] * amount for name, amount in whole.items())
    total += sum(extras(convention, evaluation).values())
    if sum(term.value for term in terms) != total:
        raise InternalError(f"the account of {convention.name} does not add up")
    return Account(convention, total, tuple(terms), tuple(evaluation.uncounted))


def _products(weights: dict[str, int], whole: Ledger) -> list[Term]:
    """MACs: one term where all count alike, else one for each weight, which says of what."""
    own = [name for name in whole if stem(name) == "MACs"]
    by_weight: dict[int, list[str]] = {}
    for name in own:
        if weights[name]:
            by_weight.setdefault(weights[name], []).append(name)
    all_alike = len({weights[name] for name in own}) == 1
    return [
        Term(weight, sum(whole[name] for name in names), _said(names, every=all_alike), tuple(names))
        for weight, names in by_weight.items()
    ]


def _said(names: list[str], *, every: bool) -> str:
    return "MACs" if every else f"MACs of {producers(names)}"


def _others(weights: dict[str, int], whole: Ledger) -> list[Term]:
    """What else counts, the largest first; cases are told apart only where they count differently."""
    groups: dict[str, dict[int, list[str]]] = {}
    for name in whole:
        if stem(name) != "MACs":
            groups.setdefault(stem(name), {}).setdefault(weights[name], []).append(name)
    found = []
    for said, by_weight in groups.items():
        for weight, names in by_weight.items():
            if weight:
                own = "; ".join(filter(None, dict.fromkeys(map(cases, names)))) if len(by_weight) > 1 else ""
                amount = sum(whole[name] for name in names)
                found.append(Term(weight, amount, f"{said} ({own})" if own else said, tuple(names)))
    return sorted(found, key=lambda term: -abs(term.value))


def _rules(convention: Convention, evaluation: Evaluation) -> list[Term]:
    return [
        Term(1 if extra > 0 else -1, abs(extra), f"by {text}") for text, extra in extras(convention, evaluation).items()
    ]
