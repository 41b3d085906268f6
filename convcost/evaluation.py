"""A network with everything that is known of it: shapes, costs, live tensors, receptive fields."""

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from convcost.costs import Cost, costs, total
from convcost.layers.base import Shape
from convcost.liveness import live_activations
from convcost.network import Network, Node, Shapes, shapes
from convcost.units import bytes_of

if TYPE_CHECKING:
    from convcost.receptive import View
    from convcost.report import Report


class Evaluation:
    """A network with its shapes, its costs and the live elements of each step, by the names of its nodes.

    What the nodes see of the input is walked when it is first asked for, and kept.
    """

    def __init__(
        self, network: Network, shapes: Shapes, costs: dict[str, Cost], total: Cost, live: dict[str, int]
    ) -> None:
        self.network, self.shapes, self.costs, self.total, self.live = network, shapes, costs, total, live

    def __repr__(self) -> str:
        counts = f"params={self.total.params:_}, macs={self.total.macs:_}{', partial' if self.uncounted else ''}"
        return f"Evaluation({self.network.name!r}, {len(self.network.nodes)} nodes, {counts})"

    @property
    def peak_activations(self) -> int:
        """The largest sum of live elements over the execution order."""
        return max(self.live.values())

    def weight_bytes(self, dtype: str) -> int:
        """Bytes of all parameters, rounded up layer by layer."""
        return sum(bytes_of(cost.params, dtype) for cost in self.costs.values())

    def activation_bytes(self, dtype: str) -> int:
        """Bytes of all activations, rounded up layer by layer."""
        return sum(bytes_of(cost.activations, dtype) for cost in self.costs.values())

    @property
    def uncounted(self) -> dict[str, int]:
        """Operations whose cost is not known, and how many there are of each; with any, totals are partial."""
        return Counter(node.kind for node in self.network.nodes if not node.layer.is_counted)

    @cached_property
    def views(self) -> "dict[str, View | None]":
        """How much of the input each layer sees."""
        from convcost.receptive import views

        return views(self.network, self.shapes)

    @property
    def outputs(self) -> tuple[Shape, ...]:
        """The shapes of what the network returns."""
        return tuple(self.shapes[name] for name in self.network.outputs)

    def inputs(self, node: Node) -> tuple[Shape, ...]:
        """The shapes that go into a node."""
        return tuple(self.shapes[name] for name in node.inputs)

    @property
    def report(self) -> "Report":
        """The table of its layers, as `convcost eval` shows it."""
        from convcost.evaluation_report import layer_report

        return layer_report(self)

    def _repr_html_(self) -> str:
        return self.report._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.report._repr_markdown_()


def evaluate(network: Network) -> Evaluation:
    """Walk a network once for each question. Raises ConvcostError where a layer does not fit.

    >>> from convcost import loads
    >>> evaluation = evaluate(loads("{input: 3x8x8, layers: [{conv: 16, k: 3}]}")[0])
    >>> evaluation.total.params, evaluation.total.macs, evaluation.peak_activations
    (432, 27648, 1216)
    """
    known = shapes(network)
    counted = costs(network, known)
    return Evaluation(network, known, counted, total(counted.values()), live_activations(network, known))
