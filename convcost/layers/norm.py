"""Norms. Their scales and shifts are parameters; running statistics are not; they have no MACs here."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.errors import ConvcostError
from convcost.formulas import prod
from convcost.layers.base import Layer, Shape, count, require_input, text_shape


@dataclass(frozen=True, slots=True)
class ChannelNorm(Layer):
    """A norm with a scale and a shift for each channel: 2·channels parameters, none if not affine.

    Input and output (channels, *n). Raises ConvcostError for channels unlike the input's.
    """

    in_place: ClassVar[bool] = True

    channels: int
    affine: bool = True

    def __post_init__(self) -> None:
        count("channels", self.channels)

    @property
    def norm_params(self) -> int:
        """A scale and a shift for each channel."""
        return 2 * self.channels if self.affine else 0

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the input."""
        require_input(inputs[0], self.kind, channels=self.channels, field="channels")
        return inputs[0]


class BatchNorm(ChannelNorm):
    """Batch norm. Source: torch.nn.BatchNorm2d.

    >>> BatchNorm(64).norm_params
    128
    """

    __slots__ = ()
    kind: ClassVar[str] = "batch_norm"


class InstanceNorm(ChannelNorm):
    """Instance norm. Source: torch.nn.InstanceNorm2d with ``affine=True``."""

    __slots__ = ()
    kind: ClassVar[str] = "instance_norm"


@dataclass(frozen=True, slots=True)
class GroupNorm(ChannelNorm):
    """Group norm. Raises ConvcostError for groups that do not divide the channels. Source: torch.nn.GroupNorm."""

    kind: ClassVar[str] = "group_norm"

    groups: int = 1

    def __post_init__(self) -> None:
        ChannelNorm.__post_init__(self)
        if self.channels % count("groups", self.groups):
            raise ConvcostError(f"`groups` = {self.groups} must divide {self.channels} channels", field="groups")


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

    normalized_shape: Shape
    affine: bool = True
    channels_first: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "normalized_shape", tuple(self.normalized_shape))
        for size in self.normalized_shape:
            count("normalized_shape", size)

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
