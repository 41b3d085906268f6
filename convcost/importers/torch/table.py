"""The table of operations: what reads each as a layer, and which are known to have no MACs."""

from convcost.importers.torch import moves, plain, products, weighted
from convcost.importers.torch.operation import Operation, Reader
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import shape_of
from convcost.layers.given import Uncounted

_READERS = {**weighted.READERS, **products.READERS, **plain.READERS, **moves.READERS}

# Beside those that torch itself tags as working on each element, and views: sums and extremes, what picks, moves
# and fills elements, and what interpolates as upsampling does.
_WITHOUT_MACS = frozenset(
    (
        *(
            "sum",
            "mean",
            "amax",
            "amin",
            "max",
            "min",
            "aminmax",
            "argmax",
            "argmin",
            "var",
            "std",
            "var_mean",
            "std_mean",
        ),
        *("norm", "linalg_vector_norm", "prod", "cumsum", "cumprod", "cummax", "logsumexp", "all", "any", "median"),
        *("topk", "sort", "argsort", "kthvalue", "unique", "bucketize", "searchsorted", "histc", "bincount"),
        *("gather", "index", "_unsafe_index", "index_select", "index_put", "_index_put_impl", "_unsafe_index_put"),
        *("index_add", "index_copy", "index_fill", "scatter", "scatter_add", "scatter_reduce", "select_scatter"),
        *("slice_scatter", "masked_fill", "masked_scatter", "masked_select", "where", "take", "take_along_dim"),
        *("repeat", "repeat_interleave", "roll", "flip", "rot90", "tril", "triu", "one_hot", "meshgrid", "tile"),
        *("reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "_pad_circular"),
        *("replication_pad1d", "replication_pad2d", "replication_pad3d"),
        *("im2col", "col2im", "max_unpool2d", "max_unpool3d", "fractional_max_pool2d", "fractional_max_pool3d"),
        *("grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"),
        *("upsample_nearest2d", "upsample_bilinear2d", "glu", "threshold", "log_sigmoid_forward", "rrelu"),
        *(
            "native_dropout",
            "bernoulli",
            "rand_like",
            "randn_like",
            "zeros_like",
            "ones_like",
            "full_like",
            "empty_like",
        ),
        *("new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided", "fill", "zero", "set", "normal"),
        *("uniform", "random", "exponential", "multinomial", "nonzero", "softshrink", "hardshrink", "complex", "polar"),
        *("view_as_real", "view_as_complex", "count_nonzero", "nan_to_num", "diag_embed", "diagonal_copy", "equal"),
        *("copy", "_local_scalar_dense", "is_nonzero", "allclose", "unfold_copy", "erfinv", "hardswish", "isin"),
    )
)


# Made of a tensor's shape and type, and of none of its values.
_FRESH = ("new_", "empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "randint_like")


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
    if operation.name.startswith(_FRESH):
        recorder.derive(operation.made, (), operation.name)
    elif operation.is_view:
        moves.view(recorder, operation)
    elif "pointwise" in tags and len(operation.made) == 1:
        plain.elementwise(recorder, operation)
    elif tags & {"pointwise", "reduction"} or operation.name in _WITHOUT_MACS:
        moves.given(recorder, operation)
    else:
        kind = operation.name.strip("_")
        for out in operation.made:
            layer = Uncounted(kind, shape_of(out.shape))
            recorder.bind(out, recorder.place(kind, layer, plain.taken(recorder, operation), out.shape))
