"""Where branches meet: sums, products and concatenations."""

from typing import ClassVar

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, text_shape


class Add(Layer):
    """The sum of its inputs, element by element; they must have one shape. No MACs are counted.

    >>> Add().output_shape((64, 56, 56), (64, 56, 56))
    (64, 56, 56)
    """

    __slots__ = ()
    kind: ClassVar[str] = "add"

    def output_shape(self, *inputs: Shape) -> Shape:
        """As each input."""
        if any(shape != inputs[0] for shape in inputs):
            raise ConvcostError(f"`add` needs one shape, got {' and '.join(map(text_shape, inputs))}", field="add")
        return inputs[0]


class Mul(Layer):
    """The product of its inputs, element by element; an input of size 1 on an axis serves all of it.

    A vector is a factor for each channel. No MACs are counted.

    >>> Mul().output_shape((64, 56, 56), (64, 1, 1)), Mul().output_shape((64, 56, 56), (64,))
    ((64, 56, 56), (64, 56, 56))
    """

    __slots__ = ()
    kind: ClassVar[str] = "mul"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The largest size on each axis."""
        dims = max(map(len, inputs))
        padded = [shape + (1,) * (dims - len(shape)) if len(shape) == 1 else shape for shape in inputs]
        if any(len(shape) != dims or not _spreads(shape, padded) for shape in padded):
            raise ConvcostError(
                f"`mul` needs one shape, or 1 on an axis, got {' and '.join(map(text_shape, inputs))}", field="mul"
            )
        return tuple(map(max, zip(*padded, strict=True)))


def _spreads(shape: Shape, others: list[Shape]) -> bool:
    """Whether each of a shape's sizes is 1 or the largest among the others."""
    return all(size in (1, max(axis)) for size, axis in zip(shape, zip(*others, strict=True), strict=True))


class Concat(Layer):
    """Its inputs side by side along the channels; the spatial sizes must agree.

    >>> Concat().output_shape((64, 28, 28), (32, 28, 28))
    (96, 28, 28)
    """

    __slots__ = ()
    kind: ClassVar[str] = "concat"

    def output_shape(self, *inputs: Shape) -> Shape:
        """(sum of the channels, *n)."""
        if any(shape[1:] != inputs[0][1:] for shape in inputs):
            raise ConvcostError(
                f"`concat` needs equal sizes, got {' and '.join(map(text_shape, inputs))}", field="concat"
            )
        channels = inputs[0][0]
        for shape in inputs[1:]:
            channels += shape[0]
        return (channels, *inputs[0][1:])
