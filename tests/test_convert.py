"""Imported models written in the network language: they read back to the same totals, and can be edited and run."""

import csv
import gzip
from pathlib import Path

import pytest

from convcost import evaluate, importers, load, loads
from convcost.cli import main
from convcost.specs.tidy import tidied
from convcost.specs.write import dumps

ROOT = Path(__file__).parents[1]
KERAS = ROOT / "examples" / "small_cnn.json"
ONNX = sorted((ROOT / "tests" / "reference" / "onnx").glob("*.onnx.gz"))
DETECTOR = """\
nc: 3
scales: {n: [0.5, 0.5, 64], m: [1.0, 1.0, 64]}
backbone:
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 2, C2f, [32, True]]
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, SPPF, [64, 5]]
  - [-1, 2, C2PSA, [128]]
head:
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 1], 1, Concat, [1]]
  - [-1, 1, C3k2, [32, False]]
  - [[7, 4], 1, Detect, [nc]]
"""
MODULE = """\
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 24, 4, stride=4)
        self.place = nn.Parameter(torch.zeros(16, 24))
        self.mix = nn.MultiheadAttention(24, 3, batch_first=True)
        self.unused = nn.Linear(3, 3)
        self.head = nn.Linear(24, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2) + self.place
        x = x + self.mix(x, x, x)[0]
        return self.head(x.mean(1) ** 2)
"""


def run(capsys, *command):
    with pytest.raises(SystemExit) as end:
        main([*map(str, command)])
    printed = capsys.readouterr()
    return end.value.code or 0, printed.out, printed.err


def require_same(one, other):
    one, other = evaluate(one), evaluate(other)
    for key in ("params", "macs", "activations"):
        assert getattr(one.total, key) == getattr(other.total, key), key
    assert (one.outputs, one.peak_activations, one.uncounted) == (
        other.outputs,
        other.peak_activations,
        other.uncounted,
    )


def require_written(source, *, options=importers.AS_IT_IS):
    """A source is written, as it is and as a person would, and reads back to the same totals."""
    for network in importers.read(str(source), importers.importer_of(str(source)), options):
        for form in (network, tidied(network)):
            (found,) = loads(dumps(form))
            require_same(found, network)


def test_a_keras_model():
    require_written(KERAS)


@pytest.mark.parametrize("scale", ["n", "m"])
def test_an_ultralytics_network(tmp_path, scale):
    path = tmp_path / "detector.yaml"
    path.write_text(DETECTOR)
    require_written(path, options=importers.Options(scale=scale, input=(3, 64, 64)))


@pytest.mark.parametrize("packed", ONNX, ids=lambda path: path.name.removesuffix(".onnx.gz"))
def test_onnx_files(packed, tmp_path):
    pytest.importorskip("onnx", reason="onnx is not installed")
    path = tmp_path / packed.name.removesuffix(".gz")
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    require_written(path)


def test_a_pytorch_module(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="the extra `torch` is not installed")
    (tmp_path / "module_that_is_converted.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    require_written("module_that_is_converted:Attention", options=importers.Options(input=(3, 16, 16)))


def test_what_is_converted_is_a_spec_for_every_command(tmp_path, capsys):
    path = tmp_path / "net.yaml"
    assert run(capsys, "convert", KERAS, "-o", path) == (0, "", "")
    text = path.read_text()
    assert "{conv: 16, k: 3, s: 2, p: [[0, 1], [0, 1]], norm: batch, act: relu, name: stem}" in text
    (network,) = load(str(path))
    (imported,) = importers.read(str(KERAS), "keras")
    require_same(network, imported)
    status, out, _ = run(capsys, "diff", KERAS, path, "--totals", "-f", "csv")
    assert status == 0
    (total,) = csv.DictReader(out.splitlines())
    assert (total["params_delta"], total["macs_delta"]) == ("0", "0")
    status, out, _ = run(capsys, "whatif", path, "--swap", "stem=separable", "--totals", "-f", "markdown")
    assert status == 0
    assert "became separable" in out


def test_a_spec_keeps_its_own_names(capsys):
    source = ROOT / "examples" / "alexnet.yaml"
    status, out, _ = run(capsys, "convert", source)
    assert status == 0
    (network,), (found,) = load(str(source)), loads(out)
    assert [node.name for node in found.nodes] == [node.name for node in network.nodes]
