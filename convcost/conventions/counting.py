"""What a network costs by a convention: exact integers, for each layer and in total."""

from collections.abc import Iterator

from convcost.conventions.convention import Case, Convention
from convcost.evaluation import Evaluation
from convcost.layers.given import Given
from convcost.layers.traced import Each
from convcost.ledger import Ledger, ledger, summed
from convcost.network import Node

# The ledger of each layer, by the name of its node.
Ledgers = dict[str, Ledger]


def ledgers(evaluation: Evaluation) -> Ledgers:
    """The ledger of every layer of a network, by name."""
    return {
        node.name: ledger(node.layer, *evaluation.inputs(node), written=node.written)
        for node in evaluation.network.nodes
    }


def counted(convention: Convention, evaluation: Evaluation, known: Ledgers | None = None, batch: int = 1) -> int:
    """The total by a convention, in its unit; ``known`` are the network's ledgers where they are known already.

    >>> from convcost import evaluate, loads
    >>> from convcost.conventions import find
    >>> evaluation = evaluate(loads("{input: 3x8x8, layers: [{conv: 16, k: 3, norm: batch}]}")[0])
    >>> counted(find("paper"), evaluation), counted(find("fvcore"), evaluation), counted(find("torch"), evaluation)
    (27648, 29696, 55296)
    """
    whole = summed((ledgers(evaluation) if known is None else known).values())
    return weighed(convention, whole, batch) + batch * sum(extras(convention, evaluation).values())


def weighed(convention: Convention, whole: Ledger, batch: int = 1) -> int:
    """A ledger by the weights of a convention, without its rules."""
    return int(sum(amount * convention.weight(name, batch) for name, amount in whole.items()))


def extras(convention: Convention, evaluation: Evaluation) -> dict[str, int]:
    """What the rules of a convention add, or take away, by their texts; those that change nothing are left out."""
    found: dict[str, int] = {}
    for node in evaluation.network.nodes:
        for text, extra in _extras(convention, evaluation, node):
            found[text] = found.get(text, 0) + extra
    return {text: extra for text, extra in found.items() if extra}


def _extras(convention: Convention, evaluation: Evaluation, node: Node) -> Iterator[tuple[str, int]]:
    if node.written in convention.unseen or isinstance(node.layer, Each | Given):
        return
    case = Case(node.layer, evaluation.inputs(node), evaluation.shapes[node.name], node.written)
    for rule in convention.rules:
        surplus = rule.surplus(case)
        if surplus:
            yield rule.text, surplus


def counted_layers(convention: Convention, evaluation: Evaluation, known: Ledgers | None = None) -> dict[str, int]:
    """The count of every layer by a convention, by name; they add up to the total."""
    found = ledgers(evaluation) if known is None else known
    return {
        node.name: weighed(convention, found[node.name])
        + sum(extra for _, extra in _extras(convention, evaluation, node))
        for node in evaluation.network.nodes
    }
