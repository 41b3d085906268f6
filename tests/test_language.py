"""What the language of networks promises, worked by hand: shapes, counts, names, references, live tensors, refusals."""

import random
import re
from itertools import islice
from math import prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost import evaluate, loads
from convcost.errors import ConvcostError
from convcost.problems import SpecError
from convcost.specs.header import Overrides

AS_WRITTEN = Overrides()


def text(layers, head="", shape="8x8x8"):
    return f"input: {shape}\n{head}\nlayers: {layers}\n"


def evaluated(layers, head="", shape="8x8x8", overrides=AS_WRITTEN):
    (network,) = loads(text(layers, head, shape), overrides=overrides)
    return evaluate(network)


def nodes(layers, head="", shape="8x8x8", overrides=AS_WRITTEN):
    return {node.name: node for node in evaluated(layers, head, shape, overrides).network.nodes}


def names(layers, head="", shape="8x8x8"):
    return " ".join(nodes(layers, head, shape))


def channels(layers, head="", shape="8x8x8", overrides=AS_WRITTEN):
    """The output channels of every layer that is written with any."""
    found = evaluated(layers, head, shape, overrides)
    return [found.shapes[node.name][0] for node in found.network.nodes if node.layer.counts_activations]


def problems(written, overrides=AS_WRITTEN):
    with pytest.raises(SpecError) as caught:
        loads(written, overrides=overrides)
    return caught.value.problems


def refusal(written, overrides=AS_WRITTEN):
    """The error of a spec that is read and evaluated, if there is one."""
    try:
        for network in loads(written, overrides=overrides):
            evaluate(network)
    except ConvcostError as error:
        return error
    return None


# --- Shapes, params and MACs ----------------------------------------------------------------------------------------

