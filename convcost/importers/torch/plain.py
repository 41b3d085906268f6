"""Activations, pools, upsampling, sums and products element by element: operations without weights and MACs."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.torch.operation import Operation, Reader, Readers, dims_of, from_batch
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import shape_of
from convcost.importers.torch.weighted import is_learnt
from convcost.layers.activation import Activation
from convcost.layers.base import Layer, Shape
from convcost.layers.given import Given
from convcost.layers.traced import Elementwise

_SAME = ("relu", "leaky_relu", "elu", "gelu", "silu", "mish", "sigmoid", "tanh", "softplus", "hardswish", "hardsigmoid")
_FUNCTIONS = {name: name for name in _SAME} | {"relu6": "relu6"}
_SOFTMAXES = {"softmax": "softmax", "_softmax": "softmax", "_safe_softmax": "softmax"}
_SOFTMAXES |= {"log_softmax": "log_softmax", "_log_softmax": "log_softmax"}


def one(
    recorder: Recorder, operation: Operation, kind: str, layer: Layer | Callable[[], Layer], written: str = ""
) -> None:
    """A layer of the first tensor, and its only result that counts."""
    out = operation.out
    recorder.bind(out, recorder.place(kind, layer, [operation.first], out.shape, written=written))


def _function(recorder: Recorder, operation: Operation) -> None:
    name = _FUNCTIONS[operation.name]
    # Of those in place, one counter misses this one.
    in_place = name == "leaky_relu" and operation.overwritten
    one(recorder, operation, name, Activation(name), "inplace" if in_place else "")


def _elu(recorder: Recorder, operation: Operation) -> None:
    """ELU; SELU and CELU are the same operation with scales, and other functions to all who count by name."""
    plain = operation["scale"] == operation["input_scale"] == 1
    scaled = Elementwise("scaled_elu", shape_of(operation.out.shape))
    one(recorder, operation, "elu" if plain else scaled.kind, Activation("elu") if plain else scaled)


def _hardtanh(recorder: Recorder, operation: Operation) -> None:
    """A ReLU6 where it cuts there."""
    bounds = (operation["min_val"], operation["max_val"])
    if operation.name == "clamp":
        bounds = (operation["min"], operation["max"])
    if all(isinstance(bound, int | float) for bound in bounds) and bounds == (0, 6):
        one(recorder, operation, "relu6", Activation("relu6"))
    else:
        elementwise(recorder, operation)


def _softmax(recorder: Recorder, operation: Operation) -> None:
    out, name = operation.out, _SOFTMAXES[operation.name]
    dim = from_batch(operation["dim"], out.dim())
    # Counted from the batch where there is one, else from the end.
    dim = dim if out.dim() > 1 and out.shape[0] == 1 and dim else dim - out.dim()
    one(recorder, operation, name, Activation(name, dim))


def _pool(recorder: Recorder, operation: Operation) -> None:
    kind = "max_pool" if "max" in operation.name else "avg_pool"
    axes = int(next(char for char in operation.name if char.isdigit()))
    fields: dict[str, Any] = {"padding": dims_of(operation, "padding", axes), "ceil_mode": operation["ceil_mode"]}
    if operation["stride"]:
        fields["stride"] = dims_of(operation, "stride", axes)
    if kind == "max_pool":
        fields["dilation"] = dims_of(operation, "dilation", axes)
    else:
        fields["count_include_pad"] = operation["count_include_pad"]
    made = layers.MaxPool if kind == "max_pool" else layers.AvgPool
    one(recorder, operation, kind, lambda: made(dims_of(operation, "kernel_size", axes), **fields))


def _adaptive_pool(recorder: Recorder, operation: Operation) -> None:
    axes = int(next(char for char in operation.name if char.isdigit()))
    size = dims_of(operation, "output_size", axes)
    if "avg" not in operation.name:
        one(recorder, operation, "adaptive_max_pool", lambda: layers.AdaptiveMaxPool(size))
    elif prod(size) == 1:
        one(recorder, operation, "global_avg_pool", layers.GlobalAvgPool())
    else:
        one(recorder, operation, "adaptive_avg_pool", lambda: layers.AdaptiveAvgPool(size))


def _mean(recorder: Recorder, operation: Operation) -> None:
    """The mean of all positions is a global pool."""
    x, dims = operation.first, operation["dim"]
    axes = {from_batch(dim, x.dim()) for dim in dims or ()}
    if operation["keepdim"] and axes and axes == set(range(2, x.dim())):
        out, pool = operation.out, layers.GlobalAvgPool()
        recorder.bind(out, recorder.place("global_avg_pool", pool, [x], out.shape, written="operator"))
    else:
        one(recorder, operation, "mean", Given("mean", shape_of(operation.out.shape)))


_MODES = {
    **{f"upsample_nearest{n}d": "nearest" for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": "nearest-exact" for n in (1, 2, 3)},
    "upsample_linear1d": "linear",
    "upsample_bilinear2d": "bilinear",
    "upsample_bicubic2d": "bicubic",
    "upsample_trilinear3d": "trilinear",
}


def _upsample(recorder: Recorder, operation: Operation) -> None:
    """By a factor where one is said."""
    mode, scales = _MODES[operation.name], operation["scale_factors"]
    corners = bool(operation["align_corners"])
    factors = [int(scale) if float(scale).is_integer() else scale for scale in scales or ()]
    size = tuple(operation.out.shape[2:])
    if factors:
        scale = factors[0] if len(set(factors)) == 1 else tuple(factors)
        one(recorder, operation, "upsample", lambda: layers.Upsample(scale, mode=mode, align_corners=corners))
    else:
        one(recorder, operation, "upsample", lambda: layers.Upsample(size=size, mode=mode, align_corners=corners))


def taken(recorder: Recorder, operation: Operation) -> list[Any]:
    """The tensors that an operation takes, without constants, each once but for the two sides of a sum."""
    return [tensor for tensor in operation.tensors if not recorder.value(tensor).is_constant]


def elementwise(recorder: Recorder, operation: Operation) -> None:
    """An operation on each element, by its own name."""
    sources, out = taken(recorder, operation), operation.out
    shape = shape_of(out.shape)
    alone = len(sources) == 1 and shape_of(sources[0].shape) == shape
    layer = (Elementwise if alone else Given)(operation.name, shape)
    recorder.bind(out, recorder.place(operation.name, layer, sources, out.shape))


def _sum_or_product(recorder: Recorder, operation: Operation) -> None:
    """`Add` and `Mul` of activations; a factor for each channel that is learnt is a `Scale`."""
    sources, out = taken(recorder, operation), operation.out
    shape = shape_of(out.shape)
    if len(sources) == 1:
        elementwise(recorder, operation)
        return
    if operation.name == "add":
        alike = all(shape_of(x.shape) == shape for x in sources)
        recorder.bind(out, recorder.place("add", layers.Add() if alike else Given("add", shape), sources, out.shape))
        return
    for x, factor in (sources, sources[::-1]):
        if is_learnt(recorder, factor) and not is_learnt(recorder, x) and _is_per_channel(factor, x, out):
            scale = layers.Scale(factor.numel())
            recorder.bind(out, recorder.place("scale", scale, [x], out.shape, (factor,)))
            return
    layer = layers.Mul() if _multiplies([shape_of(x.shape) for x in sources], shape) else Given("mul", shape)
    recorder.bind(out, recorder.place("mul", layer, sources, out.shape))


def _multiplies(sides: list[Shape], shape: Shape) -> bool:
    """Whether `Mul` spreads its sides as torch does: it takes a vector for a factor of each channel."""
    try:
        return layers.Mul().output_shape(*sides) == shape and len(set(map(len, sides))) == 1
    except ConvcostError:
        return False


def _is_per_channel(factor: Any, x: Any, out: Any) -> bool:
    """Whether a factor has as many elements as there are channels, and serves all positions of each."""
    batched = x.dim() > 2 and x.shape[0] == 1 and x.shape == out.shape
    return bool(batched) and factor.dim() >= x.dim() - 1 and factor.numel() == factor.shape[1 - x.dim()] == x.shape[1]


def functions() -> Iterator[tuple[str, Reader]]:
    """The readers of all operations here, by the operations' names."""
    for name in _FUNCTIONS:
        yield name, Reader(_function)
    for name in _SOFTMAXES:
        yield name, Reader(_softmax)
    for name in _MODES:
        yield name, Reader(_upsample)
    for n in (1, 2, 3):
        for name in (f"max_pool{n}d", f"max_pool{n}d_with_indices", f"avg_pool{n}d"):
            yield name, Reader(_pool)
        for name in (f"adaptive_avg_pool{n}d", f"_adaptive_avg_pool{n}d", f"adaptive_max_pool{n}d"):
            yield name, Reader(_adaptive_pool)


READERS: Readers = {
    **dict(functions()),
    **dict.fromkeys(("hardtanh", "clamp"), Reader(_hardtanh)),
    "elu": Reader(_elu),
    "mean": Reader(_mean),
    **dict.fromkeys(("add", "mul"), Reader(_sum_or_product)),
}
