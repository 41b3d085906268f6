"""What a kind is made of: named parts, each a layer, with explicit inputs."""

from collections.abc import Mapping
from typing import Any

from convcost.layers.base import Layer

# How a part names the input of the whole composition.
OUTER = ""


class Part:
    """One layer of a composition. Without ``inputs`` it takes the output of the part before it.

    ``norm`` and ``act`` say whether a norm and an activation follow it, where the network has any.
    """

    __slots__ = ("act", "inputs", "kind", "layer", "name", "norm")

    def __init__(
        self,
        name: str,
        kind: str,
        layer: Layer,
        inputs: tuple[str, ...] = (),
        *,
        norm: bool = False,
        act: bool = False,
    ) -> None:
        self.name, self.kind, self.layer, self.inputs = name, kind, layer, inputs
        self.norm, self.act = norm, act

    def __repr__(self) -> str:
        return f"Part({self.name!r}, {self.kind!r}, {self.layer!r})"


class Composition:
    """A kind put together for given channels and kernel, in the order of execution.

    ``options`` are the kind's own, with every default and every choice of structure made explicit: built
    again with symbols for the numbers, they give the closed form of the same structure.
    """

    __slots__ = ("kind", "options", "parts")

    def __init__(self, kind: str, parts: tuple[Part, ...], options: Mapping[str, Any] | None = None) -> None:
        self.kind, self.parts, self.options = kind, parts, options or {}

    def __repr__(self) -> str:
        return f"Composition({self.kind!r}, {self.parts!r})"

    @property
    def weights(self) -> Any:
        """The weights of all parts."""
        return sum(part.layer.weights for part in self.parts)

    @property
    def biases(self) -> Any:
        """The biases of all parts."""
        return sum(part.layer.biases for part in self.parts)


def part(name: str, kind: str, layer: Layer, *inputs: str, norm: bool = True, act: bool = True) -> Part:
    """A convolution among the parts: by default a norm and an activation follow it."""
    return Part(name, kind, layer, inputs, norm=norm, act=act)
