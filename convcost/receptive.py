"""Receptive fields: how much of the input an element of each layer's output sees.

Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (Distill 2019).
Behind a transposed layer, whose elements differ in what they see, sizes are the most that one may see.
"""

from fractions import Fraction
from typing import NamedTuple

from convcost import formulas
from convcost.layers.base import Sizes
from convcost.layers.conv import ConvTranspose
from convcost.network import INPUT, Network, Node, Shapes

Steps = tuple[int | Fraction, ...]


class View(NamedTuple):
    """For each axis: elements of the input seen, and the step on the input of one step on the output."""

    size: Sizes
    stride: Steps


# The same before sizes are whole: behind a transposed layer they are fractions.
_Exact = tuple[Steps, Steps]


def views(network: Network, known: Shapes) -> dict[str, View | None]:
    """The view of every node by name; None where positions have no one step (behind a flatten, an upsampling)."""
    dims = len(network.input) - 1
    found: dict[str, _Exact | None] = {INPUT: ((1,) * dims, (1,) * dims) if dims else None}
    for node in network.nodes:
        found[node.name] = _behind(node, [found[name] for name in node.inputs], known)
    return {name: _whole(exact) for name, exact in found.items()}


def _behind(node: Node, before: list[_Exact | None], known: Shapes) -> _Exact | None:
    seen = [view for view in before if view is not None]
    if len(seen) < len(before):
        return None
    # Where branches meet, an element sees what the widest of them sees.
    size: Steps = tuple(max(axis) for axis in zip(*(sizes for sizes, _ in seen), strict=True))
    stride: Steps = seen[0][1]
    layer = node.layer
    if isinstance(layer, ConvTranspose):
        stride = tuple(Fraction(jump) / s for jump, s in zip(stride, layer.stride, strict=True))
        return _grown(size, stride, layer.kernel_size, layer.dilation), stride
    window = layer.window(known[node.inputs[0]])
    if window is None:
        return None
    kernel, steps, dilation = window
    grown = _grown(size, stride, kernel, dilation)
    return grown, tuple(jump * s for jump, s in zip(stride, steps, strict=True))


def _grown(size: Steps, stride: Steps, kernel: Sizes, dilation: Sizes) -> Steps:
    axes = zip(size, stride, kernel, dilation, strict=True)
    return tuple(formulas.receptive_field(r, jump, k, d) for r, jump, k, d in axes)


def _whole(exact: _Exact | None) -> View | None:
    """Whole elements, and whole steps where they are."""
    if exact is None:
        return None
    size, stride = exact
    return View(
        tuple(int(r) for r in size), tuple(jump.numerator if jump.denominator == 1 else jump for jump in stride)
    )
