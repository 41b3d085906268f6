"""The rows of a comparison: what was asked for, and one kind of convolution traced through it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.closed_forms import Alphabet, Closed
from convcost.composition import Composition, Part
from convcost.costs import Cost, cost
from convcost.errors import InternalError
from convcost.layers.base import Shape, Sizes
from convcost.layers.conv import Convolution
from convcost.names import BY_NAME
from convcost.network import Network, Node, Shapes

if TYPE_CHECKING:
    from fractions import Fraction

    from convcost.symbols.polynomial import Polynomial


class Request(NamedTuple):
    """The convolution to be replaced, and what the rows of single kinds take beside it.

    ``groups`` is the grouped row's, ``dilation`` the dilated row's; None lets the row choose. The
    baseline is the plain standard convolution. Per-axis fields are tuples of ``dims`` numbers.
    """

    in_channels: int
    out_channels: int
    kernel_size: Sizes
    stride: Sizes
    padding: Any
    dims: int
    dilation: Sizes | None = None
    groups: int | None = None
    multiplier: int = 1
    output_padding: Any = 0
    bias: bool = False
    input_size: Sizes | None = None
    notation: str = "paper"


class Choice:
    """A kind asked for, with the options that were given for it; by name, or as one of all."""

    __slots__ = ("by_name", "kind", "options")

    def __init__(self, kind: str, options: Mapping[str, Any] | None = None, *, by_name: bool = True) -> None:
        self.kind, self.options, self.by_name = kind, options or {}, by_name

    @property
    def label(self) -> str:
        """The kind with the options given: ``inverted_residual t=4``."""
        options = (f"{BY_NAME[name].letter}={_written(value)}" for name, value in self.options.items())
        return " ".join([self.kind, *options])


def _written(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


STANDARD = Choice("standard")


class Traced:
    """A composition behind an input of some size: known, or an `Axis` on each axis."""

    __slots__ = ("network", "shapes")

    def __init__(self, network: Network, shapes: Shapes) -> None:
        self.network, self.shapes = network, shapes

    def node(self, name: str) -> Node:
        """The node of a part."""
        return next(node for node in self.network.nodes if node.name == name)

    def inputs(self, name: str) -> tuple[Shape, ...]:
        """The shapes that come into a part."""
        return tuple(self.shapes[source] for source in self.node(name).inputs)

    @property
    def output(self) -> Shape:
        """The shape that goes out of the whole."""
        return self.shapes[self.network.outputs[0]]

    def positions(self, name: str) -> Sizes:
        """What a convolution's kernel runs over."""
        layer = self.node(name).layer
        if not isinstance(layer, Convolution):
            raise InternalError(f"{name} is no convolution")
        return layer.positions(*self.inputs(name))

    def cost(self, name: str) -> Cost:
        """The counts of a part, where sizes are known."""
        return cost(self.node(name).layer, *self.inputs(name))


class Row:
    """One kind for the request; without ``composition`` it could not be built, and ``note`` says why.

    ``symbolic`` is the same composition on symbols, ``weights`` its weights; ``unknown`` stands behind an input
    of unknown size (None where not every size fits), ``known`` behind the one that was given; ``positions`` are
    what its kernels run over there.
    """

    __slots__ = (
        "choice",
        "closed_form",
        "composition",
        "known",
        "letters",
        "macs_closed_form",
        "macs_formula",
        "macs_ratio",
        "note",
        "params_ratio",
        "position_symbols",
        "positions",
        "symbolic",
        "total",
        "unknown",
        "weights",
    )

    def __init__(self, choice: Choice, letters: Alphabet, note: str | None = None) -> None:
        self.choice, self.letters, self.note = choice, letters, note
        self.composition: Composition | None = None
        self.symbolic: Composition | None = None
        self.weights: Polynomial | None = None
        self.unknown: Traced | None = None
        self.known: Traced | None = None
        self.total: Cost | None = None
        self.macs_formula: Polynomial | None = None
        self.positions: set[Sizes] = set()
        self.position_symbols: dict[str, tuple[Polynomial, ...] | None] = {}
        self.params_ratio: Fraction | None = None
        self.macs_ratio: Fraction | None = None
        self.closed_form: Closed | None = None
        self.macs_closed_form: Closed | None = None

    @property
    def params(self) -> int:
        """Weights and biases."""
        return self.composition.weights + self.composition.biases if self.composition else 0

    @property
    def convolutions(self) -> list[Part]:
        """The parts with weights."""
        parts = self.composition.parts if self.composition else ()
        return [part for part in parts if isinstance(part.layer, Convolution)]

    @property
    def traced(self) -> Traced:
        """Behind the size that was given, else behind an unknown one."""
        traced = self.known or self.unknown
        if traced is None:
            raise InternalError(f"{self.choice.label} was not built")
        return traced

    @property
    def receptive_field(self) -> Sizes | None:
        """What an element of the output sees of the input."""
        from convcost.receptive import views

        if self.composition is None:
            return None
        view = views(self.traced.network, self.traced.shapes)[self.traced.network.outputs[0]]
        return view.size if view else None
