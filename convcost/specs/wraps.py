"""What the layers of a line are wrapped in: run for each of several maps, with weights that stand elsewhere."""

from typing import Any, NamedTuple

from convcost.layers.base import Layer


class Wraps(NamedTuple):
    """``each`` is how many axes of maps stand before the channels, ``shared`` what the line says of its weights.

    ``further`` are the layers that shared weights come from, where they are computed.
    """

    each: int = 0
    shared: Any = False
    further: tuple[str, ...] = ()

    def around(self, layer: Layer) -> Layer:
        """The layer as it runs here."""
        from convcost.layers.traced import Each, Partly, Shared

        for _ in range(self.each):
            layer = Each(layer)
        if not self.shared or not layer.weights + layer.biases + layer.norm_params:
            return layer
        # A norm's scale is its weight, its shift the bias: they stand together, here or elsewhere.
        return Partly(layer, layer.biases, layer.norm_params) if self.shared == "weights" else Shared(layer)

    def inputs(self, layer: Layer, inputs: tuple[str, ...]) -> tuple[str, ...]:
        """What the layer takes: where its weights come in, they are inputs as well."""
        from convcost.layers.traced import Shared

        return (*inputs, *self.further) if isinstance(layer, Shared) else inputs


NO_WRAPS = Wraps()
