"""What of a network is over its budget, by how much, and which layers are behind it."""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import NamedTuple

from convcost.costs import Cost
from convcost.evaluation import Evaluation
from convcost.network import INPUT, Bound, Network, Shapes
from convcost.partial import kinds_text
from convcost.units import bytes_of

# What a limit is: the most, the least, or exactly what a snapshot has.
MOST, LEAST, SAME = "most", "least", "same"

OK, OVER, UNDER, UNKNOWN, PARTIAL, NO_BUDGET = "ok", "over", "under", "not known", "partial", "no budget"
CHANGED, NEW, GONE, UPDATED = "changed", "new", "gone", "updated"
# What makes the exit status 1: a figure that nobody knows is none that holds.
FINDINGS = frozenset((OVER, UNDER, UNKNOWN, PARTIAL, CHANGED, NEW, GONE))

# Where the figure and its limit, or its snapshot, are apart.
_AWAY = frozenset((OVER, UNDER, CHANGED, NEW, GONE, UPDATED))

# Layers named behind a total that is over.
_HEAVIEST = 3


class Limit(NamedTuple):
    """How much there may be of something, by a flag or else by a line of the spec."""

    what: str
    amount: int
    flag: str = ""
    line: int = 0
    bound: str = MOST
    replaced: Bound | None = None


class Part(NamedTuple):
    """A layer or a tensor behind a figure, in the figure's unit, and its line of the source (0: none)."""

    name: str
    amount: int
    line: int = 0


class Check(NamedTuple):
    """A figure beside its limit.

    ``what`` is the key of the figure, ``layer`` the one that it is of, or empty for the network's; ``set_by`` the
    flag or the file that sets the limit where no line of the spec does. ``parts`` are the layers behind a figure
    that is over, or the tensors that are live where ``peak_at`` names a layer, the largest first.
    """

    network: str
    source: str
    what: str
    status: str
    limit: int | None = None
    found: int | None = None
    bound: str = MOST
    set_by: str = ""
    line: int = 0
    layer: str = ""
    layer_line: int = 0
    parts: tuple[Part, ...] = ()
    peak_at: str = ""
    note: str = ""
    replaced: Bound | None = None

    @property
    def finding(self) -> bool:
        """Whether it makes the exit status 1."""
        return self.status in FINDINGS

    @property
    def difference(self) -> int | None:
        """How far the figure is beyond its limit, or from its snapshot: None where it keeps it, or is not known."""
        if self.limit is None or self.found is None or self.status not in _AWAY:
            return None
        return self.limit - self.found if self.bound == LEAST else self.found - self.limit

    @property
    def ratio(self) -> Fraction | None:
        """The difference as a part of the limit."""
        return Fraction(self.difference, self.limit) if self.difference is not None and self.limit else None


def checks(evaluation: Evaluation, flags: Iterable[Limit] = (), dtype: str = "fp32") -> list[Check]:
    """Every figure of a network that has a limit, beside it; one that says so where none has.

    A limit by a flag takes the place of the spec's for the same figure. Bytes are those of ``dtype``.
    """
    network = evaluation.network
    found: list[Check] = []
    for limit in limits(network.budget, flags):
        check = Check(network.name, network.source, limit.what, OK, limit.amount)
        check = check._replace(bound=limit.bound, set_by=limit.flag, line=limit.line, replaced=limit.replaced)
        found += FIGURES[limit.what](evaluation, check, dtype)
    return found or [Check(network.name, network.source, "", NO_BUDGET)]


def limits(budget: Mapping[str, Bound], flags: Iterable[Limit]) -> list[Limit]:
    """The spec's limits with those of flags in their place, in the order of ``FIGURES``."""
    by_what = {(what, MOST): Limit(what, bound.most, line=bound.line) for what, bound in budget.items()}
    for flag in flags:
        replaced = budget.get(flag.what) if flag.bound == MOST else None
        by_what[flag.what, flag.bound] = flag._replace(replaced=replaced)
    order = list(FIGURES)
    return sorted(by_what.values(), key=lambda limit: (order.index(limit.what), limit.bound != MOST))


def _beyond(found: int, check: Check) -> bool:
    limit = check.limit or 0
    return found < limit if check.bound == LEAST else found > limit


def _count(cost: Cost, what: str, dtype: str) -> int:
    """The count of a layer or a network that a key of a budget names."""
    if what == "weight_bytes":
        return bytes_of(cost.params, dtype)
    counted: int = getattr(cost, what.removeprefix("layer_"))
    return counted


def _of_total(evaluation: Evaluation, check: Check, dtype: str) -> list[Check]:
    """A sum over the layers, of which the heaviest are behind it."""
    found = sum(_count(cost, check.what, dtype) for cost in evaluation.costs.values())
    if not _beyond(found, check):
        return [within(evaluation, check._replace(found=found))]
    return [check._replace(found=found, status=OVER, parts=_layers(evaluation, check.what, dtype)[:_HEAVIEST])]


def within(evaluation: Evaluation, check: Check) -> Check:
    """What keeps its limit; where something is not counted, nobody knows whether it does."""
    if not evaluation.uncounted:
        return check
    return check._replace(status=UNKNOWN, note=f"not counted, and could be more: {kinds_text(evaluation.uncounted)}")


