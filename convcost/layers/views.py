"""Layers that look at their input in another way, and move nothing: some of its channels, its axes in another order."""

from dataclasses import dataclass
from typing import ClassVar

from convcost.errors import ConvcostError, describe
from convcost.layers.base import Layer, Shape, Sizes, Window, count, require_input, text_shape


@dataclass(frozen=True, slots=True)
class Slice(Layer):
    """The channels from ``begin`` up to, and without, ``end``.

    Input (c, *n), output (end - begin, *n). Raises ConvcostError for channels that are not there.

    >>> Slice(16, 64).output_shape((64, 28, 28))
    (48, 28, 28)
    """

    kind: ClassVar[str] = "slice"
    is_view: ClassVar[bool] = True

    begin: int
    end: int

    def __post_init__(self) -> None:
        count("begin", self.begin, 0)
        count("end", self.end)
        if self.end <= self.begin:
            raise ConvcostError(f"a slice from {self.begin} to {self.end} has no channels", field="channels")

    def output_shape(self, *inputs: Shape) -> Shape:
        """(end - begin, *n)."""
        (shape,) = inputs
        require_input(shape, self.kind)
        if self.end > shape[0]:
            raise ConvcostError(
                f"a slice up to {self.end}, but the input {text_shape(shape)} has {shape[0]}", field="end"
            )
        return (self.end - self.begin, *shape[1:])


@dataclass(frozen=True, slots=True)
class Permute(Layer):
    """The axes in another order, counted from 0, the channels, without the batch. Source: torch.permute.

    >>> Permute((1, 2, 0)).output_shape((96, 56, 56))
    (56, 56, 96)
    """

    kind: ClassVar[str] = "permute"
    is_view: ClassVar[bool] = True

    order: Sizes

    def __post_init__(self) -> None:
        for axis in self.order:
            count("order", axis, 0)
        if sorted(self.order) != list(range(len(self.order))):
            raise ConvcostError(
                f"`order` must name each axis once, from 0, got {describe(list(self.order))}", field="order"
            )

    def output_shape(self, *inputs: Shape) -> Shape:
        """The sizes in the new order."""
        (shape,) = inputs
        require_input(shape, self.kind, dims=len(self.order) - 1, field="order")
        return tuple(shape[axis] for axis in self.order)

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """Axes that trade places have no positions that could be followed."""
        del shape
        return None
