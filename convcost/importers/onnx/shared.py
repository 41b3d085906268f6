"""Layers whose parameters are not all their own: counted at an earlier layer, or computed by other layers."""

from dataclasses import dataclass

from convcost.layers.base import Layer
from convcost.layers.traced import Shared


@dataclass(frozen=True, slots=True)
class Partly(Shared):
    """A layer whose weights stand elsewhere, with biases or parameters of a norm of its own."""

    own_biases: int = 0
    own_norms: int = 0

    @property
    def biases(self) -> int:
        """Those that are its own."""
        return self.own_biases

    @property
    def norm_params(self) -> int:
        """Those that are its own."""
        return self.own_norms


def again(layer: Layer, biases: int = 0, norms: int = 0) -> Layer:
    """A layer once more, with no parameters but these."""
    return Partly(layer, biases, norms) if biases or norms else Shared(layer)
