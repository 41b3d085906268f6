"""How fast long specs are read, shaped and counted, in layers per second: it should not fall with their length.

Also the whole zoo in one `eval`, beside importing the libraries alone. ``python bench/scale.py [RUNS]``.
"""

import compileall
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import convcost
from convcost import zoo
from convcost.evaluation import evaluate
from convcost.network import shapes
from convcost.specs.document import Source, documents
from convcost.specs.read import loads

FLOOR = "import click, yaml, rich.console, rich.table"


def spec(length: int) -> str:
    """Residual blocks, separable and plain convolutions, of as many layers as asked, one line each."""
    lines = ("{conv: 32, k: 3, norm: batch, act: relu}", "{add: [[{conv: 32, k: 3}], []]}", "{separable: 32}", "relu")
    return "\n".join(["input: 32x32x32", "layers:", *(f"  - {lines[n % len(lines)]}" for n in range(length * 4 // 9))])


def timed(work: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """The median time of several runs, and what the last one gave."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        made = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times), made


def lengths(runs: int) -> None:
    """Layers per second, for three lengths."""
    print(f"{'layers':>8}{'YAML /s':>10}{'reading /s':>12}{'shaping /s':>12}{'all counts /s':>15}{'bytes/layer':>13}")
    for length in (100, 1_000, 10_000):
        text = spec(length)
        parsing, _ = timed(partial(documents, Source("bench", text.encode())), runs)
        reading, networks = timed(partial(loads, text), runs)
        network = networks[0]
        shaping, _ = timed(partial(shapes, network), runs)
        counting, _ = timed(partial(evaluate, network), runs)
        tracemalloc.start()
        kept = evaluate(loads(text)[0])
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        count = len(kept.network.nodes)
        speeds = [count / seconds for seconds in (parsing, reading, shaping, counting)]
        print("{:8}{:10.0f}{:12.0f}{:12.0f}{:15.0f}{:13.0f}".format(count, *speeds, size / count))


def whole_zoo(runs: int) -> None:
    """One process that evaluates every network of the zoo, beside one that imports the libraries."""
    script = str(Path(sys.executable).parent / "convcost")
    ours = [script, "eval", *(f"zoo:{name}" for name in zoo.names()), "-f", "table"]
    floor = [sys.executable, "-c", FLOOR]
    pairs = []
    for _ in range(runs + 1):
        pair = [timed(partial(subprocess.run, c, check=True, stdout=subprocess.DEVNULL), 1)[0] for c in (ours, floor)]
        pairs.append(pair)
    times = statistics.median(pair[0] / pair[1] for pair in pairs[1:])
    took = statistics.median(pair[0] for pair in pairs[1:])
    print(f"\neval of {len(zoo.names())} networks of the zoo: {took * 1000:.0f} ms, {times:.2f} x {FLOOR}")


if __name__ == "__main__":
    compileall.compile_dir(Path(convcost.__file__).parent, quiet=1)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    lengths(number)
    whole_zoo(number)
