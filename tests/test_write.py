"""What is written of a network reads back to the very same network: the zoo, every kind, random networks."""

import re
from dataclasses import replace
from math import prod
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from convcost import evaluate, layers, load, loads, zoo
from convcost.assembly import Around, Assembly
from convcost.errors import ConvcostError, InternalError
from convcost.kinds import KINDS
from convcost.layers.base import Layer
from convcost.layers.given import Given, Parameter, Reshape, Uncounted
from convcost.layers.traced import Aside, Each, Elementwise, Learnt, Look, Partly, Shared
from convcost.network import INPUT, Bound, Network, Node, nodes_of
from convcost.specs import write
from convcost.specs.language import WORDS
from convcost.specs.spelling import line_of_text, quoted, word
from convcost.specs.tidy import tidied
from convcost.specs.trial import same_layer
from convcost.specs.write import dumps

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "language.md").read_text(encoding="utf-8"), re.DOTALL)


def nodes(network, *, kinds=True):
    """Nodes as they compare: layers without fields have no equality of their own."""
    return [(n.name, kinds and n.kind, type(n.layer), fields(n.layer), n.inputs) for n in network.nodes]


def fields(layer):
    return {name: getattr(layer, name) for name in getattr(layer, "__dataclass_fields__", ())}


def read_back(network, *, kinds=True):
    text = dumps(network)
    (found,) = loads(text)
    assert nodes(found, kinds=kinds) == nodes(network, kinds=kinds)
    assert (found.name, found.input, found.outputs) == (network.name, network.input, network.outputs)
    assert found.about["source"] == network.about.get("source", "")
    assert found.about["published"] == network.about.get("published", {})
    assert {key: bound.most for key, bound in found.budget.items()} == {
        key: bound.most for key, bound in network.budget.items()
    }
    return text


def lines(text):
    """The lines of layers."""
    return [line.removeprefix("  - ") for line in text.splitlines() if line.startswith("  - ")]


def of_layers(*written, shape="8x16x16", top=""):
    """What is written of a network that was read from these lines."""
    (network,) = loads(f"input: {shape}\n{top}\nlayers:\n" + "".join(f"  - {line}\n" for line in written))
    return read_back(network)


# --- Networks that there are ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo.names())
def test_every_network_of_the_zoo(name):
    (network,) = load(f"zoo:{name}")
    text = read_back(network)
    (again,) = loads(text)
    assert dumps(again) == text or again.blocks != network.blocks


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example(path):
    for network in load(path):
        read_back(network)


@pytest.mark.parametrize("text", BLOCKS)
def test_every_network_of_the_documentation(text):
    for network in loads(text):
        read_back(network)


def test_any_yaml_reader_takes_the_text():
    for name in zoo.names():
        (network,) = load(f"zoo:{name}")
        found = yaml.safe_load(dumps(network))
        assert found["input"] == "x".join(map(str, network.input))
        assert found["name"] == network.name


# --- Every kind -----------------------------------------------------------------------------------------------------

