"""Rows per second of a sweep over a million combinations, beside the same formula written by hand on numpy's arrays.

What is measured ends before output: every count of every row is there. The floor makes the columns and computes
the counts and the checks in the shortest numpy that says the same. Each is run in turn, A B A B …, and the
median of the ratios is printed. ``python bench/sweep.py [RUNS]``; the last column is the ratio that
arrays should not exceed.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from convcost.grid import Axis
from convcost.lanes import Lanes, Lists, Store
from convcost.lanes.arrays import Arrays
from convcost.rows import Choice
from convcost.selection import Selection
from convcost.sweep import LayerSweep

CHANNELS = range(8, 808, 8)
KERNELS = (1, 3, 5, 7, 9)
SIZES = range(7, 147, 7)
GROUPS = (1, 2, 4, 8)
COUNTS = ("params", "macs", "activations")


def both(values: Any) -> list[tuple[int, int]]:
    """Sizes that are the same on both axes."""
    return [(value, value) for value in values]


def sweep(kind: str, groups: bool = False, sizes: Any = SIZES) -> LayerSweep:  # noqa: FBT001,FBT002 - a table's column
    """The grid of a kind."""
    axes = [
        Axis("in_channels", CHANNELS),
        Axis("out_channels", CHANNELS),
        Axis("kernel_size", both(KERNELS)),
        *([Axis("groups", GROUPS)] if groups else []),
        Axis("input_size", both(sizes)),
    ]
    fixed = {"stride": (1, 1), "padding": "same", "kind": Choice(kind)}
    return LayerSweep((Axis("kind", (Choice(kind),), of_words=True), *axes), fixed, 2, bias=False)


def columns(*axes: Any) -> list[Any]:
    """Every combination of the axes, a column for each."""
    return [axis.ravel() for axis in np.meshgrid(*map(np.asarray, axes), indexing="ij")]


def standard() -> Any:
    """The counts of a standard convolution, by hand."""
    c1, c2, k, n = columns(CHANNELS, CHANNELS, KERNELS, SIZES)
    params = k * k * c1 * c2
    o = n + (k - 1) - (k - 1) - 1 + 1
    return params, params * o * o, c2 * o * o, o >= 1


def grouped() -> Any:
    """The counts of a grouped convolution, by hand."""
    c1, c2, k, g, n = columns(CHANNELS, CHANNELS, KERNELS, GROUPS, SIZES[:5])
    params = k * k * (c1 // g) * c2
    o = n + (k - 1) - (k - 1) - 1 + 1
    return params, params * o * o, c2 * o * o, (c1 % g == 0) & (c2 % g == 0) & (o >= 1)


def separable() -> Any:
    """The counts of a depthwise-separable convolution, by hand."""
    c1, c2, k, n = columns(CHANNELS, CHANNELS, KERNELS, SIZES)
    first, second = k * k * c1, c1 * c2
    o = n + (k - 1) - (k - 1) - 1 + 1
    p = o - 1 + 1
    return first + second, first * o * o + second * p * p, c1 * o * o + c2 * p * p, (o >= 1) & (p >= 1)


CASES: list[tuple[str, LayerSweep, Callable[[], Any]]] = [
    ("standard", sweep("standard"), standard),
    ("grouped", sweep("grouped", groups=True, sizes=SIZES[:5]), grouped),
    ("separable", sweep("separable"), separable),
]
GOAL = 2.0


def counted(grid: LayerSweep, store: Store) -> int:
    """Count the whole grid; how many rows there are."""
    rows = 0
    for parts, _ in grid.parts(Selection(), store):
        for part in parts:
            rows += part.size
            for name in COUNTS:
                if type(part.row[name]) is Lanes:
                    part.row[name].flat()
    return rows


def seconds(run: Callable[[], Any]) -> float:
    """The time of one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    print(f"{'10⁶ combinations':20}{'pure Python':>16}{'arrays':>16}{'by hand':>16}{'ratio':>8}{'goal':>8}")
    for name, grid, by_hand in CASES:
        arrays, combinations = Arrays(), grid.grid.combinations

        def ours(grid: LayerSweep = grid, arrays: Store = arrays) -> int:
            return counted(grid, arrays)

        pairs = [(seconds(ours), seconds(by_hand)) for _ in range(runs + 1)][1:]
        times = [statistics.median(both_times) for both_times in zip(*pairs, strict=True)]
        ratio = statistics.median(first / second for first, second in pairs)
        plain = seconds(lambda grid=grid: counted(grid, Lists()))  # type: ignore[misc]
        rates = [f"{combinations / spent:,.0f}/s" for spent in (plain, *times)]
        print(f"{name:20}{rates[0]:>16}{rates[1]:>16}{rates[2]:>16}{ratio:8.2f}{GOAL:8.2f}")


if __name__ == "__main__":
    main()
