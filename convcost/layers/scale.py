"""A learnable factor for each channel."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.layers.base import Layer, Shape, count, require_channels, require_input


@dataclass(frozen=True, slots=True)
class Scale(Layer):
    """A learnable factor for each of ``channels``: that many weights, no MACs.

    Input and output (channels, *n). Source: layer scale of "Going deeper with image transformers" (Touvron et
    al. 2021), equation 4, as ConvNeXt has it.

    >>> Scale(96).weights
    96
    """

    kind: ClassVar[str] = "scale"
    in_place: ClassVar[bool] = True

    channels: int

    def __post_init__(self) -> None:
        count("channels", self.channels)

    @property
    def weights(self) -> int:
        """One for each channel."""
        return self.channels

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the input."""
        (shape,) = inputs
        require_input(shape, self.kind)
        require_channels(shape, shape[0], self.channels, "channels")
        return shape
