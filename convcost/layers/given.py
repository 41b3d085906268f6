"""Layers whose output shape is given: what other frameworks do beside convolutions, and what is not known."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, Window, count, text_shape


@dataclass(frozen=True, slots=True)
class Given(Layer):
    """An operation without weights and MACs that makes ``shape``: a reshape, a mean, a sum of unequal shapes.

    ``operation`` is its name. Raises ConvcostError for a shape that is none.
    """

    operation: str
    shape: Shape

    def __post_init__(self) -> None:
        for size in self.shape:
            count("shape", size)

    @property
    def kind(self) -> str:  # type: ignore[override]  # here the operation is the kind
        """The operation's name."""
        return self.operation

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that is given."""
        del inputs
        return self.shape

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """Nothing is known of positions."""
        del shape
        return None


class Reshape(Given):
    """The same elements in another shape: a view."""

    __slots__ = ()
    is_view: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape that is given, which must have as many elements as the input."""
        if prod(inputs[0]) != prod(self.shape):
            raise ConvcostError(
                f"{text_shape(inputs[0])} cannot be reshaped to {text_shape(self.shape)}", field="shape"
            )
        return self.shape


class Uncounted(Given):
    """An operation that is not known: its shape is, its cost is not, and totals with it are partial."""

    __slots__ = ()
    is_counted: ClassVar[bool] = False


class Parameter(Given):
    """A learnable tensor that stands on its own, such as a position embedding: prod(shape) weights."""

    __slots__ = ()

    @property
    def weights(self) -> int:
        """One for each element."""
        return prod(self.shape)