OPTIONS = {"grouped": {"groups": 4}, "squeeze_excite": {"squeeze": 2}, "shuffle_unit": {"groups": 2, "width": 4}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_composition_layer_by_layer(kind, dims):
    assume_possible = kind != "spatially_separable" or dims > 1
    if not assume_possible:
        return
    shape = (16, *range(7, 7 + dims))
    kernel = shape[1:] if kind == "global_depthwise" else 3
    made = KINDS[kind].build(16, 16, kernel, dims=dims, **OPTIONS.get(kind, {}))
    # `standard` and `transposed` are no words of the language: such a node becomes what its layer is.
    read_back(Network("net", shape, nodes_of(made)), kinds=kind not in ("standard", "transposed"))


COMPOSITES = {
    "separable": "separable: 16, k: [3, 5], m: 2, s: 2, d: [1, 2], bias: true",
    "spatially_separable": "spatially_separable: 16, k: [3, 5], s: [1, 2], p: [[0, 1], [2, 2]]",
    "bottleneck": "bottleneck: 16, b: 6, s: 2, g: 2",
    "residual_block": "residual_block: 16, k: 5, d: 2",
    "inverted_residual": "inverted_residual: 16, b: 20, s: 2, se: 3, gate: hardsigmoid, se_act: silu",
    "squeeze_excite": "squeeze_excite: {q: 3, gate: hardsigmoid}",
    "fire": "fire: 24, q: 5",
    "ghost": "ghost: 12, k: 3, e: 5, r: 3",
    "shuffle_unit": "shuffle_unit: 24, b: 6, s: 2, g: 2",
}
AROUND = ["", ", norm: batch, act: relu", ", act: prelu", ", norm: batch, mid_norm: none, act: none, mid_act: silu"]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("repeat", ["", ", repeat: 3", ", name: own", ", repeat: 2, name: own"])
@pytest.mark.parametrize("kind", COMPOSITES)
def test_a_composite_is_one_line(kind, repeat, around):
    if kind == "squeeze_excite":
        around = ""
    text = of_layers("{conv: 8, k: 3}", f"{{{COMPOSITES[kind]}{repeat}{around}}}")
    assert len(lines(text)) == 2
    assert lines(text)[1].startswith(f"{{{kind}: ")


def test_a_composite_in_a_block_is_one_line():
    block = "blocks: {stage: {params: [out], layers: [{separable: out}, {inverted_residual: out, t: 2}]}}"
    text = of_layers("{stage: 16, repeat: 2}", top=block)
    assert lines(text) == [
        "{separable: 16, name: stage1.1.separable1}",
        "{inverted_residual: 16, t: 2, name: stage1.1.inverted_residual1}",
        "{separable: 16, name: stage1.2.separable1}",
        "{inverted_residual: 16, t: 2, name: stage1.2.inverted_residual1}",
    ]


def test_a_composite_with_another_layer_in_it_comes_out_as_its_layers():
    (network,) = loads("{input: 8x16x16, layers: [{separable: 16, name: x, act: relu}]}")
    changed = [Node(n.name, n.kind, n.layer, n.inputs) for n in network.nodes]
    changed[1].layer = layers.Activation("gelu")
    changed[1].kind = "gelu"
    text = read_back(Network("net", network.input, tuple(changed), blocks=network.blocks))
    # `mid_act` can say so.
    assert lines(text) == ["{separable: 16, act: relu, mid_act: gelu, name: x}"]
    changed[0].layer = layers.Conv(8, 8, 3, groups=4)
    changed[0].kind = "grouped"
    text = read_back(Network("net", network.input, tuple(changed), blocks=network.blocks))
    assert lines(text) == [
        "{grouped: 8, k: 3, g: 4, act: gelu, name: x.depthwise}",
        "{pointwise: 16, name: x.pointwise}",
        "{relu: , name: x.act}",
    ]


# --- Lines as people write them -------------------------------------------------------------------------------------

ALREADY = [
    "{conv: 64, k: 3}",
    "{conv: 64, k: 3, s: 2, norm: batch, act: relu}",
    "{conv: 64, k: 3, p: 0}",
    "{conv: 64, k: 5, p: 1, name: stem}",
    "{conv: 64, k: 3, p: [1, 2]}",
    "{conv: 64, k: 3, p: [[0, 1], [0, 1]]}",
    "{conv: 64, k: [3, 5], s: [2, 1], d: [1, 2], g: 8, bias: true}",
    "{depthwise: 3, s: 2, m: 2}",
    "{pointwise: 32, s: 2, act: silu}",
    "{grouped: 32, k: 3, g: 4}",
    "{dilated: 32, k: 3}",
    "{dilated: 32, k: 3, d: 4}",
    "global_depthwise",
    "{global_depthwise: {m: 2, norm: batch}}",
    "{conv_transpose: 4, k: 2, s: 2}",
    "{conv_transpose: 4, k: 3, s: 2}",
    "{conv_transpose: 4, k: 3, s: 2, p: 1}",
    "{conv_transpose: 4, k: 3, s: 2, p: 1, op: 1}",
    "{conv: 64, k: 3, repeat: 4, name: row}",
    "{linear: 10, bias: true}",
    "{linear: 10, flatten: false, norm: layer, act: gelu}",
    "{max_pool: 2}",
    "{max_pool: 3, s: 2, p: 1, ceil_mode: true}",
    "{max_pool: 3, s: 1, d: 2}",
    "{avg_pool: [2, 4], s: 2, count_include_pad: false}",
    "{max_pool: 5, s: 1, p: 2, repeat: 3, name: pool}",
    "{adaptive_avg_pool: 7}",
    "{adaptive_max_pool: [7, null]}",
    "global_avg_pool",
    "{upsample: 2}",
    "{upsample: 1.5, mode: bilinear}",
    "{upsample: 2, mode: bilinear, align_corners: true}",
    "{upsample: [2, 1.25]}",
    "{upsample: {size: [20, 30], mode: bilinear}, name: up}",
    "{pixel_shuffle: 2}",
    "{pixel_unshuffle: 2}",
    "{channel_shuffle: 4}",
    "{pad: 1}",
    "{pad: [[0, 1], [2, 0]]}",
    "{crop: [1, 2]}",
    "flatten",
    "{permute: [1, 2, 0]}",
    "{split: 4}",
    "{split: [2, 6], name: x}",
    "{slice: [2, 6]}",
    "scale",
    "batch_norm",
    "{batch_norm: {affine: false}, name: bn}",
    "instance_norm",
    "{group_norm: 4, affine: false}",
    "layer_norm",
    "{layer_norm: {channels_first: true}}",
    "{layer_norm: [8, 16, 16], affine: false}",
    "{layer_norm: [16, 16]}",
    "{local_response_norm: 5}",
    "prelu",
    "{prelu: 1}",
    "dropout",
    "softmax",
    "{relu: , name: r}",
    '{relu: , name: "3x"}',
    "{reshape: [8, 256]}",
    "{parameter: [8, 16, 16], name: position}",
    "{parameter: [12], aside: true}",
    "{operation: mean, shape: [8]}",
    "{operation: square, form: elementwise}",
    "{operation: select, shape: [16], form: view}",
    "{operation: LSTM, shape: [16, 32], form: unknown}",
    '{operation: "aten::embedding", shape: [16, 32], params: 3200}',
    "{operation: product, shape: [8, 8], macs: 1024}",
    "{log_softmax: -1}",
    "{softmax: 2}",
    "{conv: 4, k: 3, norm: batch, act: prelu, shared: true}",
    "{conv: 4, k: 3, bias: true, shared: weights}",
    "{conv: 4, k: 3, bias: true, from: [input, input], shared: weights}",
    "{linear: 4, flatten: false, shared: true}",
    "{separable: 16, norm: batch, shared: true}",
    "{max_pool: 2, each: true}",
    "{conv: 4, k: 3, norm: batch, act: relu, each: true, shared: true}",
    "{operation: mean, shape: [4], each: true}",
]


@pytest.mark.parametrize("line", ALREADY)
def test_a_line_comes_out_as_it_was(line):
    assert lines(of_layers(line)) == [line]


def test_every_word_of_the_language_is_written_as_it_was_somewhere_here():
    joints = {"add", "concat", "mul", "matmul", "einsum"}
    activations = {name for name in WORDS if name in layers.activation.FUNCTIONS}
    written = {re.match(r"\{?(\w+)", line)[1] for line in ALREADY}
    assert set(WORDS) == written | joints | activations | set(COMPOSITES)


def test_branches_name_their_layers():
    text = of_layers(
        "{conv: 8, k: 3, name: stem}",
        "{add: [[{conv: 8, k: 1}, {conv: 8, k: 3}], []], act: relu}",
        "{concat: [stem, [], input], norm: batch}",
    )
    assert lines(text)[1:] == [
        "{conv: 8, k: 1}",
        "{conv: 8, k: 3}",
        "{add: [conv2, stem], act: relu}",
        "{concat: [stem, add1, input], norm: batch}",
    ]


def test_a_line_says_where_it_starts_only_if_not_behind_the_line_before():
    text = of_layers(
        "{conv: 8, k: 3, act: relu}", "{max_pool: 2}", "{conv: 4, k: 3, from: conv1}", "{relu: , from: input}"
    )
    assert lines(text)[1:] == ["{max_pool: 2}", "{conv: 4, k: 3, from: conv1}", "{relu: , from: input}"]


def test_a_norm_that_others_look_behind_has_a_line_of_its_own():
    made = Assembly((8, 16, 16))
    made.append("x", "conv", layers.Conv(8, 8, 3))
    made.around("x", Around("batch", "relu"))
    made.append("sum", "add", layers.Add(), "x", "x.act")
    assert lines(read_back(Network("net", (8, 16, 16), tuple(made.nodes)))) == [
        "{conv: 8, k: 3, name: x}",
        "{batch_norm: , name: x.norm}",
        "{relu: , name: x.act}",
        "{add: [x, x.act], name: sum}",
    ]


def test_an_output_before_its_activation_keeps_it_apart():
    made = Assembly((8, 16, 16))
    made.append("x", "conv", layers.Conv(8, 8, 3))
    made.around("x", Around("batch", "relu"))
    text = read_back(Network("net", (8, 16, 16), tuple(made.nodes), ("x.norm", "x.act")))
    assert lines(text) == ["{conv: 8, k: 3, norm: batch, act: relu, name: x}"]
    assert "outputs: [x.norm, x]" in text
    text = read_back(Network("net", (8, 16, 16), tuple(made.nodes), ("x", "x.act")))
    assert len(lines(text)) == 3


def test_defaults_are_what_most_lines_share():
    written = ["{conv: 8, k: 3, norm: batch, act: relu6}"] * 4 + ["{conv: 8, k: 3}", "{linear: 4, bias: true}"]
    text = of_layers(*written)
    assert "defaults: {norm: batch, act: relu6}\n" in text
    assert lines(text)[3:] == [
        "{conv: 8, k: 3}",
        "{conv: 8, k: 3, norm: none, act: none}",
        "{linear: 4, bias: true, norm: none, act: none}",
    ]
    assert "defaults" not in of_layers(*written[3:])


def test_padding_and_bias_are_defaults_too():
    text = of_layers(*["{conv: 8, k: 3, p: 0, bias: true}"] * 4, "{conv: 8, k: 1, bias: true}", "{conv: 8, k: 3}")
    assert "defaults: {bias: true, padding: valid}\n" in text
    assert lines(text)[3:] == ["{conv: 8, k: 3}", "{conv: 8, k: 1}", "{conv: 8, k: 3, p: same, bias: false}"]


# --- What stands above the layers -----------------------------------------------------------------------------------

TEXTS = [
    *(
        "plain",
        "3x",
        "1e3",
        "on",
        "010",
        "a: b",
        "#x",
        "a #b",
        "null",
        "-",
        "- a",
        "{a}",
        "[a",
        "a,b",
        "&a",
        "*a",
        "!a",
    ),
    *("'", '"', "'a' and \"b\"", "a\\b", "%", "@a", "`a`", "a:", "a ", " a", "a  b", "été", "层", "×²", "\U0001f600"),
    *(
        "a\nb",
        "a\tb",
        "\x07",
        "a\x85b",
        "a\u2028b",
        "\ufeff",
        "0x10",
        "1_000",
        "~",
        "=",
        "<<",
        "?",
        "| a",
        "> a",
        "2001-01-01",
    ),
    *("a b " * 60).strip().split("|"),
    *('it\'s "long" ' * 20).strip().split("|"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_is_a_name_and_a_source(text):
    made = Assembly((8, 16, 16))
    made.append(text, "conv", layers.Conv(8, 8, 3))
    made.append("other", "relu", layers.Activation("relu"))
    made.append("sum", "add", layers.Add(), "other", text)
    about = {"source": text, "published": {"params": text, "note": text}}
    if text.strip() != text:
        about["source"] = ""
    read_back(Network(text, (8, 16, 16), tuple(made.nodes), about=about))


@pytest.mark.parametrize("text", TEXTS)
def test_every_yaml_reader_means_the_same_by_a_text(text):
    assert yaml.safe_load(f"{{x: {word(text)}}}") == {"x": text}
    assert yaml.safe_load(f"x: {line_of_text(text)}\ny: 1") == {"x": text, "y": 1}
    assert yaml.safe_load(quoted(text)) == text


def test_budgets_and_figures():
    budget = {"params": Bound(3_600_000, 7), "macs": Bound(123_456_789), "peak_bytes": Bound(256 * 1024)}
    budget |= {"weight_bytes": Bound(1000), "flops": Bound(10**9), "layer_params": Bound(0)}
    made = Assembly((3, 8, 8))
    made.append("conv1", "conv", layers.Conv(3, 4, 3))
    about = {"source": "here", "published": {"params": "<25M", "macs": "1.8×10⁹", "note": "a, b"}, "vars": {"alpha": 1}}
    text = read_back(Network("net", (3, 8, 8), tuple(made.nodes), about=about, budget=budget))
    assert text == (
        "name: net\n"
        "source: here\n"
        'published: {params: <25M, macs: 1.8×10⁹, note: "a, b"}\n'
        "input: 3x8x8\n"
        "budget: {params: 3.6M, macs: 123456789, peak_bytes: 256KiB, weight_bytes: 1000, flops: 1G, layer_params: 0}\n"
        "layers:\n"
        "  - {conv: 4, k: 3}\n"
    )


# --- What cannot be said --------------------------------------------------------------------------------------------


def of_nodes(*made, shape=(8, 16, 16), **more):
    return Network("net", shape, made, **more)


class Strange(Layer):
    """A layer without a word."""

    __slots__ = ()
    kind = "strange"


def test_products_and_operations_of_several_layers():
    given = [
        "{reshape: [8, 256], name: keys}",
        "{permute: [1, 0], name: queries}",
        "{matmul: [queries, keys], name: scores}",
        "{matmul: [queries, queries, keys], name: x}",
        '{einsum: "qk,ck->qc", paths: [scores, keys]}',
        "{operation: gather, shape: [256, 4], paths: [einsum1, queries]}",
        "{operation: norm, shape: [256, 1], from: queries}",
    ]
    del given[3]
    assert lines(of_layers(*given)) == given


def test_what_no_line_says_becomes_an_operation_of_the_same_cost():
    conv, norm = layers.Conv(8, 8, 3, bias=True), layers.BatchNorm(8)
    network = of_nodes(
        Node("first", "conv", Each(Shared(conv)), (INPUT,)),
        Node("norm", "batch_norm", Partly(Each(norm), own_norms=8), ("first",)),
        Node("pool", "max_pool", Each(Each(layers.MaxPool(2, dims=1))), ("norm",)),
        Node("turned", "permute", Reshape("permute", (8, 16, 8, 5)), ("pool",)),
        Node("unused", "unused", Aside("unused", (7,)), ("turned",)),
        shape=(5, 8, 16, 16),
    )
    with pytest.raises(ConvcostError, match="`first` cannot be written"):
        dumps(network)
    first = Node("first", "conv", Shared(Each(conv)), (INPUT,))
    network = Network("net", network.input, (first, *network.nodes[1:]))
    text = dumps(network)
    assert lines(text) == [
        "{conv: 8, k: 3, bias: true, each: true, shared: true, name: first}",
        "{operation: batch_norm, params: 8, name: norm}",
        "{operation: max_pool, shape: [5, 8, 16, 8], name: pool}",
        "{operation: permute, shape: [8, 16, 8, 5], form: view, name: turned}",
        "{parameter: [7], aside: true, name: unused}",
    ]
    assert "outputs: unused" not in text
    (found,) = loads(text)
    one, other = evaluate(found).total, evaluate(network).total
    assert (one.params, one.macs, one.activations) == (other.params, other.macs, other.activations)


def test_a_tidied_network_has_norms_and_activations_on_the_lines_of_what_they_follow():
    network = of_nodes(
        Node("c", "conv", layers.Conv(8, 4, 3)),
        Node("bn", "batch_norm", layers.BatchNorm(4), ("c",)),
        Node("r", "relu", layers.Activation("relu"), ("bn",)),
        Node("d", "conv", layers.Conv(4, 4, 3), ("r",)),
        Node("gn", "group_norm", layers.GroupNorm(4, groups=2), ("d",)),
        Node("s", "add", layers.Add(), ("gn", "r")),
        Node("r2", "relu", layers.Activation("relu"), ("s",)),
        Node("e", "conv", layers.Conv(4, 4, 3), ("r2",)),
        Node("p", "prelu", layers.PReLU(1), ("e",)),
        Node("drop", "dropout", layers.Activation("dropout"), ("p",)),
        Node("f", "linear", layers.Linear(16, 2), ("drop",)),
        Node("bn2", "batch_norm", layers.BatchNorm(4), ("f",)),
        outputs=("f", "bn2"),
    )
    assert lines(dumps(tidied(network))) == [
        "{conv: 4, k: 3, norm: batch, act: relu, name: c}",
        "{conv: 4, k: 3, name: d}",
        "{group_norm: 2, name: gn}",
        "{add: [gn, c], act: relu, name: s}",
        "{conv: 4, k: 3, name: e}",
        "{prelu: 1, name: p}",
        "{dropout: , name: drop}",
        "{linear: 2, flatten: false, name: f}",
        "{batch_norm: , name: bn2}",
    ]
    straight = of_nodes(Node("c", "conv", layers.Conv(8, 4, 3)))
    assert tidied(straight) is straight


def test_a_layer_without_a_word_is_named():
    with pytest.raises(ConvcostError, match=r"`odd` cannot be written: the language has no word for `Strange`"):
        dumps(of_nodes(Node("odd", "strange", Strange())))
    with pytest.raises(ConvcostError, match="`odd`"):
        dumps(of_nodes(Node("odd", "relu", Strange())))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Node("x", "add", layers.Add(), (INPUT,)), "joins two at least"),
        (Node("x", "conv", layers.Conv(9, 8, 3)), "no line makes"),
        (Node("x", "conv", layers.Conv(8, 8, 99, padding=0)), "no output is left"),
        (Node(" ", "relu", layers.Activation("relu")), "`name` is empty"),
        (Node("\ud800", "relu", layers.Activation("relu")), ""),
        (Node("x", "relu", layers.Activation("relu"), (INPUT, INPUT)), ""),
        (Node("x", "relu", Layer()), "no line makes"),
        (Node("x", "global_avg_pool", layers.GlobalAvgPool(7)), "no line makes"),
        (Node("x", "mean", Learnt("mean", (8,))), "no line makes"),
    ],
)
def test_what_the_language_cannot_say_names_its_node(node, message):
    with pytest.raises(ConvcostError, match=f"`{node.name}` cannot be written: .*{message}"):
        dumps(of_nodes(node))


