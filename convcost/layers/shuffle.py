"""Layers that only move elements between channels and positions, or among channels."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, Window, count, require_input, text_shape


@dataclass(frozen=True, slots=True)
class Blocks(Layer):
    """A layer that trades blocks of ``factor`` elements on each axis for channels."""

    factor: int

    def __post_init__(self) -> None:
        count("factor", self.factor)


class PixelShuffle(Blocks):
    """Depth to space: (c·f², h, w) to (c, h·f, w·f), f to the number of axes. Source: torch.nn.PixelShuffle.

    >>> PixelShuffle(3).output_shape((18, 4, 5))
    (2, 12, 15)
    """

    __slots__ = ()
    kind: ClassVar[str] = "pixel_shuffle"

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c/f², h·f, w·f)."""
        (shape,) = inputs
        require_input(shape, self.kind)
        blocks = self.factor ** (len(shape) - 1)
        if shape[0] % blocks:
            raise ConvcostError(f"`factor` = {self.factor}: {blocks} must divide {shape[0]} channels", field="factor")
        return (shape[0] // blocks, *(n * self.factor for n in shape[1:]))

    def window(self, shape: Shape) -> tuple[Window, ...]:
        """One element for a block of outputs."""
        return (Window(1, self.factor, lambda _: range(1)),) * (len(shape) - 1)


class PixelUnshuffle(Blocks):
    """Space to depth: (c, h·f, w·f) to (c·f², h, w). Source: torch.nn.PixelUnshuffle."""

    __slots__ = ()
    kind: ClassVar[str] = "pixel_unshuffle"

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c·f², h/f, w/f)."""
        (shape,) = inputs
        require_input(shape, self.kind)
        if any(n % self.factor for n in shape[1:]):
            raise ConvcostError(
                f"`factor` = {self.factor} must divide the input's {text_shape(shape[1:])}", field="factor"
            )
        return (shape[0] * self.factor ** (len(shape) - 1), *(n // self.factor for n in shape[1:]))

    def window(self, shape: Shape) -> tuple[Window, ...]:
        """Blocks side by side."""
        return (Window(self.factor, 1, lambda _: range(self.factor)),) * (len(shape) - 1)


@dataclass(frozen=True, slots=True)
class ChannelShuffle(Layer):
    """Channels dealt out anew between groups; the shape stays. Source: torch.nn.ChannelShuffle."""

    kind: ClassVar[str] = "channel_shuffle"

    groups: int

    def __post_init__(self) -> None:
        count("groups", self.groups)

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the input."""
        (shape,) = inputs
        require_input(shape, self.kind)
        if isinstance(shape[0], int) and isinstance(self.groups, int) and shape[0] % self.groups:
            raise ConvcostError(f"`groups` = {self.groups} must divide {shape[0]} channels", field="groups")
        return shape