def whole_checks(evaluation: Evaluation, flag: str) -> list[Check]:
    """The finding that something is not counted, where ``flag`` makes it one."""
    if not evaluation.uncounted:
        return []
    network, note = evaluation.network, f"not counted: {kinds_text(evaluation.uncounted)}"
    return [Check(network.name, network.source, "total", PARTIAL, bound="", set_by=flag, note=note)]


def _of_layers(evaluation: Evaluation, check: Check, dtype: str) -> list[Check]:
    """The most of any layer: each that is over, or else the heaviest."""
    every = _layers(evaluation, check.what, dtype) or (Part("", 0),)
    found = [check._replace(found=part.amount, layer=part.name, layer_line=part.line) for part in every]
    over = [one._replace(status=OVER) for one in found if _beyond(one.found or 0, check)]
    return over or [within(evaluation, found[0])]


def _layers(evaluation: Evaluation, what: str, dtype: str) -> tuple[Part, ...]:
    """Layers that have something of a count, the heaviest first, equal ones in their order."""
    lines = evaluation.network.lines
    every = (Part(name, _count(cost, what, dtype), lines.get(name, 0)) for name, cost in evaluation.costs.items())
    return tuple(sorted((part for part in every if part.amount), key=lambda part: -part.amount))


def _of_peak(evaluation: Evaluation, check: Check, dtype: str) -> list[Check]:
    """The peak of live tensors: where it is, and what is live then."""

    def size(elements: int) -> int:
        return bytes_of(elements, dtype) if check.what == "peak_bytes" else elements

    found = size(evaluation.peak_activations)
    if not _beyond(found, check):
        return [check._replace(found=found)]
    lines = evaluation.network.lines
    where, live = live_at_peak(evaluation.network, evaluation.shapes)
    tensors = [Part(name, size(elements), lines.get(name, 0)) for name, elements in live.items()]
    tensors.sort(key=lambda part: -part.amount)
    line = lines.get(where, 0)
    return [check._replace(found=found, status=OVER, parts=tuple(tensors), peak_at=where, layer_line=line)]


def live_at_peak(network: Network, known: Shapes) -> tuple[str, dict[str, int]]:
    """The first layer at which the peak of live activations is, and the elements of each tensor that is live then.

    The walk is that of `convcost.liveness`, which has the sums and says what is live; a tensor goes by its first layer.
    """
    end = len(network.nodes)
    last_use = dict.fromkeys(network.outputs, end)
    for step, node in enumerate(network.nodes):
        for name in node.inputs:
            last_use[name] = max(last_use.get(name, step), step)
    tensor, until = {INPUT: INPUT}, {INPUT: last_use.get(INPUT, 0)}
    live = {INPUT: prod(known[INPUT])}
    peak = held = live[INPUT]
    found = INPUT, dict(live)
    for step, node in enumerate(network.nodes):
        before = tensor[node.inputs[0]]
        shares = node.layer.is_view or (node.layer.in_place and until[before] == step)
        own = tensor[node.name] = before if shares else node.name
        if not shares:
            live[own] = prod(known[own])
            held += live[own]
        until[own] = max(until.get(own, step), last_use.get(node.name, step))
        if held > peak:
            peak, found = held, (node.name, dict(live))
        for name in {tensor[name] for name in (*node.inputs, node.name)}:
            if until[name] == step:
                held -= live.pop(name)
    return found


def _of_view(evaluation: Evaluation, check: Check, _dtype: str) -> list[Check]:
    """What the outputs see of the input: the axis and the output that would break the limit first."""
    views = evaluation.views
    seen = {name: views.get(name) for name in evaluation.network.outputs}
    sizes = [size for view in seen.values() if view for size in view.size]
    found = (min if check.bound == LEAST else max)(sizes, default=None)
    notes = dict.fromkeys(view.note for view in seen.values() if view and view.note)
    check = check._replace(found=found, note="; ".join(notes))
    if found is not None and _beyond(found, check):
        return [check._replace(status=UNDER if check.bound == LEAST else OVER)]
    unseen = [name for name, view in seen.items() if view is None]
    if not unseen:
        return [check]
    # What one output sees says nothing of the others.
    note = f"the receptive field of `{unseen[0]}` is not known: {_why(evaluation, unseen[0])}"
    return [check._replace(status=UNKNOWN, found=None, note=note)]


def _why(evaluation: Evaluation, name: str) -> str:
    from convcost.receptive import explained

    reason = explained(evaluation.network, evaluation.shapes)[name]
    return reason if isinstance(reason, str) else "it has none"


# Every figure that a budget may bound, in the order in which they are shown.
FIGURES: dict[str, Callable[[Evaluation, Check, str], list[Check]]] = {
    **dict.fromkeys(("params", "weight_bytes", "macs", "flops", "activations"), _of_total),
    **dict.fromkeys(("peak_activations", "peak_bytes"), _of_peak),
    "receptive_field": _of_view,
    **dict.fromkeys(("layer_params", "layer_macs", "layer_flops", "layer_activations"), _of_layers),
}
