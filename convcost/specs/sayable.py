"""What an imported network has that no line can say, as operations with the same shapes, parameters and MACs."""

from convcost.layers.base import Layer, Shape
from convcost.layers.given import Given, Reshape, Uncounted
from convcost.layers.traced import Around, Aside, Each, Learnt, Look, Partly, Shared
from convcost.network import Network, Node, shapes


def sayable(network: Network) -> Network:
    """The network with every layer in a form that has a word; the network itself where all have."""
    if not any(isinstance(node.layer, Aside | Reshape | Around) for node in network.nodes):
        return network
    known = shapes(network)
    nodes = tuple(_sayable(node, *(known[name] for name in (node.name, *node.inputs))) for node in network.nodes)
    about = {key: getattr(network, key) for key in ("source", "about", "budget", "lines", "blocks")}
    return Network(network.name, network.input, nodes, network.outputs, **about)


def _sayable(node: Node, output: Shape, *inputs: Shape) -> Node:
    layer = node.layer
    if isinstance(layer, Aside):
        layer = Aside("parameter", layer.shape)
    elif isinstance(layer, Reshape):
        layer = Reshape("reshape", output) if layer.kind in _IN_ORDER else Look(layer.kind, output)
    elif isinstance(layer, Around) and not layer.counts_activations and not _has_words(layer):
        layer = _operation(layer, output, inputs)
    return node if layer is node.layer else Node(node.name, layer.kind, layer, node.inputs, node.written)


# Views by PyTorch's names that leave the elements in their order.
_IN_ORDER = ("reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze")


def _has_words(layer: Around) -> bool:
    """Whether lines can say what a layer is wrapped in: shared or not, for each of some maps or for one."""
    inside = layer.layer
    if isinstance(layer, Partly) and (layer.own_biases, layer.own_norms) != (inside.biases, inside.norm_params):
        return False
    if isinstance(layer, Shared) and isinstance(inside, Each):
        inside = inside.layer
    return not isinstance(inside, Around)


def _operation(layer: Layer, shape: Shape, inputs: tuple[Shape, ...]) -> Layer:
    """The layer by its shape and what it counts."""
    if not layer.is_counted:
        return Uncounted(layer.kind, shape)
    learnt, products = layer.weights + layer.biases + layer.norm_params, layer.macs(*inputs)
    return Learnt(layer.kind, shape, learnt, products) if learnt or products else Given(layer.kind, shape)
