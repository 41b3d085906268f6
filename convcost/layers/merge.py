"""Where branches meet: sums, products and concatenations."""

from typing import ClassVar

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, is_concrete, text_shape


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
        axes = zip(
            *(shape + (1,) * (dims - len(shape)) if len(shape) == 1 else shape for shape in inputs), strict=False
        )
        output = tuple(map(_spread, axes))
        if None in output or any(len(shape) not in (1, dims) for shape in inputs):
            raise ConvcostError(
                f"`mul` needs one shape, or 1 on an axis, got {' and '.join(map(text_shape, inputs))}", field="mul"
            )
        return output  # type: ignore[return-value]  # None is in it no more


def _spread(sizes: tuple[int, ...]) -> int | None:
    """The size that all have but those of 1; None where they differ."""
    wide = [size for size in sizes if not (is_concrete(size) and size == 1)]
    return None if any(size != wide[0] for size in wide) else next(iter(wide), 1)


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
