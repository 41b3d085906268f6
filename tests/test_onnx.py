"""ONNX files: exported models against the figures of their JSON, and small graphs against numbers worked by hand."""

import gzip
import json
import random
from math import prod
from pathlib import Path

import pytest

from convcost import ConvcostError, dumps, evaluate, importers, loads
from convcost.importers import Options
from convcost.problems import SpecError

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
np = pytest.importorskip("numpy")

helper, numpy_helper = onnx.helper, onnx.numpy_helper
FOLDER = Path(__file__).parent / "reference" / "onnx"
INDEX = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
FLOAT = onnx.TensorProto.FLOAT


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def weight(name, *shape, dtype="float32"):
    return numpy_helper.from_array(np.zeros(shape, dtype), name)


def numbers(name, values, dtype="int64"):
    return numpy_helper.from_array(np.array(values, dtype), name)


def model(nodes, weights=(), x=(1, 3, 8, 8), opset=17, output="y", others=(), said=()):
    """A model with inputs `x` and others, whose output's shape is left open."""
    shapes = {"x": x, **dict(others)}
    inputs = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(name, FLOAT, None) for name in output.split()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(weights), value_info=list(said))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("own", 1)])


@pytest.fixture
def read(tmp_path):
    """The evaluation of a graph that is written to a file and read back."""

    def reading(*nodes, options=None, **fields):
        path = tmp_path / "model.onnx"
        path.write_bytes(model(nodes, **fields).SerializeToString())
        (network,) = importers.read(str(path), "onnx", options or Options())
        return evaluate(network)

    return reading


def counts(evaluation):
    return evaluation.total.params, evaluation.total.macs


def kinds(evaluation):
    return [found.kind for found in evaluation.network.nodes]


# Exported models


@pytest.fixture(params=INDEX)
def exported(request, tmp_path):
    path = tmp_path / request.param
    path.write_bytes(gzip.decompress((FOLDER / f"{request.param}.gz").read_bytes()))
    return INDEX[request.param], evaluate(importers.read(str(path), "onnx")[0]), path


def test_exported_models_have_the_figures_of_their_json(exported):
    row, evaluation, _ = exported
    floats = evaluation.network.about["floats"]
    assert evaluation.total.macs == row["macs"]
    assert floats["in_file"] == row["onnx_float_initializer_elements"]
    assert evaluation.total.params == floats["in_file"] - floats["running_statistics"] - floats["constants"]
    # Two bounds of a clip are the only numbers of all these files that are neither weights nor statistics.
    assert floats["constants"] == (2 if row["model"] == "mobilenet_v2" else 0)
    if "keepbn" in row["exporter"]:
        assert evaluation.total.params == row["torch_params"]
    assert evaluation.network.input == tuple(row["input"][1:])
    assert not evaluation.uncounted
    assert "params are what the file holds" in evaluation.network.about["source"]


def test_exported_models_agree_with_the_shapes_in_their_files(exported):
    _, evaluation, path = exported
    graph = onnx.load(path, load_external_data=False).graph
    made = {output.name: output for output in graph.output}
    for output, shape in zip(made.values(), evaluation.outputs, strict=True):
        sizes = [size.dim_value for size in output.type.tensor_type.shape.dim][1:]
        assert prod(sizes) == prod(shape)


def test_exported_models_are_written_in_the_network_language(exported):
    _, evaluation, _ = exported
    (found,) = loads(dumps(evaluation.network))
    assert evaluate(found).total == evaluation.total


def test_layers_are_named_after_weights_modules_and_what_stands_before(exported):
    row, evaluation, _ = exported
    names = [found.name for found in evaluation.network.nodes]
    assert len(set(names)) == len(names)
    if row["exporter"] == "torchscript_keepbn":
        assert names[:6] == ["conv1", "bn1", "relu", "maxpool", "layer1.0.conv1", "layer1.0.bn1"]
    elif row["model"] == "resnet18":
        assert names[:5] == ["conv1", "relu", "max_pool2d", "layer1.0.conv1", "layer1.0.relu_1"]


# Convolutions


