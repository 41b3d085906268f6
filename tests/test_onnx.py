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


@pytest.mark.parametrize(
    ("attributes", "weights", "said"),
    [
        ({"kernel_shape": [5, 5]}, [weight("w", 4, 3, 3, 3)], "a kernel of 5x5, but weights of 3x3"),
        ({}, [weight("w", 4, 3, 3, 3), weight("b", 5)], "a bias of 5 for 4 channels"),
        ({}, [weight("w", 4, 2, 3, 3)], "weights for 2 channels, but 3 come in"),
        ({"pads": [1, 1]}, [weight("w", 4, 3, 3, 3)], "2 pads for 2 axes"),
        ({"auto_pad": "SAME"}, [weight("w", 4, 3, 3, 3)], "auto_pad `SAME` is none of ONNX's"),
    ],
)
def test_weights_that_do_not_fit_are_errors(read, attributes, weights, said):
    inputs = " ".join(["x", *(held.name for held in weights)])
    with pytest.raises(SpecError, match=rf"`y` \(Conv\): {said}"):
        read(node("Conv", inputs, "y", **attributes), weights=weights)


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


def test_a_vector_or_matrix_on_the_left_is_a_product_too(read):
    found = read(node("MatMul", "w x", "p"), node("Add", "p b", "y"), weights=[weight("w", 5, 8), weight("b", 5, 1)])
    assert counts(found) == (45, 3 * 5 * 8 * 8)
    assert found.outputs == ((3, 5, 8),)


@pytest.mark.parametrize("equation", ["bchw,hk,wl->bckl", "...hw,...wk->...hk"])
def test_sums_of_products_that_are_not_known_are_listed(read, equation):
    others = {} if equation.count(",") > 1 else {"z": (1, 1, 8, 5)}
    weights = [weight("h", 8, 2), weight("z", 8, 3)] if not others else []
    inputs = "x z" if others else "x h z"
    found = read(node("Einsum", inputs, "y", equation=equation), weights=weights, others=others.items())
    assert found.uncounted == {"Einsum": 1}


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


def test_attention_behind_keys_of_the_past(read):
    others = dict.fromkeys("kv", (1, 2, 7, 8)) | dict.fromkeys("ab", (1, 2, 4, 8))
    found = read(
        node("Attention", "x k v m a b", "y keys values scores"),
        x=(1, 4, 5, 8),
        others=others.items(),
        weights=[weight("m", 5, 11)],
        opset=23,
        output="y keys values scores",
    )
    # 7 positions behind 4 of the past.
    assert counts(found) == (0, 2 * 4 * 5 * 11 * 8)
    assert found.outputs == ((4, 5, 8), (2, 11, 8), (2, 11, 8), (4, 5, 11))


def test_operators_of_onnx_runtime(read):
    scale, zero = numbers("s", 0.1, "float32"), numbers("z", 0, "uint8")
    of = {"domain": "com.microsoft"}
    found = read(
        node("SkipLayerNormalization", "x x g b c", "n", **of),
        node("FusedMatMul", "n w", "p", transB=1, **of),
        node("FastGelu", "p d", "y", **of),
        weights=[weight("g", 16), weight("b", 16), weight("c", 16), weight("w", 5, 16), weight("d", 5)],
        x=(1, 7, 16),
    )
    assert counts(found) == (48 + 80 + 5, 7 * 80)
    found = read(
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearAdd", "q s z q s z s z", "a", **of),
        node("QLinearConcat", "s z a s z q s z", "c", axis=1, **of),
        node("QLinearGlobalAveragePool", "c s z s z", "g", **of),
        node("Flatten", "g", "f"),
        node("QGemm", "f s z w s z b s z", "y", transB=1, **of),
        weights=[scale, zero, weight("w", 5, 6, dtype="uint8"), weight("b", 5, dtype="int32")],
    )
    assert not found.uncounted
    assert counts(found) == (35, 30)
    found = read(
        node("GroupQueryAttention", "x k v", "y", num_heads=2, kv_num_heads=1, **of),
        x=(1, 7, 16),
        others={"k": (1, 7, 8), "v": (1, 7, 8)}.items(),
    )
    assert found.uncounted == {"com.microsoft.GroupQueryAttention": 1}


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


def test_quantised_products(read):
    scale, zero = numbers("s", 0.1, "float32"), numbers("z", 0, "uint8")
    weights = [scale, zero, weight("w", 192, 5, dtype="uint8"), weight("b", 5)]
    found = read(
        node("Flatten", "x", "f"),
        node("DynamicQuantizeLinear", "f", "q qs qz"),
        node("MatMulInteger", "q w qz z", "p"),
        node("Cast", "p", "c", to=1),
        node("Mul", "c qs", "m"),
        node("Add", "m b", "y"),
        weights=weights,
    )
    assert counts(found) == (965, 960)
    # Whole numbers and their factor, by hand.
    found = read(
        node("Flatten", "x", "f"),
        node("Cast", "w", "c", to=1),
        node("Mul", "c s", "m"),
        node("MatMul", "f m", "y"),
        weights=weights,
    )
    assert counts(found) == (960, 960)


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


