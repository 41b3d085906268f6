"""Which layers of two networks are each other's: by name, and those that are left by position and likeness."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from convcost.network import Node, Shapes

# Cells of the table of likenesses; longer stretches are cut at their middle.
_MOST_CELLS = 200_000


def partners(before: Sequence[Node], after: Sequence[Node], shapes: tuple[Shapes, Shapes]) -> dict[str, str]:
    """For layers of ``before`` the layer of ``after`` that each has become, in one order in both.

    Layers of one name and sort are partners. Those between two such are aligned so that the sum of their
    likenesses is the largest: the same in all, of one output, of one sort.
    """
    found = _by_name(before, after)
    likeness = _likeness(*shapes)
    for ours, theirs in _stretches(before, after, found):
        found |= _aligned(ours, theirs, likeness)
    return found


def _by_name(before: Sequence[Node], after: Sequence[Node]) -> dict[str, str]:
    """Layers of one name and sort; those whose order differs are left."""
    places = {node.name: (place, type(node.layer)) for place, node in enumerate(after)}
    last, found = -1, {}
    for node in before:
        place, sort = places.get(node.name, (-1, None))
        if sort is type(node.layer) and place > last:
            found[node.name], last = node.name, place
    return found


def _stretches(
    before: Sequence[Node], after: Sequence[Node], found: dict[str, str]
) -> list[tuple[list[Node], list[Node]]]:
    """What stands between two pairs of partners, on either side."""
    partners = set(found.values())
    ours = list(accumulate(node.name in found for node in before))
    theirs = list(accumulate(node.name in partners for node in after))
    gaps: list[tuple[list[Node], list[Node]]] = [([], []) for _ in range(len(found) + 1)]
    for node, gap in zip(before, ours, strict=True):
        if node.name not in found:
            gaps[gap][0].append(node)
    for node, gap in zip(after, theirs, strict=True):
        if node.name not in partners:
            gaps[gap][1].append(node)
    return [gap for gap in gaps if gap[0] and gap[1]]


Likeness = Callable[[Node, Node], int]


def _likeness(before: Shapes, after: Shapes) -> Likeness:
    known: dict[str, str] = {}

    def said(node: Node, side: str) -> str:
        # A layer is told from others once, not for each that it is compared with.
        key = f"{side} {node.name}"
        if key not in known:
            known[key] = f"{node.kind} {node.layer!r}"
        return known[key]

    def of(one: Node, other: Node) -> int:
        if type(one.layer) is not type(other.layer):
            return 0
        if before[one.name] != after[other.name]:
            return 1
        return 4 if said(one, "before") == said(other, "after") else 3

    return of


def _aligned(ours: list[Node], theirs: list[Node], likeness: Likeness) -> dict[str, str]:
    """The pairs of the best alignment, found by its table from the end."""
    if len(ours) * len(theirs) > _MOST_CELLS and min(len(ours), len(theirs)) > 1:
        one, other = len(ours) // 2, len(theirs) // 2
        return _aligned(ours[:one], theirs[:other], likeness) | _aligned(ours[one:], theirs[other:], likeness)
    alike = [[likeness(one, other) for other in theirs] for one in ours]
    best = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for row in range(len(ours) - 1, -1, -1):
        for column in range(len(theirs) - 1, -1, -1):
            paired = alike[row][column] and alike[row][column] + best[row + 1][column + 1]
            best[row][column] = max(paired, best[row + 1][column], best[row][column + 1])
    found, row, column = {}, 0, 0
    while row < len(ours) and column < len(theirs):
        if alike[row][column] and best[row][column] == alike[row][column] + best[row + 1][column + 1]:
            found[ours[row].name] = theirs[column].name
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return found
