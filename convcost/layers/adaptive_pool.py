"""Pools to a given output size. They have no weights and no MACs."""

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any, ClassVar

from convcost.layers.base import Layer, Shape, Window, count, is_concrete, require_input


@dataclass(frozen=True, slots=True)
class AdaptivePool(Layer):
    """A pool to a given output size, 1 unless given; None keeps the size of an axis.

    Input (c, *n), output (c, *output_size). Raises ConvcostError for sizes out of range or of the wrong
    number of axes.
    """

    output_size: Any = 1

    def __post_init__(self) -> None:
        sizes = self.output_size
        for size in sizes if isinstance(sizes, list | tuple) else (sizes,):
            if size is not None:
                count("output_size", size)

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c, *output_size)."""
        (shape,) = inputs
        sizes = self.output_size
        if isinstance(sizes, list | tuple):
            require_input(shape, self.kind, dims=len(sizes), field="output_size")
        else:
            require_input(shape, self.kind)
            sizes = (sizes,) * (len(shape) - 1)
        return (shape[0], *(n if size is None else size for n, size in zip(shape[1:], sizes, strict=True)))

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """The bins; None for sizes that are not known."""
        output = self.output_shape(shape)
        if not all(map(is_concrete, (*shape[1:], *output[1:]))):
            return None
        return tuple(bins(n, o) for n, o in zip(shape[1:], output[1:], strict=True))


@lru_cache
def bins(n: int, o: int) -> Window:
    """Bin i of o, from floor(i·n/o) up to, and without, ceil((i + 1)·n/o). Source: torch.nn.AdaptiveAvgPool2d.

    >>> [list(bins(7, 3).reads(i)) for i in range(3)]
    [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    """
    shared = gcd(n, o)
    step, period = n // shared, o // shared
    return Window(step, period, lambda i: range(i * step // period, -(-(i + 1) * step // period)))


class AdaptiveAvgPool(AdaptivePool):
    """An adaptive average pool. Source: torch.nn.AdaptiveAvgPool2d.

    >>> AdaptiveAvgPool((7, None)).output_shape((512, 14, 10))
    (512, 7, 10)
    """

    __slots__ = ()
    kind: ClassVar[str] = "adaptive_avg_pool"


class AdaptiveMaxPool(AdaptivePool):
    """An adaptive max pool. Source: torch.nn.AdaptiveMaxPool2d."""

    __slots__ = ()
    kind: ClassVar[str] = "adaptive_max_pool"


class GlobalAvgPool(AdaptivePool):
    """The average of each channel, (c, *n) to (c, 1, …): no weights, where a global depthwise has n·c.

    >>> GlobalAvgPool().output_shape((512, 7, 7))
    (512, 1, 1)
    """

    __slots__ = ()
    kind: ClassVar[str] = "global_avg_pool"
