"""Networks that somebody may have counted in place of the one that was meant: near misses of a quoted number."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation, evaluate
from convcost.layers.base import Shape
from convcost.layers.conv import Conv, Convolution
from convcost.layers.linear import Linear
from convcost.network import Network, Node

# The network at another input; raises ConvcostError where it does not fit.
AtInput = Callable[[Shape], Evaluation]


class Variant(NamedTuple):
    """What was done to the network, in words, and what it is then."""

    how: str
    evaluation: Evaluation


def variants(evaluation: Evaluation, value: Fraction, at_input: AtInput | None) -> Iterator[Variant]:
    """The variants of a network that make sense for it, of other inputs those that may come near ``value``."""
    for how, make in _CHANGES:
        changed = make(evaluation)
        if changed is not None:
            try:
                yield Variant(how, evaluate(changed))
            except ConvcostError:
                continue
    if at_input is not None:
        for shape in _shapes(evaluation, value):
            try:
                yield Variant(f"at input {'×'.join(map(str, shape))}", at_input(shape))
            except ConvcostError:
                continue


_SIZES = (
    *(32, 64, 96, 112, 128, 160, 176, 192, 196, 208, 224, 227, 229, 231, 240, 256, 260, 288, 299, 300, 320, 331, 336),
    *(352, 380, 384, 392, 400, 416, 448, 456, 480, 500, 512, 513, 520, 528, 550, 600, 608, 640, 800, 1024, 1280),
)
_MAP = 3
# What counters make of one MAC, about: from less than one to two, and some more for what else they count.
_LEAST, _MOST = Fraction(7, 10), Fraction(28, 10)


def _shapes(evaluation: Evaluation, value: Fraction) -> Iterator[Shape]:
    """Square inputs of usual sizes, of which the cost grows about with the area."""
    shape = evaluation.network.input
    if len(shape) != _MAP or not evaluation.total.macs:
        return
    for size in _SIZES:
        about = evaluation.total.macs * Fraction(size * size, shape[1] * shape[2])
        if (size, size) != shape[1:] and _LEAST <= value / about <= _MOST:
            yield (shape[0], size, size)


def _changed(network: Network, nodes: list[Node], outputs: tuple[str, ...] | None = None) -> Network:
    ends = network.outputs if outputs is None else outputs
    return Network(network.name, network.input, tuple(nodes), ends, network.source, blocks=network.blocks)


def _with(node: Node, layer: Any, inputs: tuple[str, ...]) -> Node:
    return Node(node.name, node.kind, layer, inputs, node.written)


def without_other_heads(evaluation: Evaluation) -> Network | None:
    """The network up to its first output: without auxiliary heads. None where it has one output."""
    network = evaluation.network
    if len(network.outputs) == 1:
        return None
    wanted = {network.outputs[0]}
    for node in reversed(network.nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
    return _changed(network, [node for node in network.nodes if node.name in wanted], network.outputs[:1])


def folded(evaluation: Evaluation) -> Network | None:
    """The network with batch norms folded into the convolutions before them, which then have biases.

    None where there is nothing to fold.
    """
    network = evaluation.network
    by_name = {node.name: node for node in network.nodes}
    users: dict[str, int] = {}
    for name in (*(name for node in network.nodes for name in node.inputs), *network.outputs):
        users[name] = users.get(name, 0) + 1
    into = {
        node.name: node.inputs[0]
        for node in network.nodes
        if node.layer.kind == "batch_norm"
        and node.inputs[0] in by_name
        and isinstance(by_name[node.inputs[0]].layer, Convolution | Linear)
        and users[node.inputs[0]] == 1
    }
    if not into:
        return None
    biased = {*into.values()}
    nodes = [
        _with(
            node,
            replace(node.layer, bias=True) if node.name in biased else node.layer,  # type: ignore[type-var]
            tuple(into.get(name, name) for name in node.inputs),
        )
        for node in network.nodes
        if node.name not in into
    ]
    return _changed(network, nodes, tuple(into.get(name, name) for name in network.outputs))


def stride_first(evaluation: Evaluation) -> Network | None:
    """The network with the stride of each bottleneck on its first 1×1, as the first version of ResNet has it.

    None where no bottleneck has a stride.
    """
    network = evaluation.network
    by_name = {node.name: node for node in network.nodes}
    moved: dict[str, Any] = {}
    for name, kind in network.blocks.items():
        reduce, spatial = by_name.get(f"{name}.reduce"), by_name.get(f"{name}.spatial")
        if kind != "bottleneck" or reduce is None or spatial is None:
            continue
        one, other = reduce.layer, spatial.layer
        if isinstance(one, Conv) and isinstance(other, Conv) and any(step != 1 for step in other.stride):
            moved[reduce.name] = replace(one, stride=other.stride)
            moved[spatial.name] = replace(other, stride=one.stride)
    if not moved:
        return None
    return _changed(network, [_with(node, moved.get(node.name, node.layer), node.inputs) for node in network.nodes])


def without_linear(evaluation: Evaluation) -> Network | None:
    """The network without its linear layers and all behind them, as some papers leave out the classifier.

    None where that leaves no convolution, or there is none to leave out.
    """
    network = evaluation.network
    lost: set[str] = set()
    for node in network.nodes:
        if node.layer.kind == "linear" or lost & {*node.inputs}:
            lost.add(node.name)
    kept = [node for node in network.nodes if node.name not in lost]
    if not lost or not any(node.layer.weights for node in kept):
        return None
    ends = tuple(name for name in network.outputs if name not in lost)
    return _changed(network, kept, ends)


_CHANGES: tuple[tuple[str, Callable[[Evaluation], Network | None]], ...] = (
    ("without the auxiliary head", without_other_heads),
    ("with batch norms folded into biases", folded),
    ("with the stride on the first 1×1, as in the first ResNet", stride_first),
    ("without its linear layers", without_linear),
)