@pytest.mark.parametrize(
    ("attributes", "shape", "output", "macs"),
    [
        ({"pads": [1, 1, 1, 1]}, (4, 3, 3, 3), (4, 8, 8), 108 * 64),
        ({}, (4, 3, 3, 3), (4, 6, 6), 108 * 36),
        ({"pads": [0, 1, 2, 3], "strides": [2, 1]}, (4, 3, 3, 3), (4, 4, 10), 108 * 40),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, (4, 3, 3, 3), (4, 4, 4), 108 * 16),
        ({"auto_pad": "SAME_LOWER", "strides": [3, 3]}, (4, 3, 3, 3), (4, 3, 3), 108 * 9),
        ({"auto_pad": "VALID", "dilations": [2, 2]}, (4, 3, 3, 3), (4, 4, 4), 108 * 16),
        ({"group": 3}, (6, 1, 3, 3), (6, 6, 6), 54 * 36),
    ],
)
def test_convolutions(read, attributes, shape, output, macs):
    found = read(node("Conv", "x w b", "y", **attributes), weights=[weight("w", *shape), weight("b", shape[0])])
    assert found.outputs == (output,)
    assert counts(found) == (prod(shape) + shape[0], macs)


def test_the_odd_zero_of_same_lower_stands_before(read):
    pads = {}
    for word in ("SAME_UPPER", "SAME_LOWER"):
        found = read(node("Conv", "x w", "y", auto_pad=word, strides=[2, 2]), weights=[weight("w", 4, 3, 3, 3)])
        pads[word] = found.network.nodes[0].layer.padding
    assert pads == {"SAME_UPPER": ((0, 1), (0, 1)), "SAME_LOWER": ((1, 0), (1, 0))}


