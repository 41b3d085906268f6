"""Operations of `keras.ops` that reduce or move axes, and the shapes that they make of any input."""

from collections.abc import Callable

from convcost.errors import ConvcostError
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.config import Config
from convcost.importers.keras.shapes import shaped

# A shape with the batch, whose size is none.
Whole = tuple[int | None, ...]


def making(shape_of: Callable[[Whole, Config], Whole]) -> Callable[[Builder, Site], "tuple[str, ...] | None"]:
    """What builds an operation whose shape follows from its input's; one on the batch has that on record, if any."""

    def build(b: Builder, site: Site) -> "tuple[str, ...] | None":
        before: Whole = (None, *b.theirs(b.shape))
        recorded = site.inputs[0] if site.inputs else None
        made = shape_of(before, site.config) if recorded is None or len(recorded) == len(before) else ()
        sizes = tuple(size for size in made[1:] if size is not None)
        if not made or made[0] is not None or len(sizes) < len(made) - 1:
            return shaped(b, site)
        b.given(site.name, site.word.lower(), b.ours(sizes), *site.takes)
        return None

    return build


def reduced(shape: Whole, config: Config) -> Whole:
    """A sum, a mean or an extreme along axes, which are left out or of size 1."""
    places = _places(config, "axis", len(shape)) if config.get("axis") is not None else range(len(shape))
    keeps = config.flag("keepdims", default=False)
    return tuple(1 if place in places else size for place, size in enumerate(shape) if keeps or place not in places)


def transposed(shape: Whole, config: Config) -> Whole:
    """The axes in another order."""
    order = _places(config, "axes", len(shape)) if config.get("axes") is not None else range(len(shape))[::-1]
    if sorted(order) != [*range(len(shape))]:
        raise ConvcostError(f"`axes` must name each of {len(shape)} axes")
    return tuple(shape[place] for place in order)


def swapped(shape: Whole, config: Config) -> Whole:
    """Two axes, each in the other's place."""
    (one,), (other,) = (_places(config, key, len(shape))[:1] for key in ("axis1", "axis2"))
    sizes = list(shape)
    sizes[one], sizes[other] = sizes[other], sizes[one]
    return tuple(sizes)


def expanded(shape: Whole, config: Config) -> Whole:
    """Axes of size 1 more."""
    rank = len(shape) + len(config.axes("axis", -1))
    places, sizes = _places(config, "axis", rank), iter(shape)
    return (
        tuple(1 if place in places else next(sizes) for place in range(rank)) if len(set(places)) == len(places) else ()
    )


def squeezed(shape: Whole, config: Config) -> Whole:
    """Axes of size 1 less."""
    if config.get("axis") is None:
        return tuple(size for size in shape if size != 1)
    places = _places(config, "axis", len(shape))
    if any(shape[place] != 1 for place in places):
        raise ConvcostError("an axis that is left out must have the size 1")
    return tuple(size for place, size in enumerate(shape) if place not in places)


def _places(config: Config, key: str, rank: int) -> list[int]:
    """Axes of a shape with the batch, counted from 0."""
    axes = config.axes(key, None)
    if not all(-rank <= axis < rank for axis in axes):
        raise ConvcostError(f"`{key}` = {list(axes)} names none of {rank} axes")
    return [axis % rank for axis in axes]
