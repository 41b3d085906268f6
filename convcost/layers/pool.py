"""Pools. They have no weights and no MACs."""

from dataclasses import dataclass
from typing import Any, ClassVar

from convcost import formulas
from convcost.errors import ConvcostError
from convcost.layers.base import (
    Layer,
    Shape,
    Window,
    axes_of,
    count,
    flag,
    is_concrete,
    is_empty,
    nothing_left,
    pads_of,
    per_axis,
    require_input,
    sliding,
    spans,
)

# torch.nn.AvgPool3d compares its kernel with the input before padding; the pools of other ranks do not.
_TORCH_MEASURES_UNPADDED = 3


@dataclass(frozen=True, slots=True)
class Pool(Layer):
    """A pool with a window: as torch's, stride = kernel, padding 0 and floor where nothing is said.

    Input (c, *n), output (c, *o) with o as for a convolution; with ``ceil_mode`` rounded up, less a last
    window that would start in the right padding. Raises ConvcostError for fields out of range, padding
    beyond half the kernel, a window beyond the padded input.
    """

    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False
    count_include_pad: bool = True
    dims: int | None = None

    def __post_init__(self) -> None:
        values = (self.kernel_size, self.stride, self.dilation, self.padding)
        dims = axes_of(2, *values) if self.dims is None else self.dims
        self._set("dims", count("dims", dims))
        for field in ("kernel_size", "dilation"):
            self._set(field, per_axis(field, getattr(self, field), dims))
        stride = self.kernel_size if self.stride is None else self.stride
        self._set("stride", per_axis("stride", stride, dims))
        self._set("padding", pads_of(self.padding, dims, self._same_pads))
        self._require_half()
        flag("ceil_mode", self.ceil_mode)
        flag("count_include_pad", self.count_include_pad)

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c, *o)."""
        (shape,) = inputs
        require_input(shape, self.kind, dims=self.dims)
        axes = zip(shape[1:], self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        output = tuple(self._output(*axis) for axis in axes)
        if is_empty(output):
            raise nothing_left(shape, f"the pool spans {self._spans()}, more than the padded input", "kernel_size")
        return (shape[0], *output)

    def window(self, shape: Shape) -> tuple[Window, ...]:
        """The kernel's taps."""
        del shape
        return sliding(self.kernel_size, self.stride, self.padding, self.dilation)

    def _output(self, n: int, k: int, s: int, p: tuple[int, int], d: int) -> int:
        if self.ceil_mode:
            return formulas.pool_output_ceil(n, k, s, sum(p), d, p[0])  # type: ignore[no-any-return]
        return formulas.conv_output(n, k, s, sum(p), d)  # type: ignore[no-any-return]

    def _same_pads(self, axis: int) -> tuple[int, int]:
        total = formulas.same_pads(self.kernel_size[axis], self.dilation[axis])
        return total // 2, total - total // 2

    def _spans(self) -> str:
        return spans(self.kernel_size, self.dilation)

    def _require_half(self) -> None:
        for pads, k, d in zip(self.padding, self.kernel_size, self.dilation, strict=True):
            extent = formulas.kernel_extent(k, d)
            if max(pads) > extent // 2:
                raise ConvcostError(
                    f"`padding` = {max(pads)} must be at most half of what the pool spans ({extent})", field="padding"
                )

    def _set(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)


class MaxPool(Pool):
    """A max pool. Source: torch.nn.MaxPool2d.

    >>> MaxPool(3, stride=2, padding=1).output_shape((64, 112, 112))
    (64, 56, 56)
    """

    __slots__ = ()
    kind: ClassVar[str] = "max_pool"


class AvgPool(Pool):
    """An average pool, which has no dilation. Source: torch.nn.AvgPool2d.

    Beside `Pool`'s errors, a kernel of a 3-D pool that is larger than its unpadded input is refused, as by torch.

    >>> AvgPool(2, ceil_mode=True).output_shape((8, 7, 7))
    (8, 4, 4)
    """

    __slots__ = ()
    kind: ClassVar[str] = "avg_pool"

    def __post_init__(self) -> None:
        Pool.__post_init__(self)
        if any(d != 1 for d in self.dilation):
            raise ConvcostError("an average pool has no dilation", field="dilation")

    def output_shape(self, *inputs: Shape) -> Shape:
        """(c, *o)."""
        output = Pool.output_shape(self, *inputs)
        if self.dims == _TORCH_MEASURES_UNPADDED and any(
            is_concrete(n) and n < k for n, k in zip(inputs[0][1:], self.kernel_size, strict=True)
        ):
            raise nothing_left(
                inputs[0], f"a 3-D average pool of {self._spans()} must fit the unpadded input", "kernel_size"
            )
        return output
