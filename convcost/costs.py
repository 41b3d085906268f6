"""What a layer and a network cost: exact integers by name."""

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

from convcost.layers.base import Layer, Shape
from convcost.network import Network, Shapes


class Cost(NamedTuple):
    """The counts of one layer, or their sums over several.

    ``params`` are all learnable numbers (weights, biases, scales and shifts of norms), without running
    statistics. ``macs`` are multiply-accumulates of convolutions, transposed convolutions and linear
    layers; bias, norms, activations and pooling are not in them. ``activations`` are the elements of the
    outputs of convolutions and linear layers, as papers print them.
    """

    weights: int = 0
    biases: int = 0
    norm_params: int = 0
    macs: int = 0
    activations: int = 0

    @property
    def params(self) -> int:
        """Learnable numbers."""
        return self.weights + self.biases + self.norm_params

    @property
    def flops(self) -> int:
        """2 × MACs, by definition here."""
        return 2 * self.macs


def cost(layer: Layer, *inputs: Shape) -> Cost:
    """The cost of one layer for the shapes that come in.

    >>> from convcost.layers.conv import Conv
    >>> cost(Conv(3, 256, 3, bias=True), (3, 56, 56)).params
    7168
    """
    output = layer.output_shape(*inputs)
    return Cost(
        layer.weights,
        layer.biases,
        layer.norm_params,
        layer.macs(*inputs),
        prod(output) if layer.counts_activations else 0,
    )


def costs(network: Network, known: Shapes) -> dict[str, Cost]:
    """The cost of every node, by name, for the shapes that `convcost.network.shapes` gives."""
    return {node.name: cost(node.layer, *(known[name] for name in node.inputs)) for node in network.nodes}


def total(parts: Iterable[Cost]) -> Cost:
    """The sum of several costs, count by count."""
    return Cost(*map(sum, zip(Cost(), *parts, strict=True)))
