"""Layers as they run in traced code: their weights elsewhere, over several maps at once, or of no kind of their own."""

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from convcost.errors import ConvcostError
from convcost.layers.base import HERE, Layer, Shape, Window, text_shape
from convcost.layers.given import Given, Parameter


@dataclass(frozen=True, slots=True)
class Around(Layer):
    """A layer that answers for another; what it does not say itself, the other says."""

    layer: Any

    def __getattr__(self, name: str) -> Any:
        # Copies and pickles ask before the field is there.
        if name == "layer" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.layer, name)

    @property
    def kind(self) -> str:  # type: ignore[override]  # as the other's
        """The other's kind."""
        return str(self.layer.kind)

    @property
    def is_view(self) -> bool:  # type: ignore[override]  # as the other's
        """Whether it only looks at its input in another way."""
        return bool(self.layer.is_view)

    @property
    def is_counted(self) -> bool:  # type: ignore[override]  # as the other's
        """Whether its cost is known."""
        return bool(self.layer.is_counted)

    @property
    def counts_activations(self) -> bool:  # type: ignore[override]  # as the other's
        """Whether its output is what papers print as activations."""
        return bool(self.layer.counts_activations)

    @property
    def in_place(self) -> bool:  # type: ignore[override]  # as the other's
        """Whether it needs no second tensor."""
        return bool(self.layer.in_place)


class Shared(Around):
    """A layer whose weights stand elsewhere: at its first use, or they come in, as a second input.

    >>> from convcost.layers.conv import Conv
    >>> Shared(Conv(3, 8, 3)).weights, Shared(Conv(3, 8, 3)).macs((3, 4, 4))
    (0, 3456)
    """

    __slots__ = ()

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the layer's, for the first input."""
        shape: Shape = self.layer.output_shape(inputs[0])
        return shape

    def macs(self, *inputs: Shape) -> int:
        """As the layer's, for the first input."""
        return int(self.layer.macs(inputs[0]))

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """As the layer's."""
        found: tuple[Window, ...] | None = self.layer.window(shape)
        return found


@dataclass(frozen=True, slots=True)
class Partly(Shared):
    """A layer whose weights stand elsewhere, with biases or parameters of a norm of its own."""

    own_biases: int = 0
    own_norms: int = 0

    @property
    def biases(self) -> int:
        """Those that are its own."""
        return self.own_biases

    @property
    def norm_params(self) -> int:
        """Those that are its own."""
        return self.own_norms


class Each(Around):
    r"""A layer over several maps, such as windows: (n, \\*shape), the layer's costs n times, its weights once.

    >>> from convcost.layers.conv import Conv
    >>> Each(Conv(3, 8, 3)).output_shape((5, 3, 4, 4)), Each(Conv(3, 8, 3)).macs((5, 3, 4, 4))
    ((5, 8, 4, 4), 17280)
    """

    __slots__ = ()

    @property
    def weights(self) -> int:
        """The layer's."""
        return int(self.layer.weights)

    @property
    def biases(self) -> int:
        """The layer's."""
        return int(self.layer.biases)

    @property
    def norm_params(self) -> int:
        """The layer's."""
        return int(self.layer.norm_params)

    def output_shape(self, *inputs: Shape) -> Shape:
        """(n, *output)."""
        maps = {shape[0] for shape in inputs}
        if len(maps) > 1 or min(map(len, inputs)) == 1:
            shown = " and ".join(map(text_shape, inputs))
            raise ConvcostError(f"`{self.kind}` of each needs as many maps in all inputs, got {shown}", field="each")
        return (*maps, *self.layer.output_shape(*(shape[1:] for shape in inputs)))

    def macs(self, *inputs: Shape) -> int:
        """The layer's, n times."""
        return inputs[0][0] * int(self.layer.macs(*(shape[1:] for shape in inputs)))

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """What the axes are is not known."""
        del shape
        return None


class Elementwise(Given):
    """An operation on each element that has no word of its own, such as a square: positions stay what they are.

    >>> Elementwise("square", (8, 4, 4)).output_shape((8, 4, 4))
    (8, 4, 4)
    """

    __slots__ = ()

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """Each element's own position."""
        return (HERE,) * (len(shape) - 1)


class Look(Given):
    """A look at some elements of a tensor, or at some several times: a selection, an expansion.

    >>> Look("select", (64,)).output_shape((197, 64)), Look("select", (64,)).is_view
    ((64,), True)
    """

    __slots__ = ()
    is_view: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Learnt(Given):
    """An operation of no other layer's form, with so many learnable numbers and MACs of its own: an embedding.

    >>> layer = Learnt("embedding", (16, 64), learnt=1000 * 64)
    >>> layer.weights, layer.macs((16,))
    (64000, 0)
    """

    learnt: int = 0
    products: int = 0

    @property
    def weights(self) -> int:
        """As many as are given."""
        return self.learnt

    def macs(self, *inputs: Shape) -> int:
        """As many as are given."""
        del inputs
        return self.products


class Aside(Parameter):
    """Learnable numbers that the traced run does not take, or not as they are: they count, and hold no activation."""

    __slots__ = ()
    is_view: ClassVar[bool] = True

    @property
    def weights(self) -> int:
        """One for each element."""
        return prod(self.shape)
