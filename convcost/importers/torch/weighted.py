"""Convolutions, linear layers, norms and tables: operations whose weights are parameters."""

from math import prod
from typing import Any

from convcost import layers
from convcost.importers.torch.operation import Operation, Reader, Readers, dims_of
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import shape_of
from convcost.layers.base import Layer
from convcost.layers.traced import Learnt


def is_learnt(recorder: Recorder, tensor: Any) -> bool:
    """Whether a tensor is made of parameters."""
    return tensor is not None and bool(recorder.value(tensor).sources)


def _convolution(recorder: Recorder, operation: Operation) -> None:
    """Any convolution; the words `same` and `valid` are kept."""
    name, weight, bias = operation.name, operation["weight"], operation["bias"]
    transposed = name.startswith("conv_transpose") or bool(operation["transposed"])
    axes, groups = weight.dim() - 2, operation["groups"]
    padding = operation["padding"]
    fields: dict[str, Any] = {
        key: dims_of(operation, key, axes) for key in ("stride", "dilation") if operation[key] is not None
    }
    fields["padding"] = padding if isinstance(padding, str) else dims_of(operation, "padding", axes)
    if transposed:
        fields["output_padding"] = dims_of(operation, "output_padding", axes)
    ends = (weight.shape[0], weight.shape[1] * groups) if transposed else (weight.shape[1] * groups, weight.shape[0])
    learns_bias = is_learnt(recorder, bias)

    def layer() -> Layer:
        kind = layers.ConvTranspose if transposed else layers.Conv
        return kind(*ends, tuple(weight.shape[2:]), **fields, groups=groups, bias=learns_bias)

    sized = operation["input"] if transposed else operation.out
    samples = prod(sized.shape) // ends[0 if transposed else 1]
    record = recorder.place(
        "conv_transpose" if transposed else _kind(*ends, groups),
        layer,
        [operation["input"]],
        operation.out.shape,
        (weight, bias),
        macs=samples * weight.numel(),
        written="same" if isinstance(padding, str) else "",
    )
    recorder.bind(operation.out, record)


def _kind(c1: int, c2: int, groups: int) -> str:
    if groups == 1:
        return "conv"
    return "depthwise" if groups == c1 and c2 % c1 == 0 else "grouped"


def linear(recorder: Recorder, operation: Operation, x: Any, weight: Any, bias: Any, inner: int) -> None:
    """A product with a weight that is learnt, as a linear layer."""
    out = operation.out
    macs = out.numel() * inner
    layer = lambda: layers.Linear(inner, out.shape[-1], is_learnt(recorder, bias))
    recorder.bind(out, recorder.place("linear", layer, [x], out.shape, (weight, bias), macs))


def _batch_norm(recorder: Recorder, operation: Operation) -> None:
    """Of one sample's own statistics it is an instance norm."""
    own = operation.name == "instance_norm"
    kind = "instance_norm" if own else "batch_norm"
    norm = layers.InstanceNorm if own else layers.BatchNorm
    weight = operation["weight"]
    channels = operation["input"].shape[1]
    _norm(recorder, operation, kind, norm(channels, is_learnt(recorder, weight)))


def _group_norm(recorder: Recorder, operation: Operation) -> None:
    groups = operation["num_groups"] or operation["group"]
    affine = is_learnt(recorder, operation["weight"])
    channels = operation["input"].shape[1]
    _norm(recorder, operation, "group_norm", layers.GroupNorm(channels, affine, groups))


def _layer_norm(recorder: Recorder, operation: Operation) -> None:
    shape = tuple(operation["normalized_shape"])
    _norm(recorder, operation, "layer_norm", layers.LayerNorm(shape, is_learnt(recorder, operation["weight"])))


def _norm(recorder: Recorder, operation: Operation, kind: str, layer: Layer) -> None:
    out = operation.out
    weights = (operation["weight"], operation["bias"])
    recorder.bind(out, recorder.place(kind, layer, [operation["input"]], out.shape, weights))


def _learnt(recorder: Recorder, operation: Operation) -> None:
    """What has weights, and no layer of its own: an embedding, a root-mean-square norm."""
    weight = operation["weight"]
    learnt = weight.numel() if is_learnt(recorder, weight) else 0
    source = operation["indices"] if operation["indices"] is not None else operation["input"]
    shape = shape_of(operation.out.shape)
    kind = operation.name.removeprefix("_fused").removesuffix("_forward_only").strip("_")
    record = recorder.place(kind, Learnt(kind, shape, learnt), [source], operation.out.shape, (weight,))
    recorder.bind(operation.out, record)


def _deformed(recorder: Recorder, operation: Operation) -> None:
    """A convolution that reads between positions: what it reads is interpolated, its products are the plain one's."""
    weight, out, kind = operation["weight"], operation.out, "deform_conv2d"
    weights = [weight, operation["bias"]]
    learnt = sum(tensor.numel() for tensor in weights if is_learnt(recorder, tensor))
    macs = out.numel() * prod(weight.shape[1:])
    sources = [operation["input"], operation["offset"], *([operation["mask"]] if operation["use_mask"] else [])]
    layer = Learnt(kind, shape_of(out.shape), learnt, macs)
    recorder.bind(out, recorder.place(kind, layer, sources, out.shape, weights, macs))


def _prelu(recorder: Recorder, operation: Operation) -> None:
    weight = operation["weight"]
    layer = layers.PReLU(weight.numel())
    recorder.bind(operation.out, recorder.place("prelu", layer, [operation.first], operation.out.shape, (weight,)))


_CONVOLUTIONS = (
    *("convolution", "_convolution", "_convolution_mode", "conv1d", "conv2d", "conv3d"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cudnn_convolution", "mkldnn_convolution"),
)
READERS: Readers = {
    **dict.fromkeys(_CONVOLUTIONS, Reader(_convolution, counts=True)),
    **dict.fromkeys(("batch_norm", "native_batch_norm", "instance_norm"), Reader(_batch_norm)),
    **dict.fromkeys(("_native_batch_norm_legit_no_training", "_native_batch_norm_legit"), Reader(_batch_norm)),
    **dict.fromkeys(("group_norm", "native_group_norm"), Reader(_group_norm)),
    **dict.fromkeys(("layer_norm", "native_layer_norm"), Reader(_layer_norm)),
    "torchvision.deform_conv2d": Reader(_deformed, counts=True),
    **dict.fromkeys(("embedding", "_embedding_bag", "_embedding_bag_forward_only"), Reader(_learnt)),
    **dict.fromkeys(("rms_norm", "_fused_rms_norm"), Reader(_learnt)),
    **dict.fromkeys(("prelu", "_prelu_kernel"), Reader(_prelu)),
}
