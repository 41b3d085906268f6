"""Operations that move elements, or look at them in another way: views, slices, joins, pads and shuffles."""

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from convcost import layers
from convcost.importers.torch.operation import Operation, Reader, Readers, from_batch
from convcost.importers.torch.plain import one, taken
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import shape_of
from convcost.layers.given import Given, Reshape
from convcost.layers.traced import Look

if TYPE_CHECKING:
    from convcost.layers.base import Layer


def same(recorder: Recorder, operation: Operation) -> None:
    """A copy, another type, another layout: what it takes, under another name."""
    recorder.bind(operation.out, recorder.record_of(operation.first))


def view(recorder: Recorder, operation: Operation) -> None:
    """Another look at a tensor: nothing where the shapes agree, a flatten where all axes become one."""
    for out in operation.made:
        before, after = shape_of(operation.first.shape), shape_of(out.shape)
        if before == after and operation.first.numel() == out.numel():
            recorder.bind(out, recorder.record_of(operation.first))
            continue
        whole = operation.first.numel() == out.numel()
        flat = whole and len(after) == 1 < len(before)
        layer: Layer = layers.Flatten() if flat else (Reshape if whole else Look)(operation.name, after)
        kind = "flatten" if flat else operation.name
        recorder.bind(out, recorder.place(kind, layer, [operation.first], out.shape))


def _moved(recorder: Recorder, operation: Operation) -> None:
    """Axes in another order."""
    x = operation.first
    order = list(range(x.dim()))
    if operation.name == "permute":
        order = [from_batch(dim, x.dim()) for dim in operation["dims"]]
    elif x.dim() > 1:
        pair = (0, 1) if operation.name == "t" else (operation["dim0"], operation["dim1"])
        here, there = (from_batch(dim, x.dim()) for dim in pair)
        order[here], order[there] = order[there], order[here]
    if x.dim() > 1 and x.shape[0] == 1:
        order = [axis - 1 for axis in order[1:]] if order[0] == 0 else []
    before, after = shape_of(x.shape), shape_of(operation.out.shape)
    if order == sorted(order) or len(order) != len(before) or tuple(before[axis] for axis in order) != after:
        view(recorder, operation)
    else:
        one(recorder, operation, "permute", lambda: layers.Permute(tuple(order)))


def _pieces(recorder: Recorder, operation: Operation) -> None:
    """The pieces of a split, or one slice, along the channels where these come first."""
    x = operation.first
    dim = from_batch(operation["dim"] or 0, x.dim())
    sizes = [out.shape[dim] for out in operation.made]
    begin = 0
    if operation.name == "slice":
        begin = min(max(0, (operation["start"] or 0) + x.shape[dim] * ((operation["start"] or 0) < 0)), x.shape[dim])
    elif operation.name == "narrow":
        begin = from_batch(operation["start"], x.shape[dim])
    ends = list(accumulate(sizes, initial=begin))
    plain = (operation["step"] or 1) == 1 and dim == (x.dim() > 1 and x.shape[0] == 1)
    for out, here, there in zip(operation.made, ends, ends[1:], strict=False):
        if not plain or out.shape == x.shape:
            view(recorder, _only(operation, out))
            continue
        record = recorder.place("slice", layers.Slice(here, there), [x], out.shape)
        recorder.bind(out, record)


def _only(operation: Operation, out: Any) -> Operation:
    made = Operation(operation.func, operation.name, operation.args, operation.kwargs)
    made.made = [out]
    return made


def _concat(recorder: Recorder, operation: Operation) -> None:
    """Side by side; what has no elements has no part in it."""
    parts = [part for part in operation["tensors"] if part.numel()]
    out = operation.out
    dim = from_batch(operation["dim"], out.dim())
    if len(parts) == 1 and shape_of(parts[0].shape) == shape_of(out.shape):
        recorder.bind(out, recorder.record_of(parts[0]))
        return
    channels = operation.name != "stack" and dim == (out.dim() > 1 and out.shape[0] == 1)
    kind = "stack" if operation.name == "stack" else "concat"
    layer = layers.Concat() if channels else Given(kind, shape_of(out.shape))
    recorder.bind(out, recorder.place(kind, layer, parts, out.shape))