@pytest.mark.parametrize("name", ["c1", "c0", "s", "alpha"])
def test_layers_may_be_named_as_what_expressions_know(name):
    first = Node(name, "conv", layers.Conv(8, 8, 3))
    second = Node("b", "conv", layers.Conv(8, 8, 3), (name,))
    text = read_back(of_nodes(first, second, Node("sum", "add", layers.Add(), (name, "b"))))
    assert lines(text)[-1] == f"{{add: [{name}, b], name: sum}}"


def test_a_network_without_layers():
    with pytest.raises(ConvcostError, match="without layers"):
        dumps(of_nodes())


def test_an_output_that_stands_twice():
    with pytest.raises(ConvcostError, match="`net` cannot be written: the output `x` stands twice"):
        dumps(of_nodes(Node("x", "relu", layers.Activation("relu")), outputs=("x", "x")))


def test_a_sum_of_each_behind_what_has_no_maps():
    given = [
        "{relu: , name: x}",
        "flatten",
        "{add: , from: [input, x], each: true, name: s}",
        "{operation: gather, from: [s, x], each: true}",
    ]
    assert lines(of_layers(*given, shape="5x8x16x16")) == given


def test_an_unknown_figure_or_budget():
    node = Node("x", "relu", layers.Activation("relu"))
    with pytest.raises(ConvcostError, match="unknown key `top1`"):
        dumps(of_nodes(node, about={"published": {"top1": "70"}}))
    with pytest.raises(ConvcostError, match="unknown key `money`"):
        dumps(of_nodes(node, budget={"money": Bound(1)}))


