"""Activations, and what passes its input through: all in place, none with MACs."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.errors import ConvcostError, describe
from convcost.layers.base import Layer

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
    """A function of each element, by its name in `FUNCTIONS`; no parameters, no MACs.

    ``dim`` is the axis along which a softmax norms, counted from the batch as torch does; None is its usual one.
    """

    in_place: ClassVar[bool] = True

    function: str
    dim: int | None = None

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise ConvcostError(f"no activation `{describe(self.function)}`", field="function")

    @property
    def kind(self) -> str:  # type: ignore[override]  # here the function is the kind
        """The function's name."""
        return self.function

    @property
    def is_view(self) -> bool:  # type: ignore[override]  # here the function says it
        """Whether what comes in goes out as it is, when a network is evaluated."""
        return self.function in ("identity", "dropout")
