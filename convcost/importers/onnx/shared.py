"""Layers whose parameters are not all their own: counted at an earlier layer, or computed by other layers."""

from convcost.layers.base import Layer
from convcost.layers.traced import Partly, Shared


def again(layer: Layer, biases: int = 0, norms: int = 0) -> Layer:
    """A layer once more, with no parameters but these."""
    return Partly(layer, biases, norms) if biases or norms else Shared(layer)
