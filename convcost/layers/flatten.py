"""Flatten: all axes as one."""

from math import prod
from typing import ClassVar

from convcost.layers.base import Layer, Shape, Window, require_input


class Flatten(Layer):
    """All axes as one. Source: torch.nn.Flatten, from the axis behind the batch.

    >>> Flatten().output_shape((512, 7, 7))
    (25088,)
    """

    __slots__ = ()
    kind: ClassVar[str] = "flatten"
    is_view: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """(elements,)."""
        require_input(inputs[0], self.kind)
        return (prod(inputs[0]),)

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """Positions have no meaning behind it."""
        del shape
        return None
