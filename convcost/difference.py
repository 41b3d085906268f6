"""Two networks layer by layer: which layers are the same, which changed and how, which are in one of them only."""

from collections import deque
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from convcost.alignment import partners
from convcost.evaluation import Evaluation
from convcost.layers.base import Layer, text_pads
from convcost.layers.conv import Convolution
from convcost.layers.linear import Linear
from convcost.network import Network, Node, members


class Pair(NamedTuple):
    """What stands in one network and what it is in the other: a layer each, or a layer and its parts.

    Nothing stands on a side that lacks it.
    """

    before: tuple[Node, ...]
    after: tuple[Node, ...]
    changes: tuple[str, ...] = ()
    # Of what has parts: their common name.
    whole: str = ""

    @property
    def name(self) -> str:
        """The name, or both where they differ."""
        if self.whole:
            return self.whole
        return " → ".join(dict.fromkeys(nodes[0].name for nodes in (self.before, self.after) if nodes))

    @property
    def change(self) -> str:
        """Whether it was ``added``, ``removed``, ``changed`` or is the ``same``."""
        if not self.before:
            return "added"
        if not self.after:
            return "removed"
        return "changed" if self.changes else "same"


class Change(NamedTuple):
    """A count on both sides, the delta and the ratio. None: nothing stands there, or nobody knows it."""

    before: int | None
    after: int | None
    delta: int | None
    ratio: Fraction | None


def change(before: int | None, after: int | None, *, known: bool = True) -> Change:
    """How a count changes, from nothing or to nothing where a side has none; unless that is because nobody knows it."""
    ratio = Fraction(after, before) if before and after is not None else None
    return Change(before, after, (after or 0) - (before or 0) if known else None, ratio)


def change_of(pair: Pair, before: int | None, after: int | None) -> Change:
    """How a count of a pair changes; it is not known where layers stand on a side that has none."""
    lost = (pair.before and before is None) or (pair.after and after is None)
    return change(before, after, known=not lost)


def pairs(before: Evaluation, after: Evaluation) -> tuple[Pair, ...]:
    """The layers of both, in the order of the second, removed ones where they stood."""
    old_nodes = {node.name: node for node in before.network.nodes}
    groups = _exchanged(before.network, after.network)
    group_of = {node.name: group for group in groups for node in group.after}
    grouped = {node.name for group in groups for node in group.before}
    alone = [node for node in before.network.nodes if node.name not in grouped]
    fresh = [node for node in after.network.nodes if node.name not in group_of]
    of = {new: old for old, new in partners(alone, fresh, (before.shapes, after.shapes)).items()}
    places = {node.name: place for place, node in enumerate(before.network.nodes)}
    kept = {*of.values(), *grouped}
    removed = deque(node for node in before.network.nodes if node.name not in kept)
    found: list[Pair] = []
    for node in after.network.nodes:
        group, old = group_of.get(node.name), of.get(node.name)
        first = group.before[0].name if group else old
        while first and removed and places[removed[0].name] < places[first]:
            found.append(Pair((removed.popleft(),), ()))
        if group is None:
            changes = _changes(before, old_nodes[old], after, node) if old else ()
            found.append(Pair((old_nodes[old],) if old else (), (node,), changes))
        elif node is group.after[0]:
            found.append(group)
    return (*found, *(Pair((node,), ()) for node in removed))


def _exchanged(before: Network, after: Network) -> list[Pair]:
    """Blocks that are of another kind now, and layers in whose place parts stand that are named after them."""
    found: list[Pair] = []
    old, fresh = members(before), members(after)
    taken: set[str] = set()
    for name, kind in before.blocks.items():
        if after.blocks.get(name, kind) != kind and not taken.intersection(node.name for node in old[name]):
            change = f"{kind} → {after.blocks[name]}"
            found.append(Pair(tuple(old[name]), tuple(fresh[name]), (change,), name))
            taken |= {node.name for node in old[name]}
    new = {node.name for node in after.nodes}
    for place, node in enumerate(before.nodes):
        if node.name in new or node.name in taken or node.name not in after.blocks:
            continue
        kept = {other.name for other in before.nodes[place : place + 3]} & {*_followers(node.name)}
        parts = tuple(part for part in fresh[node.name] if part.name not in kept)
        kinds = " + ".join(part.kind for part in parts if isinstance(part.layer, Convolution | Linear))
        found.append(Pair((node,), parts, (f"{node.kind} → {kinds}",), node.name))
    return found


def _followers(name: str) -> tuple[str, str]:
    """What is named after a layer and stands behind it."""
    return (f"{name}.norm", f"{name}.act")


def _changes(before: Evaluation, old: Node, after: Evaluation, new: Node) -> tuple[str, ...]:
    """What differs, ``groups 1 → 32``: kind, fields and sizes; channels are told by the sizes where these differ."""
    sizes = [("input", before.inputs(old), after.inputs(new))]
    sizes.append(("output", (before.shapes[old.name],), (after.shapes[new.name],)))
    resized = {name for name, one, other in sizes if one != other}
    ours, theirs = _fields(old.layer), _fields(new.layer)
    told = {field for size, fields in _TOLD.items() if size in resized for field in fields}
    found = [] if old.kind == new.kind else [f"{old.kind} → {new.kind}"]
    found += [
        f"{name} {ours.get(name, 'none')} → {theirs.get(name, 'none')}"
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name) and name not in told
    ]
    found += [f"{name} {_text(one)} → {_text(other)}" for name, one, other in sizes if one != other]
    return tuple(found)


# Fields that the shapes tell as well.
_TOLD = {
    "input": ("in_channels", "in_features", "channels", "slopes", "normalized_shape"),
    "output": ("out_channels", "out_features"),
}


def _fields(layer: Layer) -> dict[str, str]:
    """The fields of a layer as text."""
    if not is_dataclass(layer):
        return {}
    named = {field.name: getattr(layer, field.name) for field in fields(layer) if field.name != "dims"}
    return {name: _shown(name, value) for name, value in named.items()}


def _shown(name: str, value: Any) -> str:
    if name == "padding" and isinstance(value, tuple):
        return text_pads(value)
    if isinstance(value, tuple):
        return "×".join(map(str, value)) if len(set(value)) > 1 else str(value[0])
    return str(value).lower()


def _text(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " and ".join("×".join(map(str, shape)) for shape in shapes)