def test_norms_of_groups_and_of_roots(read):
    for opset, size in ((18, 2), (21, 4)):
        weights = [weight("g", size), weight("b", size)]
        found = read(
            node("GroupNormalization", "x g b", "y", num_groups=2), weights=weights, x=(1, 4, 8, 8), opset=opset
        )
        assert counts(found) == (2 * size, 0)
    found = read(node("RMSNormalization", "x g", "y", axis=1), weights=[weight("g", 7, 16)], x=(1, 7, 16), opset=23)
    assert counts(found) == (112, 0)


def test_a_first_node_may_meet_a_constant(read):
    for op in ("Add", "Sub", "Mul", "Div"):
        found = read(node(op, "x c", "y"), weights=[weight("c", 3, 8, 8)])
        assert counts(found) == (192, 0)


def test_weights_that_the_graph_computes_count_as_the_file_holds_them(read):
    # A norm of weights: their direction, and a length for each channel.
    found = read(
        node("ReduceL2", "v", "l", axes=[1, 2, 3]),
        node("Div", "g l", "r"),
        node("Mul", "v r", "w"),
        node("Conv", "x w b", "y"),
        weights=[weight("v", 4, 3, 3, 3), weight("g", 4, 1, 1, 1), weight("b", 4)],
    )
    assert counts(found) == (108 + 4 + 4, 108 * 36)
    # One number for all channels.
    found = read(
        node("Expand", "n s", "b"),
        node("Conv", "x w b", "y"),
        weights=[weight("w", 4, 3, 3, 3), numbers("n", 0.0, "float32"), numbers("s", [4])],
    )
    assert counts(found) == (108, 108 * 36)
    # Of a norm of weights, what its statistics are computed from is no second set of weights.
    found = read(
        node("ReduceMean", "copy", "m", axes=[0, 1], keepdims=0),
        node("BatchNormalization", "v g b m m", "n"),
        node("Reshape", "n s", "w"),
        node("Conv", "x w", "y"),
        weights=[
            *(weight("v", 1, 4, 27), weight("copy", 1, 27, 4), weight("g", 4)),
            *(numbers("b", [0.0] * 4, "float32"), numbers("s", [4, 3, 3, 3])),
        ],
    )
    assert counts(found) == (108 + 4 + 4, 108 * 36)
    assert found.network.about["floats"]["constants"] == 108


def test_other_forms_of_weights(read):
    values = numpy_helper.from_array(np.ones(5, "float32"), "w")
    sparse = helper.make_sparse_tensor(values, numbers("places", [0, 3, 5, 9, 20]), [4, 3, 3, 3])
    found = read(helper.make_node("Constant", [], ["w"], sparse_value=sparse), node("Conv", "x w", "y"))
    assert counts(found) == (108, 108 * 36)
    found = read(
        helper.make_node("Constant", [], ["t"], value_strings=["a", "b"]),
        node("Cast", "w", "f", to=1),
        node("Conv", "x f", "y"),
        weights=[weight("w", 4, 3, 3, 3, dtype="float16")],
    )
    assert counts(found) == (108, 108 * 36)


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


def test_shapes_are_computed_by_the_reference_where_there_is_no_rule_here(read):
    found = read(
        node("Shape", "x", "s"),
        node("Split", "s", "front back", axis=0),
        node("CastLike", "half back", "h"),
        node("Clip", "h low high", "clipped"),
        node("ScatterND", "s at one", "t"),
        node("Add", "t clipped", "u"),
        node("ConstantOfShape", "u", "c"),
        node("Concat", "x c", "y", axis=1),
        weights=[
            *(numbers("half", 0.5, "float32"), numbers("low", -1), numbers("high", 0)),
            *(numbers("at", [[1]]), numbers("one", [1])),
        ],
    )
    assert found.outputs == ((4, 8, 8),)
    # What takes whole numbers needs to know that they are.
    found = read(
        node("Where", "c a b", "i"),
        node("GatherElements", "x i", "p", axis=3),
        node("Conv", "p w", "y"),
        weights=[
            *(numbers("c", True, "bool"), numbers("a", 0), weight("b", 1, 3, 8, 5, dtype="int64")),  # noqa: FBT003
            weight("w", 4, 3, 3, 3),
        ],
    )
    assert counts(found) == (108, 108 * 18)