def test_what_reads_back_otherwise_is_never_given_away(monkeypatch):
    network, other = (loads(f"{{input: 8x16x16, layers: [{{conv: {n}, k: 3}}]}}") for n in (8, 9))
    monkeypatch.setattr(write, "loads", lambda *_: other)
    with pytest.raises(InternalError, match="reads back otherwise"):
        dumps(network[0])


def test_kinds_that_are_no_words_become_those_of_their_layers():
    text = dumps(
        of_nodes(
            Node("a", "Conv", layers.Conv(8, 8, 3)),
            Node("b", "pointwise", layers.Conv(8, 8, 3), ("a",)),
            Node("c", "split", layers.Slice(0, 4), ("b",)),
            Node("c.0", "split", layers.Slice(0, 2), ("c",)),
            Node("d", "slice", layers.Linear(16, 4), ("c.0",)),
        )
    )
    assert lines(text) == [
        "{conv: 8, k: 3, name: a}",
        "{conv: 8, k: 3, name: b}",
        "{slice: [0, 4], name: c}",
        "{slice: [0, 2], name: c.0}",
        "{linear: 4, flatten: false, name: d}",
    ]


def test_sizes_in_lists_are_those_in_tuples():
    assert same_layer(layers.AdaptiveAvgPool([7, 7]), layers.AdaptiveAvgPool((7, 7)))
    text = dumps(of_nodes(Node("x", "adaptive_avg_pool", layers.AdaptiveAvgPool([7, 7]))))
    assert lines(text) == ["{adaptive_avg_pool: [7, 7], name: x}"]


