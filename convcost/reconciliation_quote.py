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
    """A quoted number: its text, the value, and what one of its last digit is."""

    text: str
    value: Fraction
    step: Fraction

    def fits(self, total: int) -> bool:
        """Whether a total is the quote when it is rounded to its digits; a half may go either way."""
        return 2 * abs(total - self.value) <= (self.step if self.step > 1 else 0)

    def fits_cut(self, total: int) -> bool:
        """Whether a total begins with the quote's digits, and is cut off behind them."""
        return self.step > 1 and self.value <= total < self.value + self.step


class Match(NamedTuple):
    """A convention whose total is what was quoted; ``how`` says what else had to be done, if anything."""

    convention: Convention
    total: int
    how: str = ""


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
    return tuple(Quote(text.strip(), value * scale, Fraction(scale, 10**places)) for scale in scales)


def matches(quote: Quote, evaluation: Evaluation) -> list[Match]:
    """The conventions that give what was quoted for the network as it is."""
    return [match for match in _totals(evaluation) if quote.fits(match.total)]


def near_misses(quote: Quote, evaluation: Evaluation, at_input: AtInput | None = None) -> list[Match]:
    """What gives the number with one thing changed: cut digits, twice or half, a batch, another input or network.

    A convention that gives the number as it is, or that the change does not touch, is not named again.
    """
    own = _totals(evaluation)
    found = [match._replace(how="cut off, not rounded") for match in own if quote.fits_cut(match.total)]
    found += [match for match in _scaled(evaluation, own) if quote.fits(match.total)]
    for variant in variants(evaluation, quote.value, at_input):
        for match, before in zip(_totals(variant.evaluation), own, strict=True):
            if match.total != before.total:
                found += _fitting(quote, match, variant.how)
    known = {match.convention.name for match in own if quote.fits(match.total)}
    return [match for match in found if match.convention.name not in known]


def _fitting(quote: Quote, match: Match, how: str) -> Iterator[Match]:
    """A variant's total that is what was quoted, or its double where it is MACs."""
    double = 2 * match.total
    if quote.fits(match.total):
        yield match._replace(how=how)
    elif quote.fits_cut(match.total):
        yield match._replace(how=f"{how}, cut off, not rounded")
    elif match.convention.unit == "MACs" and quote.fits(double):
        yield match._replace(total=double, how=f"2 × the MACs, {how}")


def nearest(quote: Quote, evaluation: Evaluation, number: int = 3) -> list[Match]:
    """The conventions whose totals are nearest to the quote."""
    return sorted(_totals(evaluation), key=lambda match: abs(match.total - quote.value))[:number]


def _totals(evaluation: Evaluation) -> list[Match]:
    known = ledgers(evaluation)
    return [Match(convention, counted(convention, evaluation, known)) for convention in CONVENTIONS.values()]


_BATCHES = (2, 4, 8, 16, 32, 64, 128, 256)


def _scaled(evaluation: Evaluation, own: list[Match]) -> Iterator[Match]:
    known = ledgers(evaluation)
    for match in own:
        if match.convention.unit == "MACs":
            yield match._replace(total=2 * match.total, how="2 × the MACs")
        else:
            yield match._replace(total=match.total // 2, how="half of the FLOPs")
    for batch in _BATCHES:
        for convention in CONVENTIONS.values():
            yield Match(convention, counted(convention, evaluation, known, batch), f"batch {batch}")
