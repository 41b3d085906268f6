"""Imported networks as a person would write them: norms and activations on the line of what they follow."""

from collections import Counter

from convcost import layers
from convcost.assembly import NORMS, norm
from convcost.layers.base import Layer, Shape
from convcost.network import Network, Node, shapes
from convcost.specs.language import ACTIVATIONS, WORDS
from convcost.specs.phrases import unwrapped


def tidied(network: Network) -> Network:
    """The network with each norm and activation named after the layer whose only follower it is.

    ``conv1``, ``bn1``, ``relu`` become ``conv1``, ``conv1.norm``, ``conv1.act``, which are one line of a spec.
    """
    names = _names(network)
    if not names:
        return network
    nodes = tuple(
        Node(
            names.get(node.name, node.name),
            node.kind,
            node.layer,
            tuple(names.get(name, name) for name in node.inputs),
            node.written,
        )
        for node in network.nodes
    )
    outputs = tuple(names.get(name, name) for name in network.outputs)
    lines = {names.get(name, name): line for name, line in network.lines.items()}
    about = {key: getattr(network, key) for key in ("source", "about", "budget", "blocks")}
    return Network(network.name, network.input, nodes, outputs, lines=lines, **about)


def _names(network: Network) -> dict[str, str]:
    """The new names of norms and activations, by their old ones."""
    known, nodes = shapes(network), network.nodes
    uses = Counter((*network.outputs, *(name for node in nodes for name in node.inputs)))
    new: dict[str, str] = {}
    at = 0
    while at < len(nodes):
        head = nodes[at]
        at += 1
        for part in ("norm", "act") if head.kind in WORDS else ():
            before, node = nodes[at - 1], nodes[at] if at < len(nodes) else head
            name = f"{head.name}.{part}"
            follows = node.inputs == (before.name,) and uses[before.name] == 1
            is_free = name == node.name or name not in known
            if follows and is_free and _shares_line(node.layer, part, head, known[head.name]):
                new[node.name] = name
                at += 1
    return new


def _shares_line(layer: Layer, part: str, head: Node, shape: Shape) -> bool:
    """Whether a layer is what a norm or an activation on the line of ``head`` makes."""
    made, axis = unwrapped(layer)[0], -1 if head.kind == "linear" else 0
    if part not in WORDS[head.kind].keys or made.kind not in (_NORMS if part == "norm" else _ACTIVATIONS):
        return False
    channels = shape[axis]
    if part == "norm":
        return made == norm(made.kind, channels, first=axis == 0 and len(shape) > 1)
    return made == (layers.PReLU(channels) if made.kind == "prelu" else layers.Activation(made.kind))


_NORMS = set(NORMS.values()) - {NORMS["group"]}
_ACTIVATIONS = set(ACTIVATIONS) - {"dropout", "identity"}
