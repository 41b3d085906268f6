"""Layers gathered into rows: each for itself, folded to a depth of their names, or by their kind."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from convcost.costs import Cost, total
from convcost.evaluation import Evaluation
from convcost.layers.base import Shape
from convcost.network import Node


class Entry(NamedTuple):
    """Some layers of a network as one: their sum, what goes in and what comes out.

    ``last`` is the layer whose receptive field is theirs; there is none of a kind.
    """

    name: str
    kind: str
    nodes: tuple[Node, ...]
    cost: Cost
    inputs: tuple[Shape, ...]
    sources: tuple[str, ...]
    outputs: tuple[Shape, ...]
    last: Node | None


def by_layer(evaluation: Evaluation) -> tuple[Entry, ...]:
    """Each layer for itself."""
    return tuple(
        Entry(
            node.name,
            node.kind,
            (node,),
            evaluation.costs[node.name],
            evaluation.inputs(node),
            node.inputs,
            (evaluation.shapes[node.name],),
            node,
        )
        for node in evaluation.network.nodes
    )


def by_depth(evaluation: Evaluation, depth: int) -> tuple[Entry, ...]:
    """Layers whose names agree in their first ``depth`` parts, where the first of them stands."""

    def place(name: str) -> str:
        # A name may begin with a dot.
        return ".".join(name.split(".")[:depth]) or name

    network = evaluation.network
    groups = _groups(evaluation, lambda node: place(node.name))
    leaving = {source for node in network.nodes for source in node.inputs if place(source) != place(node.name)}
    leaving.update(network.outputs)
    inner: dict[str, Counter[str]] = {}
    for name, kind in network.blocks.items():
        inner.setdefault(name.rpartition(".")[0], Counter())[kind] += 1
    none: Counter[str] = Counter()
    return tuple(_folded(evaluation, name, nodes, inner.get(name, none), leaving) for name, nodes in groups.items())


def by_kind(evaluation: Evaluation) -> tuple[Entry, ...]:
    """All layers of a kind, in the order in which kinds appear."""
    groups = _groups(evaluation, lambda node: node.kind)
    return tuple(
        Entry(kind, kind, tuple(nodes), _sum(evaluation, nodes), (), (), (), None) for kind, nodes in groups.items()
    )


def _groups(evaluation: Evaluation, key: Callable[[Node], str]) -> dict[str, list[Node]]:
    groups: dict[str, list[Node]] = {}
    for node in evaluation.network.nodes:
        groups.setdefault(key(node), []).append(node)
    return groups


def _sum(evaluation: Evaluation, nodes: list[Node]) -> Cost:
    return total(evaluation.costs[node.name] for node in nodes)


def _folded(evaluation: Evaluation, name: str, nodes: list[Node], inner: Counter[str], leaving: set[str]) -> Entry:
    inside = {node.name for node in nodes}
    sources = dict.fromkeys(source for node in nodes for source in node.inputs if source not in inside)
    last = nodes[-1]
    ends = [node.name for node in nodes if node.name in leaving] or [last.name]
    return Entry(
        name,
        _kind(evaluation, name, nodes, inner),
        tuple(nodes),
        _sum(evaluation, nodes),
        tuple(evaluation.shapes[source] for source in sources),
        tuple(sources),
        tuple(evaluation.shapes[end] for end in ends),
        last,
    )


def _kind(evaluation: Evaluation, name: str, nodes: list[Node], inner: Counter[str]) -> str:
    """The block's own kind, or those of the blocks in it, or of its layers, and how many there are of each."""
    block = evaluation.network.blocks.get(name)
    if block is not None:
        return block
    if inner.total() > 1:
        return ", ".join(f"{number} {kind}" for kind, number in inner.items())
    own = [node for node in nodes if node.name == name or node.name.removeprefix(f"{name}.") not in _FOLLOWERS]
    counts = Counter(node.kind for node in own if node.layer.weights) or Counter(node.kind for node in own)
    if sum(counts.values()) == 1:
        return next(iter(counts))
    return ", ".join(f"{number} {kind}" for kind, number in counts.items())


# What is named after a layer and stands around it.
_FOLLOWERS = ("norm", "act", "flatten")