ALL = "defaults: {norm: batch, act: relu}"
BY_HAND = {
    # 3×3s of 64 channels with their norms, on 56×56.
    "residual": (
        ("[{add: [[{conv: 64, k: 3}, {conv: 64, k: 3, act: none}], []], act: relu}]", ALL, "64x56x56"),
        ((64, 56, 56), 2 * (9 * 64 * 64 + 2 * 64), 2 * 9 * 64 * 64 * 56 * 56),
    ),
    "inception": (
        ("[{concat: [[{conv: 32, k: 1}], [{conv: 16, k: 1}, {conv: 24, k: 5}], [{max_pool: 3, s: 1, p: 1}]]}]",),
        ((32 + 24 + 8, 8, 8), 8 * 32 + 8 * 16 + 25 * 16 * 24, (8 * 32 + 8 * 16 + 25 * 16 * 24) * 64),
    ),
    "squeeze-excite by hand": (
        ("[{mul: [[], [global_avg_pool, {conv: 2, k: 1}, relu, {conv: c0, k: 1}, sigmoid]]}]",),
        ((8, 8, 8), 2 * 8 * 2, 2 * 8 * 2),
    ),
    "a vector for each channel": (("[{mul: [[global_avg_pool, {linear: 8}], []]}]",), ((8, 8, 8), 64, 64)),
    "a factor for each position": (("[{mul: [[], [{conv: 1, k: 1}]]}]",), ((8, 8, 8), 8, 8 * 64)),
    "an outer product": (("[{mul: [[{max_pool: [8, 1]}], [{max_pool: [1, 8]}]]}]",), ((8, 8, 8), 0, 0)),
    "vectors side by side": (("[{concat: [[{linear: 3}], [{linear: 4}]]}]", "", "5"), ((7,), 35, 35)),
    "three at once": (("[{add: [[{conv: 8, k: 1}], [{conv: 8, k: 3}], []]}]",), ((8, 8, 8), 640, 640 * 64)),
    "twice the same": (("[{conv: 4, k: 1}, {concat: [conv1, [], conv1]}]",), ((12, 8, 8), 32, 32 * 64)),
    "norm and slopes behind a sum": (("[{add: [[], []], norm: batch, act: prelu}]",), ((8, 8, 8), 16 + 8, 0)),
    "norm behind a concatenation": (("[{concat: [[], []], norm: layer}]",), ((16, 8, 8), 32, 0)),
    "defaults are not of joints": (("[{add: [[], []]}]", ALL), ((8, 8, 8), 0, 0)),
    "half through": (("[{split: 2, name: x}, {conv: c1, k: 1}, {concat: [x.0, []]}]",), ((8, 8, 8), 16, 16 * 64)),
    "parts of sizes": (("[{split: [2, 6], name: x}, {from: x.0, conv: 3, k: 1}]",), ((3, 8, 8), 6, 6 * 64)),
    "a slice": (("[{slice: [2, 5]}, {conv: 4, k: 1}]",), ((4, 8, 8), 12, 12 * 64)),
    "the first channels": (("[{slice: 3}]",), ((3, 8, 8), 0, 0)),
    "a scale": (("[scale]",), ((8, 8, 8), 8, 0)),
    "channels last": (
        ("[{permute: [1, 2, 0]}, {linear: 10, flatten: false, norm: layer}, {permute: [2, 0, 1]}]", "", "4x8x6"),
        ((10, 8, 6), 40 + 20, 40 * 48),
    ),
    "as large as another": (
        ("[{conv: 4, k: 3, s: 2}, {upsample: {like: input}}]", "", "8x9x7"),
        ((4, 9, 7), 288, 5760),
    ),
    "cropped to another": (
        ("[{max_pool: 2, name: m}, {from: input, crop: {like: m}}]", "", "8x9x7"),
        ((8, 4, 3), 0, 0),
    ),
    "padded to another": (("[{max_pool: 2}, {pad: {like: input}}]", "", "8x9x7"), ((8, 9, 7), 0, 0)),
    "in one dimension": (("[{add: [[{conv: 8, k: 3}], []]}, {split: 2}]", "", "8x10"), ((4, 10), 192, 1920)),
    "in three": (("[{mul: [[], [global_avg_pool]]}, {squeeze_excite: , q: 2}]", "", "8x4x4x4"), ((8, 4, 4, 4), 42, 32)),
    "a squeeze of a 16th": (("[squeeze_excite]", "", "64x7x7"), ((64, 7, 7), 2 * 64 * 4 + 4 + 64, 2 * 64 * 4)),
    "a squeeze that is given": (("[{squeeze_excite: 8, q: 3}]", ALL), ((8, 8, 8), 2 * 8 * 3 + 3 + 8, 2 * 8 * 3)),
    "a basic block": (("[{residual_block: 8}]", ALL), ((8, 8, 8), 2 * (576 + 16), 2 * 576 * 64)),
    "a basic block with a projection": (
        ("[{residual_block: 16, s: 2}]",),
        ((16, 4, 4), 9 * 8 * 16 + 9 * 16 * 16 + 8 * 16, (9 * 8 * 16 + 9 * 16 * 16 + 8 * 16) * 16),
    ),
    "an inverted residual": (
        ("[{inverted_residual: 24}]", "", "24x4x4"),
        ((24, 4, 4), 24 * 144 + 9 * 144 + 144 * 24, (24 * 144 + 9 * 144 + 144 * 24) * 16),
    ),
    # The squeeze is a quarter of the 24 coming in, on the 144 in the middle; both of its 1×1 have biases.
    "with a squeeze-excite": (
        ("[{inverted_residual: 24, se: 0.25}]", "", "24x4x4"),
        ((24, 4, 4), 8208 + 2 * 144 * 6 + 6 + 144, 8208 * 16 + 2 * 144 * 6),
    ),
    "with a squeeze in channels": (
        ("[{inverted_residual: 24, b: 72, se: 4}]", "", "24x4x4"),
        ((24, 4, 4), 2 * 24 * 72 + 9 * 72 + 2 * 72 * 4 + 4 + 72, (2 * 24 * 72 + 9 * 72) * 16 + 2 * 72 * 4),
    ),
    "a reshape of what is left": (("[{reshape: [-1, 16]}]",), ((32, 16), 0, 0)),
    "a product of tokens": (
        ("[{reshape: [8, -1], name: k}, {permute: [1, 0], name: q}, {matmul: [q, k]}]",),
        ((64, 64), 0, 64 * 8 * 64),
    ),
    "a sum of products": (
        ('[{conv: 8, k: 1, name: a}, {einsum: "chw,dhw->cd", from: [a, input]}]',),
        ((8, 8), 64, 64 * 64 + 8 * 8 * 64),
    ),
    "a position embedding": (("[{parameter: [8, 8, 8], name: p}, {add: [p, input]}]",), ((8, 8, 8), 512, 0)),
    "parameters that no layer takes": (("[relu, {parameter: 100, aside: true}]",), ((8, 8, 8), 100, 0)),
    "an operation": (("[{operation: mean, shape: [c1]}]",), ((8,), 0, 0)),
    "an operation with a cost": (("[{operation: lookup, params: 10*c1, macs: c1}]",), ((8, 8, 8), 80, 8)),
    "for each of several": (
        ("[{conv: 4, k: 3, each: true, norm: batch, bias: true}]", "", "5x8x6x6"),
        ((5, 4, 6, 6), 9 * 32 + 4 + 8, 5 * 9 * 32 * 36),
    ),
    "a block for each": (
        ("[{own: , each: true}]", "blocks: {own: [{conv: 4, k: 1}, {add: [[], [{conv: c1, k: 1}]]}]}", "5x8x6x6"),
        ((5, 4, 6, 6), 32 + 16, 5 * 48 * 36),
    ),
    "shared weights": (
        ("[{conv: 8, k: 3, norm: batch}, {conv: 8, k: 3, norm: batch, shared: true}]",),
        ((8, 8, 8), 576 + 16, 2 * 576 * 64),
    ),
    "a shared block": (
        ("[own, {own: , shared: true, repeat: 2}]", "blocks: {own: [{conv: 8, k: 3}, prelu]}"),
        ((8, 8, 8), 576 + 8, 3 * 576 * 64),
    ),
    "shared weights with biases of their own": (
        ("[{conv: 8, k: 3, bias: true, shared: weights}]",),
        ((8, 8, 8), 8, 576 * 64),
    ),
    "as large as another of each": (
        ("[{max_pool: 2, each: true, name: half}, {upsample: {like: input}, each: true}]", "", "5x8x6x4"),
        ((5, 8, 6, 4), 0, 0),
    ),
    "each as large as one map": (
        ("[{operation: o, shape: [8, 9, 7], name: o}, {upsample: {like: o}, from: input, each: true}]", "", "5x8x6x4"),
        ((5, 8, 9, 7), 0, 0),
    ),
    "without widening": (("[{inverted_residual: 8, t: 1}]",), ((8, 8, 8), 72 + 64, (72 + 64) * 64)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_shapes_and_counts_by_hand(name):
    given_, (output, params, macs) = BY_HAND[name]
    found = evaluated(*given_)
    assert (found.outputs, found.total.params, found.total.macs) == ((output,), params, macs)


def test_an_operation_of_unknown_cost_makes_totals_partial():
    found = evaluated("[{operation: LSTM, shape: [4], form: unknown}, {linear: 3}]")
    assert dict(found.uncounted) == {"LSTM": 1}
    assert found.total.macs == 12


def test_weights_that_are_made_come_in_behind_from():
    found = nodes("[{operation: make, shape: [9], name: w}, {conv: 8, k: 3, shared: true, from: [input, w]}]")
    assert found["conv1"].inputs == ("input", "w")


def test_weights_that_are_made_reach_the_lines_of_a_block():
    head = "blocks: {own: [{conv: 8, k: 3, each: true, shared: true}, {conv: 8, k: 3, shared: weights, bias: true}]}"
    found = nodes("[{operation: make, shape: [9], name: w}, {own: , shared: true, from: [input, w]}]", head, "5x8x6x6")
    assert [found[f"own1.conv{n}"].inputs for n in (1, 2)] == [("input", "w"), ("own1.conv1", "w")]


def test_crops_and_pads_are_even_and_the_odd_one_stands_at_the_end():
    found = nodes("[{max_pool: 2, name: m}, {from: input, crop: {like: m}}, {pad: {like: input}}]", shape="8x9x7")
    assert found["crop1"].layer.padding == found["pad1"].layer.padding == ((2, 3), (2, 2))


def test_pieces_of_a_split_lie_side_by_side():
    found = nodes("[{split: [2, c1 - 3, 1], name: x}]").values()
    assert [(node.layer.begin, node.layer.end) for node in found] == [(0, 2), (2, 7), (7, 8)]
    assert {node.inputs for node in found} == {("input",)}


# --- Norms and activations ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("{separable: 8}", "depthwise batch_norm relu pointwise batch_norm relu"),
        ("{separable: 8, mid_norm: none, mid_act: gelu}", "depthwise gelu pointwise batch_norm relu"),
        ("{separable: 8, norm: layer}", "depthwise layer_norm relu pointwise layer_norm relu"),
        ("{separable: 8, norm: none, act: none}", "depthwise pointwise"),
        ("{separable: 8, act: none, mid_act: relu6}", "depthwise batch_norm relu6 pointwise batch_norm"),
        ("{residual_block: 8}", "conv batch_norm relu conv batch_norm add relu"),
        ("{residual_block: 8, mid_act: silu, act: none}", "conv batch_norm silu conv batch_norm add"),
        ("{inverted_residual: 8, t: 1, mid_act: relu6}", "depthwise batch_norm relu6 pointwise batch_norm add"),
        ("{squeeze_excite: , q: 2}", "global_avg_pool pointwise relu pointwise sigmoid mul"),
        ("{squeeze_excite: , se_act: silu, gate: tanh}", "global_avg_pool pointwise silu pointwise tanh mul"),
        ("{add: [[], []], act: relu}", "add relu"),
        ("{concat: [[], []], norm: batch}", "concat batch_norm"),
        ("{linear: 3}", "flatten linear batch_norm relu"),
    ],
)
def test_norms_and_activations_stand_where_they_belong(line, kinds):
    assert " ".join(node.kind for node in nodes(f"[{line}]", ALL).values()) == kinds


