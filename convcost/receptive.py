"""Receptive fields: how much of the input an element of each layer's output sees.

Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (Distill 2019).
"""

from fractions import Fraction
from math import ceil, gcd
from typing import NamedTuple

from convcost import formulas
from convcost.layers.base import Sizes
from convcost.layers.conv import ConvTranspose
from convcost.network import INPUT, Network, Node, Shapes

Jumps = tuple[int | Fraction, ...]


class View(NamedTuple):
    """For each axis: elements of the input seen, and the step on the input of one step on the output."""

    size: Sizes
    stride: Jumps


def views(network: Network, known: Shapes) -> dict[str, View | None]:
    """The view of every node by name; None where positions have no meaning (behind a flatten)."""
    dims = len(network.input) - 1
    found: dict[str, View | None] = {INPUT: View((1,) * dims, (1,) * dims) if dims else None}
    for node in network.nodes:
        found[node.name] = _view(node, [found[name] for name in node.inputs], known)
    return found


def _view(node: Node, before: list[View | None], known: Shapes) -> View | None:
    if any(view is None for view in before):
        return None
    size, stride = _widest([view for view in before if view is not None])
    if isinstance(node.layer, ConvTranspose):
        return _transposed(node.layer, size, stride)
    window = node.layer.window(known[node.inputs[0]])
    if window is None:
        return None
    axes = zip(size, stride, *window, strict=True)
    return View(
        tuple(ceil(formulas.receptive_field(r, jump, k, d)) for r, jump, k, _, d in axes),
        tuple(jump * s for jump, s in zip(stride, window[1], strict=True)),
    )


def _widest(before: list[View]) -> View:
    """Branches meet: an element sees what the widest of them sees."""
    sizes = tuple(max(axis) for axis in zip(*(view.size for view in before), strict=True))
    return View(sizes, before[0].stride)


def _transposed(layer: ConvTranspose, size: Sizes, stride: Jumps) -> View:
    """An output element meets every (s/gcd(s, d))-th tap of the kernel; these lie d/gcd(s, d) inputs apart."""
    sizes, jumps = [], []
    for r, jump, k, s, d in zip(size, stride, layer.kernel_size, layer.stride, layer.dilation, strict=True):
        common = gcd(s, d)
        taps = (k - 1) // (s // common)
        sizes.append(ceil(r + taps * (d // common) * jump))
        step = Fraction(jump) / s
        jumps.append(step.numerator if step.denominator == 1 else step)
    return View(tuple(sizes), tuple(jumps))
