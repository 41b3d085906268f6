"""Layers that change the size of a feature map without weights: padding, cropping and upsampling."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any, ClassVar

from convcost.errors import ConvcostError, describe
from convcost.layers.base import (
    Layer,
    Shape,
    Window,
    axes_of,
    count,
    is_concrete,
    is_empty,
    nothing_left,
    pads_of,
    require_input,
    text_pads,
    text_shape,
)


@dataclass(frozen=True, slots=True)
class Pad(Layer):
    """Zeros around each axis, as (begin, end) pairs or in any spelling of `padding` in numbers."""

    kind: ClassVar[str] = "pad"

    padding: Any
    dims: int | None = None

    def __post_init__(self) -> None:
        dims = self.dims or axes_of(2, self.padding)
        object.__setattr__(self, "dims", dims)
        object.__setattr__(self, "padding", pads_of(self.padding, dims, _no_same))

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c, *(begin + n + end))."""
        (shape,) = inputs
        require_input(shape, self.kind, dims=self.dims, field="padding")
        return (shape[0], *(n + sum(p) for n, p in zip(shape[1:], self.padding, strict=True)))

    def window(self, shape: Shape) -> tuple[Window, ...]:
        """Each element, as many positions earlier as there are zeros before."""
        del shape
        return tuple(_moved(-begin) for begin, _ in self.padding)


@dataclass(frozen=True, slots=True)
class Crop(Layer):
    """What is left when elements are taken off each axis, as (begin, end) pairs or in any spelling of numbers.

    Input (c, *n), output (c, *(n - begin - end)). Raises ConvcostError where nothing is left.

    >>> Crop(((1, 2), (0, 0))).output_shape((8, 30, 30))
    (8, 27, 30)
    """

    kind: ClassVar[str] = "crop"
    is_view: ClassVar[bool] = True

    padding: Any
    dims: int | None = None

    def __post_init__(self) -> None:
        dims = self.dims or axes_of(2, self.padding)
        object.__setattr__(self, "dims", dims)
        object.__setattr__(self, "padding", pads_of(self.padding, dims, _no_same))

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c, *(n - begin - end))."""
        (shape,) = inputs
        require_input(shape, self.kind, dims=self.dims, field="padding")
        output = tuple(n - sum(p) for n, p in zip(shape[1:], self.padding, strict=True))
        if is_empty(output):
            raise nothing_left(shape, f"{text_pads(self.padding)} are cropped", "padding")
        return (shape[0], *output)

    def window(self, shape: Shape) -> tuple[Window, ...]:
        """Each element, as many positions later as are cropped before."""
        del shape
        return tuple(_moved(begin) for begin, _ in self.padding)


@lru_cache
def _moved(by: int) -> Window:
    return Window(1, 1, lambda _: range(by, by + 1))


def _no_same(axis: int) -> tuple[int, int]:
    del axis
    raise ConvcostError("`padding` of a pad or crop must be numbers, got `same`", field="padding")


@dataclass(frozen=True, slots=True)
class Upsample(Layer):
    """Upsampling by a factor, output floor(n·scale), or to a size; no weights, no MACs.

    ``align_corners`` puts the outermost elements of input and output on each other, as torch does in linear modes.

    Input (c, *n), output (c, *o). Raises ConvcostError for a factor that is not above 0, both or none of
    ``scale`` and ``size``. Source: torch.nn.Upsample.

    >>> Upsample(2).output_shape((64, 14, 14)), Upsample(size=(27, 30)).output_shape((64, 14, 14))
    ((64, 28, 28), (64, 27, 30))
    """

    kind: ClassVar[str] = "upsample"

    scale: Any = None
    size: Any = None
    mode: str = "nearest"
    align_corners: bool = False

    def __post_init__(self) -> None:
        if (self.scale is None) == (self.size is None):
            raise ConvcostError("`upsample` takes either a factor or a `size`", field="scale")
        factors = self.scale if isinstance(self.scale, list | tuple) else (self.scale,)
        for factor in factors if self.scale is not None else ():
            if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor <= _LARGEST_FACTOR:
                raise ConvcostError(
                    f"`scale` must be a factor above 0 and at most {_LARGEST_FACTOR:,}, got `{describe(factor)}`",
                    field="scale",
                )
        if self.size is not None:
            for size in self.size if isinstance(self.size, list | tuple) else (self.size,):
                count("size", size)
        if self.mode not in MODES:
            raise ConvcostError(f"`mode` must be one of {', '.join(MODES)}, got `{describe(self.mode)}`", field="mode")
        if self.align_corners and self.mode in ("nearest", "nearest-exact", "area"):
            raise ConvcostError(f"`mode: {self.mode}` has no corners to align", field="align_corners")

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c, *o)."""
        (shape,) = inputs
        dims = len(shape) - 1
        if not dims:
            raise ConvcostError(f"`upsample` needs a feature map, but its input is a vector of {shape[0]}")
        given = self.size if self.scale is None else self.scale
        if isinstance(given, list | tuple):
            require_input(shape, self.kind, dims=len(given), field="scale" if self.size is None else "size")
        else:
            require_input(shape, self.kind)
            given = (given,) * dims
        output = tuple(given) if self.scale is None else tuple(map(_scaled, shape[1:], given))
        if min(output, default=1) < 1:
            raise ConvcostError(f"`scale` leaves nothing of the input {text_shape(shape)}", field="scale")
        return (shape[0], *output)

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """The neighbours that have a weight, with centres aligned.

        None for sizes that are not known, and for aligned corners, whose steps are fractions of any kind.
        """
        output = self.output_shape(shape)
        if self.align_corners or not all(map(is_concrete, (*shape[1:], *output[1:]))):
            return None
        if self.mode == "area":
            from convcost.layers.adaptive_pool import bins

            return tuple(bins(n, o) for n, o in zip(shape[1:], output[1:], strict=True))
        factors = self.scale if isinstance(self.scale, list | tuple) else (self.scale,) * (len(shape) - 1)
        axes = zip(shape[1:], output[1:], factors, strict=True)
        return tuple(
            _neighbours(self.mode, Fraction(n, o) if factor is None else 1 / _exact(factor)) for n, o, factor in axes
        )


_LARGEST_FACTOR = 10_000
MODES = ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area")


def _exact(factor: float) -> Fraction:
    """The fraction that a factor was written for: 11/10 for 1.1."""
    near = Fraction(factor).limit_denominator(_LARGEST_FACTOR)
    return near if float(near) == factor else Fraction(factor)


@lru_cache
def _neighbours(mode: str, step: Fraction) -> Window:
    """What is read at ``step`` input elements for one of the output. Source: torch.nn.functional.interpolate."""
    shift, period = step.as_integer_ratio()

    def nearest(o: int) -> range:
        # `nearest` takes the input element below the output's beginning, `nearest-exact` below its centre.
        at = o * shift // period if mode == "nearest" else (2 * o + 1) * shift // (2 * period)
        return range(at, at + 1)

    def between(o: int) -> range:
        at, rest = divmod((2 * o + 1) * shift - period, 2 * period)
        # On an element itself its neighbours have no weight.
        beyond = (2 if mode == "bicubic" else 1) if rest else 0
        return range(at - max(0, beyond - 1), at + beyond + 1)

    return Window(shift, period, nearest if mode.startswith("nearest") else between)


def _scaled(n: int, factor: float) -> int:
    # In floats, as the frameworks compute it: an integer factor stays exact at any size of interest.
    return n * factor if isinstance(factor, int) else floor(float(n) * factor)
