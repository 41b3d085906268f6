"""Where branches meet, and what only changes shapes."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.keras.activations import constant
from convcost.importers.keras.builder import Builder, Site
from convcost.layers.traced import Learnt


def joined(b: Builder, site: Site) -> None:
    """A sum, product or other operation on the elements of several maps, or of one and a number."""
    kind = _KINDS.get(site.word, site.word.lower())
    shapes = [b.shape_of(name) for name in site.takes]
    # A constant of a larger shape is seen in what is made of it.
    made = b.recorded(site) if len(shapes) == 1 else None
    if made is not None and made != shapes[0]:
        b.given(site.name, kind, made)
    elif len(shapes) == 1 and site.word in _ARITHMETIC:
        constant(b, site)
    elif len(shapes) > 1 and kind == "add" and len(set(shapes)) == 1:
        b.put(site.name, kind, layers.Add(), *site.takes)
    elif len(shapes) > 1 and kind == "mul" and _fits(b, shapes):
        b.put(site.name, kind, layers.Mul(), *site.takes)
    elif len(set(shapes)) == 1:
        b.each(site.name, kind, *site.takes)
    else:
        b.given(site.name, kind, b.broadcast(*shapes), *site.takes)


_KINDS = {"Add": "add", "Multiply": "mul"}
_ARITHMETIC = ("Add", "Subtract", "Multiply", "Divide", "TrueDivide")


def _fits(b: Builder, shapes: list[tuple[int, ...]]) -> bool:
    """Whether `Mul` makes the same shape of these."""
    try:
        return layers.Mul().output_shape(*shapes) == b.broadcast(*shapes)
    except ConvcostError:
        return False


def concat(b: Builder, site: Site) -> None:
    """Maps side by side along an axis."""
    shapes = [b.shape_of(name) for name in site.takes]
    rank = len(shapes[0])
    place = b.axis(site.config.axes("axis", -1)[0], rank)
    if place == 0:
        b.put(site.name, "concat", layers.Concat(), *site.takes)
        return
    rests = {(*shape[:place], *shape[place + 1 :]) for shape in shapes if len(shape) == rank}
    if len(rests) != 1 or any(len(shape) != rank for shape in shapes):
        raise ConvcostError("the sizes of what is joined differ on other axes")
    # Each with that axis first, and the whole with it in its place again.
    order = (place, *(axis for axis in range(rank) if axis != place))
    turned = [
        b.put(f"{site.name}.turned.{index}", "permute", layers.Permute(order), name)
        for index, name in enumerate(site.takes)
    ]
    b.put(f"{site.name}.concat", "concat", layers.Concat(), *turned)
    b.put(site.name, "permute", layers.Permute((*range(1, place + 1), 0, *range(place + 1, rank))))


def concat_of(b: Builder, site: Site) -> "tuple[str, ...] | None":
    """`keras.ops.concatenate`; what constants add is on record, if anywhere."""
    if len(site.takes) == 1:
        return shaped(b, site)
    concat(b, site)
    return None


def flatten(b: Builder, site: Site) -> None:
    """All axes as one."""
    b.put(site.name, "flatten", layers.Flatten())


def reshape(b: Builder, site: Site) -> None:
    """The same elements in another shape."""
    target = site.config.get("target_shape")
    if not isinstance(target, list):
        raise ConvcostError("`target_shape` must be a list of sizes")
    shape = b.reshaped(tuple(target))
    before = b.flat.get(b.current)
    if before is not None and b.shape_of(before) == shape:
        b.put(site.name, "reshape", layers.Activation("identity"), before)
    elif len(shape) == 1:
        b.put(site.name, "flatten", layers.Flatten())
    else:
        b.put(site.name, "reshape", layers.Reshape("reshape", shape))


def permute(b: Builder, site: Site) -> None:
    """The axes in another order."""
    rank = len(b.shape)
    order = [b.axis(axis, rank) for axis in site.config.axes("dims", 0)]
    if len(order) != rank:
        raise ConvcostError(f"`dims` must name each of {rank} axes")
    # Here the model's last axis comes first.
    b.put(site.name, "permute", layers.Permute((order[-1], *order[:-1]) if b.last and rank > 1 else tuple(order)))


def repeat(b: Builder, site: Site) -> None:
    """A vector several times."""
    b.given(site.name, "repeat", b.ours((site.config.whole("n"), *b.theirs(b.shape))))


def embedding(b: Builder, site: Site) -> None:
    """A row of a table for each number that comes in."""
    rows, size = site.config.whole("input_dim"), site.config.whole("output_dim")
    b.put(site.name, "embedding", Learnt("embedding", b.ours((*b.theirs(b.shape), size)), rows * size))


def scaled(b: Builder, site: Site) -> None:
    """A learnt factor for each channel, as ConvNeXt has it."""
    b.put(site.name, "scale", layers.Scale(site.config.whole("projection_dim")))


def shaped(b: Builder, site: Site) -> "tuple[str, ...]":
    """An operation of `keras.ops` without weights and MACs, where the file has the shapes that it makes."""
    shapes = [shape for index in range(site.taken) if (shape := b.recorded(site, index)) is not None]
    if len(shapes) < site.taken:
        return b.unknown(site)
    names = [site.name, *(f"{site.name}.{index}" for index in range(1, site.taken))]
    return tuple(
        b.given(name, site.word.lower(), shape, *site.takes) for name, shape in zip(names, shapes, strict=True)
    )