def test_resizing(read):
    nothing = numbers("e", [], "float32")
    found = read(
        node("Resize", "x e f", "p", mode="linear"),
        node("Resize", "p e e t", "y", mode="nearest"),
        weights=[nothing, numbers("f", [1, 1, 2, 2], "float32"), numbers("t", [1, 3, 9, 20])],
    )
    assert [found.shapes[name] for name in ("p", "y")] == [(3, 16, 16), (3, 9, 20)]
    assert [made.layer.mode for made in found.network.nodes] == ["bilinear", "nearest"]


def test_resizing_along_some_axes(read):
    sizes, factors = numbers("s", [20, 9]), numbers("f", [0.7, 2], "float32")
    found = read(helper.make_node("Resize", ["x", "", "", "s"], ["y"], axes=[3, 2]), weights=[sizes], opset=18)
    assert found.outputs == ((3, 9, 20),)
    # In 32 bits 0.7 times 10 is 7, in 64 bits it is less.
    resize = helper.make_node("Resize", ["x", "", "f"], ["y"], axes=[2, 3])
    found = read(resize, weights=[factors], x=(1, 3, 10, 10), opset=18)
    assert found.outputs == ((3, 7, 20),)


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


def test_what_is_empty_is_left_out(read):
    found = read(
        node("Split", "x s", "a b", axis=1),
        node("Slice", "x zero zero one", "c"),
        node("Concat", "a b c x", "y", axis=1),
        weights=[numbers("s", [0, 3]), numbers("zero", [0]), numbers("one", [1])],
    )
    assert found.outputs == ((6, 8, 8),)


def test_sequences_are_tensors_in_their_places(read):
    found = read(
        node("SplitToSequence", "x two", "parts", axis=1),
        node("SequenceAt", "parts last", "a"),
        node("SequenceInsert", "parts x", "more"),
        node("ConcatFromSequence", "more", "b", axis=1),
        node("SequenceConstruct", "a b", "both"),
        node("SequenceLength", "both", "n"),
        node("Sub", "n one", "at"),
        node("SequenceAt", "both at", "c"),
        node("Conv", "c w", "y"),
        weights=[numbers("two", 2), numbers("last", -1), numbers("one", 1), weight("w", 4, 6, 3, 3)],
    )
    # Two channels and one of them, and all three again.
    assert kinds(found) == ["slice", "slice", "concat", "conv"]
    assert counts(found) == (216, 216 * 36)


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
    # What its branches take from around them is weights of the file.
    assert counts(found) == (108, 0)


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


def test_an_error_of_open_dimensions_says_what_would_do(read):
    with pytest.raises(SpecError, match=r"\(Nx3x8xwidth\): `width` \(--input x=3x8x224, or --dim width=224\)"):
        opened(read, Options(dims={"height": 8}))
    with pytest.raises(SpecError, match=r"\(NxCxSxS\): `C`, `S` \(--input x=3x224x224, or --dim C=3 --dim S=224\)"):
        read(node("Relu", "x", "y"), x=("N", "C", "S", "S"))
    with pytest.raises(SpecError, match=r"\(T\): `T` \(--input x=224, or --dim T=224\)"):
        read(node("Relu", "x", "y"), x=("T",))


def test_a_size_that_one_input_gives_is_that_of_others(read):
    others = {"z": ("N", 3, "S", "S")}
    fields = {"x": ("N", 3, "S", "S"), "others": others.items()}
    found = read(node("Add", "x z", "y"), **fields, options=Options(inputs={"x": (3, 9, 9)}))
    assert found.outputs == ((3, 9, 9),)


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


def test_a_batch_in_the_file_is_never_counted(read, tmp_path):
    found = read(
        helper.make_node("Resize", ["x", "", "", "s"], ["p"]),
        node("Conv", "p w", "y"),
        weights=[numbers("s", [4, 3, 16, 16]), weight("w", 4, 3, 3, 3)],
        x=(4, 3, 8, 8),
    )
    assert counts(found) == (108, 108 * 14 * 14)
    # A sum with a constant of the batch's size is found out at the end.
    made = model([node("Add", "x e", "y")], [weight("e", 4, 3, 8, 8)], x=(4, 3, 8, 8))
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", FLOAT, (4, 3, 8, 8)))
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(
        SpecError, match=r"`y` is 4x3x8x8 for one sample, and 4x3x8x8 for all 4 \(the file fixes its batch"
    ):
        importers.read(str(path), "onnx")


def test_an_axis_that_does_not_come_out_is_no_batch(read):
    # One picture, of which the graph makes a batch.
    found = read(node("Add", "x m", "y"), x=(3, 8, 8), weights=[weight("m", 3, 8, 8)])
    assert found.network.input == (3, 8, 8)
    assert read(node("Relu", "x", "y"), x=(5,)).network.input == (5,)


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
