"""How long it takes to evaluate an ONNX file, as a ratio to importing `onnx` alone.

Each pair runs in turn, A B A B …; the median of the ratios is printed, and beside it how long reading the file takes
once all modules are there. ``python bench/onnx_import.py [RUNS]`` needs the extra `onnx`. The files are made on the
fly: residual blocks with their weights, named as PyTorch's exporter names them.
"""

import compileall
import statistics
import subprocess
import sys
import tempfile
import time
from math import prod
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

import convcost
from convcost import evaluate, importers

SIZES = (100, 1_000, 5_000)
CHANNELS = 16


def block(at: int, before: str) -> tuple[list[Any], dict[str, tuple[int, ...]]]:
    """The five nodes of a block behind ``before``, and the shapes of its weights by their names."""
    conv, norm = f"layers.{at}.conv.weight", [f"layers.{at}.bn.{name}" for name in ("weight", "bias", "mean", "var")]
    c, n, r, s, e = (f"/layers.{at}/{name}_output_0" for name in ("conv/Conv", "bn/Norm", "act/Relu", "Add", "Clip"))
    nodes = [
        helper.make_node("Conv", [before, conv], [c], name=f"/layers.{at}/conv/Conv", pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", [c, *norm], [n], name=f"/layers.{at}/bn/BatchNormalization"),
        helper.make_node("Relu", [n], [r], name=f"/layers.{at}/act/Relu"),
        helper.make_node("Add", [r, before], [s], name=f"/layers.{at}/Add"),
        helper.make_node("Clip", [s], [e], name=f"/layers.{at}/Clip"),
    ]
    return nodes, {conv: (CHANNELS, CHANNELS, 3, 3), **dict.fromkeys(norm, (CHANNELS,))}


def model(size: int) -> Any:
    """A model of so many nodes."""
    nodes: list[Any] = []
    weights: dict[str, tuple[int, ...]] = {}
    while len(nodes) < size:
        more, shapes = block(len(nodes) // 5, nodes[-1].output[0] if nodes else "x")
        nodes, weights = nodes + more, weights | shapes
    held = []
    for name, shape in weights.items():
        tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=shape)
        tensor.raw_data = bytes(4 * prod(shape))
        held.append(tensor)
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (1, CHANNELS, 32, 32))
        for name in ("x", nodes[-1].output[0])
    ]
    graph = helper.make_graph(nodes, "bench", ends[:1], ends[1:], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def seconds(command: list[str]) -> float:
    """The wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def alone(path: Path) -> float:
    """The time of reading and evaluating a file, with all modules imported."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        evaluate(importers.read(str(path), "onnx")[0])
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    compileall.compile_dir(Path(convcost.__file__).parent, quiet=1)
    script = str(Path(sys.executable).parent / "convcost")
    print(f"{'nodes':>8}{'eval ms':>10}{'onnx ms':>10}{'ratio':>8}{'read ms':>10}{'nodes/s':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / f"{size}.onnx"
            path.write_bytes(model(size).SerializeToString())
            ours, floor = [script, "eval", str(path), "-f", "markdown"], [sys.executable, "-c", "import onnx"]
            pairs = [(seconds(ours), seconds(floor)) for _ in range(runs + 1)][1:]
            both = [statistics.median(times) * 1000 for times in zip(*pairs, strict=True)]
            ratio = statistics.median(first / second for first, second in pairs)
            read = alone(path)
            print(f"{size:8}{both[0]:10.0f}{both[1]:10.0f}{ratio:8.2f}{read * 1000:10.0f}{size / read:10.0f}")


if __name__ == "__main__":
    main()