def test_defaults_may_hold_what_stands_in_the_middle():
    head = "defaults: {norm: batch, act: relu, mid_act: none, se: 4, se_act: silu, gate: hardsigmoid}"
    kinds = [node.kind for node in nodes("[{conv: 8, k: 1}, {inverted_residual: 8, t: 1}]", head).values()]
    assert kinds == [
        *("conv", "batch_norm", "relu", "depthwise", "batch_norm"),
        *("global_avg_pool", "pointwise", "silu", "pointwise", "hardsigmoid", "mul"),
        *("pointwise", "batch_norm", "add"),
    ]


def test_defaults_of_a_block_add_to_those_of_the_network_and_end_with_it():
    head = f"""{ALL}
blocks:
  inner: {{defaults: {{act: gelu}}, layers: [{{conv: 8, k: 1}}, {{conv: 8, k: 1, norm: none}}]}}
  outer: {{defaults: {{norm: none, bias: true}}, layers: [{{conv: 8, k: 1}}, inner]}}"""
    kinds = " ".join(node.kind for node in nodes("[{conv: 8, k: 1}, outer, {conv: 8, k: 1}]", head).values())
    # Those of `outer` are for its own lines, not for those of the block that it calls.
    assert kinds == "conv batch_norm relu conv relu conv batch_norm gelu conv gelu conv batch_norm relu"
    assert evaluated("[outer]", head).total.biases == 8


# --- Names ----------------------------------------------------------------------------------------------------------

BLOCKS = """blocks:
  plain: [{conv: 8, k: 1}, relu]
  inner: {params: [out], layers: [{conv: out, k: 1, name: a}, {conv: out, k: 1, norm: batch}]}
  outer: {params: [out], layers: [{inner: out}, {add: [[{inner: out, name: b}], []]}, {relu: , repeat: 2}]}
"""
NAMES = {
    "[relu, relu, {conv: 4, k: 1}, relu]": "relu1 relu2 conv1 relu3",
    "[{relu: , name: relu2}, relu, relu]": "relu2 relu1 relu3",
    "[{conv: 4, k: 1, norm: batch, act: relu, name: stem}]": "stem stem.norm stem.act",
    "[{linear: 4, act: relu}]": "linear1.flatten linear1 linear1.act",
    "[{separable: 4, act: relu, name: x}]": "x.depthwise x.depthwise.act x.pointwise x.act",
    "[{relu: , name: x, repeat: 2}, relu]": "x.1 x.2 relu1",
    "[{relu: , repeat: 2}, {relu: , repeat: 1}]": "relu1.1 relu1.2 relu2",
    "[{separable: 8, repeat: 2}]": "separable1.1.depthwise separable1.1.pointwise separable1.2.depthwise"
    " separable1.2.pointwise",
    "[{split: 2, name: x}, {split: 2}]": "x.0 x.1 split1.0 split1.1",
    "[{split: 2, name: x, repeat: 2}]": "x.1.0 x.1.1 x.2.0 x.2.1",
    "[{add: [[{conv: 8, k: 1}], [{conv: 8, k: 1}]]}, {conv: 8, k: 1}]": "conv1 conv2 add1 conv3",
    "[{add: [[{conv: 8, k: 1}], []], name: r}, {conv: 8, k: 1}]": "r.conv1 r conv1",
    "[{add: [[{conv: 8, k: 1}], []], act: relu, norm: batch, name: r}]": "r.conv1 r r.norm r.act",
    "[{add: [[relu], []], repeat: 2}]": "add1.1.relu1 add1.1 add1.2.relu1 add1.2",
    "[{add: [[relu], []], repeat: 3 - 2}]": "relu1 add1",
    "[{add: [[relu], []], repeat: 2, name: r}, relu]": "r.1.relu1 r.1 r.2.relu1 r.2 relu1",
    "[{add: [[{mul: [[relu], []], name: m}, relu], []]}]": "m.relu1 m relu1 add1",
    "[{add: [[{mul: [[relu], []]}, relu], []], name: r}]": "r.relu1 r.mul1 r.relu2 r",
    "[plain, {plain: , name: x}, plain]": "plain1.conv1 plain1.relu1 x.conv1 x.relu1 plain2.conv1 plain2.relu1",
    "[{plain: , repeat: 2, name: x}]": "x.1.conv1 x.1.relu1 x.2.conv1 x.2.relu1",
    "[{outer: 8}]": "outer1.inner1.a outer1.inner1.conv1 outer1.inner1.conv1.norm outer1.b.a outer1.b.conv1"
    " outer1.b.conv1.norm outer1.add1 outer1.relu1.1 outer1.relu1.2",
    "[{add: [[{plain: , repeat: 2}], [plain]], name: r}]": "r.plain1.1.conv1 r.plain1.1.relu1 r.plain1.2.conv1"
    " r.plain1.2.relu1 r.plain2.conv1 r.plain2.relu1 r",
    "[{conv: 8, k: 1, name: größe}, {relu: , name: a.b}, {relu: , name: 5}]": "größe a.b 5",
}


@pytest.mark.parametrize("layers", NAMES)
def test_names(layers):
    assert names(layers, BLOCKS) == NAMES[layers]


REFERENCES = {
    "[{conv: 4, k: 1, norm: batch, act: relu}, softmax, {from: conv1, relu: }]": "conv1.act",
    "[{conv: 4, k: 1, norm: batch, act: relu}, {from: conv1.norm, relu: }]": "conv1.norm",
    "[{linear: 4, norm: batch}, softmax, {from: linear1, relu: }]": "linear1.norm",
    "[{add: [[relu], []], act: relu, name: x}, softmax, {from: x, relu: }]": "x.act",
    "[{separable: 8, act: relu}, softmax, {from: separable1, relu: }]": "separable1.act",
    "[{separable: 8, act: relu}, {from: separable1.depthwise, relu: }]": "separable1.depthwise.act",
    "[{inverted_residual: 8}, softmax, {from: inverted_residual1, relu: }]": "inverted_residual1.add",
    "[{squeeze_excite: , q: 2}, softmax, {from: squeeze_excite1, relu: }]": "squeeze_excite1.mul",
    "[{relu: , name: x, repeat: 3}, softmax, {from: x, relu: }]": "x.3",
    "[{relu: , name: x, repeat: 3}, softmax, {from: x.1, relu: }]": "x.1",
    "[{inner: 8, name: x, repeat: 2}, softmax, {from: x, relu: }]": "x.2.conv1.norm",
    "[{inner: 8, name: x, repeat: 2}, softmax, {from: x.1, relu: }]": "x.1.conv1.norm",
    "[{inner: 8, name: x, repeat: 2}, softmax, {from: x.1.a, relu: }]": "x.1.a",
    "[{outer: 8, name: x}, {from: x.b, relu: }]": "x.b.conv1.norm",
    "[{split: 2, name: x}, {from: x.0, relu: }]": "x.0",
    "[{split: 2, name: x}, softmax, {from: x, relu: }]": "x.1",
    "[{add: [[{conv: 8, k: 1, name: in}], []]}, {from: in, relu: }]": "in",
    "[{add: [[{conv: 8, k: 1, name: in}], []], name: out}, {from: out.in, relu: }]": "out.in",
    "[softmax, {from: input, relu: }]": "input",
    "[{from: input, relu: }]": "input",
    "[{conv: 8, k: 1, name: größe}, softmax, {from: größe, relu: }]": "größe",
}


