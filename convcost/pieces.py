"""Pieces of a network that a rewriting can exchange: a convolution with what follows it, or a whole block."""

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from convcost.assembly import NORMS, Around, norm
from convcost.costs import Cost, total
from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape
from convcost.layers.conv import Conv, Convolution
from convcost.layers.norm import ChannelNorm
from convcost.layers.prelu import PReLU
from convcost.names import BY_NAME
from convcost.network import Network, Node, Shapes, members
from convcost.rules import FIELDS_ASKED, Rule, fits, is_of_kind, names_a_kind


class Piece(NamedTuple):
    """Nodes with one entry and one exit; ``field`` are those of its spatial convolution, ``around`` what follows it."""

    name: str
    nodes: tuple[Node, ...]
    entry: str
    exit: str
    fields: dict[str, Any]
    around: Around


def pieces(rule: Rule, network: Network, known: Shapes, costs: dict[str, Cost]) -> Iterator[Piece]:
    """The pieces that a rule is about, in order, no two of which overlap; raises ConvcostError for what is none."""
    taken: set[str] = set()
    users = _users(network)
    for name, nodes in _candidates(rule, network, users):
        if not taken.isdisjoint(node.name for node in nodes):
            continue
        found = _piece(name, nodes, users, known, network)
        cost = total(costs[node.name] for node in nodes)
        asked = _asked(found.fields) | {"params": cost.params, "macs": cost.macs}
        if all(bool(condition.value(asked)) for condition in rule.conditions):
            taken |= {node.name for node in nodes}
            yield found


def _candidates(rule: Rule, network: Network, users: dict[str, list[Node]]) -> Iterator[tuple[str, tuple[Node, ...]]]:
    """Blocks of the kind or name first, then convolutions, each with its norm and activation."""
    if not names_a_kind(rule.head):
        for name, inside in members(network).items():
            wanted = network.blocks[name] == rule.head or fits(rule.head, name)
            if wanted and any(isinstance(node.layer, Conv) for node in inside):
                yield name, tuple(inside)
    for node in network.nodes:
        if not isinstance(node.layer, Convolution):
            continue
        if is_of_kind(node.layer, rule.head) or (not names_a_kind(rule.head) and fits(rule.head, node.name)):
            yield node.name, (node, *_followers(node, users))


def _users(network: Network) -> dict[str, list[Node]]:
    """Who takes each node's output."""
    users: dict[str, list[Node]] = {}
    for node in network.nodes:
        for name in node.inputs:
            users.setdefault(name, []).append(node)
    return users


def _followers(node: Node, users: dict[str, list[Node]]) -> tuple[Node, ...]:
    """The norm and the activation behind a convolution, where nobody else takes what stands before them."""
    found: list[Node] = []
    channels = getattr(node.layer, "out_channels", 0)
    for wanted in (_is_norm, _is_activation):
        after = users.get(found[-1].name if found else node.name, [])
        if len(after) == 1 and wanted(after[0].layer) and _is_usual(after[0].layer, channels):
            found.append(after[0])
    return tuple(found)


def _is_usual(layer: Layer, channels: int) -> bool:
    """Whether a new norm or activation of these channels would be the same."""
    if isinstance(layer, PReLU):
        return layer == PReLU(channels)
    return not _is_norm(layer) or layer in (
        norm(layer.kind, channels, first=True),
        norm(layer.kind, channels, first=False),
    )


def _is_norm(layer: Layer) -> bool:
    return layer.kind in NORMS.values() and layer.kind != "group_norm"


def _is_activation(layer: Layer) -> bool:
    return layer.in_place and layer.kind not in _NO_ACTIVATIONS and not isinstance(layer, ChannelNorm)


_NO_ACTIVATIONS = ("dropout", "identity", "softmax", "log_softmax", "layer_norm", "local_response_norm", "scale")


def _piece(name: str, nodes: tuple[Node, ...], users: dict[str, list[Node]], known: Shapes, network: Network) -> Piece:
    inside = {node.name for node in nodes}
    entries = {source for node in nodes for source in node.inputs} - inside
    exits = [
        node.name
        for node in nodes
        if node.name in network.outputs or any(user.name not in inside for user in users.get(node.name, ()))
    ]
    if any(node.kind == "group_norm" for node in nodes):
        raise ConvcostError(f"`{name}` has group norms, whose groups a new block would not know")
    if len(entries) != 1 or len(exits) > 1:
        raise ConvcostError(f"`{name}` has {len(entries)} inputs and {len(exits)} outputs: it cannot be exchanged")
    (entry,) = entries
    end = exits[0] if exits else nodes[-1].name
    spatial = _spatial(nodes)
    fields: dict[str, Any] = {
        "in_channels": known[entry][0],
        "out_channels": known[end][0],
        "kernel_size": spatial.kernel_size,
        "stride": _stride(nodes, known[entry], known[end]),
        "dilation": spatial.dilation,
        "groups": spatial.groups,
        "padding": spatial.padding,
        "bias": spatial.bias,
    }
    return Piece(name, nodes, entry, end, fields, _around(nodes))


def _spatial(nodes: tuple[Node, ...]) -> Convolution:
    """The convolution with the largest kernel."""
    convolutions = [node.layer for node in nodes if isinstance(node.layer, Convolution)]
    return max(convolutions, key=lambda layer: prod(layer.kernel_size))


def _stride(nodes: tuple[Node, ...], before: Shape, after: Shape) -> tuple[int, ...]:
    """Its convolution's own, or for a block how many times the map shrinks."""
    convolutions = [node.layer for node in nodes if isinstance(node.layer, Convolution)]
    if len(convolutions) == 1:
        return tuple(convolutions[0].stride)
    return tuple(max(1, -(-n // o)) for n, o in zip(before[1:], after[1:], strict=True))


def _around(nodes: tuple[Node, ...]) -> Around:
    """The commonest norm and activation among the nodes, and the commonest way to write activations."""
    words = {kind: word for word, kind in NORMS.items()}
    norms = Counter(words[node.layer.kind] for node in nodes if _is_norm(node.layer))
    acts = Counter(node.layer.kind for node in nodes if _is_activation(node.layer))
    ways = Counter(node.written for node in nodes if _is_activation(node.layer))
    norm, act = (next(iter(found.most_common(1)), ("none", 0))[0] for found in (norms, acts))
    return Around(norm, act, next(iter(ways.most_common(1)), ("", 0))[0])


def _asked(fields: dict[str, Any]) -> dict[str, Any]:
    """What conditions may ask, by both spellings; of a field with one number per axis the largest."""
    plain = {name: max(fields[name]) if isinstance(fields[name], tuple) else fields[name] for name in FIELDS_ASKED}
    return plain | {BY_NAME[name].letter: value for name, value in plain.items()}
