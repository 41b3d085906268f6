"""The formulas of convcost, each once.

They read like the maths and hold no class, no check and no branch, so the same lines take integers (the
exact count), numpy arrays (many candidates at once) and symbols (the closed form). Values that are one
per axis are tuples, folded by ``prod``: 1-D, 2-D and 3-D are one code.

Letters: ``c1 c2`` channels in and out, ``k`` kernel, ``s`` stride, ``p`` pads of an axis (both sides
together), ``d`` dilation, ``g`` groups, ``n`` the size of one axis.

Counts divide with ``//``; who calls has checked that the division is exact.
"""

from math import prod
from typing import Any

Number = Any  # an int, a numpy array or a symbol: whatever has + - * //
PerAxis = tuple[Number, ...]


def conv_weights(c1: Number, c2: Number, k: PerAxis, g: Number) -> Number:
    """Weights of a convolution, k·(c1/g)·c2; a transposed convolution has as many.

    Bias is not counted. Source: torch.nn.Conv2d, whose weight has the shape (c2, c1/g, *k).

    >>> conv_weights(3, 256, (3, 3), 1), conv_weights(256, 256, (3, 3), 8)
    (6912, 73728)
    """
    return prod(k) * (c1 // g) * c2


def conv_macs(c1: Number, c2: Number, k: PerAxis, g: Number, positions: PerAxis) -> Number:
    """Multiply-accumulates of a convolution: its weights, once for each position it runs over.

    ``positions`` is the output size, and for a transposed convolution the *input* size: there each
    input element is multiplied with the whole kernel once, whatever the stride. Zeros of the padding are
    counted; bias is not. Source: MobileNets (Howard et al. 2017), equation 2.

    >>> conv_macs(3, 256, (3, 3), 1, (56, 56))
    21676032
    """
    return conv_weights(c1, c2, k, g) * prod(positions)


def linear_weights(c1: Number, c2: Number) -> Number:
    """Weights of a linear layer, c1·c2, without bias.

    >>> linear_weights(512, 1000)
    512000
    """
    return c1 * c2


def linear_macs(c1: Number, c2: Number, rows: PerAxis) -> Number:
    """Multiply-accumulates of a linear layer: c1·c2 for each row of its input; bias is not counted."""
    return linear_weights(c1, c2) * prod(rows)


def kernel_extent(k: Number, d: Number) -> Number:
    """Elements that a dilated kernel spans on one axis, d·(k - 1) + 1.

    >>> kernel_extent(3, 2)
    5
    """
    return d * (k - 1) + 1


def same_pads(k: Number, d: Number) -> Number:
    """Pads of an axis, both sides together, that make the output ceil(n/s): d·(k - 1).

    Source: torch.nn.Conv2d's ``padding='same'``, here at any stride.
    """
    return kernel_extent(k, d) - 1


def conv_output(n: Number, k: Number, s: Number, p: Number, d: Number) -> Number:
    """Output size of a convolution or pool on one axis: floor((n + p - d·(k - 1) - 1)/s) + 1.

    Source: torch.nn.Conv2d, "Shape".

    >>> conv_output(7, 3, 1, 0, 1), conv_output(7, 3, 1, 0, 2)
    (5, 3)
    """
    return (n + p - d * (k - 1) - 1) // s + 1


def pool_output_ceil(n: Number, k: Number, s: Number, p: Number, d: Number, p_begin: Number) -> Number:
    """Output size of a pool in ceil mode on one axis.

    A last window that would start at or beyond the input and its left padding is dropped.
    Source: torch.nn.MaxPool2d, "ceil_mode".

    >>> pool_output_ceil(6, 2, 4, 0, 1, 0)
    2
    """
    windows = -(-(n + p - d * (k - 1) - 1) // s) + 1
    starting_inside = -(-(n + p_begin) // s)
    return windows - (windows > starting_inside) * (windows - starting_inside)


def conv_transpose_output(n: Number, k: Number, s: Number, p: Number, d: Number, extra: Number) -> Number:
    """Output size of a transposed convolution on one axis: (n - 1)·s - p + d·(k - 1) + extra + 1.

    ``extra`` is the output padding. Source: torch.nn.ConvTranspose2d, "Shape".

    >>> conv_transpose_output(14, 4, 2, 2, 1, 0)
    28
    """
    return (n - 1) * s - p + d * (k - 1) + extra + 1
