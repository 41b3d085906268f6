"""Operations that look at elements in another order, take some of them, or put some side by side."""

from math import prod
from typing import Any

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, axis_of, known, numbers, split_sizes
from convcost.importers.onnx.folding import computed
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.pointwise import spread
from convcost.importers.onnx.tensor import Tensor, UnknownShapeError
from convcost.layers.base import Shape
from convcost.layers.given import Given
from convcost.layers.traced import Look

_CHANNELS = 1


def same(graph: Graph, call: Call) -> None:
    """`Identity` and `Cast`."""
    graph.same(call, call.shape())


def cast_like(graph: Graph, call: Call) -> None:
    """`CastLike`: of the type of its second input."""
    tensor = call[0]
    values = next(iter(computed(call)), None)
    graph.set(call, Tensor(known(tensor), tensor.node, values, tensor.origins, call[1].type))


def reshape(graph: Graph, call: Call) -> None:
    """`Reshape`: 0 keeps an axis, -1 is what is left."""
    shape, target = call.shape(), list(call.ints("shape", 1, ()))
    if not call.get("allowzero", 0):
        target = [shape[at] if size == 0 and at < len(shape) else size for at, size in enumerate(target)]
    fixed = prod(size for size in target if size != -1)
    if graph.batch > 1 and -1 not in target and fixed == prod(shape) * graph.batch and target[0] % graph.batch == 0:
        # The file has its own batch in the shape.
        target[0] //= graph.batch
    elif graph.batch > 1 and -1 in target and target[0] == graph.batch and shape[0] == 1:
        target[0] = 1
        fixed //= graph.batch
    if target.count(-1) > 1 or (-1 in target and (not fixed or prod(shape) % fixed)):
        raise ConvcostError(f"{list(shape)} cannot become {target}")
    made = tuple(prod(shape) // fixed if size == -1 else size for size in target)
    if not _shuffled(graph, call, made):
        graph.same(call, made)


def _shuffled(graph: Graph, call: Call, made: Shape) -> bool:
    """Whether this ends a channel shuffle: channels as groups, the first two axes exchanged, and channels again."""
    nodes, tensor = graph.assembly.nodes, call[0]
    if len(nodes) < 2 or nodes[-1].name != tensor.node or graph.uses.get(call.node.input[0], 0) != 1:  # noqa: PLR2004
        return False
    before, order = nodes[-1].inputs[0], getattr(nodes[-1].layer, "order", ())
    if order[:2] != (1, 0) or order[2:] != tuple(range(2, len(order))) or len(made) != len(order):
        return False
    groups = graph.assembly.shapes[before]
    viewed = nodes[-2].name == before and nodes[-2].kind == "reshape"
    if not viewed or made[0] != 1 or made[1:] != (groups[0] * groups[1], *groups[2:]):
        return False
    source = nodes[-2].inputs[0]
    if graph.assembly.shapes[source] != made[1:]:
        return False
    for _ in range(2):
        graph.forget(nodes[-1].name)
    graph.put(call, "channel_shuffle", layers.ChannelShuffle(groups[0]), (source,), made)
    return True


def flatten(graph: Graph, call: Call) -> None:
    """`Flatten` into a matrix, from an axis on."""
    shape = call.shape()
    axis = call.get("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    graph.same(call, (prod(shape[:axis]), prod(shape[axis:])))


def squeeze(graph: Graph, call: Call) -> None:
    """`Squeeze`: axes of 1 left out."""
    shape = call.shape()
    axes = call.ints("axes", 1)
    if axes is None:
        axes = [axis for axis, n in enumerate(shape) if n == 1]
    gone = {axis_of(axis, len(shape)) for axis in axes}
    graph.same(call, tuple(n for axis, n in enumerate(shape) if axis not in gone))


def unsqueeze(graph: Graph, call: Call) -> None:
    """`Unsqueeze`: axes of 1 put in."""
    shape = list(call.shape())
    axes = call.ints("axes", 1, ())
    rank = len(shape) + len(axes)
    for axis in sorted(axis_of(axis, rank) for axis in axes):
        shape.insert(axis, 1)
    graph.same(call, tuple(shape))


def transpose(graph: Graph, call: Call) -> None:
    """`Transpose`; where only axes of 1 move, nothing is done."""
    shape = call.shape()
    order = tuple(call.get("perm") or range(len(shape))[::-1])
    if sorted(order) != list(range(len(shape))):
        raise ConvcostError(f"an order {list(order)} of {len(shape)} axes")
    made = tuple(shape[axis] for axis in order)
    wide = [axis for axis in order if shape[axis] != 1]
    if wide == sorted(wide):
        graph.same(call, made)
    elif order[0] == 0 and shape[0] == 1:
        node = graph.bring(call, call[0], shape[1:])
        graph.put(call, "permute", layers.Permute(tuple(axis - 1 for axis in order[1:])), (node,), made)
    else:
        node = graph.bring(call, call[0], shape)
        graph.put(call, "permute", layers.Permute(order), (node,), made)


def sliced(graph: Graph, call: Call) -> None:
    """`Slice`: from starts to ends along axes, in steps."""
    shape = call.shape()
    starts, ends = call.ints("starts", 1, ()), call.ints("ends", 2, ())
    axes = call.ints("axes", 3) or tuple(range(len(starts)))
    steps = call.ints("steps", 4) or (1,) * len(starts)
    ranges: dict[int, range] = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis_of(axis, len(shape))
        ranges[place] = range(*slice(start, end, step).indices(shape[place]))
    made = tuple(len(ranges[axis]) if axis in ranges else n for axis, n in enumerate(shape))
    ranges = {axis: taken for axis, taken in ranges.items() if taken != range(shape[axis])}
    if not ranges:
        graph.same(call, shape)
    elif 0 in made:
        graph.set(call, Tensor(made))
    elif shape[0] == 1 and len(shape) > 1 and all(taken.step == 1 and axis for axis, taken in ranges.items()):
        node = graph.bring(call, call[0], shape[1:])
        if set(ranges) == {_CHANNELS}:
            graph.fit(call, "slice", layers.Slice(ranges[1].start, ranges[1].stop), (node,), made)
            return
        pairs = [
            (ranges[at].start, shape[at] - ranges[at].stop) if at in ranges else (0, 0) for at in range(len(shape))
        ]
        if _CHANNELS in ranges:
            graph.give(call, "slice", (node,), made, form=Look)
        else:
            graph.fit(call, "crop", layers.Crop(tuple(pairs[2:])), (node,), made)
    else:
        graph.give(call, "slice", (graph.source(call[0]),), made, form=Look)


def split(graph: Graph, call: Call) -> None:
    """`Split` into sizes, or into equal parts, the last one smaller."""
    shape = call.shape()
    axis = axis_of(call.get("axis", 0), len(shape))
    sizes = split_sizes(call, shape[axis])
    if len(sizes) < len(call.outputs):
        raise ConvcostError(f"{len(call.outputs)} outputs of {len(sizes)} parts")
    for index, part in enumerate(parts(graph, call, axis, sizes[: len(call.outputs)])):
        graph.set(call, part, index)


def parts(graph: Graph, call: Call, axis: int, sizes: list[int]) -> list[Tensor]:
    """The first input cut along an axis."""
    shape = call.shape()
    if min(sizes, default=0) < 0 or sum(sizes) > shape[axis]:
        raise ConvcostError(f"{shape[axis]} cannot be split into {sizes}")
    of_channels = shape[0] == 1 and axis == _CHANNELS
    node = graph.bring(call, call[0], shape[1:]) if of_channels else graph.source(call[0])
    found, begin, whole = [], 0, graph.name(call)
    for index, size in enumerate(sizes):
        layer = layers.Slice(begin, begin + size) if of_channels and size else None
        found.append(graph.part(f"{whole}.{index}", layer, node, (*shape[:axis], size, *shape[axis + 1 :])))
        begin += size
    return found


def concat(graph: Graph, call: Call) -> None:
    """`Concat` along an axis."""
    join(graph, call, call.given, call.get("axis", 0))


def join(graph: Graph, call: Call, given: list[Tensor], axis: int) -> None:
    """Tensors side by side along an axis."""
    # What is empty adds nothing.
    tensors = [tensor for tensor in given if 0 not in known(tensor)] or given
    shapes = [known(tensor) for tensor in tensors]
    axis = axis_of(axis, len(shapes[0]))
    if any(shape[:axis] + shape[axis + 1 :] != shapes[0][:axis] + shapes[0][axis + 1 :] for shape in shapes):
        raise ConvcostError(f"{' and '.join(map(str, shapes))} do not fit side by side along axis {axis}")
    made = (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])
    if len(tensors) == 1:
        graph.set(call, tensors[0])
    elif shapes[0][0] == 1 and axis == _CHANNELS:
        sources = tuple(graph.bring(call, tensor, shape[1:]) for tensor, shape in zip(tensors, shapes, strict=True))
        graph.fit(call, "concat", layers.Concat(), sources, made)
    else:
        graph.give(call, "concat", tuple(graph.source(tensor) for tensor in tensors), made)


def gather(graph: Graph, call: Call) -> None:
    """`Gather`: elements of an axis by their numbers, as of an embedding's table."""
    shape, indices = call.shape(), known(call[1])
    axis = axis_of(call.get("axis", 0), len(shape))
    kind = "embedding" if call[0].node is None else "gather"
    sources = [graph.source(tensor) for tensor in (call[0], call[1]) if tensor.node is not None or tensor is call[0]]
    form = Look if call[1].node is None and not indices else Given
    graph.give(call, kind, tuple(sources), (*shape[:axis], *indices, *shape[axis + 1 :]), form=form)


def expand(graph: Graph, call: Call) -> None:
    """`Expand`: axes of 1 as long as others'."""
    shape, wanted = call.shape(), numbers(call[1])
    wanted = graph.one_of_batch(wanted) if len(wanted) >= len(shape) else wanted
    made = spread([shape, wanted])
    if prod(made) == prod(shape):
        graph.same(call, made)
    else:
        graph.give(call, "expand", (graph.source(call[0]),), made, form=Look)


def pad(graph: Graph, call: Call) -> None:
    """`Pad`: before and behind each axis; less than nothing is taken away."""
    shape = call.shape()
    rank = len(shape)
    pads = call.ints("pads", 1) if "paddings" not in call.attributes else call.get("paddings")
    axes = [axis_of(axis, rank) for axis in call.ints("axes", 3) or range(rank)]
    if pads is None or len(pads) != 2 * len(axes):
        raise UnknownShapeError if pads is None else ConvcostError(f"{len(pads)} pads for {len(axes)} axes")
    pairs: list[Any] = [(0, 0)] * rank
    for axis, begin, end in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        pairs[axis] = (begin, end)
    made = tuple(n + sum(pair) for n, pair in zip(shape, pairs, strict=True))
    if not any(map(any, pairs)):
        graph.same(call, shape)
    elif shape[0] != 1 or rank <= 2 or any(map(any, pairs[:2])):  # noqa: PLR2004 - batch and channels
        graph.give(call, "pad", (graph.source(call[0]),), made)
    else:
        node = graph.bring(call, call[0], shape[1:])
        edges = [n for pair in pairs[2:] for n in pair]
        if min(edges) >= 0:
            graph.fit(call, "pad", layers.Pad(tuple(pairs[2:])), (node,), made)
        elif max(edges) <= 0:
            graph.fit(call, "crop", layers.Crop(tuple((-begin, -end) for begin, end in pairs[2:])), (node,), made)
        else:
            graph.give(call, "pad", (node,), made)