@pytest.mark.parametrize("layers", REFERENCES)
def test_a_name_means_the_end_of_what_it_names(layers):
    *_, last = nodes(layers, BLOCKS).values()
    assert last.inputs == (REFERENCES[layers],)


def test_names_are_found_from_the_innermost_out():
    head = "blocks: {named: [{conv: 8, k: 1, name: x}, {add: [x, y]}]}"
    found = nodes("[{conv: 8, k: 1, name: x}, {conv: 8, k: 1, name: y}, named, {from: x, relu: }]", head)
    assert found["named1.add1"].inputs == ("named1.x", "y")
    assert found["relu1"].inputs == ("x",)


def test_names_in_branches_are_found_through_all_that_is_around():
    inner = "{add: [[{from: stem, relu: }, {from: a, relu: }], a], name: deep}"
    found = nodes(f"[{{relu: , name: stem}}, {{add: [[{{relu: , name: a}}, {inner}], []], name: r}}]")
    assert [found[f"r.deep.relu{n}"].inputs for n in (1, 2)] == [("stem",), ("r.a",)]
    assert found["r.deep"].inputs == ("r.deep.relu2", "r.a")


@pytest.mark.parametrize("name", ["c1", "c0", "s"])
def test_layers_may_be_named_as_what_expressions_know(name):
    lines = (
        f"[{{conv: 8, k: 3, name: {name}}}, tanh, {{upsample: {{like: {name}}}}}, {{from: {name}, add: [{name}, []]}}]"
    )
    found = nodes("[{any: , s: 2}]", f"blocks: {{any: {lines}}}")
    assert found["any1.add1"].inputs == (f"any1.{name}",) * 2


def test_paths_start_from_where_the_branch_began():
    found = nodes("[{conv: 8, k: 1}, relu, {concat: [[relu, softmax], conv1, [], [], [relu]]}, relu]")
    assert found["concat1"].inputs == ("softmax1", "conv1", "relu1", "relu1", "relu3")
    assert found["relu4"].inputs == ("concat1",)


def test_from_moves_the_point_from_which_the_next_lines_go_on():
    found = nodes("[{conv: 8, k: 1, name: a}, {conv: 4, k: 1, name: b}, {from: a, relu: }, softmax]")
    assert [found[name].inputs for name in ("relu1", "softmax1")] == [("a",), ("relu1",)]


@pytest.mark.parametrize("line", ["{concat: , from: [a, b, input]}", "{from: [a, b, input], concat: }"])
def test_from_joins_several(line):
    found = nodes(f"[{{conv: 4, k: 1, name: a}}, {{conv: 2, k: 1, name: b}}, {line}]")
    assert found["concat1"].inputs == ("a", "b", "input")


def test_from_in_front_of_a_branch_is_where_its_paths_start():
    found = nodes("[{conv: 4, k: 1, name: a}, relu, {from: a, add: [[{conv: c0, k: 1}], []]}]")
    assert found["add1"].inputs == ("conv1", "a")


def test_only_the_first_copy_starts_from_elsewhere():
    found = nodes("[{relu: , name: a}, softmax, {from: a, relu: , repeat: 2, name: x}]")
    assert [found[name].inputs for name in ("x.1", "x.2")] == [("a",), ("x.1",)]


# --- What expressions know ------------------------------------------------------------------------------------------

COUNTS = {
    "[{conv: c1*2, k: 1}, {conv: c1 + c0, k: 1}, {conv: c0, k: 1}]": [16, 24, 8],
    "[{conv: 4, k: 1}, {add: [[{conv: c1*4, k: 1}, {conv: c0, k: 1}], []]}, {conv: c0, k: 1}]": [4, 16, 4, 8],
    "[{conv: 4, k: 1}, {add: [[{add: [[{conv: 2*c0, k: 1}], [{conv: c0 + 4, k: 1}]]}, {conv: c0, k: 1}], []]}]": [
        *(4, 8, 8, 4)
    ],
    "[{conv: 4, k: 1}, {concat: [[{conv: 6, k: 1}, {concat: [[{conv: c0 + 1, k: 1}], []]}, {conv: c1, k: 1}], []]}]": [
        *(4, 6, 7, 13)
    ],
    "[{conv: c1 + 1, k: 1, repeat: 3}]": [9, 10, 11],
    "[{concat: [[{conv: c0//2, k: 1}], []], repeat: 3}]": [4, 6, 9],
    "[{split: [2, 6]}, {conv: c1 + c0, k: 1}]": [14],
    "[{linear: c1*2}, {linear: c1 + c0}]": [16, 24],
    "[{from: input, conv: c1 - 1, k: 1}, {from: input, conv: c1 - 2, k: 1}]": [7, 6],
    "[{both: c1*2, repeat: 2}, {conv: c0, k: 1}]": [16, 8, 9, 16, 8, 9, 8],
    "[{both: 3}]": [3, 8, 9],
    "[{mids: 16}, {mids: 16, mid: 5}, {mids: 16, s: 2, repeat: 2}]": [4, 13, 16, 5, 16, 16, 4, 14, 16, 4, 13, 16],
    "[{mids: , wide: 3, out: 8}]": [2, 3, 8],
    "[{mids: {out: 8, mid: 3}}]": [3, 10, 8],
    "[{mids: [8, 3]}, {mids: [c1, c0*2, 5]}, {mids: [16], wide: 1}]": [3, 10, 8, 16, 5, 8, 4, 1, 16],
    "[{twice: 4}]": [4, 8, 9, 8, 8, 9],
    "[{conv: 4, k: 1}, {back: 16}, {add: [[{conv: 6, k: 1}, {back: 5}], [{conv: 6, k: 1}]]}]": [4, 16, 4, 6, 5, 6, 6],
    "[{conv: alpha*c1, k: 1}, {conv: 'max(c1, beta)', k: 1}]": [4, 7],
}
TEMPLATES = """vars: {alpha: 0.5, beta: 14*alpha}
blocks:
  both: {params: {out: c1}, layers: [{conv: out, k: 1}, {conv: c0, k: 1}, {conv: c1 + 1, k: 1}, {slice: 8}]}
  mids:
    params: {out: , mid: out//4, wide: mid*3 + s}
    layers: [{conv: mid, k: 1}, {conv: wide, k: 1}, {conv: out, k: 1}]
  twice: {params: [n], layers: [{both: n}, {both: n*2}]}
  back: {params: [out], layers: [{conv: out, k: 1}, {conv: c0, k: 1}]}
"""


