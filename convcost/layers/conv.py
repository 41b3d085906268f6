"""The one primitive: a convolution and its twin, the transposed convolution."""

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any, ClassVar

from convcost import formulas
from convcost.errors import ConvcostError
from convcost.layers.base import (
    Layer,
    Shape,
    Sizes,
    Window,
    axes_of,
    count,
    flag,
    is_concrete,
    is_empty,
    nothing_left,
    pads_of,
    per_axis,
    require_channels,
    require_input,
    sliding,
    spans,
    text_pads,
)


@dataclass(frozen=True, slots=True)
class Convolution(Layer):
    """What both twins have: their fields, and as many weights, k·(c1/g)·c2.

    Per-axis fields take one number or one per axis, and are kept as tuples; ``dims`` (2) is needed only
    where all are single numbers. ``padding`` is a number, one per axis, (begin, end) pairs, ``same`` or
    ``valid``, and is kept as pairs. Symbols are taken unchecked.

    Raises ConvcostError for fields out of range and groups that do not divide the channels.
    """

    counts_activations: ClassVar[bool] = True

    in_channels: int
    out_channels: int
    kernel_size: Any
    stride: Any = 1
    padding: Any = "same"
    dilation: Any = 1
    groups: int = 1
    bias: bool = False
    output_padding: Any = 0
    dims: int | None = None

    def __post_init__(self) -> None:
        values = (self.kernel_size, self.stride, self.dilation, self.padding)
        dims = axes_of(2, *values) if self.dims is None else self.dims
        self._set("dims", count("dims", dims))
        for field in ("in_channels", "out_channels", "groups"):
            count(field, getattr(self, field))
        for field in ("kernel_size", "stride", "dilation"):
            self._set(field, per_axis(field, getattr(self, field), dims))
        self._set("output_padding", per_axis("output_padding", self.output_padding, dims, 0))
        flag("bias", self.bias)
        self._require_groups()
        self._set("padding", pads_of(self.padding, dims, self._same_pads))

    @property
    def weights(self) -> int:
        """k·(c1/g)·c2."""
        return formulas.conv_weights(self.in_channels, self.out_channels, self.kernel_size, self.groups)  # type: ignore[no-any-return]

    @property
    def biases(self) -> int:
        """One for each output channel, where there is a bias."""
        return self.out_channels if self.bias else 0

    def positions(self, *inputs: Shape) -> Sizes:
        """The spatial size that the whole kernel runs over."""
        raise NotImplementedError

    def macs(self, *inputs: Shape) -> int:
        """Weights times positions."""
        positions = self.positions(*inputs)
        return formulas.conv_macs(self.in_channels, self.out_channels, self.kernel_size, self.groups, positions)  # type: ignore[no-any-return]

    def _same_pads(self, axis: int) -> tuple[int, int]:
        raise NotImplementedError

    def _set(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)

    def _require_groups(self) -> None:
        for field in ("in_channels", "out_channels"):
            channels = getattr(self, field)
            if is_concrete(self.groups) and is_concrete(channels) and not divides(self.groups, channels):
                raise ConvcostError(f"`groups` = {self.groups} must divide `{field}` = {channels}", field="groups")

    def _require_input(self, shape: Shape) -> None:
        require_input(shape, self.kind, dims=self.dims)
        require_channels(shape, shape[0], self.in_channels, "in_channels")


