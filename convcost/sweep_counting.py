"""`--count-as` in sweeps: what a convention counts in a row, which may stand for a column of combinations."""

from typing import Any

from convcost.conventions.convention import Convention
from convcost.conventions.counting import extras, ledgers
from convcost.costs import Cost
from convcost.evaluation import Evaluation
from convcost.ledger import summed
from convcost.network import Network, Shapes


def counted_row(convention: Convention, network: Network, known: Shapes) -> Any:
    """What a convention counts for a network of these shapes, in its unit: a number, or `Lanes`."""
    # Neither the ledger nor a rule asks for costs or for what is live.
    evaluation = Evaluation(network, known, {}, Cost(), {})
    whole = summed(ledgers(evaluation).values())
    weighed = sum(int(convention.weight(name)) * amount for name, amount in whole.items())
    return weighed + sum(extras(convention, evaluation).values())
