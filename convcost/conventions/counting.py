"""What a network costs by a convention: exact integers, for each layer and in total."""

from collections.abc import Iterator
from fractions import Fraction
from math import floor

from convcost.conventions.convention import Case, Convention, Rule
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
    for _, text, extra in _extras(convention, evaluation):
        found[text] = found.get(text, 0) + extra
    return {text: extra for text, extra in found.items() if extra}


def _extras(convention: Convention, evaluation: Evaluation) -> Iterator[tuple[str, str, int]]:
    """The name of a layer, the text of a rule and what it adds there, in whole numbers; their sum is cut, not each."""
    sums: dict[str, Fraction] = {}
    rules: dict[tuple[str, str], tuple[Rule, ...]] = {}
    for node in evaluation.network.nodes:
        way = node.layer.kind, node.written
        if way not in rules:
            rules[way] = convention.rules_for(*way)
        if not rules[way] or isinstance(node.layer, Given):
            continue
        times, case = _case(evaluation, node)
        for rule in rules[way]:
            before = sums.get(rule.text, Fraction())
            sums[rule.text] = before + times * rule.surplus(case)
            yield node.name, rule.text, floor(sums[rule.text]) - floor(before)


def _case(evaluation: Evaluation, node: Node) -> tuple[int, Case]:
    """A layer with its shapes, and over how many maps it runs."""
    layer, inputs, output = node.layer, evaluation.inputs(node), evaluation.shapes[node.name]
    if isinstance(layer, Each):
        return inputs[0][0], Case(layer.layer, (inputs[0][1:],), output[1:], node.written)
    return 1, Case(layer, inputs, output, node.written)


def counted_layers(convention: Convention, evaluation: Evaluation, known: Ledgers | None = None) -> dict[str, int]:
    """The count of every layer by a convention, by name; they add up to the total."""
    found = ledgers(evaluation) if known is None else known
    counts = {name: weighed(convention, one) for name, one in found.items()}
    for name, _, extra in _extras(convention, evaluation):
        counts[name] += extra
    return counts
