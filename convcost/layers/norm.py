"""Norms. Their scales and shifts are parameters; running statistics are not; they have no MACs here."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, count, flag, require_channels, require_input


@dataclass(frozen=True, slots=True)
class ChannelNorm(Layer):
    """A norm with a scale and a shift for each channel: 2·channels parameters, none if not affine.

    Input and output (channels, *n). ``groups`` are a group norm's, and cost nothing. Raises ConvcostError for
    channels unlike the input's.
    """

    in_place: ClassVar[bool] = True

    channels: int
    affine: bool = True
    groups: int = 1

    def __post_init__(self) -> None:
        count("channels", self.channels)
        flag("affine", self.affine)

    @property
    def norm_params(self) -> int:
        """A scale and a shift for each channel."""
        return 2 * self.channels if self.affine else 0

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the input."""
        require_input(inputs[0], self.kind)
        require_channels(inputs[0], inputs[0][0], self.channels, "channels")
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


class GroupNorm(ChannelNorm):
    """Group norm; raises ConvcostError also for groups that do not divide the channels.

    Source: torch.nn.GroupNorm.

    >>> GroupNorm(64, groups=8).norm_params
    128
    """

    __slots__ = ()
    kind: ClassVar[str] = "group_norm"

    def __post_init__(self) -> None:
        ChannelNorm.__post_init__(self)
        if self.channels % count("groups", self.groups):
            raise ConvcostError(f"`groups` = {self.groups} must divide {self.channels} channels", field="groups")
