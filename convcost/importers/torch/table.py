"""The table of operations: what reads each as a layer, and which are known to have no MACs."""

from convcost.importers.torch import moves, plain, products, recurrent, weighted
from convcost.importers.torch.constants import FRESH
from convcost.importers.torch.kept import KEPT
from convcost.importers.torch.operation import Operation, Reader, known_as
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import shape_of
from convcost.layers.given import Given, Uncounted

_READERS = {**weighted.READERS, **products.READERS, **recurrent.READERS, **plain.READERS, **moves.READERS}

# Beside those that torch itself tags as working on each element, and views: sums and extremes, what picks, moves
# and fills elements, what interpolates as upsampling does, losses, and what only rounds.
_WITHOUT_MACS = frozenset(
    (
        *("sum", "mean", "amax", "amin", "max", "min", "aminmax", "argmax", "argmin", "var", "std", "var_mean"),
        *("std_mean", "norm", "linalg_vector_norm", "prod", "cumsum", "cumprod", "cummax", "cummin", "logsumexp"),
        *("logcumsumexp", "all", "any", "median", "nanmedian", "mode", "dist", "trace", "renorm", "segment_reduce"),
        *("topk", "sort", "argsort", "kthvalue", "bucketize", "searchsorted", "histc", "bincount", "count_nonzero"),
        *("gather", "index", "_unsafe_index", "index_select", "index_put", "_index_put_impl", "_unsafe_index_put"),
        *("_unsafe_masked_index", "_unsafe_masked_index_put_accumulate", "put", "nonzero_static", "embedding_renorm"),
        *("index_add", "index_copy", "index_fill", "index_reduce", "scatter", "scatter_add", "scatter_reduce"),
        *("select_scatter", "slice_scatter", "diagonal_scatter", "as_strided_scatter", "masked_fill", "where", "take"),
        *("masked_scatter", "take_along_dim", "repeat", "repeat_interleave", "roll", "flip", "rot90", "tril", "triu"),
        *("one_hot", "meshgrid", "tile", "block_diag", "diag_embed", "isin", "equal", "allclose", "is_nonzero"),
        *("reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "_pad_circular", "copy", "_chunk_cat"),
        *("replication_pad1d", "replication_pad2d", "replication_pad3d", "resize", "resize_as", "set", "linspace"),
        *("im2col", "col2im", "max_unpool2d", "max_unpool3d", "fractional_max_pool2d", "fractional_max_pool3d"),
        *("grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"),
        *("upsample_nearest2d", "upsample_bilinear2d", "glu", "threshold", "log_sigmoid_forward", "rrelu"),
        *("torchvision.roi_align", "torchvision.roi_pool", "torchvision.ps_roi_align", "torchvision.ps_roi_pool"),
        *("rrelu_with_noise", "native_dropout", "bernoulli", "normal", "uniform", "random", "exponential", "cauchy"),
        *("geometric", "log_normal", "multinomial", "rand_like", "randn_like", "zeros_like", "ones_like", "full_like"),
        *("empty_like", "new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided", "fill", "zero"),
        *("softshrink", "hardshrink", "complex", "polar", "view_as_real", "view_as_complex", "nan_to_num", "erfinv"),
        *("eq", "ne", "lt", "le", "gt", "ge", "abs", "rsub", "floor_divide", "copysign", "heaviside", "gcd", "lcm"),
        *("nll_loss_forward", "nll_loss2d_forward", "mse_loss", "huber_loss", "smooth_l1_loss", "soft_margin_loss"),
        *("binary_cross_entropy", "binary_cross_entropy_with_logits", "multi_margin_loss"),
        *("multilabel_margin_loss_forward", "_local_scalar_dense", "hardswish"),
        *("diagonal_copy", "unfold_copy", "unbind_copy", "split_with_sizes_copy", "expand_copy", "unsqueeze_copy"),
        *("squeeze_copy", "transpose_copy", "as_strided_copy", "permute_copy", "narrow_copy", "t_copy", "alias_copy"),
        *("fake_quantize_per_tensor_affine_cachemask", "fake_quantize_per_channel_affine_cachemask"),
        *("_fake_quantize_per_tensor_affine_cachemask_tensor_qparams", "_fused_moving_avg_obs_fq_helper"),
        *("quantize_per_tensor", "quantize_per_channel", "dequantize", "_pack_padded_sequence", "_pad_packed_sequence"),
    )
)


def reader_of(name: str) -> Reader | None:
    """What reads an operation of this name; one that works in place is read as what it computes."""
    return _READERS.get(name)


def name_of(schema: str) -> str:
    """The name that an operation has here, without the sign of working in place.

    >>> name_of("aten::relu_"), name_of("aten::_softmax"), name_of("torchvision::nms")
    ('relu', '_softmax', 'torchvision.nms')
    """
    name = schema.removeprefix("aten::").replace("::", ".")
    return name.rstrip("_") or name


def read_other(recorder: Recorder, operation: Operation) -> None:
    """An operation without a reader: known to have no MACs, or not known, and then listed."""
    tags = {tag.name for tag in operation.func.tags}
    if operation.name.startswith(FRESH):
        recorder.derive(operation.made, (), operation.name)
    elif operation.is_view:
        moves.view(recorder, operation)
    elif "pointwise" in tags and len(operation.made) == 1:
        plain.elementwise(recorder, operation)
    elif tags & {"pointwise", "reduction"} or operation.name in _WITHOUT_MACS:
        moves.given(recorder, operation)
    else:
        _not_known(recorder, operation)


def _not_known(recorder: Recorder, operation: Operation) -> None:
    """An operation that is listed, once: what it makes besides its first result comes out of it."""
    kind = known_as(operation.name) + (" (all kept)" if operation.name in KEPT else "")
    layer = Uncounted(kind, shape_of(operation.out.shape))
    record = recorder.place(kind, layer, plain.taken(recorder, operation), operation.out.shape)
    for number, out in enumerate(operation.made):
        beside = Given(kind, shape_of(out.shape))
        # Positions of all elements are constants.
        if out.is_meta:
            recorder.bind(out, recorder.place(kind, beside, [record], out.shape) if number else record)