# --- Random networks ------------------------------------------------------------------------------------------------

small = st.integers(1, 4)
flags = st.booleans()
NAMES = [
    *("a", "a.1", "a.2", "a.3", "a.norm", "a.act", "a.1.norm", "a.1.act", "a.2.act", "a.flatten", "b", "b.0", "b.1"),
    *("conv1", "conv2", "conv3", "relu1", "add1", "b.flatten", "linear1", "linear1.flatten", "on", "3x", "1e3", "x: y"),
    *("split1", "split1.0", "split1.1", "c2", "conv1.act", "conv1.norm", "conv2.act", "depthwise1", "a.1.1", "a.1.2"),
]
ACTS = ["relu", "gelu", "softmax", "dropout", "identity", "hardswish"]


@st.composite
def convolution(draw, shape):
    dims = len(shape) - 1
    per_axis = st.one_of(small, st.tuples(*[small] * dims))
    fields = {"kernel_size": draw(per_axis), "stride": draw(per_axis), "dilation": draw(per_axis), "bias": draw(flags)}
    fields["padding"] = draw(
        st.one_of(
            st.just("same"), st.integers(0, 3), st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * dims)
        )
    )
    fields["dims"] = dims
    groups = draw(st.sampled_from([g for g in range(1, shape[0] + 1) if shape[0] % g == 0]))
    kind = draw(st.sampled_from(["conv", "grouped", "dilated", "pointwise", "depthwise", "conv_transpose"]))
    if kind == "conv_transpose":
        layer = layers.ConvTranspose(
            shape[0], groups * draw(small), groups=groups, output_padding=draw(st.integers(0, 2)), **fields
        )
        return kind, layer
    if kind == "depthwise":
        return kind, layers.Conv(shape[0], shape[0] * draw(small), groups=shape[0], **fields)
    if kind == "pointwise":
        fields |= {"kernel_size": (1,) * dims, "padding": 0, "dilation": 1}
    if kind == "dilated":
        groups = 1
    return kind, layers.Conv(shape[0], groups * draw(small), groups=groups, **fields)


