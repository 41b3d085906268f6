"""Many candidates at once, behind the face of one integer.

The layers, kinds and walks check and count integers. A `Lanes` is a column of integers that they take for one:
formulas compute all lanes together, and where the code asks a question (does g divide c1? is a projection
needed?) that some lanes answer with yes and some with no, the block is split in two and the code runs again for
each. So every check and every choice of structure holds for a column as it does for a number, and none of
them is written twice. Columns are lists, or numpy's arrays.

Nothing is computed before it is needed, nothing twice, and what the bounds of a column decide needs no column.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from convcost.lanes.columns import Column, Lists, Store
from convcost.lanes.number import Lanes, Number
from convcost.lanes.passage import Run, Split

__all__ = ["Column", "Lanes", "Lists", "Number", "Store", "explore", "store_for"]


def explore(
    body: Callable[[Mapping[str, Number]], Any], columns: Mapping[str, Column], store: Store, sizes: tuple[int, ...]
) -> Iterator[tuple[Column | None, Any]]:
    """Run the body for all lanes: the places of lanes that stayed together (None: all), and what it returned."""
    bounds = {name: store.ends(column) for name, column in columns.items()}
    waiting: list[Iterator[_Group]] = [iter([_Group(None, columns, ())])]
    while waiting:
        group = next(waiting[-1], None)
        if group is None:
            waiting.pop()
            continue
        run = Run(store, sizes if group.where is None else None, group.answers)
        try:
            found = body(_numbers(run, group, bounds))
        except Split as parting:
            waiting.append(_parted(parting, group, run))
        else:
            yield group.where, found


class _Group(NamedTuple):
    """Lanes that are still together: their places (None: all), their columns, and what they answered so far."""

    where: Column | None
    columns: Mapping[str, Column]
    answers: tuple[bool, ...]


def _parted(parting: Split, group: _Group, run: Run) -> Iterator[_Group]:
    """The groups into which lanes part, one after another."""
    store = run.store
    columns = {name: store.flat(column, run.sizes) for name, column in group.columns.items()}
    answers = tuple(run.answers)
    for places, answer in parting.groups:
        inside = places if group.where is None else store.take(group.where, places, None)
        kept = {name: store.take(column, places, None) for name, column in columns.items()}
        yield _Group(inside, kept, answers if answer is None else (*answers, answer))


def _numbers(run: Run, group: _Group, bounds: Mapping[str, tuple[Any, Any]]) -> Mapping[str, Number]:
    """The columns as numbers. A lane that is alone has nobody to ask, and goes on in plain integers.

    The bounds of others stay those of the whole block, so that the same questions come up in each passage.
    """
    if group.where is not None and len(group.where) == 1:
        return {name: run.store.tolist(column, None)[0] for name, column in group.columns.items()}
    return {name: _number(run, bounds[name], column) for name, column in group.columns.items()}


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
