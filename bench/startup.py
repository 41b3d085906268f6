"""How long convcost takes to start, as ratios to importing its libraries alone.

Each pair runs in turn, A B A B …, so that a machine whose speed drifts slows both; the median of the
ratios is printed. ``python bench/startup.py [RUNS]``; the modules are compiled first, as an installation does.
"""

import compileall
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import convcost

COMPARE = ["compare", "--c1", "3", "--c2", "256", "-k", "3"]

# What is run, the imports that are its floor, and the ratio that it should not exceed.
CASES = [
    ("compare -f markdown", [*COMPARE, "-f", "markdown"], "import click", 1.40),
    ("--help", ["--help"], "import click", 1.40),
    ("eval of 53 layers -f markdown", ["eval", "SPEC", "-f", "markdown"], "import click, yaml", 1.45),
    (
        "eval of 53 layers -f table",
        ["eval", "SPEC", "-f", "table"],
        "import click, yaml, rich.console, rich.table",
        1.60,
    ),
    ("compare -f table", [*COMPARE, "-f", "table"], "import click, yaml, rich.console, rich.table", 1.60),
]


def spec() -> str:
    """A network of 53 layers, written out as one line each."""
    lines = ["input: 3x224x224", "layers:", "  - {conv: 32, k: 3, s: 2}", "  - relu"]
    for index in range(16):
        stride = 2 if index in (2, 5, 9) else 1
        lines += [f"  - {{depthwise: 3, s: {stride}}}", f"  - {{pointwise: {32 * (1 + index // 2)}}}", "  - relu"]
    return "\n".join([*lines, "  - global_avg_pool", "  - flatten", "  - {linear: 1000, bias: true}"])


def seconds(command: list[str]) -> float:
    """The wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def ratio(command: list[str], floor: list[str], runs: int) -> tuple[float, float, float]:
    """Medians of both times, in milliseconds, and of the ratios of the pairs."""
    pairs = [(seconds(command), seconds(floor)) for _ in range(runs + 2)][2:]
    both = [statistics.median(times) * 1000 for times in zip(*pairs, strict=True)]
    return both[0], both[1], statistics.median(ours / theirs for ours, theirs in pairs)


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    compileall.compile_dir(Path(convcost.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.yaml"
        path.write_text(spec(), encoding="utf-8")
        print(f"{'run':32}{'ms':>8}{'floor ms':>10}{'ratio':>8}{'goal':>8}")
        for name, arguments, imports, goal in CASES:
            command = [str(path) if word == "SPEC" else word for word in arguments]
            script = str(Path(sys.executable).parent / "convcost")
            ours, floor, times = ratio([script, *command], [sys.executable, "-c", imports], runs)
            print(f"{name:32}{ours:8.1f}{floor:10.1f}{times:8.3f}{goal:8.2f}")


if __name__ == "__main__":
    main()
