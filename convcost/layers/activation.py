"""Activations, and what passes its input through: all in place, none with MACs."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.layers.base import Layer, Shape, count, require_input

# One word each, as written in specs; each takes and gives any shape.
FUNCTIONS = (
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "mish",
    "sigmoid",
    "tanh",
    "softplus",
    "hardswish",
    "hardsigmoid",
    "softmax",
    "log_softmax",
    "identity",
    "dropout",
)


@dataclass(frozen=True, slots=True)
class Activation(Layer):
    """A function of each element, by its name in `FUNCTIONS`; no parameters, no MACs."""

    in_place: ClassVar[bool] = True

    function: str

    @property
    def kind(self) -> str:  # type: ignore[override]  # here the function is the kind
        """The function's name."""
        return self.function


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
        channels = None if self.slopes == 1 else self.slopes
        require_input(inputs[0], self.kind, channels=channels, field="slopes")
        return inputs[0]
