"""Puts the layers of a model behind each other: shapes as they are here, weights of shared layers once."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from convcost.assembly import MOST_LAYERS, Assembly
from convcost.errors import ConvcostError, describe
from convcost.importers.keras.config import MOST_AXES, Config
from convcost.importers.keras.graph import Recorded
from convcost.layers import Flatten, Given, Uncounted
from convcost.layers.base import Layer, Shape
from convcost.layers.traced import Elementwise, Shared

# Characters of a name: tables are as wide as the longest.
_LONGEST = 1000


class LayerError(ConvcostError):
    """An error that says in which layer it is."""


class Site(NamedTuple):
    """A call of a layer: its name in the network, its class, its config, the layers it takes, shapes on record.

    ``inputs`` are the shapes that go in, ``outputs`` those that come out, by their numbers, of which ``taken`` are
    taken by others. ``words`` say in which arguments the layers are taken, ``own`` whose weights these are.
    """

    name: str
    word: str
    config: Config
    takes: tuple[str, ...]
    inputs: tuple[Recorded | None, ...] = ()
    outputs: Mapping[int, Recorded] = {}
    taken: int = 1
    words: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def taken_as(self, word: str, number: int) -> str | None:
        """The layer that is taken in an argument, by its name or its number among those in order."""
        found = dict(zip(self.words, self.takes, strict=False))
        return found.get(word, found.get(str(number)))


# Builds a layer inside of another, such as one that runs at each step, behind the current point; gives its ends.
Inside = Callable[["Builder", Mapping[str, Any], Site], Sequence[str]]


class Builder:
    """The network so far. ``last`` says that the model's channels are the last axis; here they come first."""

    def __init__(self, shape: Shape, inside: Inside, *, last: bool) -> None:
        self.assembly = Assembly(shape)
        self.inside = inside
        self.last = last
        self.again = False
        self.layers = 0
        self.blocks: dict[str, str] = {}
        # What was flattened: a reshape may only give its shape back.
        self.flat: dict[str, str] = {}

    @property
    def shape(self) -> Shape:
        """What the next layer takes."""
        return self.assembly.shape

    @property
    def current(self) -> str:
        """The layer that the next one takes."""
        return self.assembly.current

    def shape_of(self, name: str) -> Shape:
        """The shape of a layer's output."""
        return self.assembly.shapes[name]

    def start(self, site: Site) -> None:
        """Begin a call at its first input."""
        if not site.takes:
            raise ConvcostError("it takes nothing")
        self.assembly.current = site.takes[0]

    def spend(self, layers: int) -> None:
        """Count the layers of a model that is run, whatever they do; raise where there are too many."""
        self.layers += layers
        if self.layers > MOST_LAYERS:
            raise ConvcostError(f"more than {MOST_LAYERS:,} layers are run")

    def put(self, name: str, kind: str, layer: Layer, *inputs: str) -> str:
        """A layer behind the current point, or behind ``inputs``; its weights count only where it runs first."""
        if self.again and layer.weights + layer.biases + layer.norm_params:
            layer = Shared(layer)
        if isinstance(layer, Flatten):
            self.flat[name] = self.current
        if len(name) > _LONGEST:
            raise ConvcostError(f"the name `{describe(name)}` has more than {_LONGEST:,} characters")
        self.assembly.append(name, kind, layer, *inputs)
        if len(self.shape) > MOST_AXES:
            raise ConvcostError(f"it makes a shape of more than {MOST_AXES} axes")
        return self.current

    def each(self, name: str, kind: str, *inputs: str, shape: Shape | None = None) -> str:
        """An operation on each element that has no word in the network language."""
        return self.put(name, kind, Elementwise(kind, self.shape if shape is None else shape), *inputs)

    def given(self, name: str, kind: str, shape: Shape, *inputs: str) -> str:
        """An operation without weights and MACs that makes a shape."""
        return self.put(name, kind, Given(kind, shape), *inputs)

    def unknown(self, site: Site, kind: str = "") -> tuple[str, ...]:
        """An operation whose cost is not known; one end for each of its outputs that somebody takes."""
        word = kind or site.word
        here = self.shape_of(site.takes[0])
        shapes = [self.recorded(site, index) or here for index in range(site.taken)]
        end = self.put(site.name, word, Uncounted(word, shapes[0]), *site.takes)
        more = enumerate(shapes[1:], 1)
        return (end, *(self.given(f"{site.name}.{index}", "output", shape, end) for index, shape in more))

    def recorded(self, site: Site, index: int = 0) -> Shape | None:
        """The shape of an output as the file has it; none where nobody took it when the file was written."""
        here = self.shape_of(site.takes[0])
        known, first = site.outputs.get(index), site.inputs[0] if site.inputs else None
        if known is None:
            return None
        if known == first:
            return here
        shape = tuple(size for size in known[1:] if size is not None)
        # Another input than the file's makes other shapes: then those of the file say nothing.
        before = () if first is None else tuple(size for size in first[1:] if size is not None)
        same = first is None or (len(before) == len(first) - 1 and self.ours(before) == here)
        if len(shape) < len(known) - 1 or not same:
            raise ConvcostError(f"what `{site.word}` makes of an input of another size is not known")
        return self.ours(shape)

    def ours(self, shape: Shape) -> Shape:
        """A shape of the model as it is here, without the batch: channels first; a number alone is one element."""
        if not shape:
            return (1,)
        return (shape[-1], *shape[:-1]) if self.last and len(shape) > 1 else tuple(shape)

    def theirs(self, shape: Shape) -> Shape:
        """A shape here as it is in the model."""
        return (*shape[1:], shape[0]) if self.last and len(shape) > 1 else shape

    def axis(self, axis: int, rank: int) -> int:
        """An axis of the model, which counts the batch, as it is here, without the batch."""
        place = axis if axis >= 0 else axis + rank + 1
        if not 0 < place <= rank:
            raise ConvcostError(f"axis {axis} is none of {rank} axes behind the batch")
        if not self.last or rank == 1:
            return place - 1
        return 0 if place == rank else place

    def broadcast(self, *shapes: Shape) -> Shape:
        """The shape of an operation on elements of shapes that are not the same; sizes of 1 serve all."""
        known = [self.theirs(shape) for shape in shapes]
        rank = max(map(len, known))
        axes = zip(*((1,) * (rank - len(shape)) + shape for shape in known), strict=True)
        found = []
        for sizes in axes:
            wide = {size for size in sizes if size != 1}
            if len(wide) > 1:
                raise ConvcostError(f"shapes {' and '.join(map(str, known))} do not fit")
            found.append(wide.pop() if wide else 1)
        return self.ours(tuple(found))

    def reshaped(self, target: tuple[Any, ...]) -> Shape:
        """The shape, as it is here, of as many elements in a shape of the model; -1 or None is what is left."""
        sizes = [-1 if size is None else size for size in target]
        if len(sizes) > MOST_AXES:
            raise ConvcostError(f"a shape of more than {MOST_AXES} axes")
        if not all(type(size) is int and (size > 0 or size == -1) for size in sizes) or sizes.count(-1) > 1:
            raise ConvcostError(f"no shape is {list(target)}")
        elements, known = prod(self.shape), prod(size for size in sizes if size > 0)
        if elements % known or (-1 not in sizes and elements != known):
            raise ConvcostError(f"{elements:,} elements do not make {list(target)}")
        return self.ours(tuple(elements // known if size == -1 else size for size in sizes))
