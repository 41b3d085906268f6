"""PReLU, the activation with parameters."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.layers.base import Layer, Shape, count, require_channels, require_input


@dataclass(frozen=True, slots=True)
class PReLU(Layer):
    """A ReLU with a learnt slope for each channel, or one for all. Source: torch.nn.PReLU.

    >>> PReLU(64).weights
    64
    """

    kind: ClassVar[str] = "prelu"
    in_place: ClassVar[bool] = True

    slopes: int = 1

    def __post_init__(self) -> None:
        count("slopes", self.slopes)

    @property
    def weights(self) -> int:
        """The slopes."""
        return self.slopes

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the input."""
        require_input(inputs[0], self.kind)
        if self.slopes != 1:
            require_channels(inputs[0], inputs[0][0], self.slopes, "slopes")
        return inputs[0]
