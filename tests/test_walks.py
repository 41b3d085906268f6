"""The walks over a network: receptive fields against pushed pixels, live tensors by hand, norms where they belong."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost import ConvcostError, Network, Node, evaluate, loads
from convcost.blocks import bottleneck, inverted_residual
from convcost.cli import main
from convcost.layers import Conv, ConvTranspose

HEAD = "input: 24x8x8\nlayers:\n"


def evaluated(text):
    (network,) = loads(text.encode())
    return evaluate(network)


def seen(layers, size):
    """How many inputs, from the first to the last, one output sees at most: by pushing which ones it meets."""
    meets = [{n} for n in range(size)]
    for layer in layers:
        (k,), (s,), (d,), ((pad, _),) = layer.kernel_size, layer.stride, layer.dilation, layer.padding
        (length,) = layer.output_shape((1, len(meets)))[1:]
        out = [set() for _ in range(length)]
        for tap in range(k):
            if isinstance(layer, Conv):
                pairs = [(o, o * s + tap * d - pad) for o in range(length)]
            else:
                pairs = [(n * s + tap * d - pad, n) for n in range(len(meets))]
            for o, n in pairs:
                if 0 <= o < length and 0 <= n < len(meets):
                    out[o] |= meets[n]
        meets = out
    return max(max(one) - min(one) + 1 for one in meets if one)


def chain(layers, size):
    names = [f"layer{index}" for index in range(len(layers))]
    nodes = [
        Node(name, layer.kind, layer, (before,))
        for name, layer, before in zip(names, layers, ["input", *names], strict=False)
    ]
    return Network("chain", (1, size), tuple(nodes))


convolutions = st.builds(
    lambda k, s, d: Conv(1, 1, (k,), s, d * (k - 1), d),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 3),
)
transposed = st.builds(
    lambda k, s: ConvTranspose(1, 1, (k,), s, 0),
    st.integers(1, 4),
    st.integers(1, 3),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(convolutions, min_size=1, max_size=4))
def test_receptive_fields_are_what_pixels_say(layers):
    evaluation = evaluate(chain(layers, 400))
    assert evaluation.views[evaluation.network.outputs[0]].size == (seen(layers, 400),)


@settings(max_examples=60, deadline=None)
@given(st.lists(convolutions, max_size=2), transposed, st.lists(convolutions, max_size=2))
def test_behind_a_transposed_layer_they_are_the_most(before, middle, after):
    layers = [*before, middle, *after]
    evaluation = evaluate(chain(layers, 300))
    assert evaluation.views[evaluation.network.outputs[0]].size[0] >= seen(layers, 300)


def test_one_transposed_layer_by_hand():
    for k, s, size in [(4, 2, 2), (3, 2, 2), (2, 2, 1), (3, 1, 3)]:
        evaluation = evaluate(chain([ConvTranspose(1, 1, (k,), s, 0)], 20))
        assert evaluation.views["layer0"].size == (size,)


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
