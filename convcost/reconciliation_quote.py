"""A number that somebody quoted for a network: which conventions give it, to the digits quoted, and what comes near."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from convcost.conventions import CONVENTIONS
from convcost.conventions.convention import Convention
from convcost.conventions.counting import counted, ledgers
from convcost.errors import ConvcostError, describe
from convcost.evaluation import Evaluation
from convcost.reconciliation_variants import AtInput, variants

_UNITS = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12, "P": 10**15}
_NUMBER = re.compile(
    r"(?P<digits>[0-9][0-9,_]*(?:\.[0-9]+)?)\s*"
    r"(?:(?:e|E|[×x*]\s*10\s*(?:\^|\*\*)?\s*)\+?(?P<power>[0-9]{1,2}|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))?\s*"
    r"(?P<unit>[kKMGBTP]|million|billion)?\s*"
    r"(?i:flops?|macs?|madds?|mult-?adds?|ops)?",
)
_WORDS = {"million": "M", "billion": "G"}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_MOST_DIGITS = 24
# Below it a number without a unit has lost it: nobody counts 4.1 operations.
_SMALLEST = 10**5


class Quote(NamedTuple):
    """A quoted number: its text, the value, and what one of its last digit is.

    ``coarse`` is the same where zeros at its end are no digits: 350M may be a number of two digits.
    """

    text: str
    value: Fraction
    step: Fraction
    coarse: Fraction

    def fits(self, total: int) -> bool:
        """Whether a total is the quote when it is rounded to its digits; a half may go either way."""
        return 2 * abs(total - self.value) <= (self.step if self.step > 1 else 0)

    def fits_coarsely(self, total: int) -> bool:
        """Whether a total is the quote when zeros at its end are no digits."""
        return self.coarse > self.step and 2 * abs(total - self.value) <= self.coarse

    def fits_cut(self, total: int) -> bool:
        """Whether a total begins with the quote's digits, and is cut off behind them."""
        return self.step > 1 and self.value <= total < self.value + self.step


class Match(NamedTuple):
    """A convention whose total is what was quoted; ``how`` says what had to be done for it, in so many ``changes``."""

    convention: Convention
    total: int
    how: str = ""
    changes: int = 0

    def changed(self, how: str) -> "Match":
        """The same with one thing more done."""
        return self._replace(how=f"{self.how}, {how}" if self.how else how, changes=self.changes + 1)

    def doubled(self) -> "Match":
        """Twice the total, as one thing more done."""
        how = f"2 × the MACs, {self.how}" if self.how else "2 × the MACs"
        return self._replace(total=2 * self.total, how=how, changes=self.changes + 1)


def quotes(text: str) -> tuple[Quote, ...]:
    """What a text may mean: one number, or where it has no unit, so many M or G.

    Raises ConvcostError for what is no number.

    >>> [quote.value.numerator for quote in quotes("4.13 GFLOPs")], [quote.value.numerator for quote in quotes("3.8")]
    ([4130000000], [3800000, 3800000000])
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or len(found["digits"]) > _MOST_DIGITS:
        raise ConvcostError(f"must be a number such as 4.13G, 569M or 4,133,742,592, got `{describe(text)}`")
    digits = found["digits"].replace(",", "").replace("_", "")
    unit = _UNITS[_WORDS.get(found["unit"], found["unit"])] if found["unit"] else 1
    power = int(found["power"].translate(_RAISED)) if found["power"] else 0
    places = len(digits.partition(".")[2])
    value = Fraction(digits)
    if not value:
        raise ConvcostError(f"must be more than 0, got `{describe(text)}`")
    bare = unit == 1 and not power
    scales = (10**6, 10**9) if bare and value < _SMALLEST else (unit * 10**power,)
    return tuple(
        Quote(text.strip(), value * scale, Fraction(scale, 10**places), Fraction(scale * _zeros(digits), 10**places))
        for scale in scales
    )


def _zeros(digits: str) -> int:
    """What the zeros at the end of a whole number are worth together, behind its first two digits.

    >>> _zeros("350"), _zeros("300"), _zeros("4100"), _zeros("569"), _zeros("4.10")
    (10, 10, 100, 1, 1)
    """
    places = len(digits) - max(2, len(digits.rstrip("0")))
    return 10**places if "." not in digits and places > 0 else 1


def matches(quote: Quote, evaluation: Evaluation) -> list[Match]:
    """The conventions that give what was quoted for the network as it is."""
    return [match for match in _totals(evaluation) if quote.fits(match.total)]


def near_misses(quote: Quote, evaluation: Evaluation, at_input: AtInput | None = None) -> list[Match]:
    """What gives the number with one thing changed: cut digits, twice or half, a batch, another input or network.

    Of each convention it is what has the fewest changes; one that gives the number as it is has none, and a change
    that does not touch it is none.
    """
    own = _totals(evaluation)
    found = [fitting for match in own for fitting in _fitting(quote, match)]
    found += [match for match in _scaled(evaluation, own) if quote.fits(match.total)]
    for variant in variants(evaluation, quote.value, at_input):
        for match, before in zip(_totals(variant.evaluation), own, strict=True):
            if match.total != before.total:
                found += _fitting(quote, match.changed(variant.how))
    fewest: dict[str, int] = {}
    for match in found:
        name = match.convention.name
        fewest[name] = min(match.changes, fewest.get(name, match.changes))
    return [match for match in found if match.changes == fewest[match.convention.name] > 0]


def _fitting(quote: Quote, match: Match) -> Iterator[Match]:
    """A total that is what was quoted, as it is or with its digits read otherwise, or a variant's double."""
    if quote.fits(match.total):
        yield match
    elif quote.fits_coarsely(match.total):
        yield match.changed("rounded to fewer digits")
    elif quote.fits_cut(match.total):
        yield match.changed("cut off, not rounded")
    elif match.changes and match.convention.unit == "MACs" and quote.fits(2 * match.total):
        yield match.doubled()


def nearest(quote: Quote, evaluation: Evaluation, number: int = 3) -> list[Match]:
    """The conventions whose totals are nearest to the quote: all that have one of so many totals."""
    own = sorted(_totals(evaluation), key=lambda match: abs(match.total - quote.value))
    totals = [*dict.fromkeys(match.total for match in own)][:number]
    return [match for match in own if match.total in totals]


def _totals(evaluation: Evaluation) -> list[Match]:
    known = ledgers(evaluation)
    return [Match(convention, counted(convention, evaluation, known)) for convention in CONVENTIONS.values()]


_BATCHES = (2, 4, 8, 16, 32, 64, 128, 256)


def _scaled(evaluation: Evaluation, own: list[Match]) -> Iterator[Match]:
    known = ledgers(evaluation)
    for match in own:
        if match.convention.unit == "MACs":
            yield match.doubled()
        else:
            yield match._replace(total=match.total // 2).changed("half of the FLOPs")
    for batch in _BATCHES:
        for match in own:
            total = counted(match.convention, evaluation, known, batch)
            if match.convention.unit == "FLOPs" or total != 2 * match.total:
                yield match._replace(total=total).changed(f"batch {batch}")
