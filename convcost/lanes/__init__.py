"""Many candidates at once, behind the face of one integer.

The layers, kinds and walks check and count integers. A `Lanes` is a column of integers that they take for one:
formulas compute all lanes together, and where the code asks a question (does g divide c1? is a projection
needed?) that some lanes answer with yes and some with no, the block is split in two and the code runs again for
each. So every check and every choice of structure holds for a column as it does for a number, and none of
them is written twice. Columns are lists, or numpy's arrays.

Nothing is computed before it is needed, nothing twice, and what the bounds of a column decide needs no column.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from convcost.lanes.columns import Column, Lists, Store
from convcost.lanes.number import Lanes, Number
from convcost.lanes.passage import Run, Split

__all__ = ["Column", "Lanes", "Lists", "Number", "Store", "explore", "store_for"]


def explore(
    body: Callable[[Mapping[str, Number]], Any], columns: Mapping[str, Column], store: Store, sizes: tuple[int, ...]
) -> Iterator[tuple[Column | None, Any]]:
    """Run the body for all lanes: the places of lanes that stayed together (None: all), and what it returned."""
    bounds = {name: store.ends(column) for name, column in columns.items()}
    waiting: list[tuple[Column | None, Mapping[str, Column], tuple[bool, ...]]] = [(None, columns, ())]
    while waiting:
        where, own, answers = waiting.pop()
        block = sizes if where is None else None
        run = Run(store, block, answers)
        try:
            # Bounds stay those of the whole block: the same questions come up in each passage.
            found = body({name: _number(run, bounds[name], column) for name, column in own.items()})
        except Split as parting:
            for places, answer in ((parting.no, False), (parting.yes, True)):
                inside = places if where is None else store.take(where, places, None)
                kept = {name: store.take(column, places, block) for name, column in own.items()}
                asked = (*run.answers, answer) if parting.answered else tuple(run.answers)
                waiting.append((inside, kept, asked))
        else:
            yield where, found


def _number(run: Run, bounds: tuple[Any, Any], column: Column) -> Number:
    """A column as one number: an integer, where all lanes are the same."""
    return bounds[0] if bounds[0] == bounds[1] else Lanes(run, *bounds, values=column)


def store_for(lanes: int) -> Store:
    """Arrays where there is numpy and loading it pays, else lists."""
    if lanes < _MANY:
        return Lists()
    try:
        from convcost.lanes.arrays import Arrays
    except ImportError:
        return Lists()
    return Arrays()


# About as many lanes as lists get through while numpy is loaded.
_MANY = 30_000