@pytest.mark.parametrize(
    ("attributes", "output"),
    [
        ({"strides": [2, 2]}, (5, 17, 17)),
        ({"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}, (5, 16, 16)),
        ({"strides": [2, 2], "auto_pad": "SAME_UPPER"}, (5, 16, 16)),
        ({"strides": [2, 2], "output_shape": [16, 15]}, (5, 16, 15)),
        ({"strides": [3, 3], "dilations": [2, 2]}, (5, 26, 26)),
    ],
)
def test_transposed_convolutions_run_over_their_input(read, attributes, output):
    found = read(node("ConvTranspose", "x w", "y", **attributes), weights=[weight("w", 3, 5, 3, 3)])
    assert found.outputs == (output,)
    assert counts(found) == (135, 135 * 64)


def test_kinds_are_words_of_the_network_language(read):
    shapes = {"a": (6, 3, 1, 1), "b": (6, 1, 3, 3), "c": (6, 3, 3, 3), "d": (6, 6, 3, 3)}
    found = read(
        node("Conv", "x a", "p"),
        node("Conv", "p b", "q", group=6),
        node("Conv", "q c", "r", group=2),
        node("Conv", "r d", "y", dilations=[1, 1], pads=[1, 1, 1, 1]),
        weights=[weight(name, *shape) for name, shape in shapes.items()],
        x=(1, 3, 16, 16),
    )
    assert kinds(found) == ["pointwise", "depthwise", "grouped", "conv"]


def test_weights_that_several_nodes_take_count_once(read):
    found = read(
        node("Conv", "x w b", "p", pads=[1, 1, 1, 1]),
        node("Conv", "p w b", "q", pads=[1, 1, 1, 1]),
        node("Conv", "q w c", "y", pads=[1, 1, 1, 1]),
        weights=[weight("w", 3, 3, 3, 3), weight("b", 3), weight("c", 3)],
    )
    assert counts(found) == (81 + 3 + 3, 3 * 81 * 64)


def test_weights_that_are_computed_are_no_parameters(read):
    found = read(node("Conv", "x w", "y"), others={"w": (4, 3, 3, 3)}.items())
    assert counts(found) == (0, 108 * 36)


def test_frames_in_the_batch_each_cost_what_one_costs(read):
    found = read(
        node("Reshape", "x s", "frames"),
        node("Conv", "frames w b", "c", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "c g g m m", "n"),
        node("MaxPool", "n", "y", kernel_shape=[2, 2], strides=[2, 2]),
        weights=[numbers("s", [-1, 3, 8, 8]), weight("w", 4, 3, 3, 3), weight("b", 4), weight("g", 4), weight("m", 4)],
        x=(1, 5, 3, 8, 8),
    )
    # Scale and shift are one tensor of the file here, and it is counted once.
    assert counts(found) == (108 + 4 + 4, 5 * 108 * 64)
    assert prod(found.outputs[0]) == 5 * 4 * 16


def test_attributes_at_random_agree_with_the_shapes_of_onnx(read):
    chance = random.Random(0)  # noqa: S311 - any will do
    for _ in range(150):
        op = chance.choice(["Conv", "ConvTranspose", "MaxPool", "AveragePool"])
        fields = {"strides": [chance.randint(1, 3) for _ in "hw"]}
        kernel = [chance.randint(1, 4) for _ in "hw"]
        if op != "AveragePool":
            fields["dilations"] = [chance.randint(1, 2) for _ in "hw"]
        if chance.random() < 0.4:
            fields["auto_pad"] = chance.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
            if "SAME" in fields["auto_pad"] and op == "ConvTranspose":
                # By the specification n·s, which the inference of `onnx` leaves where the kernel spans less.
                kernel = [size + 3 for size in kernel]
        else:
            fields["pads"] = [chance.randint(0, (size - 1) // 2) for size in kernel * 2]
        if "Pool" in op:
            fields |= {"kernel_shape": kernel}
            made = model([node(op, "x", "y", **fields)], x=(1, 4, 17, 13), opset=19)
            found = read(node(op, "x", "y", **fields), x=(1, 4, 17, 13), opset=19)
        else:
            weights = [weight("w", 4, 4, *kernel)]
            made = model([node(op, "x w", "y", **fields)], weights, (1, 4, 17, 13))
            found = read(node(op, "x w", "y", **fields), weights=weights, x=(1, 4, 17, 13))
        sizes = onnx.shape_inference.infer_shapes(made).graph.output[0].type.tensor_type.shape.dim
        assert found.outputs == (tuple(size.dim_value for size in sizes[1:]),), fields


# Products


def test_a_product_with_weights_is_a_linear_layer_and_the_sum_behind_it_its_bias(read):
    found = read(
        node("MatMul", "x w", "p"), node("Add", "p b", "y"), weights=[weight("w", 16, 5), weight("b", 5)], x=(1, 7, 16)
    )
    assert kinds(found) == ["linear"]
    assert found.total.biases == 5
    assert counts(found) == (85, 7 * 80)
    assert "bias: true" in dumps(found.network)


def test_gemm(read):
    found = read(
        node("Flatten", "x", "f"), node("Gemm", "f w b", "y", transB=1), weights=[weight("w", 5, 192), weight("b", 5)]
    )
    assert kinds(found) == ["flatten", "linear"]
    assert counts(found) == (965, 960)


def test_a_gemm_of_two_maps_is_a_product(read):
    whole = Options(inputs={"x": (9, 4), "z": (9, 6)})
    found = read(node("Gemm", "x z", "y", transA=1), x=(9, 4), others={"z": (9, 6)}.items(), options=whole)
    assert counts(found) == (0, 9 * 4 * 6)
    assert found.outputs == ((4, 6),)


def test_windows_in_the_batch_are_counted_each(read):
    # 4 windows of 4x4 positions, 2 heads of 8: queries times keys, and that times values.
    found = read(
        node("Reshape", "x s", "w"),
        node("Transpose", "w", "t", perm=[0, 2, 4, 3, 5, 1]),
        node("Reshape", "t u", "v"),
        node("Transpose", "v", "q", perm=[0, 2, 1, 3]),
        node("Transpose", "v", "k", perm=[0, 2, 3, 1]),
        node("MatMul", "q k", "scores"),
        node("Softmax", "scores", "weights", axis=-1),
        node("MatMul", "weights q", "y"),
        weights=[numbers("s", [1, 16, 2, 4, 2, 4]), numbers("u", [-1, 16, 2, 8])],
        x=(1, 16, 8, 8),
    )
    assert found.total.macs == 4 * 2 * (16 * 8 * 16) * 2
    assert found.outputs == ((4, 2, 16, 8),)


@pytest.mark.parametrize(
    ("one", "other", "output"),
    [
        ((1, 4, 5), (1, 5, 6), (4, 6)),
        ((1, 2, 4, 5), (5, 6), (2, 4, 6)),
        ((3, 1, 4, 5), (2, 5, 6), (3, 2, 4, 6)),
        ((1, 4, 5), (5,), (4,)),
        ((1, 5), (5, 6), (6,)),
    ],
)
def test_products_spread_as_in_numpy(read, one, other, output):
    found = read(
        node("MatMul", "x z", "y"), x=one, others={"z": other}.items(), options=Options(inputs={"x": one, "z": other})
    )
    assert prod(found.outputs[0]) == prod(output) == prod((np.zeros(one) @ np.zeros(other)).shape)
    assert found.total.macs == prod(output) * 5


def test_einsum(read):
    found = read(
        node("Einsum", "x w", "y", equation="...nd,dhk->...hnk"), weights=[weight("w", 16, 2, 8)], x=(1, 7, 16)
    )
    assert counts(found) == (256, 7 * 256)
    assert found.outputs == ((2, 7, 8),)


def test_tied_embeddings_count_once(read):
    found = read(
        node("Gather", "table x", "e"),
        node("Transpose", "table", "t", perm=[1, 0]),
        node("MatMul", "e t", "y"),
        weights=[weight("table", 100, 8)],
        x=(1, 5),
    )
    assert counts(found) == (800, 5 * 800)


@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_layers_multiply_inputs_and_states(read, op, gates, directions):
    hidden, inner, steps = 6, 5, 9
    way = "bidirectional" if directions == 2 else "forward"
    found = read(
        node(op, "x w r b", "y", hidden_size=hidden, direction=way),
        weights=[
            weight("w", directions, gates * hidden, inner),
            weight("r", directions, gates * hidden, hidden),
            weight("b", directions, 2 * gates * hidden),
        ],
        x=(steps, 1, inner),
        options=Options(inputs={"x": (steps, 1, inner)}),
    )
    products = directions * gates * hidden * (inner + hidden)
    assert counts(found) == (products + directions * 2 * gates * hidden, steps * products)
    assert prod(found.outputs[0]) == steps * directions * hidden


def test_attention_of_newer_opsets(read):
    others = {"k": (1, 2, 7, 8), "v": (1, 2, 7, 8)}
    found = read(node("Attention", "x k v", "y"), x=(1, 4, 5, 8), others=others.items(), opset=23)
    # Two heads of keys and values serve four of queries.
    assert found.total.macs == 2 * 4 * 5 * 7 * 8
    assert found.outputs == ((4, 5, 8),)


def test_quantised_convolutions(read):
    scale, zero = numbers("s", 0.1, "float32"), numbers("z", 0, "uint8")
    weights = [scale, zero, weight("w", 4, 3, 3, 3, dtype="uint8"), weight("b", 4, dtype="int32")]
    found = read(
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearConv", "q s z w s z s z b", "c"),
        node("DequantizeLinear", "c s z", "y"),
        weights=weights,
    )
    assert counts(found) == (112, 108 * 36)
    found = read(
        node("DequantizeLinear", "w s z", "d"),
        node("Conv", "x d", "y"),
        weights=weights[:3],
    )
    assert counts(found) == (108, 108 * 36)
    assert not found.uncounted


# Norms, factors, sums


def test_norms_count_scale_and_shift(read):
    found = read(
        node("BatchNormalization", "x a b m v", "p"),
        node("Transpose", "p", "q", perm=[0, 2, 3, 1]),
        node("LayerNormalization", "q c d", "y"),
        weights=[weight(name, 3) for name in "abmvcd"],
    )
    assert counts(found) == (12, 0)
    assert found.network.about["floats"] == {"in_file": 18, "running_statistics": 6, "constants": 0}


def test_what_nobody_learnt_is_no_parameter(read):
    ones, zeros = numbers("a", [1.0] * 3, "float32"), numbers("b", [0.0] * 3, "float32")
    found = read(
        node("InstanceNormalization", "x a b", "p"),
        node("Clip", "p low high", "q"),
        node("Mul", "q half", "y"),
        weights=[
            ones,
            zeros,
            *(
                numbers(name, value, "float32")
                for name, value in zip(("low", "high", "half"), (0, 6, 0.5), strict=True)
            ),
        ],
    )
    assert counts(found) == (0, 0)
    assert kinds(found) == ["instance_norm", "relu6", "mul"]


def test_a_factor_for_each_channel_and_a_tensor_of_its_own(read):
    found = read(
        node("Mul", "x g", "p"), node("Add", "p e", "y"), weights=[weight("g", 3, 1, 1), weight("e", 1, 3, 8, 8)]
    )
    assert kinds(found) == ["scale", "parameter", "add"]
    assert counts(found) == (3 + 192, 0)


def test_unequal_maps_meet(read):
    found = read(
        node("GlobalAveragePool", "x", "g"), node("Sigmoid", "g", "s"), node("Mul", "x s", "m"), node("Add", "m g", "y")
    )
    assert found.outputs == ((3, 8, 8),)
    assert kinds(found) == ["global_avg_pool", "sigmoid", "mul", "add"]


# Shapes that the graph computes


def test_shapes_are_computed(read):
    found = read(
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n axis", "n1"),
        node("Concat", "n1 rest", "t", axis=0),
        node("Reshape", "x t", "f"),
        node("MatMul", "f w", "y"),
        weights=[numbers("zero", 0), numbers("axis", [0]), numbers("rest", [-1]), weight("w", 192, 5)],
        x=("batch", 3, 8, 8),
    )
    assert counts(found) == (960, 960)


def test_resizing(read):
    nothing = numbers("e", [], "float32")
    found = read(
        node("Resize", "x e f", "p", mode="linear"),
        node("Resize", "p e e t", "y", mode="nearest"),
        weights=[nothing, numbers("f", [1, 1, 2, 2], "float32"), numbers("t", [1, 3, 9, 20])],
    )
    assert [found.shapes[name] for name in ("p", "y")] == [(3, 16, 16), (3, 9, 20)]
    assert [made.layer.mode for made in found.network.nodes] == ["bilinear", "nearest"]


def test_a_channel_shuffle_is_one_layer(read):
    found = read(
        node("Reshape", "x a", "p"),
        node("Transpose", "p", "q", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "q b", "y"),
        weights=[numbers("a", [1, 2, 6, 8, 8]), numbers("b", [1, 12, 8, 8])],
        x=(1, 12, 8, 8),
    )
    assert kinds(found) == ["channel_shuffle"]


def test_slices_splits_and_pads(read):
    found = read(
        node("Split", "x", "a b", axis=1),
        node("Slice", "a starts ends axes", "c"),
        node("Pad", "c pads", "d"),
        node("Concat", "d b", "y", axis=1),
        weights=[
            *(numbers(name, value) for name, value in (("starts", [1]), ("ends", [2**63 - 1]), ("axes", [3]))),
            numbers("pads", [0, 0, 0, 1, 0, 0, 0, 0]),
        ],
        x=(1, 4, 8, 8),
    )
    assert kinds(found) == ["slice", "slice", "crop", "pad", "concat"]
    assert found.outputs == ((4, 8, 8),)
    assert "{slice: [0, 2]" in dumps(found.network)


def test_older_opsets_say_it_with_attributes(read):
    found = read(
        node("Unsqueeze", "x", "a", axes=[0]),
        node("Squeeze", "a", "b", axes=[0]),
        node("Slice", "b", "c", starts=[0], ends=[2], axes=[1]),
        node("Clip", "c", "d", min=0.0, max=6.0),
        node("Upsample", "d", "e", scales=[1.0, 1.0, 2.0, 2.0]),
        node("Pad", "e", "y", pads=[0, 0, 1, 1, 0, 0, 1, 1]),
        opset=8,
    )
    assert found.outputs == ((2, 18, 18),)
    assert kinds(found) == ["slice", "relu6", "upsample", "pad"]


def test_the_branch_of_a_known_condition_is_part_of_the_graph(read):
    def branch(*nodes):
        return helper.make_graph(list(nodes), "branch", [], [helper.make_tensor_value_info("o", FLOAT, None)])

    then, other = branch(node("Conv", "x w", "o")), branch(node("Relu", "x", "o"))
    found = read(
        node("If", "c", "y", then_branch=then, else_branch=other),
        weights=[numbers("c", True, "bool"), weight("w", 4, 3, 3, 3)],  # noqa: FBT003 - what the graph holds
    )
    assert counts(found) == (108, 108 * 36)
    found = read(
        node("Cast", "x", "b", to=9),
        node("If", "b", "y", then_branch=then, else_branch=other),
        weights=[weight("w", 4, 3, 3, 3)],
        x=(1, 1),
    )
    assert found.uncounted == {"If": 1}


# What a file leaves open


OPEN = {"nodes": [node("Conv", "x w", "y")], "weights": [weight("w", 4, 3, 3, 3)], "x": ("batch", 3, "height", "width")}


def opened(read, options):
    return read(*OPEN["nodes"], weights=OPEN["weights"], x=OPEN["x"], options=options)


def test_open_dimensions_are_named(read):
    with pytest.raises(SpecError, match=r"open dimensions of `x`.*: `height`, `width`.*--input x=3x224x224"):
        opened(read, Options())
    with pytest.raises(SpecError, match="`width`"):
        opened(read, Options(dims={"height": 8}))
    with pytest.raises(SpecError, match=r"no dimension `heigth` .*did you mean `height`"):
        opened(read, Options(dims={"heigth": 8}))
    with pytest.raises(SpecError, match="no input `z`"):
        opened(read, Options(inputs={"z": (3, 8, 8)}))
    with pytest.raises(SpecError, match="3 axes besides the batch"):
        opened(read, Options(input=(8, 8)))


@pytest.mark.parametrize(
    "options",
    [
        Options(input=(3, 8, 8)),
        Options(inputs={"x": (3, 8, 8)}),
        Options(dims={"height": 8, "width": 8}),
        Options(inputs={"x": (1, 3, 8, 8)}),
    ],
)
def test_open_dimensions_are_given(read, options):
    assert counts(opened(read, options)) == (108, 108 * 36)


def test_several_inputs_are_given_by_name(read):
    others = {"z": (1, 3, "n", 8)}
    with pytest.raises(SpecError, match="several: x, z"):
        read(node("Add", "x z", "y"), others=others.items(), options=Options(input=(3, 8, 8)))
    found = read(node("Add", "x z", "y"), others=others.items(), options=Options(inputs={"z": (3, 8, 8)}))
    assert found.outputs == ((3, 8, 8),)


def test_a_batch_in_the_file_is_left_out(read):
    fields = {"weights": [numbers("s", [4, -1]), weight("w", 192, 5)], "x": (4, 3, 8, 8)}
    found = read(node("Reshape", "x s", "f"), node("MatMul", "f w", "y"), **fields)
    assert counts(found) == (960, 960)
    fields["weights"].append(weight("e", 4, 192))
    with pytest.raises(SpecError, match="the file fixes its batch at 4"):
        read(node("Reshape", "x s", "f"), node("Concat", "f e", "g", axis=1), node("MatMul", "g w", "y"), **fields)


def test_another_size_that_does_not_fit_names_the_node(read):
    with pytest.raises(SpecError, match=r"`y` \(Gemm\): weights for 192 features, but the input is 1x300"):
        read(
            node("Flatten", "x", "f"),
            node("Gemm", "f w", "y", transB=1),
            weights=[weight("w", 5, 192)],
            options=Options(input=(3, 10, 10)),
        )


# What is not known


def test_operations_that_are_not_known_are_listed_and_their_weights_count(read):
    said = [helper.make_tensor_value_info("p", FLOAT, ("batch", 4, 8, 8))]
    found = read(
        node("Magic", "x w", "p", domain="own"),
        node("Conv", "p v", "y"),
        weights=[weight("w", 7, 7), weight("v", 2, 4, 3, 3)],
        said=said,
        options=Options(dims={"batch": 1}),
    )
    assert found.uncounted == {"own.Magic": 1}
    assert counts(found) == (49 + 72, 72 * 36)


def test_products_behind_unknown_shapes_are_listed_too(read):
    found = read(
        node("NonZero", "x", "p"), node("Cast", "p", "q", to=1), node("MatMul", "q w", "y"), weights=[weight("w", 9, 5)]
    )
    assert found.uncounted == {"MatMul": 1}
    assert counts(found) == (45, 0)
    assert "known only when the model runs" in found.network.about["source"]


def test_functions_of_the_file_are_read(tmp_path):
    body = [node("Conv", "a b", "c"), node("Relu", "c", "d")]
    function = helper.make_function("own", "Block", ["a", "b"], ["d"], body, [helper.make_opsetid("", 17)])
    made = model([node("Block", "x w", "y", domain="own")], [weight("w", 4, 3, 3, 3)])
    made.functions.append(function)
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    assert counts(evaluate(importers.read(str(path), "onnx")[0])) == (108, 108 * 36)


def test_a_missing_package_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ConvcostError, match=r"pip install 'convcost\[onnx\]'"):
        importers.read(str(tmp_path / "model.onnx"), "onnx")