@st.composite
def pool(draw, shape):
    dims = len(shape) - 1
    per_axis = st.one_of(small, st.tuples(*[small] * dims))
    kind = draw(st.sampled_from(["max_pool", "avg_pool"]))
    own = {"dilation": draw(small)} if kind == "max_pool" else {"count_include_pad": draw(flags)}
    layer = layers.MaxPool if kind == "max_pool" else layers.AvgPool
    stride = draw(st.one_of(st.none(), per_axis))
    return kind, layer(draw(per_axis), stride, draw(st.integers(0, 2)), ceil_mode=draw(flags), dims=dims, **own)


@st.composite
def other_layer(draw, shape):
    dims = len(shape) - 1
    channels = shape[0]
    sizes = st.one_of(small, st.tuples(*[st.one_of(small, st.none())] * dims))
    act = draw(st.sampled_from(ACTS))
    begin = draw(st.integers(0, channels - 1))
    makers = {
        "linear": lambda: layers.Linear(shape[-1], draw(small), draw(flags)),
        "flatten": layers.Flatten,
        act: lambda: layers.Activation(act),
        "prelu": lambda: layers.PReLU(draw(st.sampled_from([1, channels]))),
        "batch_norm": lambda: layers.BatchNorm(channels, draw(flags)),
        "instance_norm": lambda: layers.InstanceNorm(channels, draw(flags)),
        "group_norm": lambda: layers.GroupNorm(channels, draw(flags), 1),
        "layer_norm": lambda: draw(
            st.sampled_from(
                [
                    layers.LayerNorm(shape[-1]),
                    layers.LayerNorm(shape, affine=False),
                    layers.LayerNorm(channels, channels_first=True),
                ]
            )
        ),
        "local_response_norm": lambda: layers.LocalResponseNorm(draw(small)),
        "scale": lambda: layers.Scale(channels),
        "slice": lambda: layers.Slice(begin, draw(st.integers(begin + 1, channels))),
        "permute": lambda: layers.Permute(tuple(draw(st.permutations(range(dims + 1))))),
        "channel_shuffle": lambda: layers.ChannelShuffle(1),
        "pixel_shuffle": lambda: layers.PixelShuffle(2),
        "pixel_unshuffle": lambda: layers.PixelUnshuffle(2),
        "global_avg_pool": layers.GlobalAvgPool,
        "upsample": lambda: draw(
            st.sampled_from([layers.Upsample(2), layers.Upsample(1.5, mode="bilinear"), layers.Upsample(size=9)])
        ),
    }
    if dims:
        makers["pad"] = lambda: layers.Pad(draw(st.integers(0, 2)), dims)
        makers["crop"] = lambda: layers.Crop(((0, 1),) * dims, dims)
        makers["adaptive_avg_pool"] = lambda: layers.AdaptiveAvgPool(draw(sizes))
        makers["adaptive_max_pool"] = lambda: layers.AdaptiveMaxPool(draw(sizes))
    kind = draw(st.sampled_from(sorted(makers)))
    return kind, makers[kind]()