@pytest.mark.parametrize("layers", COUNTS)
def test_channels_of_expressions(layers):
    assert channels(layers, TEMPLATES) == COUNTS[layers]


def test_c1_of_a_condition_and_of_a_repeat_is_what_comes_in():
    assert names("[{conv: 4, k: 1}, {relu: , repeat: c1}, {softmax: , when: c1 == 4}, {tanh: , when: c1 != 4}]") == (
        "conv1 relu1.1 relu1.2 relu1.3 relu1.4 softmax1"
    )


def test_parameters_that_are_words_and_names():
    head = """blocks:
  any:
    params: {how: relu, skip: input, padded: same}
    layers: [{conv: 8, k: 3, act: how, p: padded}, {add: [skip, []]}]"""
    layers = "[{conv: 8, k: 1, name: stem}, any, {any: gelu}, {any: none, skip: stem}, {any: , skip: stem}]"
    found = nodes(layers, head)
    assert " ".join(found) == (
        "stem any1.conv1 any1.conv1.act any1.add1 any2.conv1 any2.conv1.act any2.add1 any3.conv1 any3.add1"
        " any4.conv1 any4.conv1.act any4.add1"
    )
    assert [found[f"any{n}.conv1.act"].kind for n in (1, 2, 4)] == ["relu", "gelu", "relu"]
    assert [found[f"any{n}.add1"].inputs[0] for n in range(1, 5)] == ["input", "input", "stem", "stem"]
    assert evaluated("[{any: relu, padded: valid, skip: conv}]", head.replace("add: [skip, []]", "relu: ")).outputs == (
        (8, 6, 6),
    )


@pytest.mark.parametrize(
    ("call", "kernel"), [("", (1, 3)), (", size: [5, c1]", (5, 8)), (", size: 7", (7, 7)), (", size: [n, 1]", (2, 1))]
)
def test_a_parameter_may_be_a_list(call, kernel):
    head = "vars: {n: 2}\nblocks: {any: {params: {out: , size: [1, 3]}, layers: [{conv: out, k: size}]}}"
    assert nodes(f"[{{any: 4{call}}}]", head)["any1.conv1"].layer.kernel_size == kernel


@pytest.mark.parametrize(
    ("line", "head", "field", "known"),
    [
        ("{conv: n*4, k: n + 1, s: n, g: n, p: n - 1, bias: deep}", "", "stride groups bias", ((2, 2), 2, True)),
        ("{conv: 4, k: sizes, d: [n, 1]}", "", "kernel_size dilation", ((3, 5), (2, 1))),
        ("{conv: 4, k: 3, p: [[n, 0], [1, n - 2]]}", "", "padding", (((2, 0), (1, 0)),)),
        ("{conv: 4, k: 3, p: same_}", "", "padding", (((0, 0), (0, 0)),)),
        ("{conv: 4, k: 3}", "defaults: {s: n, p: n - 1, bias: deep}", "stride bias", ((2, 2), True)),
        ("{max_pool: n, s: n - 1}", "", "kernel_size stride", ((2, 2), (1, 1))),
        ("{upsample: n*0.75}", "", "scale", (1.5,)),
        ("{upsample: {size: [n*8, n]}}", "", "size", ((16, 2),)),
        ("{adaptive_avg_pool: [n, ~]}", "", "output_size", ((2, None),)),
        ("{slice: [n, c1 - n]}", "", "begin end", (2, 6)),
        ("{group_norm: n*2}", "", "groups", (4,)),
        ("{permute: [n, 0, n - 1]}", "", "order", ((2, 0, 1),)),
        ("{batch_norm: , affine: not_}", "", "affine", (False,)),
    ],
)
def test_every_field_may_be_an_expression(line, head, field, known):
    head = f"vars: {{n: 2, deep: true, not_: false, sizes: [3, 5], same_: valid}}\n{head}"
    (node,) = nodes(f"[{line}]", head).values()
    assert tuple(getattr(node.layer, name) for name in field.split()) == known


# --- Strides, conditions, repeats -----------------------------------------------------------------------------------

STAGES = """blocks:
  one: {params: [out], layers: [{conv: out, k: 3, s: s}]}
  two: {params: [out], layers: [{one: out}, {one: out, s: s}]}
  cut:
    params: [out]
    layers:
      - add:
          - [{conv: out, k: 3, s: s}]
          - [{conv: out, k: 1, s: s, when: s > 1 or c1 != out}]
"""


@pytest.mark.parametrize(
    ("layers", "size"),
    [
        ("[{one: 8, s: 2}]", 16),
        ("[{one: 8, s: 2, repeat: 3}]", 16),
        ("[{one: 8, repeat: 3}]", 32),
        ("[{two: 8, s: 2, repeat: 2}]", 16),
        ("[{two: 8, stride: 4}]", 8),
        ("[{conv: 8, k: 3, s: 2, repeat: 3}]", 16),
        ("[{pointwise: 8, s: 2, repeat: 3}]", 16),
        ("[{separable: 8, s: 2, repeat: 3}]", 16),
        ("[{conv_transpose: 8, k: 3, s: 2, p: 1, op: 1, repeat: 2}]", 64),
        ("[{inverted_residual: 8, s: 2, repeat: 3}]", 16),
        ("[{residual_block: 8, s: 2, repeat: 3}]", 16),
        ("[{max_pool: 2, s: 2, repeat: 3}]", 4),
        ("[{concat: [[{conv: 8, k: 3, s: 2}], [{max_pool: 2}]], repeat: 3}]", 4),
        ("[{cut: 8, s: 2, repeat: 2}]", 16),
    ],
)
def test_the_stride_belongs_to_the_first_copy(layers, size):
    assert evaluated(layers, STAGES, "8x32x32").outputs[0][1:] == (size, size)


def test_a_stride_of_one_per_axis_reaches_the_lines_of_a_block():
    assert evaluated("[{one: 8, s: [2, 1], repeat: 2}]", STAGES, "8x32x32").outputs == ((8, 16, 32),)


