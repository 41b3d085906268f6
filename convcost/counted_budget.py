"""A limit on what a convention counts, beside the limits of a budget."""

from convcost.budget import OK, OVER, Check, Part, within
from convcost.conventions import find
from convcost.conventions.counting import counted_layers
from convcost.evaluation import Evaluation

# Layers named behind a total that is over.
_HEAVIEST = 3


def counted_check(evaluation: Evaluation, count_as: str, most: int, flag: str) -> Check:
    """What a convention counts beside the most that it may be; ``flag`` set that."""
    network = evaluation.network
    counts = counted_layers(find(count_as), evaluation)
    found = sum(counts.values())
    check = Check(network.name, network.source, f"counted as {count_as}", OK, most, found, set_by=flag)
    if found <= most:
        return within(evaluation, check)
    heaviest = sorted(counts, key=lambda name: -counts[name])[:_HEAVIEST]
    parts = tuple(Part(name, counts[name], network.lines.get(name, 0)) for name in heaviest if counts[name])
    return check._replace(status=OVER, parts=parts)
