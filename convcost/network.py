"""A network: named nodes in topological order, each with explicit inputs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from convcost.composition import OUTER, Composition
from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape

# The name by which nodes take the network's input.
INPUT = "input"


class Node:
    """A layer in its place. ``kind`` is what the author wrote, ``inputs`` are names of earlier nodes.

    ``written`` is how the code that it stands for says it (`convcost.ledger` has the words), "" for the usual way:
    it changes no cost, but what some counters see.
    """

    __slots__ = ("inputs", "kind", "layer", "name", "written")

    def __init__(
        self, name: str, kind: str, layer: Layer, inputs: tuple[str, ...] = (INPUT,), written: str = ""
    ) -> None:
        self.name, self.kind, self.layer, self.inputs, self.written = name, kind, layer, inputs, written

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.kind!r}, {self.layer!r}, {self.inputs!r})"


class Bound(NamedTuple):
    """The most that a network may cost of something, and the line of the source that says so (0: none)."""

    most: int
    line: int = 0


class Network:
    """Nodes in topological order; the last is the output where ``outputs`` names none.

    ``input`` is the shape (channels, *spatial) without the batch, ``source`` where the network was read,
    ``about`` what its author says of it (source, published figures, vars), ``budget`` what it may cost,
    ``lines`` the line of the source that each layer comes from, and ``blocks`` the kind of each block and
    composite, by the name within which its layers are named.

    Raises ConvcostError for a name used twice and an input that is no earlier node, an output that is none.
    """

    __slots__ = ("about", "blocks", "budget", "input", "lines", "name", "nodes", "outputs", "source")

    def __init__(
        self,
        name: str,
        input: Shape,  # noqa: A002 - the word of the specs and of JSON
        nodes: tuple[Node, ...],
        outputs: tuple[str, ...] = (),
        source: str = "",
        about: Mapping[str, Any] | None = None,
        budget: Mapping[str, Bound] | None = None,
        lines: Mapping[str, int] | None = None,
        blocks: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.input, self.nodes, self.source = name, input, nodes, source
        self.outputs = outputs or (nodes[-1].name if nodes else INPUT,)
        self.about, self.budget = about or {}, budget or {}
        self.lines, self.blocks = lines or {}, blocks or {}
        known = {INPUT}
        for node in nodes:
            missing = [name for name in node.inputs if name not in known]
            if missing:
                raise ConvcostError(f"`{node.name}` takes `{missing[0]}`, which is no earlier layer", field="inputs")
            if node.name in known:
                raise ConvcostError(f"two layers are named `{node.name}`", field="name")
            known.add(node.name)
        lost = [output for output in self.outputs if output not in known]
        if lost:
            raise ConvcostError(f"the output `{lost[0]}` is no layer", field="outputs")

    def __repr__(self) -> str:
        return f"Network({self.name!r}, {self.input}, {len(self.nodes)} nodes)"


Shapes = dict[str, Shape]


def shapes(network: Network) -> Shapes:
    """The output shape of every node, and of the input, by name.

    Raises ConvcostError, with the node's name, where a layer does not fit what comes in.
    """
    known: Shapes = {INPUT: network.input}
    for node in network.nodes:
        try:
            known[node.name] = node.layer.output_shape(*(known[name] for name in node.inputs))
        except ConvcostError as error:
            raise ConvcostError(f"{node.name}: {error.message}", field=error.field, hint=error.hint) from None
    return known


def members(network: Network) -> dict[str, list[Node]]:
    """The nodes of every block and composite, by its name."""
    found: dict[str, list[Node]] = {name: [] for name in network.blocks}
    for node in network.nodes:
        parts = node.name.split(".")
        for end in range(1, len(parts) + 1):
            if (name := ".".join(parts[:end])) in found:
                found[name].append(node)
    return found


def nodes_of(composition: Composition) -> tuple[Node, ...]:
    """The parts of a composition as nodes behind the input."""
    nodes: list[Node] = []
    before = INPUT
    for part in composition.parts:
        inputs = tuple(INPUT if name == OUTER else name for name in part.inputs) or (before,)
        nodes.append(Node(part.name, part.kind, part.layer, inputs))
        before = part.name
    return tuple(nodes)