def test_conditions_leave_lines_out():
    assert names("[{cut: 8}, {cut: 16}, {cut: 16, s: 2, repeat: 2}]", STAGES) == (
        "cut1.conv1 cut1.add1 cut2.conv1 cut2.conv2 cut2.add1"
        " cut3.1.conv1 cut3.1.conv2 cut3.1.add1 cut3.2.conv1 cut3.2.add1"
    )


@pytest.mark.parametrize(
    ("condition", "there"),
    [
        *(("true", True), ("false", False), ("deep", True), ("not deep", False), ("word == word", True)),
        *(("c1 == 8 and n > 1", True), ("c0 != 8 or n >= 3", False), ("'max(n, 9) > c1'", True), ("'true'", True)),
    ],
)
def test_conditions(condition, there):
    head = "vars: {n: 2, deep: true, word: relu}"
    found = names(f"[tanh, {{relu: , when: {condition}, name: x}}]", head)
    assert found == ("tanh1 x" if there else "tanh1")


def test_what_a_condition_leaves_out_need_not_fit():
    found = nodes("[{conv: c1 - 8, k: 99, p: 0, when: c1 > 8}, {plain: , repeat: 3, when: false}, relu]", BLOCKS)
    assert found["relu1"].inputs == ("input",)
    assert list(found) == ["relu1"]


@pytest.mark.parametrize(("times", "copies"), [("n", 2), ("n*3 - 1", 5), ("4/n", 2), ("ceil(n/3)", 1), ("c1//4", 2)])
def test_a_repeat_may_be_an_expression(times, copies):
    assert len(nodes(f"[{{relu: , repeat: {times}}}]", "vars: {n: 2}")) == copies


# --- Vars, overrides, documents, anchors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "known"),
    [
        (AS_WRITTEN, (32, 16, "relu")),
        (Overrides({"alpha": 0.5}), (16, 8, "relu")),
        (Overrides({"alpha": 2, "word": "gelu"}), (64, 32, "gelu")),
        (Overrides({"beta": 5}), (32, 5, "relu")),
        (Overrides(input=(3, 16)), (32, 16, "relu")),
    ],
)
def test_overrides_take_the_place_of_vars(overrides, known):
    head = "vars: {alpha: 1.0, beta: 16*alpha, word: relu}"
    found = nodes("[{conv: round8(32*alpha), k: 1, act: word}, {conv: beta, k: 1}]", head, overrides=overrides)
    assert (found["conv1"].layer.out_channels, found["conv2"].layer.out_channels) == known[:2]
    assert found["conv1.act"].kind == known[2]


def test_an_input_may_be_overridden():
    found = evaluated("[{conv: c0, k: 3}, global_avg_pool, {linear: 2}]", overrides=Overrides(input=(3, 6)))
    assert (found.network.input, found.shapes["conv1"], found.total.params) == ((3, 6), (3, 6), 27 + 6)


@pytest.mark.parametrize(
    ("given_", "message", "hint"),
    [
        ({"alhpa": 1}, "<text> has no var `alhpa`", "did you mean `alpha`?"),
        ({"nope": 1}, "<text> has no var `nope`", "it has alpha"),
    ],
)
def test_an_override_of_what_is_no_var_is_refused(given_, message, hint):
    (problem,) = problems(text("[relu]", "vars: {alpha: 1}"), Overrides(given_))
    assert (problem.line, problem.message, problem.hint) == (0, message, hint)


def test_a_file_of_several_networks_takes_the_vars_that_any_of_them_has():
    written = f"{text('[{conv: 8*alpha, k: 1}]', 'vars: {alpha: 1}')}---\n{text('[relu]')}"
    first, second = loads(written, overrides=Overrides({"alpha": 2}))
    assert (first.nodes[0].layer.out_channels, second.nodes[0].kind) == (16, "relu")
    (problem,) = problems(written, Overrides({"alpha": 2, "alfa": 3}))
    assert (problem.message, problem.hint) == ("<text> has no var `alfa`", "did you mean `alpha`?")


def test_a_file_with_problems_may_still_have_the_var():
    (problem,) = problems(text("[{conv: 8*alpha, k: 1}]", "vars: [alpha]"), Overrides({"alpha": 2}))
    assert problem.line == 2


@pytest.mark.parametrize("value", [0, -1, 0.3, 1e300, float("nan"), float("inf"), 10**40, "relu", "", "8*2", True])
@pytest.mark.parametrize("line", ["{conv: 8*alpha, k: 1}", "{relu: , repeat: alpha}", "{relu: , when: alpha > 1}"])
def test_hostile_overrides_are_refused_with_their_place(line, value):
    error = refusal(text(f"[{line}]", "vars: {alpha: 1.0}"), Overrides({"alpha": value}))
    assert error is None or [problem.line for problem in error.problems] == [3]


def test_documents_have_their_own_vars_blocks_and_anchors():
    head = "name: n@\nvars: {n: @}\nblocks: {any: {params: [out], layers: [{conv: out + n, k: 1}]}}"
    written = text("[&x {any: @}, *x]", head)
    found = loads("---\n".join(written.replace("@", number) for number in "123"))
    assert [network.name for network in found] == ["n1", "n2", "n3"]
    assert [network.nodes[1].layer.out_channels for network in found] == [2, 4, 6]


def test_anchors_and_merges_in_branches():
    layers = "[&c {conv: 8, k: 3}, {add: [&p [*c, {<<: *c, act: relu}], [], *p]}, {<<: *c, conv: 4, s: 2}]"
    found = nodes(layers)
    assert " ".join(found) == "conv1 conv2 conv3 conv3.act conv4 conv5 conv5.act add1 conv6"
    assert found["add1"].inputs == ("conv3.act", "conv1", "conv5.act")
    assert (found["conv6"].layer.out_channels, found["conv6"].layer.stride) == (4, (2, 2))


def test_a_block_may_be_an_alias_of_another():
    one = "&b {params: [out], layers: [{conv: out, k: 1}]}"
    head = f"blocks: {{one: {one}, two: *b, three: {{<<: *b, defaults: {{act: relu}}}}}}"
    assert names("[{one: 4}, {two: 4}, {three: 4}]", head) == "one1.conv1 two1.conv1 three1.conv1 three1.conv1.act"


@pytest.mark.parametrize(
    ("outputs", "known"),
    [
        ("relu1", ["relu1"]),
        ("[conv1, relu1]", ["conv1.norm", "relu1"]),
        ("[relu1, input]", ["relu1", "input"]),
        ("[x, x.1, x.1.a]", ["x.2.conv1.norm", "x.1.conv1.norm", "x.1.a"]),
        ("[y.0, y]", ["y.0", "y.1"]),
    ],
)
def test_outputs(outputs, known):
    layers = "[{conv: 8, k: 1, norm: batch}, {inner: 8, repeat: 2, name: x}, {split: 2, name: y}, relu, softmax]"
    found = evaluated(layers, f"{BLOCKS}outputs: {outputs}")
    assert list(found.network.outputs) == known
    assert found.outputs == tuple(found.shapes[name] for name in known)


