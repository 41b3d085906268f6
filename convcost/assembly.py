"""A network put together layer by layer, compositions with their norms and activations."""

from typing import NamedTuple

from convcost import layers
from convcost.composition import OUTER, Composition
from convcost.errors import ConvcostError
from convcost.layers.base import LARGEST, Layer, Shape, text_shape
from convcost.network import INPUT, Node

MOST_LAYERS = 100_000
MOST_INPUTS = 1_000_000

NORMS = {"batch": "batch_norm", "layer": "layer_norm", "group": "group_norm", "instance": "instance_norm"}


class Around(NamedTuple):
    """What follows a convolution: a norm and an activation, by the words of specs, or ``none``.

    ``act_as`` is how the activation is written in code, as `convcost.network.Node` has it.
    """

    norm: str = "none"
    act: str = "none"
    act_as: str = ""


NOTHING = Around()


class Assembly:
    """Nodes in order with the shapes of their outputs; ``current`` is the node that the next one takes.

    Raises ConvcostError where a layer does not fit, two have one name, or there are too many.
    """

    def __init__(self, shape: Shape) -> None:
        self.shapes: dict[str, Shape] = {INPUT: shape}
        self.nodes: list[Node] = []
        self.current = INPUT
        self.inputs = 0

    @property
    def shape(self) -> Shape:
        """What goes into the next layer."""
        return self.shapes[self.current]

    def append(self, name: str, kind: str, layer: Layer, *inputs: str, written: str = "") -> None:
        """Put a layer behind the current point, or behind ``inputs``; ``written`` is how code says it."""
        inputs = inputs or (self.current,)
        output = layer.output_shape(*(self.shapes[source] for source in inputs))
        self.require_room(1)
        self.inputs += len(inputs)
        if self.inputs > MOST_INPUTS:
            raise ConvcostError(f"more than {MOST_INPUTS:,} inputs of layers", field="repeat")
        if max(output) > LARGEST:
            raise ConvcostError(f"an output of {text_shape(output)} is larger than {LARGEST:,} on an axis")
        if name in self.shapes:
            raise ConvcostError(f"two layers are named `{name}`", field="name")
        self.nodes.append(Node(name, kind, layer, inputs, written))
        self.shapes[name] = output
        self.current = name

    def around(self, name: str, follow: Around, axis: int = 0) -> None:
        """The norm and the activation behind a layer whose channels are on ``axis``."""
        channels = self.shape[axis]
        if follow.norm != "none":
            kind = NORMS[follow.norm]
            self.append(f"{name}.norm", kind, norm(kind, channels, first=axis == 0 and len(self.shape) > 1))
        if follow.act != "none":
            # One slope for each channel, as in the paper (He et al. 2015).
            layer = layers.PReLU(channels) if follow.act == "prelu" else layers.Activation(follow.act)
            self.append(f"{name}.act", follow.act, layer, written=follow.act_as)

    def composition(
        self,
        name: str,
        kind: str,
        composition: Composition,
        outer: Around = NOTHING,
        middle: Around = NOTHING,
        written: str = "",
    ) -> dict[str, str]:
        """The parts of a kind, with ``outer`` at its end and ``middle`` inside; where each part ends, by its name.

        Its end is the last part, and what meets there. ``written`` is how a single part is written in code.
        """
        ends = {OUTER: self.current}
        last = composition.parts[-1]
        single = len(composition.parts) == 1
        for part in composition.parts:
            full = name if single else f"{name}.{part.name}"
            inputs = tuple(ends[source] for source in part.inputs)
            self.current = inputs[0] if inputs else self.current
            self.append(full, kind if single else part.kind, part.layer, *inputs, written=written if single else "")
            follow = outer if part is last or part.name in last.inputs else middle
            wanted = Around(follow.norm if part.norm else "none", follow.act if part.act else "none", follow.act_as)
            self.around(name if part is last else full, wanted)
            ends[part.name] = self.current
        return ends

    def require_room(self, number: int) -> None:
        """Raise where so many more layers are too many."""
        if len(self.nodes) + number > MOST_LAYERS:
            raise ConvcostError(f"more than {MOST_LAYERS:,} layers", field="repeat")


def norm(kind: str, channels: int, *, first: bool) -> Layer:
    """The norm of a kind; ``first`` where the channels are not the last axis."""
    if kind == "batch_norm":
        return layers.BatchNorm(channels)
    if kind == "instance_norm":
        return layers.InstanceNorm(channels)
    if kind == "layer_norm":
        return layers.LayerNorm(channels, channels_first=first)
    raise ConvcostError("`norm: group` needs its groups: write a line `group_norm: GROUPS`", field="norm")
