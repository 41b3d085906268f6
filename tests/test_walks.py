"""The walks over a network: live tensors by hand, norms where they belong."""

import json

import pytest

from convcost import ConvcostError, Network, Node, evaluate, loads
from convcost.blocks import bottleneck, inverted_residual
from convcost.cli import main
from convcost.layers import Conv

HEAD = "input: 24x8x8\nlayers:\n"


def evaluated(text):
    (network,) = loads(text.encode())
    return evaluate(network)


def test_live_tensors_by_hand():
    """Into the second convolution go 4x8x8, out come 8x8x8, and the shortcut still waits."""
    text = (
        "input: 4x8x8\nlayers:\n  - {conv: 4, k: 1}\n  - {conv: 8, k: 1, norm: batch, act: relu}\n  - {conv: 2, k: 1}\n"
    )
    assert evaluated(text).peak_activations == (8 + 4) * 64
    residual = "input: 4x8x8\nlayers:\n  - {inverted_residual: 4, t: 3}\n"
    # expanded (12), depthwise (12), and the input (4) that is added later
    assert evaluated(residual).peak_activations == (12 + 12 + 4) * 64


@pytest.mark.parametrize("line", ["{inverted_residual: 24, k: 3", "{inverted_residual: 24, k: 3, s: 2"])
def test_the_outer_norm_stands_behind_what_is_added(line):
    found = evaluated(f"{HEAD}  - {line}, norm: batch, mid_norm: none}}\n")
    assert found.total.norm_params == 2 * 24


def test_the_outer_activation_stands_behind_what_is_joined():
    found = evaluated(f"{HEAD}  - {{fire: 128, mid_act: none, act: relu}}\n")
    assert [node.name for node in found.network.nodes if node.kind == "relu"] == [
        "fire1.expand1.act",
        "fire1.expand.act",
    ]


def test_stride_and_output_padding_belong_to_the_first_copy():
    found = evaluated(f"{HEAD}  - {{conv_transpose: 16, k: 3, s: 2, p: 1, op: 1, repeat: 2}}\n")
    assert found.shapes["conv_transpose1.2"] == (16, 16, 16)


def test_a_pointwise_takes_no_padding_from_the_defaults():
    text = "input: 3x8x8\ndefaults: {p: 1}\nlayers:\n  - {conv: 4, k: 3}\n  - {pointwise: 16}\n"
    assert evaluated(text).outputs == ((16, 8, 8),)


def test_a_misspelt_shortcut_is_refused():
    for build, word in ((bottleneck, "none"), (inverted_residual, "projection")):
        with pytest.raises(ConvcostError, match="`shortcut` must be"):
            build(8, 8, 3, shortcut=word)


def test_an_output_that_is_no_layer_is_refused():
    with pytest.raises(ConvcostError, match="`nope` is no layer"):
        Network("n", (1, 4), (Node("a", "conv", Conv(1, 1, (3,))),), outputs=("nope",))


def test_kinds_that_fit_the_size_given_are_built(capsys):
    """28 on both branches of 56, though an odd size would not fit; eval of the same line agrees."""
    shape = ["--c1", "64", "--c2", "64", "-k", "4", "-s", "2", "-p", "1", "--size", "56"]
    with pytest.raises(SystemExit):
        main(["compare", *shape, "--kinds", "bottleneck", "-f", "json"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    found = evaluated("input: 64x56x56\nlayers:\n  - {bottleneck: 64, k: 4, s: 2, p: 1}\n")
    assert (row["params"], row["macs"], row["output"]) == (10_240, found.total.macs, [64, 28, 28])
    assert row["macs_formula"] is None


def test_a_derivation_counts_its_biases(capsys):
    with pytest.raises(SystemExit):
        main(["explain", "separable", "--c1", "32", "--c2", "64", "-k", "3", "--bias", "-f", "json"])
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [step["value"] for step in steps if step["quantity"] == "biases"] == [32, 64]
    assert [step["value"] for step in steps if step["quantity"] == "params"] == [32 * 9 + 32 * 64 + 32 + 64]


def test_byte_columns_add_up_to_their_totals(capsys, tmp_path):
    spec = tmp_path / "net.yaml"
    spec.write_text("input: 3x5x5\nlayers:\n  - {conv: 3, k: 3, repeat: 3}\n")
    with pytest.raises(SystemExit):
        main(["eval", str(spec), "--dtype", "int4", "--columns", "activation_bytes", "--exact", "-f", "csv"])
    _, *rows, total = [line.split(",")[1] for line in capsys.readouterr().out.splitlines()]
    assert sum(map(int, rows)) == int(total)
