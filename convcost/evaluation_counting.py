"""`--count-as` and the ledger in the tables of networks: what layers cost by another convention, beside their MACs."""

from collections.abc import Iterable, Mapping
from typing import Any

from convcost.conventions import Convention, find
from convcost.conventions.counting import counted_layers, ledgers
from convcost.evaluation import Evaluation
from convcost.ledger import Ledger, summed
from convcost.network import Node
from convcost.partial import known
from convcost.report import Cell, Column


class Counting:
    """The counts of a network's layers by a convention, where one is named, and their ledgers."""

    def __init__(self, evaluation: Evaluation, count_as: str) -> None:
        self.convention = find(count_as) if count_as else None
        self.ledgers = ledgers(evaluation)
        self.counted = counted_layers(self.convention, evaluation, self.ledgers) if self.convention else None

    def cells(self, nodes: Iterable[Node]) -> Mapping[str, Cell]:
        """The cells of a row of layers; a convention's rules are in ``counted``."""
        names = [node.name for node in nodes]
        whole = summed(self.ledgers[name] for name in names)
        counted = sum(self.counted[name] for name in names) if self.counted else None
        return {"counted": counted, "ledger": ledger_text(whole) or None}

    def json(self, nodes: Iterable[Node]) -> Mapping[str, Any]:
        """What JSON holds of the whole network; of a layer, `json_layer`."""
        whole = {"ledger": summed(self.ledgers[node.name] for node in nodes)}
        if self.convention is None or self.counted is None:
            return whole
        return {"counted": {**named(self.convention), "total": sum(self.counted.values())}, **whole}

    def json_layer(self, node: Node) -> Mapping[str, Any]:
        """What JSON holds of a layer."""
        counted: dict[str, Any] = {"counted": self.counted[node.name]} if self.counted else {}
        return known({**counted, "ledger": self.ledgers[node.name]}, (node,))


def ledger_text(whole: Ledger) -> str:
    """A ledger on one line: ``conv.macs 3,456; conv.biases 128``."""
    return "; ".join(f"{name} {amount:,}" for name, amount in whole.items())


def named(convention: Convention) -> Mapping[str, Any]:
    """How JSON names a convention."""
    return {"convention": convention.name, "version": convention.version or None, "unit": convention.unit}


def counted_column(count_as: str) -> Column:
    """The column of what is counted, under the convention's name and unit."""
    convention = find(count_as)
    return Column("counted", f"{convention.name} {convention.unit}", "count")


def counting_text(count_as: str) -> tuple[str, ...]:
    """What the named convention counts, in a sentence."""
    if not count_as:
        return ()
    convention = find(count_as)
    version = f" ({convention.version})" if convention.version else ""
    return (f"Counted as {convention.name}{version}, in its unit, {convention.unit}: {convention.counts}.",)