# --- Live tensors, in elements of 16 positions ----------------------------------------------------------------------

LIVE = {
    "the input and what is made of it": ("[{conv: 4, k: 1}]", 8 + 4),
    "in place": ("[{conv: 4, k: 1, norm: batch, act: relu}]", 8 + 4),
    "an activation of what is needed later": ("[{conv: 8, k: 1}, relu, {add: [conv1, []]}]", 8 + 8 + 8),
    "an activation in one path of a branch": ("[{add: [[relu], []]}]", 8 + 8 + 8),
    "an activation of the last path": ("[{concat: [[{conv: 1, k: 1}], [relu]]}]", 8 + 1 + 9),
    "an activation of the input": ("[relu, {conv: 4, k: 1}]", 8 + 4),
    "an activation of an output": ("[{conv: 16, k: 1}, relu]", 16 + 16, "outputs: [conv1, relu1]"),
    "the longest wait": ("[{add: [[{conv: 16, k: 1}, {conv: 8, k: 1}], []]}]", 8 + 16 + 8),
    "paths one after another": ("[{concat: [[{conv: 2, k: 1}], [{conv: 16, k: 1}, {conv: 2, k: 1}]]}]", 8 + 2 + 16),
    "a slice keeps the whole": ("[{conv: 16, k: 1}, {slice: 1}, {conv: 12, k: 1}]", 16 + 12),
    "a flat one too": ("[{conv: 16, k: 1}, flatten, {linear: 16}]", 8 + 16),
    "a crop keeps the whole": ("[{conv: 16, k: 1}, {crop: 1}, {upsample: 2}]", 16 + 16),
    "a permutation is one": ("[{permute: [0, 2, 1]}, {conv: 8, k: 1}]", 8 + 8),
    "pieces lie in the whole": ("[{split: 2, name: x}, {conv: 4, k: 1}, {concat: [x.0, []]}]", 8 + 4 + 8),
    "a view of a view": ("[{conv: 16, k: 1}, {split: 2}, {slice: 1}, {conv: 12, k: 1}]", 16 + 12),
    "a view of what is in place": ("[{conv: 16, k: 1, act: relu}, {slice: 1}, {conv: 12, k: 1}]", 16 + 12),
    "in place in a view, seen by nobody else": ("[{conv: 16, k: 1}, {slice: 8}, relu, {conv: 8, k: 1}]", 16 + 8),
    "a name keeps what it means": (
        "[{conv: 16, k: 1, name: a}, tanh, {conv: 4, k: 1}, {concat: [a, []]}]",
        16 + 4 + 20,
    ),
    "what nobody needs": ("[{conv: 32, k: 1}, {from: input, conv: 2, k: 1}, {conv: 16, k: 1}]", 8 + 32),
    "a squeeze-excite": ("[{conv: 8, k: 1}, {squeeze_excite: , q: 2}]", 8 + 8 + 0.5),
    "a residual": ("[{residual_block: 8, norm: batch, act: relu}]", 8 + 8 + 8),
    "an inverted residual": ("[{inverted_residual: 8, t: 4, norm: batch, act: relu}]", 8 + 32 + 32),
    "an output is kept": (
        "[{conv: 16, k: 1}, {conv: 1, k: 1}, {conv: 8, k: 1}]",
        16 + 1 + 8,
        "outputs: [conv1, conv3]",
    ),
}


@pytest.mark.parametrize("name", LIVE)
def test_live_tensors_by_hand(name):
    layers, known, *head = LIVE[name]
    assert evaluated(layers, "\n".join(head), "8x4x4").peak_activations == known * 16


LINES = st.recursive(
    st.sampled_from(
        [
            *("relu", "{conv: 8, k: 1}", "{conv: 8, k: 1, norm: batch, act: relu}", "{conv: 8, k: 1, name: @}"),
            *("{slice: 4}, {conv: 8, k: 1}", "{split: 2, name: @}, relu, {concat: [@.0, []]}", "{permute: [0, 2, 1]}"),
            *("{split: [2, 6], name: @}, {conv: 8, k: 1}", "{crop: 1}, relu, {pad: 1}", "{squeeze_excite: , q: 2}"),
            *("{from: input, relu: }", "{relu: , name: @}, softmax, {add: [@, []]}", "{inverted_residual: 8, t: 2}"),
        ]
    ),
    lambda inner: st.builds(
        lambda *paths: f"{{add: [{', '.join(f'[{path}]' for path in paths)}]}}",
        *(st.lists(inner, max_size=3).map(", ".join) for _ in range(2)),
    ),
    max_leaves=8,
)


def most_alive(network, shapes):
    """The peak by the steps at which each tensor is born and last needed, with what lies in it."""
    end = len(network.nodes)
    readers = [(name, step) for step, node in enumerate(network.nodes) for name in node.inputs]
    needed = {name: max([step for read, step in readers if read == name], default=-1) for name in shapes}
    needed.update(dict.fromkeys(network.outputs, end))
    tensors = [["input"]]
    for step, node in enumerate(network.nodes):
        (home,) = [held for held in tensors if node.inputs[0] in held]
        alone = node.layer.in_place and all(needed[name] <= step for name in home)
        home.append(node.name) if node.layer.is_view or alone else tensors.append([node.name])
    order = {"input": -1, **{node.name: step for step, node in enumerate(network.nodes)}}
    lives = [(order[held[0]], max(max(needed[name], order[name]) for name in held), held[0]) for held in tensors]
    return max(sum(prod(shapes[name]) for born, last, name in lives if born <= step <= last) for step in range(end))


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=5), st.booleans())
def test_live_tensors_are_what_their_lives_say(lines, inputs):
    fresh = iter(f"n{number}" for number in range(10**6))
    written = ", ".join(lines)
    # Each `@` of a pattern is one name, another one for each pattern.
    written = re.sub(
        r"\{[^{}@]*name: @\}.*?(?=\{[^{}@]*name: @\}|$)", lambda m: m[0].replace("@", next(fresh)), written
    )
    found = evaluated(f"[{written}]", "outputs: [input]" if inputs else "", "8x4x4")
    assert found.peak_activations == most_alive(found.network, found.shapes)


# --- Bounds: refused at once, each with its place -------------------------------------------------------------------


def nested(*blocks):
    return "blocks: {" + ", ".join(blocks) + "}"