class Conv(Convolution):
    """A convolution of any rank; weights k·(c1/g)·c2, MACs that many for each output position.

    Input (in_channels, *n), output (out_channels, *o) with o = floor((n + pads - d·(k - 1) - 1)/s) + 1.
    ``same`` pads d·(k - 1) in all, the odd one at the end, at any stride: o = ceil(n/s). Zeros of the
    padding are counted; the bias counts in ``biases``, not in MACs.

    Raises ConvcostError as `Convolution` does, and for a kernel beyond the padded input.
    Source: torch.nn.Conv1d, Conv2d, Conv3d; MobileNets (Howard et al. 2017), equations 1 and 2.

    >>> layer = Conv(3, 256, 3)
    >>> layer.weights, layer.output_shape((3, 56, 56)), layer.macs((3, 56, 56))
    (6912, (256, 56, 56), 21676032)
    >>> Conv(256, 256, 3, groups=8).weights
    73728
    """

    __slots__ = ()
    kind: ClassVar[str] = "conv"

    def __post_init__(self) -> None:
        Convolution.__post_init__(self)
        if any(is_concrete(extra) and extra for extra in self.output_padding):
            raise ConvcostError("`output_padding` belongs to a transposed convolution", field="output_padding")

    def output_shape(self, *inputs: Shape) -> Shape:
        """(out_channels, *o)."""
        (shape,) = inputs
        self._require_input(shape)
        axes = zip(shape[1:], self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        output = tuple(formulas.conv_output(n, k, s, sum(p), d) for n, k, s, p, d in axes)
        if is_empty(output):
            raise nothing_left(
                shape,
                f"the kernel spans {spans(self.kernel_size, self.dilation)}, more than the padded input",
                "kernel_size",
            )
        return (self.out_channels, *output)

    def positions(self, *inputs: Shape) -> Sizes:
        """The output size."""
        return self.output_shape(*inputs)[1:]

    def window(self, shape: Shape) -> tuple[Window, ...]:
        """The kernel's taps."""
        del shape
        return sliding(self.kernel_size, self.stride, self.padding, self.dilation)

    def _same_pads(self, axis: int) -> tuple[int, int]:
        total = formulas.same_pads(self.kernel_size[axis], self.dilation[axis])
        return total // 2, total - total // 2


class ConvTranspose(Convolution):
    """A transposed convolution; weights k·(c1/g)·c2, MACs that many for each *input* position.

    Input (in_channels, *n), output (out_channels, *o) with o = (n - 1)·s - pads + d·(k - 1) + output_padding + 1.
    ``padding`` crops the output; ``same`` makes it n·s, cropping the odd one at the end, and adds output
    padding where the kernel is smaller than the stride. Bias is not counted in MACs.

    Raises ConvcostError as `Convolution` does, and for an output padding that is at least both stride and
    dilation of its axis. Source: torch.nn.ConvTranspose2d.

    >>> layer = ConvTranspose(16, 32, 4, stride=2, padding=1)
    >>> layer.output_shape((16, 14, 14)), layer.macs((16, 14, 14))
    ((32, 28, 28), 1605632)
    """

    __slots__ = ()
    kind: ClassVar[str] = "conv_transpose"

    def __post_init__(self) -> None:
        fill = self.padding == "same"
        Convolution.__post_init__(self)
        for extra, s, d in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if is_concrete(extra) and extra and extra >= max(s, d):
                raise ConvcostError(
                    f"`output_padding` = {extra} must be smaller than the stride ({s}) or the dilation ({d})",
                    field="output_padding",
                )
        if fill:
            filled = (e + max(0, -self._surplus(axis)) for axis, e in enumerate(self.output_padding))
            self._set("output_padding", tuple(filled))

    def output_shape(self, *inputs: Shape) -> Shape:
        """(out_channels, *o)."""
        (shape,) = inputs
        self._require_input(shape)
        fields = (shape[1:], self.kernel_size, self.stride, self.padding, self.dilation, self.output_padding)
        axes = zip(*fields, strict=True)
        output = tuple(formulas.conv_transpose_output(n, k, s, sum(p), d, extra) for n, k, s, p, d, extra in axes)
        if is_empty(output):
            pads = " and ".join(text_pads((pair,)) for pair in self.padding)
            raise nothing_left(shape, f"the padding {pads} crops all that the layer makes", "padding")
        return (self.out_channels, *output)

    def positions(self, *inputs: Shape) -> Sizes:
        """The input size; stride, padding, output padding and dilation do not enter."""
        (shape,) = inputs
        self._require_input(shape)
        return shape[1:]

    def window(self, shape: Shape) -> tuple[Window, ...]:
        """The input elements whose taps fall on an output element; they differ over one stride of outputs."""
        del shape
        axes = zip(self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        return tuple(_scattered(k, s, begin, d) for k, s, (begin, _), d in axes)

    def _surplus(self, axis: int) -> int:
        """What the kernel makes of one element, beyond the stride: what ``same`` has to crop."""
        extent = formulas.kernel_extent(self.kernel_size[axis], self.dilation[axis])
        return extent + self.output_padding[axis] - self.stride[axis]  # type: ignore[no-any-return]

    def _same_pads(self, axis: int) -> tuple[int, int]:
        surplus = max(0, self._surplus(axis))
        return surplus // 2, surplus - surplus // 2


@lru_cache
def _scattered(k: int, s: int, begin: int, d: int) -> Window:
    """Input i puts tap j on output i·s + d·j - begin: the inputs i of one output, over the taps j that reach it."""
    shared = gcd(s, d)
    every, step = s // shared, d // shared
    inverse = pow(step, -1, every)

    def reads(o: int) -> range:
        at, rest = divmod(o + begin, shared)
        first_tap = at * inverse % every
        if rest or first_tap >= k:
            return range(0)
        last = (o + begin - d * first_tap) // s
        return range(last - (k - 1 - first_tap) // every * step, last + 1, step)

    return Window(1, s, reads)


def divides(groups: formulas.Number, channels: formulas.Number) -> Any:
    """Whether groups divide channels; elementwise on arrays.

    >>> divides(8, 256), divides(8, 3)
    (True, False)
    """
    return channels % groups == 0
