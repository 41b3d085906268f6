"""Receptive fields: what an element of each layer's output sees of the network's input.

Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (Distill 2019). Through
convolutions and pools these are their sums; behind upsampling and transposed layers, whose elements differ in what
they see, each is followed (`convcost.reach`).

As in all published tables, fields are those of elements away from the borders, and hold what a layer's window
reads: what norms and softmax take from all positions is left out, and so is a factor that serves a whole axis
(squeeze-excite), of which the view's note tells. Behind a flatten, a linear layer and a permutation positions mean
nothing, and there is no view.
"""

from fractions import Fraction
from typing import NamedTuple

from convcost.layers.base import Layer, Shape, Sizes, is_concrete
from convcost.network import INPUT, Network, Node, Shapes
from convcost.reach import ITSELF, BeyondError, Effort, Reach, behind, joined

Steps = tuple[int | Fraction, ...]

UNALIGNED = "branches with unequal centres meet"
GATED = "a factor that serves all positions is left out"


class View(NamedTuple):
    """What the elements of a layer see of the network's input, axis by axis.

    ``size`` counts input elements from the first to the last that one element sees, holes between them too; where
    elements differ it is that of the one that sees most. ``stride`` is the step on the input for one step on the
    output, on average. ``padding`` is how far before the input's first element the field of the first output
    element begins, negative where it begins behind it; an element that sees nothing is passed over. ``aligned``
    says whether branches that met on the way had one centre at every element; else a field's centre is not where
    stride and padding put it. ``note`` tells what is special, and is inherited.
    """

    size: Sizes
    stride: Steps
    padding: Sizes
    aligned: bool = True
    note: str = ""


class _Trail(NamedTuple):
    """The reach of a layer on each axis, and what was met on the way to it."""

    reaches: tuple[Reach, ...]
    aligned: bool = True
    gated: bool = False


def views(network: Network, known: Shapes) -> dict[str, View | None]:
    """The view of every node by name; None where there is none."""
    return {name: None if isinstance(view, str) else view for name, view in explained(network, known).items()}


def explained(network: Network, known: Shapes) -> dict[str, View | str]:
    """The view of every node by name, or the reason why it has none.

    There is none where positions lose their meaning, where branches of unequal strides meet (what is seen would
    grow along the axis), where nothing of the input is seen, and beyond the bounds of `convcost.reach`.
    """
    dims = len(network.input) - 1
    trails: dict[str, _Trail | str] = {INPUT: _Trail((ITSELF,) * dims) if dims > 0 else "the input has no positions"}
    effort = Effort()
    for node in network.nodes:
        try:
            trails[node.name] = _behind(node, [trails[name] for name in node.inputs], known, effort)
        except BeyondError as error:
            trails[node.name] = f"`{node.name}` is not followed: {error}"
    axes: _Axes = {}
    return {name: _view(name, trail, known[name], axes) for name, trail in trails.items()}


def _behind(node: Node, before: list[_Trail | str], known: Shapes, effort: Effort) -> _Trail | str:
    alone = len(before) == 1
    trail = before[0] if alone else _meeting(node, before, known, effort)
    if isinstance(trail, str) or type(node.layer).window is Layer.window:
        return trail
    shape = known[node.inputs[0] if alone else node.name]
    windows = node.layer.window(shape)
    if windows is None:
        sized = all(map(is_concrete, shape))
        return f"positions lose their meaning in `{node.name}`" if sized else f"`{node.name}` goes by the input's size"
    reaches: list[Reach] = []
    for reach, window in zip(trail.reaches, windows, strict=True):
        # The axes of a square network are one.
        square = reaches and reach is trail.reaches[0] and window is windows[0]
        reaches.append(reaches[0] if square else behind(reach, window, effort))
    return _Trail(tuple(reaches), trail.aligned, trail.gated)


def _meeting(node: Node, before: list[_Trail | str], known: Shapes, effort: Effort) -> _Trail | str:
    """On each axis, what branches see that have the output's size there; another size is 1, and serves all."""
    output = known[node.name]
    reaches = []
    made: dict[tuple[int, ...], tuple[Reach, bool] | None] = {}
    aligned, gated = True, False
    for axis in range(1, len(output)):
        spanning = []
        for trail, name in zip(before, node.inputs, strict=True):
            shape = known[name]
            if len(shape) < len(output) or shape[axis] != output[axis]:
                gated = True
            elif isinstance(trail, str):
                return trail
            else:
                spanning.append(trail)
        branches = [trail.reaches[axis - 1] for trail in spanning]
        if not branches:
            return f"`{node.name}` makes positions that none of its inputs has"
        same = tuple(map(id, branches))
        joint = made[same] = made[same] if same in made else joined(branches, effort)
        if joint is None:
            return f"branches of unequal strides meet in `{node.name}`"
        reaches.append(joint[0])
        aligned = aligned and joint[1] and all(trail.aligned for trail in spanning)
        gated = gated or any(trail.gated for trail in spanning)
    return _Trail(tuple(reaches), aligned, gated) if reaches else before[0]


# Size, stride and padding on one axis, by the identity of its reach and by its length.
_Axes = dict[tuple[int, int], tuple[int, int | Fraction, int] | None]


def _view(name: str, trail: _Trail | str, shape: Shape, axes: _Axes) -> View | str:
    if isinstance(trail, str):
        return trail
    found = []
    for reach, n in zip(trail.reaches, shape[1:], strict=True):
        # Norms and activations have the reach of what they follow.
        key = (id(reach), n)
        if key not in axes:
            axes[key] = _axis(reach, n)
        axis = axes[key]
        if axis is None:
            return f"the elements of `{name}` see nothing of the input"
        found.append(axis)
    size, stride, padding = zip(*found, strict=True)
    notes = [note for note, holds in ((UNALIGNED, not trail.aligned), (GATED, trail.gated)) if holds]
    return View(size, stride, padding, trail.aligned, "; ".join(notes))


def _axis(reach: Reach, n: int) -> tuple[int, int | Fraction, int] | None:
    """None where no element sees anything."""
    if len(reach.hulls) == 1 and reach.hulls[0]:
        first, last = reach.hulls[0]
        return last - first + 1, reach.shift, -first
    # A period may be longer than the axis.
    hulls = [hull for hull in (reach.hulls[:n] if is_concrete(n) else reach.hulls) if hull]
    if not hulls:
        return None
    step = Fraction(reach.shift, len(reach.hulls))
    size = max(last - first + 1 for first, last in hulls)
    return size, step.numerator if step.denominator == 1 else step, -hulls[0][0]