@st.composite
def networks(draw):
    """A network put together by the assembly and by hand, with names that mean something to the reader."""
    made = Assembly((draw(st.sampled_from([1, 2, 4, 6])), *draw(st.lists(st.integers(4, 9), min_size=1, max_size=3))))
    names = iter(draw(st.permutations(NAMES)))
    for _ in range(draw(st.integers(1, 10))):
        name, base = next(names), draw(st.sampled_from([made.current, *made.shapes]))
        before = len(made.nodes), made.current
        try:
            grow(draw, made, name, base)
        except ConvcostError:
            del made.nodes[before[0] :]
            made.shapes = {key: made.shapes[key] for key in (INPUT, *(node.name for node in made.nodes))}
            made.current = before[1]
    assume(made.nodes)
    outputs = draw(st.sampled_from([(), (made.nodes[0].name,), (made.nodes[-1].name, made.nodes[0].name)]))
    assume(len(set(outputs)) == len(outputs))
    # A split has a name to the reader; where a layer has it too, slices say what it does.
    assume(not {node.name[:-2] for node in made.nodes if node.kind == "split"} & set(made.shapes))
    return Network("net", made.shapes[INPUT], tuple(made.nodes), outputs)


@st.composite
def operation(draw, shape):
    """What has a shape of its own: a reshape, learnable numbers, or an operation without a word."""
    called = draw(st.sampled_from(["mean", "aten::roll", "a b", "conv", "c1", "3x"]))
    other = draw(st.sampled_from([shape, tuple(draw(st.lists(small, min_size=1, max_size=4)))]))
    return draw(
        st.sampled_from(
            [
                ("reshape", Reshape("reshape", draw(st.sampled_from([(prod(shape),), shape[::-1], (1, *shape)])))),
                ("parameter", Parameter("parameter", other)),
                *((called, form(called, other)) for form in (Given, Elementwise, Look, Uncounted)),
                *((called, Learnt(called, other, *costs)) for costs in ((5, 0), (0, 7), (5, 7))),
            ]
        )
    )


def wraps(draw, each):
    """What puts a layer around others: for each of some maps, or with weights that stand elsewhere."""
    shared = draw(st.sampled_from([None, None, Shared, lambda layer: Partly(layer, layer.biases, layer.norm_params)]))

    def wrapped(layer):
        layer = Each(layer) if each else layer
        return shared(layer) if shared and layer.weights + layer.biases + layer.norm_params else layer

    return wrapped


def grow_wrapped(draw, made, name, base):
    """One of the layers that imported models have, and any layer as they have it."""
    each = len(made.shapes[base]) > 1 and draw(flags)
    around, shape = wraps(draw, each), made.shapes[base][each:]
    what = draw(st.sampled_from(["conv", "other", "operation", "product", "sum", "aside"]))
    inputs = [base]
    if what == "aside":
        made.append(name, "parameter", around(Aside("parameter", (4,))))
        made.current = base
        return
    if what in ("product", "sum"):
        fits = [key for key in made.shapes if len(made.shapes[key]) == len(made.shapes[base])]
        inputs.append(draw(st.sampled_from(fits)))
        one, other = "abcd"[: len(shape)], draw(st.sampled_from(["abcd", "efgh", "bcda"]))[: len(shape)]
        equation = f"{one},{other}->{draw(st.sampled_from([one, one[:1], other, one[0] + other[-1]]))}"
        products = [("matmul", layers.MatMul()), ("einsum", layers.Einsum(equation))]
        kind, layer = draw(st.sampled_from(products if what == "product" else [("add", layers.Add())]))
    else:
        assume(len(shape) > 1 or what != "conv")
        kind, layer = draw({"conv": convolution, "operation": operation}.get(what, other_layer)(shape))
        # Several inputs are what an operation takes, and where weights come from.
        takes_several = what == "operation" and kind not in ("reshape", "parameter") and not each
        if (takes_several or isinstance(around(layer), Shared)) and draw(flags):
            inputs.append(draw(st.sampled_from(list(made.shapes))))
    made.append(name, kind, around(layer), *inputs)
    if what in ("conv", "sum") and draw(flags):
        made.append(f"{name}.norm", "batch_norm", around(layers.BatchNorm(made.shape[each])))
        made.append(f"{name}.act", "relu", around(layers.Activation("relu")))


