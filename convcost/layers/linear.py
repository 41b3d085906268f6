"""Linear layers, on the last axis."""

from dataclasses import dataclass
from typing import ClassVar

from convcost import formulas
from convcost.layers.base import Layer, Shape, Window, count, flag, require_channels, require_input


@dataclass(frozen=True, slots=True)
class Linear(Layer):
    """A linear layer on the last axis; weights and MACs in_features·out_features, MACs for each row.

    Input (*rows, in_features), output (*rows, out_features). Bias counts in ``biases``, not in MACs.
    Raises ConvcostError for features out of range or unlike the input's. Source: torch.nn.Linear.

    >>> layer = Linear(512, 1000, bias=True)
    >>> layer.weights, layer.biases, layer.macs((512,))
    (512000, 1000, 512000)
    """

    kind: ClassVar[str] = "linear"
    counts_activations: ClassVar[bool] = True

    in_features: int
    out_features: int
    bias: bool = False

    def __post_init__(self) -> None:
        count("in_features", self.in_features)
        count("out_features", self.out_features)
        flag("bias", self.bias)

    @property
    def weights(self) -> int:
        """in_features·out_features."""
        return formulas.linear_weights(self.in_features, self.out_features)  # type: ignore[no-any-return]

    @property
    def biases(self) -> int:
        """One for each output feature, where there is a bias."""
        return self.out_features if self.bias else 0

    def output_shape(self, *inputs: Shape) -> Shape:
        """The input's shape with its last axis replaced."""
        (shape,) = inputs
        require_input(shape, self.kind)
        require_channels(shape, shape[-1], self.in_features, "in_features")
        return (*shape[:-1], self.out_features)

    def macs(self, *inputs: Shape) -> int:
        """Weights, once for each row."""
        rows = self.output_shape(*inputs)[:-1]
        return formulas.linear_macs(self.in_features, self.out_features, rows)  # type: ignore[no-any-return]

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """A linear layer sees the whole of a vector; positions have no meaning behind it."""
        del shape
        return None
