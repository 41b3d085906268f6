"""What a convention is: a table of weights over the ledger, with its unit, its source and what is known of it."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from convcost.layers.base import Shape

Weights = Mapping[str, int]
NO_WEIGHTS: Weights = MappingProxyType({})


class Case(NamedTuple):
    """A layer with the shapes that come in and go out, and how code says it, as `convcost.network.Node` has it."""

    layer: Any
    inputs: tuple[Shape, ...]
    output: Shape
    written: str


class Rule(NamedTuple):
    """What no weight can say: ``surplus`` is what a counter has more (or less) for a layer than its table gives.

    ``text`` names it; ``of`` are the names of the ledger that it is about, each of a kind of layer; ``source`` says
    where it was read. It is asked only of layers that the counter sees: those for which such a name has a weight. Of a
    surplus that is no whole number only the sum over all layers is cut.
    """

    text: str
    of: tuple[str, ...]
    surplus: Callable[[Case], int | Fraction]
    source: str


class Convention(NamedTuple):
    """How a counter counts. ``weights`` hold for each name of the ledger, and all cases of it that have no own weight.

    ``once`` are weights of what does not grow with the batch, and ``shrinking`` of what is divided by it; ``unseen``
    are the cases (ways in which code is written) that it counts only where a weight names them, ``rules`` what is
    not linear.
    """

    name: str
    title: str
    version: str
    unit: str
    counts: str
    source: str
    weights: Weights
    once: Weights = NO_WEIGHTS
    shrinking: Weights = NO_WEIGHTS
    unseen: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    mistakes: tuple[str, ...] = ()

    def weight(self, name: str, batch: int = 1) -> Fraction | int:
        """How often it counts, in a batch, what the ledger has under a name for one element of the batch."""
        growing, once, shrinking = (
            _weight(weights, self.unseen, name) for weights in (self.weights, self.once, self.shrinking)
        )
        return growing * batch + once + (Fraction(shrinking, batch) if shrinking else 0)

    def rules_for(self, kind: str, written: str) -> tuple[Rule, ...]:
        """The rules that hold for layers of a kind, if they count in the way in which they are written."""
        suffix = f"/{written}" if written else ""
        return tuple(
            rule
            for rule in self.rules
            if any(self.weight(name + suffix) for name in rule.of if name.partition(".")[0] == kind)
        )

    @property
    def factor(self) -> int:
        """What one MAC of a convolution is in its unit."""
        return int(self.weight("conv.macs"))


def _weight(weights: Weights, unseen: tuple[str, ...], name: str) -> int:
    """The weight of the entry that fits a name best: the one with the most of its cases, and all unseen ones."""
    kind, *cases = name.split("/")
    asked = {*cases}
    hidden = asked & {*unseen}
    if not cases:
        return weights.get(kind, 0)
    fitting = [
        (len(own), weight)
        for key, weight in weights.items()
        if key.partition("/")[0] == kind and hidden <= (own := {*key.split("/")[1:]}) <= asked
    ]
    return max(fitting, default=(0, 0), key=lambda pair: pair[0])[1]