BOUNDS = {
    "repeats in blocks": (
        "[{three: , repeat: 100}]",
        nested("one: [{relu: , repeat: 100}]", "two: [{one: , repeat: 100}]", "three: [{two: , repeat: 100}]"),
    ),
    "repeats in branches": (
        "[{add: [[{add: [[{add: [[relu], []], repeat: 1000}], []], repeat: 1000}], []], repeat: 1000}]",
        "",
    ),
    "repeats of vars": (
        "[{two: , repeat: n*n}]",
        f"vars: {{n: 1000}}\n{nested('one: [{relu: , repeat: n}]', 'two: [{one: , repeat: 2*n}]')}",
    ),
    "blocks that double": ("[b38]", nested("b0: [relu]", *(f"b{n}: [b{n - 1}, b{n - 1}]" for n in range(1, 39)))),
    "blocks that contain one another": ("[one]", nested("one: [two]", "two: [three]", "three: [one]")),
    "a block in its own branch": ("[one]", nested("one: [{add: [[one], []]}]")),
    "a block in its own condition": ("[{one: 3}]", nested("one: {params: [n], layers: [{one: n - 1, when: n > 0}]}")),
    "branches in branches": ("[" + "{add: [[" * 3000 + "relu" + "], []]}" * 3000 + "]", ""),
    "a split without end": ("[{split: 1000000000000}]", ""),
    "a repeat of 10^12": ("[{relu: , repeat: 1000000*1000000}]", ""),
    "an expression without end": (f"[{{conv: {'1+' * 10**5}1, k: 1}}]", ""),
    "sizes without end": ("[{upsample: 10000, repeat: 100}]", ""),
    "channels without end": ("[{concat: [[], []], repeat: 100}]", ""),
    "products without end": (f"[{{conv: {'c1*' * 30}c1, k: 1}}]", ""),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_what_has_no_end_is_refused_at_once(name):
    layers, head = BOUNDS[name]
    found = problems(text(layers, head, "1000000x8x8" if "split" in name else "8x8x8"))
    assert all(problem.line for problem in found)
    assert len(SpecError(found).shown()) < 2000


# --- Whatever is done to a spec, only its problems come out ---------------------------------------------------------

WRITTEN = (Path(__file__).parents[1] / "docs" / "language.md").read_text(encoding="utf-8")
SPECS = [spec for spec in re.findall(r"```yaml\n(.*?)```", WRITTEN, re.DOTALL) if "layers:" in spec]
SPECS.append(f"""{ALL}
{BLOCKS}
vars: {{alpha: 1.0, n: 2, word: relu, deep: true}}
input: 8x16x16
budget: {{params: 3.6M, peak_bytes: 256KiB}}
layers:
  - {{conv: round8(16*alpha), k: 3, s: 2, act: word, name: stem}}
  - {{outer: c1, repeat: n, name: stage}}
  - {{split: [c1//2, c1 - c1//2], name: x}}
  - {{concat: [x.0, [{{conv: c0, k: 1}}], [{{max_pool: 3, s: 1, p: 1}}]], norm: batch}}
  - {{slice: [0, 16]}}
  - {{scale: , when: deep and c1 > 3}}
  - {{inverted_residual: 16, t: 2, se: 0.25}}
  - {{upsample: {{like: input}}}}
  - {{crop: {{like: stem}}}}
  - {{mul: [[], [global_avg_pool, {{conv: c0, k: 1, act: sigmoid}}]]}}
  - {{from: [stem, stage.1], add: }}
  - {{linear: 10, bias: true, norm: none, act: none}}
outputs: [stage, linear1]
""")
SPECS.append("""
input: 5x8x6x6
vars: {on: true, w: weights, n: 2}
blocks:
  tower:
    params: {out: , share: false}
    layers: [{conv: out, k: 3, shared: share, norm: batch, act: prelu, name: a}, {add: [a, [{conv: out, k: 1}]]}]
  own: [{global_avg_pool: , each: true}, {linear: 4, flatten: false}]
defaults: {bias: on}
layers:
  - {tower: 8, each: on, name: t}
  - {tower: 8, each: true, shared: true, share: on, repeat: n}
  - {operation: make, shape: [9, n], params: n*3, name: made}
  - {conv: 4, k: 3, from: [t, made], shared: w, each: true}
  - {tower: [6, true], each: true, shared: weights, repeat: 2, name: u}
  - {reshape: [5, -1], name: r}
  - {permute: [1, 0], name: q}
  - {matmul: [r, q], name: s}
  - {einsum: "ab,bc->ac", from: [s, r]}
  - {parameter: [5, 3], aside: on, shared: true}
  - {operation: x, paths: [[relu], r], form: elementwise, when: on}
  - {softmax: -1, repeat: n}
outputs: [u, s]
""")
VALUES = """
relu conv add concat mul split input [] {} ~ '' 0 -1 1 2 3 8 1e400 1000000000000 99999999999999999999999999 0.5 -0.5
true false c0 c1 s alpha n word deep out c1*2 out//0 1/0 round8(c1) word*2 deep+1 c1>3 stem stage x.0 x.1 [1,2] same
weights [] [[],[]] [-1,8] elementwise view unknown ab,bc->ac made [made,input] {each:true}
[[1,2],[3,4]] {like:stem} valid batch none floor(c1/3) -c1 100000 outer inner nan .inf 0x10 010 é a.b ( ) 9**9 3x8x8
"""
KEYS = """
name repeat from when k s p g norm act out like se t conv add params defaults layers bias skip paths size c2 <<
each shared aside shape form macs order equation vars blocks outputs
"""
TOKENS = re.compile(r"[A-Za-z_][\w.]*|\d[\d.x]*|[\[\]{}:,]")


def mutated(chance, spec):
    """A spec in which something is replaced, swapped, left out, doubled, added or put in brackets."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        spans, lines = [match.span() for match in TOKENS.finditer(spec)], spec.split("\n")
        (a, b), (c, d) = sorted(chance.sample(spans, 2))
        kind = chance.randrange(8)
        if kind < 3:
            spec = spec[:a] + chance.choice(VALUES.split()) + spec[b:]
        elif kind == 3:
            spec = spec[:a] + spec[c:d] + spec[b:c] + spec[a:b] + spec[d:]
        elif kind == 4:
            spec = spec[:a] + spec[b:] if chance.random() < 0.5 else spec[:a] + f"[{spec[a:b]}]" + spec[b:]
        elif kind == 5:
            spec = "\n".join(chance.sample(lines, 1) + lines)
        elif kind == 6:
            del lines[chance.randrange(len(lines))]
            spec = "\n".join(lines)
        else:
            at = chance.choice([match.end() for match in re.finditer(r"\{", spec)] or [0])
            spec = f"{spec[:at]}{chance.choice(KEYS.split())}: {chance.choice(VALUES.split())}, {spec[at:]}"
    return spec


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_to_a_spec_only_its_problems_come_out(seed):
    chance = random.Random(seed)  # noqa: S311 - the same mutants each time
    specs = islice(iter(lambda: mutated(chance, chance.choice(SPECS)), None), 50)
    errors = list(map(refusal, specs))
    assert {type(error) for error in errors} <= {type(None), SpecError}
    assert all(error.shown().startswith("error: ") for error in errors if error)
