"""Norms that are not over one channel at a time: layer norm and local response norm."""

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, count, flag, require_input, text_shape


@dataclass(frozen=True, slots=True)
class LayerNorm(Layer):
    """Layer norm over the last axes, with a scale and a shift for each element of ``normalized_shape``.

    Input and output end in ``normalized_shape``. ``channels_first`` instead norms the channels of a feature
    map, as ConvNeXt's does. Raises ConvcostError where the input ends otherwise. Source: torch.nn.LayerNorm.

    >>> LayerNorm((6, 17)).norm_params
    204
    """

    kind: ClassVar[str] = "layer_norm"
    in_place: ClassVar[bool] = True

    normalized_shape: Any
    affine: bool = True
    channels_first: bool = False

    def __post_init__(self) -> None:
        given = self.normalized_shape
        sizes = tuple(given) if isinstance(given, list | tuple) else (given,)
        if not sizes:
            raise ConvcostError("`normalized_shape` is empty", field="normalized_shape")
        for size in sizes:
            count("normalized_shape", size)
        object.__setattr__(self, "normalized_shape", sizes)
        flag("affine", self.affine)
        flag("channels_first", self.channels_first)

    @property
    def norm_params(self) -> int:
        """A scale and a shift for each normed element."""
        return 2 * prod(self.normalized_shape) if self.affine else 0

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the input."""
        (shape,) = inputs
        require_input(shape, self.kind)
        found = shape[:1] if self.channels_first else shape[-len(self.normalized_shape) :]
        if found != self.normalized_shape:
            raise ConvcostError(
                f"`normalized_shape` = {text_shape(self.normalized_shape)}, but the input is {text_shape(shape)}",
                field="normalized_shape",
            )
        return shape


@dataclass(frozen=True, slots=True)
class LocalResponseNorm(Layer):
    """AlexNet's norm over ``size`` neighbouring channels; it has no parameters. Source: torch.nn.LocalResponseNorm."""

    kind: ClassVar[str] = "local_response_norm"

    size: int

    def __post_init__(self) -> None:
        count("size", self.size)

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the input."""
        require_input(inputs[0], self.kind)
        return inputs[0]
