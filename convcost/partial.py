"""What is not counted: totals without it are partial, and every table says so."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from convcost.network import Node

Count = TypeVar("Count")
# Operations whose cost is not known, and how many layers of each there are.
Uncounted = Mapping[str, int]


def uncounted(nodes: Iterable[Node]) -> Uncounted:
    """What of these layers is not counted."""
    return Counter(node.kind for node in nodes if not node.layer.is_counted)


def known(counts: Mapping[str, Count], nodes: Iterable[Node]) -> Mapping[str, Count | None]:
    """The counts of some layers: where none of these is counted, what would be 0 is not known, and None."""
    if any(node.layer.is_counted for node in nodes):
        return counts
    return {key: count or None for key, count in counts.items()}


def kinds_text(missing: Uncounted) -> str:
    """What is not counted, in words.

    >>> kinds_text({"LSTM": 2, "Lambda": 1})
    '2 × LSTM, 1 × Lambda'
    """
    return ", ".join(f"{number} × {kind}" for kind, number in missing.items())


def sentence(name: str, missing: Uncounted) -> tuple[str, ...]:
    """The line of a caption, where anything is missing in what ``name`` says."""
    return (f"Partial: not counted in {name}: {kinds_text(missing)}.",) if missing else ()


def total_head(missing: Uncounted) -> str:
    """What the row of totals is called."""
    return "total (partial)" if missing else "total"


def as_json(missing: Uncounted) -> Mapping[str, Any]:
    """How JSON says it, of a network."""
    return {
        "complete": not missing,
        "uncounted": [{"kind": kind, "layers": number} for kind, number in missing.items()],
    }
