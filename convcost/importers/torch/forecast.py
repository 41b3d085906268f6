"""What common operations make, without running them: a tensor on the meta device of the right size, type and layout.

Torch's own kernels for that device would load its compiler at the first operation, which takes as long as torch
itself. Whatever is unusual is left to them, errors too.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch

from convcost import formulas
from convcost.importers.torch.kept import KEPT
from convcost.importers.torch.operation import Operation, dims_of, from_batch
from convcost.importers.torch.product_sizes import PRODUCTS, row, spread
from convcost.importers.torch.recurrent import SIZES

_META = torch.device("meta")
Forecast = Callable[[Operation], Any]


def forecast(operation: Operation) -> Any:
    """What an operation makes, or None where torch has to say."""
    found = _FORECASTS.get(operation.name)
    if found is None or "out" in operation.kwargs or not all(tensor.is_meta for tensor in operation.tensors):
        return None
    overwritten = operation.overwritten
    if not overwritten:
        return found(operation)
    made = found(operation) if len(overwritten) == 1 and overwritten[0] is operation.first else None
    fits = made is not None and made.shape == operation.first.shape
    return operation.first if fits else None


def _new(size: Iterable[int], like: Any, dtype: Any = None) -> Any:
    """A tensor of a size, its channels last where those of another are."""
    size = tuple(size)
    if min(size, default=1) < 1:
        return None
    last = _CHANNELS_LAST.get(like.dim())
    last = last if last and len(size) == like.dim() and not like.is_contiguous() else None
    layout = last if last and like.is_contiguous(memory_format=last) else torch.contiguous_format
    return torch.empty(size, dtype=dtype or like.dtype, device=_META, memory_format=layout)


_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def _alike(operation: Operation) -> Any:
    """As the first tensor, its axes in the same order in memory, without holes."""
    x = operation.first
    if not x.is_floating_point() or operation["dtype"] is not None or not x.numel():
        return None
    strides, step = [0] * x.dim(), 1
    for axis in sorted(range(x.dim() - 1, -1, -1), key=x.stride):
        strides[axis] = step
        step *= x.shape[axis]
    return torch.empty_strided(x.shape, strides, dtype=x.dtype, device=_META)


def _rounded(operation: Operation) -> Any:
    """As the first tensor, and where it was cut."""
    made = _alike(operation)
    return None if made is None else (made, torch.empty_like(made, dtype=torch.bool))


def _beside_numbers(operation: Operation) -> Any:
    """As the first tensor, where that is the only one."""
    return _alike(operation) if len(operation.tensors) == 1 else None


def _masked(operation: Operation) -> Any:
    """As the first tensor, which the mask does not spread."""
    x = operation.first
    return _alike(operation) if spread(x.shape, operation["mask"].shape) == tuple(x.shape) else None


def _with_channels(operation: Operation) -> Any:
    """As the input, whose channels are those of the weight and all that comes with it."""
    x = operation.first
    names = ("weight", "bias", "running_mean", "running_var")
    given = [found for name in names if (found := operation[name]) is not None]
    fits = x.dim() > 1 and all(found.numel() in (x.shape[1], 1) and found.dtype == x.dtype for found in given)
    grouped = fits and not x.shape[1] % (operation["num_groups"] or 1)
    keeps = operation["training"] and operation["running_mean"] is not None
    return _alike(operation) if grouped and not keeps else None


def _normed(operation: Operation) -> Any:
    x, shape = operation.first, tuple(operation["normalized_shape"])
    given = [found for name in ("weight", "bias") if (found := operation[name]) is not None]
    fits = tuple(x.shape[-len(shape) :]) == shape and all(tuple(found.shape) == shape for found in given)
    return row(x.shape, x) if fits and all(found.dtype == x.dtype for found in given) else None


def _arithmetic(operation: Operation) -> Any:
    x, other = operation.args[0], operation.args[1]
    if not isinstance(x, torch.Tensor) or not x.is_floating_point() or operation["rounding_mode"] is not None:
        return None
    if not isinstance(other, torch.Tensor):
        return _alike(operation) if isinstance(other, int | float) else None
    size = spread(x.shape, other.shape)
    if size is None:
        return None
    dtype = torch.result_type(x, other)
    for side in (x, other):
        if tuple(side.shape) == size and side.dtype == dtype and side.is_floating_point():
            return _alike(Operation(operation.func, operation.name, (side,), {}))
    return _new(size, x, dtype)


def _convolution(operation: Operation) -> Any:
    x, weight, padding = operation["input"], operation["weight"], operation["padding"]
    axes, groups = weight.dim() - 2, operation["groups"]
    transposed = operation.name.startswith("conv_transpose") or bool(operation["transposed"])
    channels = weight.shape[0] if transposed else weight.shape[1] * groups
    if x.dim() != weight.dim() or x.dtype != weight.dtype or weight.shape[0] % groups:
        return None
    if x.shape[1] != channels:
        raise RuntimeError(f"a convolution of {channels} channels got an input of {tuple(x.shape)}")
    s, d = (
        dims_of(operation, key, axes) if operation[key] is not None else (1,) * axes for key in ("stride", "dilation")
    )
    k, n = tuple(weight.shape[2:]), tuple(x.shape[2:])
    if isinstance(padding, str):
        pads = tuple(formulas.same_pads(*pair) if padding == "same" else 0 for pair in zip(k, d, strict=True))
    else:
        pads = tuple(2 * p for p in dims_of(operation, "padding", axes))
    if transposed:
        extra = dims_of(operation, "output_padding", axes)
        fields = zip(n, k, s, pads, d, extra, strict=True)
        return _new(
            (x.shape[0], weight.shape[1] * groups, *(formulas.conv_transpose_output(*each) for each in fields)), x
        )
    fields = zip(n, k, s, pads, d, strict=True)
    return _new((x.shape[0], weight.shape[0], *(formulas.conv_output(*each) for each in fields)), x)


def _pool(operation: Operation) -> Any:
    x = operation.first
    axes = int(operation.name[-2])
    k = dims_of(operation, "kernel_size", axes)
    s = dims_of(operation, "stride", axes) if operation["stride"] else k
    p = dims_of(operation, "padding", axes)
    d = dims_of(operation, "dilation", axes) if operation["dilation"] is not None else (1,) * axes
    if x.dim() != axes + 2 or any(2 * pad > size for pad, size in zip(p, k, strict=True)):
        return None
    n = tuple(x.shape[2:])
    if operation["ceil_mode"]:
        sizes = [
            formulas.pool_output_ceil(*each[:3], 2 * each[3], each[4], each[3])
            for each in zip(n, k, s, p, d, strict=True)
        ]
    else:
        sizes = [formulas.conv_output(*each[:3], 2 * each[3], each[4]) for each in zip(n, k, s, p, d, strict=True)]
    return _new((*x.shape[:2], *sizes), x)


def _adaptive(operation: Operation) -> Any:
    x = operation.first
    axes = int(operation.name[-2])
    return _new((*x.shape[:2], *dims_of(operation, "output_size", axes)), x) if x.dim() == axes + 2 else None


def _mean(operation: Operation) -> Any:
    x, dims = operation.first, operation["dim"]
    if not dims or not x.is_floating_point() or operation["dtype"] is not None:
        return None
    gone = {from_batch(dim, x.dim()) for dim in dims}
    sizes = [
        1 if axis in gone else size for axis, size in enumerate(x.shape) if operation["keepdim"] or axis not in gone
    ]
    return _new(sizes, x)


def _upsample(operation: Operation) -> Any:
    x, size, scales = operation.first, operation["output_size"], operation["scale_factors"]
    if not size:
        if not scales:
            return None
        size = [int(float(n) * scale) for n, scale in zip(x.shape[2:], scales, strict=True)]
    return _new((*x.shape[:2], *size), x) if len(size) == x.dim() - 2 else None


def _concat(operation: Operation) -> Any:
    parts, dim = operation["tensors"], operation["dim"]
    first = parts[0]
    axis = from_batch(dim, first.dim())
    rests = {(*part.shape[:axis], *part.shape[axis + 1 :]) for part in parts}
    if len(rests) > 1 or len({(part.dtype, part.dim()) for part in parts}) > 1:
        return None
    return _new((*first.shape[:axis], sum(part.shape[axis] for part in parts), *first.shape[axis + 1 :]), first)


_POOLS = ("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d")
_ALIKE = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "tanh", "softplus"),
    *("hardswish", "hardsigmoid", "hardtanh", "softmax", "_softmax", "log_softmax", "_log_softmax"),
    *("neg", "exp", "sqrt", "rsqrt", "abs", "erf", "reciprocal", "log_sigmoid"),
)
_ROUNDED = ("fake_quantize_per_tensor_affine_cachemask", "fake_quantize_per_channel_affine_cachemask")
_CONVOLUTIONS = (
    *("convolution", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
)
_FORECASTS: dict[str, Forecast] = {
    **dict.fromkeys(_ALIKE, _alike),
    **dict.fromkeys(_ROUNDED, _rounded),
    **dict.fromkeys(("clamp", "clamp_min", "clamp_max"), _beside_numbers),
    "masked_fill": _masked,
    **dict.fromkeys(("batch_norm", "instance_norm", "group_norm", "prelu"), _with_channels),
    **dict.fromkeys(("layer_norm", "rms_norm"), _normed),
    **dict.fromkeys(("add", "sub", "mul", "div"), _arithmetic),
    **dict.fromkeys(_CONVOLUTIONS, _convolution),
    **dict.fromkeys(_POOLS, _pool),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"), _adaptive),
    **dict.fromkeys(("mean", "linalg_vector_norm"), _mean),
    **{f"upsample_{mode}": _upsample for mode in ("nearest1d", "nearest2d", "nearest3d", "linear1d", "bilinear2d")},
    **{f"upsample_{mode}": _upsample for mode in ("bicubic2d", "trilinear3d")},
    **PRODUCTS,
    **SIZES,
    **KEPT,
    "cat": _concat,
}