def grow(draw, made, name, base):
    """A layer, or more, behind ``base``."""
    made.current, shape = base, made.shapes[base]
    if draw(st.sampled_from([False, False, True])):
        grow_wrapped(draw, made, name, base)
        return
    what = draw(st.sampled_from(["conv", "conv", "pool", "other", "other", "joint", "split", "linear", "copies"]))
    follow = Around(draw(st.sampled_from(["none", "batch", "layer"])), draw(st.sampled_from(["none", "relu", "prelu"])))
    if what == "joint":
        like = [key for key in made.shapes if made.shapes[key] == shape]
        paths = draw(st.lists(st.sampled_from(like), min_size=2, max_size=3))
        kind = draw(st.sampled_from(["add", "concat", "mul"]))
        made.append(name, kind, getattr(layers, kind.capitalize())(), *paths)
        made.around(name, follow)
    elif what == "split" and shape[0] % 2 == 0:
        half = shape[0] // 2
        made.append(f"{name}.0", "split", layers.Slice(0, half))
        made.append(f"{name}.1", "split", layers.Slice(half, 2 * half), base)
    elif what == "linear":
        made.append(f"{name}.flatten", "flatten", layers.Flatten())
        made.append(name, "linear", layers.Linear(made.shape[0], 4))
        made.around(name, follow)
    elif what == "copies":
        for copy in range(1, draw(st.integers(2, 3)) + 1):
            layer = layers.Conv(made.shape[0], draw(st.sampled_from([4, 4, 4, 2])), 3, dims=len(shape) - 1)
            made.append(f"{name}.{copy}", "conv", layer)
            made.around(f"{name}.{copy}", follow)
    else:
        assume(len(shape) > 1 or what == "other")
        kind, layer = draw({"conv": convolution, "pool": pool}.get(what, other_layer)(shape))
        made.append(name, kind, layer)
        if what == "conv":
            made.around(name, follow)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_random_networks(network):
    read_back(network)


@st.composite
def composed(draw):
    """Lines of composites, of which some layers are then changed or taken out."""
    written = draw(st.lists(st.sampled_from(sorted(COMPOSITES)), min_size=1, max_size=3))
    ends = st.sampled_from(["", ", repeat: 2", ", name: x", ", name: x.1", ", repeat: 3, name: y"])
    chosen = [COMPOSITES[kind] + draw(ends) for kind in written]
    chosen = [line if "squeeze" in line else line + draw(st.sampled_from(AROUND)) for line in chosen]
    try:
        (network,) = loads("input: 24x9x11\nlayers:\n" + "".join(f"  - {{{line}}}\n" for line in chosen))
    except ConvcostError:
        assume(False)  # noqa: FBT003 - hypothesis has it so
    made = list(network.nodes)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(made) - 1))
        made = changed(draw, made, at)
    return Network("net", network.input, tuple(made), blocks=network.blocks)


def changed(draw, made, at):
    """Nodes of which one has another layer, or is gone."""
    node = made[at]
    if isinstance(node.layer, layers.Activation | layers.BatchNorm) and len(made) > 1:
        if isinstance(node.layer, layers.Activation) and draw(flags):
            new = Node(node.name, "gelu", layers.Activation("gelu"), node.inputs)
            return [*made[:at], new, *made[at + 1 :]]
        instead = {node.name: node.inputs[0]}
        rest = made[:at] + made[at + 1 :]
        return [Node(n.name, n.kind, n.layer, tuple(instead.get(name, name) for name in n.inputs)) for n in rest]
    if isinstance(node.layer, layers.Conv):
        new = Node(node.name, node.kind, replace(node.layer, bias=not node.layer.bias), node.inputs)
        return [*made[:at], new, *made[at + 1 :]]
    return made


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(composed())
def test_random_composites_with_changes(network):
    read_back(network)


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1))
def test_random_texts(text):
    assume(not any(0xD800 <= ord(char) < 0xE000 for char in text))
    assert yaml.safe_load(f"{{x: {word(text)}}}") == {"x": text}
    assert yaml.safe_load(f"x: {line_of_text(text)}\ny: 1") == {"x": text, "y": 1}