def _pad(recorder: Recorder, operation: Operation) -> None:
    """Zeros around the positions, or less of them; the pads stand from the last axis on."""
    given = list(operation["pad"])
    pairs = list(zip(given[::2], given[1::2], strict=True))[::-1]
    axes = operation.first.dim() - 2
    pairs = pairs[-axes:] if not any(map(any, pairs[:-axes])) else []
    pairs = [(0, 0)] * (axes - len(pairs)) + pairs
    amounts = [amount for pair in pairs for amount in pair]
    zeros = (operation["mode"] or "constant") == "constant"
    kind, layer = "pad", Given("pad", shape_of(operation.out.shape))
    if not any(given):
        same(recorder, operation)
    elif zeros and min(amounts, default=-1) >= 0:
        one(recorder, operation, kind, lambda: layers.Pad(tuple(pairs)))
    elif zeros and max(amounts, default=1) <= 0:
        one(recorder, operation, "crop", lambda: layers.Crop(tuple((-b, -e) for b, e in pairs)))
    else:
        one(recorder, operation, kind, layer)


def _shuffle(recorder: Recorder, operation: Operation) -> None:
    makers = {
        "pixel_shuffle": lambda: layers.PixelShuffle(operation["upscale_factor"]),
        "pixel_unshuffle": lambda: layers.PixelUnshuffle(operation["downscale_factor"]),
        "channel_shuffle": lambda: layers.ChannelShuffle(operation["groups"]),
    }
    name = operation.name.replace("native_", "")
    one(recorder, operation, name, makers[name])


def given(recorder: Recorder, operation: Operation) -> None:
    """Any operation that is known to have no MACs, by its name and its shapes."""
    # Lengths of packed sequences have values.
    for out in filter(_is_meta, operation.made):
        layer = Given(operation.name, shape_of(out.shape))
        recorder.bind(out, recorder.place(operation.name, layer, taken(recorder, operation), out.shape))


def _is_meta(tensor: Any) -> bool:
    return bool(tensor.is_meta)


def _written(recorder: Recorder, operation: Operation) -> None:
    """A copy into a tensor: what it holds from now on is what was copied."""
    target, source = operation.args[0], operation.args[1]
    if shape_of(target.shape) == shape_of(source.shape):
        recorder.bind(target, recorder.record_of(source))
    else:
        given(recorder, operation)


_COPIES = (
    *("clone", "contiguous", "detach", "alias", "_to_copy", "lift_fresh", "lift", "resolve_conj"),
    *("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "resolve_neg", "lift_fresh_copy"),
)
_VIEWS = (
    *("view", "reshape", "_unsafe_view", "_reshape_alias", "flatten", "unflatten", "squeeze", "unsqueeze"),
    *("expand", "select", "unbind", "diagonal", "as_strided", "unfold", "_conj", "view_copy"),
)
_PIECES = (
    "split",
    "split_with_sizes",
    "chunk",
    "unsafe_split",
    "unsafe_split_with_sizes",
    "unsafe_chunk",
    "slice",
    "narrow",
)
READERS: Readers = {
    **dict.fromkeys(_COPIES, Reader(same)),
    **dict.fromkeys(_VIEWS, Reader(view)),
    **dict.fromkeys(("permute", "transpose", "t"), Reader(_moved)),
    **dict.fromkeys(_PIECES, Reader(_pieces)),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack"), Reader(_concat)),
    **dict.fromkeys(("pad", "constant_pad_nd"), Reader(_pad)),
    **dict.fromkeys(
        ("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle"), Reader(_shuffle)
    ),
    "copy": Reader(_written),
}
