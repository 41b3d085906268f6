"""Models of Keras, in the form that `to_json()` writes, against counts and sizes worked by hand, and against Keras.

Where Keras is installed, models of its own are read as well.
"""

import importlib.util
import json
import struct
import warnings
import zipfile
from math import prod

import pytest

from convcost import SpecError, dumps, evaluate, importers, loads
from convcost.importers import keras


def layer(word, name, *, module="keras.layers", nodes=(), **config):
    return {
        "module": module,
        "class_name": word,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": list(nodes),
    }


def tensor(name, shape, call=0, output=0):
    history = [name, call, output]
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, *shape], "keras_history": history}}


def call(*tensors, **kwargs):
    return {"args": list(tensors), "kwargs": kwargs}


def start(*shape, name="x"):
    return layer("InputLayer", name, batch_shape=[None, *shape])


def functional(*layers, inputs=("x",), outputs=("y",), name="model"):
    config = {"name": name, "layers": list(layers)}
    config |= {"input_layers": [[one, 0, 0] for one in inputs], "output_layers": [[one, 0, 0] for one in outputs]}
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}


def sequential(*layers, name="model"):
    config = {"name": name, "layers": list(layers)}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}


def read(model, **options):
    (network,) = keras.loads(json.dumps(model), "model.json", importers.Options(**options))
    return evaluate(network)


def one(shape, word, **config):
    return read(sequential(start(*shape), layer(word, "y", **config)))


# Sizes and parameters as Keras 3.15 has them for an input of 17 × 20 with 6 channels, channels last.
@pytest.mark.parametrize(
    ("word", "config", "params", "output"),
    [
        ("Conv2D", {"filters": 8, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same"}, 440, (8, 9, 10)),
        ("Conv2D", {"filters": 8, "kernel_size": [3, 3], "strides": [2, 2], "use_bias": False}, 432, (8, 8, 9)),
        ("Conv2D", {"filters": 8, "kernel_size": 3, "groups": 2, "dilation_rate": 2}, 224, (8, 13, 16)),
        ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, 120, (12, 17, 20)),
        ("SeparableConv2D", {"filters": 5, "kernel_size": 3, "depth_multiplier": 2}, 108 + 65, (5, 15, 18)),
        ("Conv2DTranspose", {"filters": 8, "kernel_size": 3, "strides": 2, "padding": "same"}, 440, (8, 34, 40)),
        ("Conv2DTranspose", {"filters": 8, "kernel_size": 3, "strides": 2}, 440, (8, 35, 41)),
        ("Conv2DTranspose", {"filters": 8, "kernel_size": 2, "strides": 3}, 200, (8, 51, 60)),
        (
            "Conv2DTranspose",
            {"filters": 8, "kernel_size": 4, "strides": 3, "padding": "same", "output_padding": 1},
            776,
            (8, 49, 58),
        ),
        ("MaxPooling2D", {"pool_size": [3, 3], "strides": [2, 2], "padding": "same"}, 0, (6, 9, 10)),
        ("AveragePooling2D", {"pool_size": 2}, 0, (6, 8, 10)),
        ("GlobalAveragePooling2D", {}, 0, (6,)),
        ("GlobalMaxPooling2D", {"keepdims": True}, 0, (6, 1, 1)),
        ("ZeroPadding2D", {"padding": [[1, 2], [3, 4]]}, 0, (6, 20, 27)),
        ("Cropping2D", {"cropping": 2}, 0, (6, 13, 16)),
        ("UpSampling2D", {"size": [2, 3], "interpolation": "bilinear"}, 0, (6, 34, 60)),
        ("Resizing", {"height": 10, "width": 12}, 0, (6, 10, 12)),
        ("Flatten", {}, 0, (2040,)),
        ("Reshape", {"target_shape": [-1, 6]}, 0, (6, 340)),
        ("Permute", {"dims": [2, 1, 3]}, 0, (6, 20, 17)),
        ("Dense", {"units": 4}, 28, (4, 17, 20)),
        ("BatchNormalization", {"axis": 3}, 12, (6, 17, 20)),
        ("BatchNormalization", {"scale": False}, 6, (6, 17, 20)),
        ("BatchNormalization", {"scale": False, "center": False}, 0, (6, 17, 20)),
        ("BatchNormalization", {"axis": 1}, 34, (6, 17, 20)),
        ("LayerNormalization", {"axis": -1}, 12, (6, 17, 20)),
        ("LayerNormalization", {"axis": [1, 2, 3]}, 4080, (6, 17, 20)),
        ("GroupNormalization", {"groups": 3}, 12, (6, 17, 20)),
        ("RMSNormalization", {"axis": -1}, 6, (6, 17, 20)),
        ("PReLU", {"shared_axes": [1, 2]}, 6, (6, 17, 20)),
        ("PReLU", {}, 2040, (6, 17, 20)),
        ("ReLU", {"max_value": 6.0}, 0, (6, 17, 20)),
        ("Activation", {"activation": "selu"}, 0, (6, 17, 20)),
        ("Softmax", {"axis": 1}, 0, (6, 17, 20)),
        ("Dropout", {"rate": 0.5}, 0, (6, 17, 20)),
        ("Rescaling", {"scale": 0.5}, 0, (6, 17, 20)),
        ("Normalization", {"axis": [-1]}, 0, (6, 17, 20)),
        ("RandomFlip", {}, 0, (6, 17, 20)),
    ],
)
def test_a_layer_has_the_parameters_and_the_size_that_keras_gives_it(word, config, params, output):
    found = one((17, 20, 6), word, **config)
    assert (found.total.params, found.outputs) == (params, (output,))
    assert not found.uncounted


@pytest.mark.parametrize(
    ("shape", "word", "config", "params", "output"),
    [
        ((30, 4), "Conv1D", {"filters": 8, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, 104, (8, 30)),
        ((30, 4), "SeparableConv1D", {"filters": 7, "kernel_size": 3, "strides": 2}, 12 + 35, (7, 14)),
        ((9, 4), "AveragePooling1D", {"pool_size": 2, "padding": "same"}, 0, (4, 5)),
        ((9, 4), "ZeroPadding1D", {"padding": [1, 2]}, 0, (4, 12)),
        ((9, 10, 11, 4), "Conv3D", {"filters": 8, "kernel_size": [3, 2, 1], "padding": "same"}, 200, (8, 9, 10, 11)),
        ((5,), "Dense", {"units": 3, "activation": "softmax"}, 18, (3,)),
        ((12,), "Embedding", {"input_dim": 100, "output_dim": 16}, 1600, (16, 12)),
        ((8,), "RepeatVector", {"n": 3}, 0, (8, 3)),
    ],
)
def test_layers_of_other_ranks(shape, word, config, params, output):
    found = one(shape, word, **config)
    assert (found.total.params, found.outputs) == (params, (output,))


def test_macs_of_a_small_model_by_hand():
    model = sequential(
        start(8, 8, 3),
        layer("Conv2D", "c", filters=4, kernel_size=3, strides=2, padding="same", activation="relu"),
        layer("GlobalAveragePooling2D", "p"),
        layer("Dense", "d", units=10),
        name="small",
    )
    found = read(model)
    assert found.network.name == "small"
    assert found.total.macs == 27 * 4 * 16 + 40
    assert [node.name for node in found.network.nodes] == ["c", "c.act", "p.pool", "p.flatten", "d"]


def test_tensorflows_same_pads_the_odd_one_at_the_end():
    node = one((224, 225, 3), "Conv2D", filters=8, kernel_size=3, strides=2, padding="same").network.nodes[0]
    # torch's rule would be (1, 1) on both axes.
    assert node.layer.padding == ((0, 1), (1, 1))
    assert one((9, 9, 3), "AveragePooling2D", pool_size=3, padding="same").network.nodes[0].layer.padding[0] == (0, 0)


def test_channels_that_come_first_in_the_model():
    first = {"data_format": "channels_first"}
    model = sequential(
        start(4, 9, 10),
        layer("Conv2D", "c", filters=8, kernel_size=3, **first),
        layer("BatchNormalization", "n", axis=1),
        layer("GlobalAveragePooling2D", "p", **first),
        layer("Dense", "y", units=5),
    )
    found = read(model)
    assert found.network.input == (4, 9, 10)
    assert found.total.params == 296 + 16 + 45
    assert found.shapes["c"] == (8, 7, 8)


def test_a_layer_with_its_channels_elsewhere_is_not_counted():
    model = sequential(
        start(9, 10, 4),
        layer("Conv2D", "c", filters=8, kernel_size=3, data_format="channels_last"),
        layer("MaxPooling2D", "p", pool_size=2, data_format="channels_first"),
    )
    assert read(model).uncounted == {"MaxPooling2D": 1}


def test_branches_and_where_they_meet():
    x = tensor("x", (8, 8, 6))
    model = functional(
        start(8, 8, 6),
        layer("Conv2D", "a", filters=6, kernel_size=1, use_bias=False, nodes=[call(x)]),
        layer("Add", "sum", nodes=[call([x, tensor("a", (8, 8, 6))])]),
        layer("GlobalAveragePooling2D", "g", keepdims=True, nodes=[call(tensor("sum", (8, 8, 6)))]),
        layer("Multiply", "m", nodes=[call([tensor("sum", (8, 8, 6)), tensor("g", (1, 1, 6))])]),
        layer("Concatenate", "y", axis=-1, nodes=[call([x, tensor("m", (8, 8, 6))])]),
        layer("Concatenate", "z", axis=1, nodes=[call([x, tensor("m", (8, 8, 6))])]),
        outputs=("y", "z"),
    )
    found = read(model)
    assert found.outputs == ((12, 8, 8), (6, 16, 8))
    assert found.total.params == 36


def test_layers_come_in_an_order_in_which_they_can_run():
    model = functional(
        layer("Add", "y", nodes=[call([tensor("a", (8, 8, 6)), tensor("x", (8, 8, 6))])]),
        layer("Conv2D", "a", filters=6, kernel_size=1, nodes=[call(tensor("x", (8, 8, 6)))]),
        start(8, 8, 6),
    )
    assert [node.name for node in read(model).network.nodes] == ["a", "y"]


def test_a_shared_layer_counts_its_parameters_once_and_its_macs_each_time():
    shape = (8, 8, 6)
    model = functional(
        start(*shape),
        layer(
            "Conv2D",
            "a",
            filters=6,
            kernel_size=3,
            padding="same",
            use_bias=False,
            nodes=[call(tensor("x", shape)), call(tensor("a", shape))],
        ),
        layer("Add", "y", nodes=[call([tensor("a", shape), tensor("a", shape, call=1)])]),
    )
    found = read(model)
    assert (found.total.params, found.total.macs) == (324, 2 * 324 * 64)
    assert [node.name for node in found.network.nodes] == ["a", "a.2", "y"]


def inner(name="inner"):
    return sequential(start(8, 8, 6, name="i"), layer("Conv2D", "c", filters=6, kernel_size=1), name=name)


def test_models_inside_of_models_fold_and_share():
    shape = (8, 8, 6)
    nested = inner()
    nested |= {"name": "inner", "inbound_nodes": [call(tensor("x", shape)), call(tensor("inner", shape))]}
    model = functional(
        start(*shape),
        nested,
        layer("ReLU", "y", nodes=[call(tensor("inner", shape, call=1))]),
    )
    found = read(model)
    assert [node.name for node in found.network.nodes] == ["inner.c", "inner.2.c", "y"]
    assert (found.total.params, found.total.macs) == (42, 2 * 36 * 64)
    assert found.network.blocks["inner"] == "Sequential"


def test_outputs_of_a_model_inside_are_counted_as_keras_counts_them():
    shape = (8, 8, 6)
    last = layer("Conv2D", "y", filters=2, kernel_size=1, nodes=[call(tensor("x", shape))])
    nested = functional(start(*shape), last, name="inner")
    nested |= {"name": "inner", "inbound_nodes": [call(tensor("x", shape))]}
    model = functional(start(*shape), nested)
    # A functional model has a call of its own making before the first.
    model["config"]["output_layers"] = [["inner", 1, 0]]
    assert read(model).outputs == ((2, 8, 8),)


def test_the_lists_of_keras_2():
    entries = [
        {
            "class_name": "InputLayer",
            "config": {"name": "x", "batch_input_shape": [None, 8, 8, 3]},
            "inbound_nodes": [],
        },
        {
            "class_name": "Conv2D",
            "config": {"name": "a", "filters": 4, "kernel_size": [3, 3], "padding": "same"},
            "inbound_nodes": [[["x", 0, 0, {}]]],
        },
        {"class_name": "Add", "config": {"name": "y"}, "inbound_nodes": [[["a", 0, 0, {}], ["a", 0, 0, {}]]]},
    ]
    config = {"name": "old", "layers": entries, "input_layers": [["x", 0, 0]], "output_layers": [["y", 0, 0]]}
    found = read({"class_name": "Functional", "config": config, "keras_version": "2.13.1", "backend": "tensorflow"})
    assert (found.total.params, found.outputs) == (112, ((4, 8, 8),))


def test_attention_by_hand():
    x = tensor("x", (10, 24))
    found = read(
        functional(
            start(10, 24),
            layer("MultiHeadAttention", "y", num_heads=3, key_dim=5, value_dim=7, nodes=[call(x, x)]),
        )
    )
    # 24 to 3 heads of 5, 5 and 7, and 21 back to 24, with biases.
    assert found.total.params == 2 * (24 * 15 + 15) + (24 * 21 + 21) + (21 * 24 + 24)
    products = 3 * 10 * 10 * (5 + 7)
    assert found.total.macs == 10 * (2 * 24 * 15 + 2 * 24 * 21) + products
    assert found.outputs == ((24, 10),)


def test_operations_of_keras_ops():
    shape = (8, 8, 6)
    numpy = "keras.src.ops.numpy"
    model = functional(
        start(*shape),
        layer("Add", "a", module=numpy, nodes=[call(tensor("x", shape), 3.0)]),
        layer("Relu6", "b", module="keras.src.ops.nn", nodes=[call(tensor("a", shape))]),
        layer("Add", "c", module=numpy, nodes=[call(tensor("b", shape), tensor("x", shape))]),
        layer("Mean", "d", module=numpy, nodes=[call(tensor("c", shape))]),
        layer("Dense", "y", units=2, nodes=[call(tensor("d", (6,)))]),
    )
    found = read(model)
    assert [node.kind for node in found.network.nodes] == ["rescaling", "relu6", "add", "mean", "linear"]
    assert found.total.params == 14
    assert not found.uncounted


def test_what_is_not_known_is_listed_and_never_a_silent_zero():
    x = tensor("x", (8, 8, 6))
    model = functional(
        start(8, 8, 6),
        layer("Conv2D", "mine", module="somewhere", filters=4, kernel_size=1, nodes=[call(x)]),
        layer("Lambda", "f", nodes=[call(tensor("mine", (8, 8, 4)))]),
        layer("Lambda", "g", nodes=[call(tensor("f", (4, 4, 16)))]),
        layer("Dense", "y", units=2, activation={"class_name": "function", "config": "own"}, nodes=[]),
    )
    model["config"]["layers"][-1]["inbound_nodes"] = [call(tensor("g", (2,)))]
    found = read(model)
    assert found.uncounted == {"Conv2D": 1, "Lambda": 2, "own": 1}
    assert found.shapes["f"] == (16, 4, 4)
    assert found.total.params == 6


def test_recurrent_layers_are_not_counted():
    found = one((12, 4), "LSTM", units=8, return_sequences=True)
    assert (found.uncounted, found.outputs) == ({"LSTM": 1}, ((8, 12),))


def test_sizes_that_a_file_leaves_open():
    model = sequential(start(None, None, 3), layer("Conv2D", "y", filters=4, kernel_size=3))
    assert read(model, input=(3, 32, 40)).outputs == ((4, 30, 38),)
    with pytest.raises(SpecError, match="leaves sizes open") as caught:
        read(model)
    assert "--input 3x224x224" in caught.value.problems[0].hint


def test_a_second_input():
    model = functional(
        start(8, 8, 6),
        start(1, 1, 6, name="v"),
        layer("Multiply", "y", nodes=[call([tensor("x", (8, 8, 6)), tensor("v", (1, 1, 6))])]),
        inputs=("x", "v"),
    )
    found = read(model)
    assert (found.network.input, found.shapes["v"], found.outputs) == ((6, 8, 8), (6, 1, 1), ((6, 8, 8),))
    assert read(model, inputs={"x": (6, 4, 4)}).outputs == ((6, 4, 4),)


def test_what_is_read_can_be_written_and_read_back():
    x = tensor("x", (32, 32, 3))
    model = functional(
        start(32, 32, 3),
        layer("Rescaling", "r", scale=0.1, nodes=[call(x)]),
        layer(
            "Conv2D", "a", filters=8, kernel_size=3, strides=2, padding="same", nodes=[call(tensor("r", (32, 32, 3)))]
        ),
        layer("BatchNormalization", "b", scale=False, nodes=[call(tensor("a", (16, 16, 8)))]),
        layer("SeparableConv2D", "s", filters=8, kernel_size=3, padding="same", nodes=[call(tensor("b", (16, 16, 8)))]),
        layer("GlobalAveragePooling2D", "g", nodes=[call(tensor("s", (16, 16, 8)))]),
        layer("Reshape", "e", target_shape=[1, 1, 8], nodes=[call(tensor("g", (8,)))]),
        layer("Multiply", "m", nodes=[call([tensor("s", (16, 16, 8)), tensor("e", (1, 1, 8))])]),
        layer("Flatten", "f", nodes=[call(tensor("m", (16, 16, 8)))]),
        layer("Dense", "y", units=10, activation="softmax", nodes=[call(tensor("f", (2048,)))]),
    )
    (network,) = keras.loads(json.dumps(model))
    (again,) = loads(dumps(network))
    assert evaluate(again).total == evaluate(network).total


SMALL = sequential(start(8, 8, 3), layer("Conv2D", "c", filters=4, kernel_size=3))


def archive(path, text, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("metadata.json", "{}")
        made.writestr("config.json", text)
        made.writestr("model.weights.h5", b"never opened")
    return str(path)


def test_an_archive(tmp_path):
    path = archive(tmp_path / "m.keras", json.dumps(SMALL))
    (network,) = importers.read(path, "keras")
    assert evaluate(network).total.params == 112


def test_layers_that_an_archive_numbers_alike_are_one():
    shape = (8, 8, 6)
    nodes = [[call(tensor("x", shape))], [call(tensor("a", shape))]]
    made = [layer("Conv2D", name, filters=6, kernel_size=1, nodes=node) for name, node in zip("ay", nodes, strict=True)]
    for entry in made:
        entry["shared_object_id"] = 7
    assert read(functional(start(*shape), *made)).total.params == 42


def error(path):
    with pytest.raises(SpecError) as caught:
        importers.read(str(path), "keras")
    return caught.value.problems[0].message


def test_a_bomb_in_an_archive(tmp_path):
    path = archive(tmp_path / "bomb.keras", b" " * (64 * 2**20))
    assert "larger than 16 MiB" in error(path)
    path = archive(tmp_path / "other.keras", b" " * 2**20, zipfile.ZIP_BZIP2)
    assert "packed by a method that Keras does not use" in error(path)


def test_an_archive_that_claims_too_much(tmp_path):
    path = tmp_path / "m.keras"
    archive(path, json.dumps(SMALL))
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    # A directory of 2 GiB.
    claimed = data[: end + 12] + struct.pack("<I", 2**31) + data[end + 16 :]
    path.write_bytes(claimed)
    assert "cannot be read" in error(path)
    path.write_bytes(b"PK\x05\x06" + b"\0" * 4 + struct.pack("<HHIIH", 65535, 65535, 2**24, 0, 0) + b"\0" * 2**24)
    assert "cannot be read" in error(path)


def test_archives_that_are_broken(tmp_path):
    path = tmp_path / "m.keras"
    archive(path, json.dumps(SMALL))
    data = path.read_bytes()
    for end in range(4, len(data), 97):
        path.write_bytes(data[:end])
        assert error(path)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("other.json", "{}")
    assert "without config.json" in error(path)
    path.write_bytes(b"\0" * 10_000)
    assert "not valid JSON" in error(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON: "),
        ("[1]", "there is no `config`"),
        ('{"a": 1}', "there is no `config`"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff\xfe\xff", "neither JSON"),
        ('{"class_name": "Mine", "config": {}}', "a class of somebody's own"),
        ('{"class_name": "Sequential", "config": {"layers": []}}', "no layers"),
        ('{"class_name": "Sequential", "config": {"layers": [3]}}', "without `layers`"),
        ('{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}}', "no input shape"),
    ],
)
def test_what_is_no_model_is_an_error(text, message):
    with pytest.raises(SpecError) as caught:
        keras.loads(text)
    assert message in caught.value.problems[0].message


def wrong(model):
    with pytest.raises(SpecError) as caught:
        read(model)
    return caught.value.problems[0].message


def test_a_graph_that_runs_in_a_circle():
    shape = (8, 8, 3)
    model = functional(
        start(*shape),
        layer("Add", "a", nodes=[call([tensor("x", shape), tensor("y", shape)])]),
        layer("ReLU", "y", nodes=[call(tensor("a", shape))]),
    )
    assert wrong(model) == "model.json: layers take each other's outputs in a circle: a, y"


def test_models_without_end():
    model = inner()
    for depth in range(60):
        model = sequential(start(8, 8, 6), {**model, "name": f"m{depth}"}, name=f"m{depth}")
    assert "deeper than 32 levels" in wrong(model)
    # Each level runs the one below twice.
    shape = (8, 8, 6)
    model = functional(start(*shape), layer("Dropout", "y", nodes=[call(tensor("x", shape))]), name="m")
    for _ in range(25):
        nodes = [call(tensor("x", shape)), call(tensor("y", shape))]
        model = functional(start(*shape), {**model, "name": "y", "inbound_nodes": nodes}, name="m")
        model["config"]["output_layers"] = [["y", 2, 0]]
    assert "more than 100,000" in wrong(model)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (layer("Conv2D", "c", kernel_size=3), "`c` (Conv2D): there is no `filters`"),
        (layer("Conv2D", "c", filters=4.5, kernel_size=3), "`filters` must be a whole number from 1, got `4.5`"),
        (layer("Conv2D", "c", filters=10**30, kernel_size=3), "`filters` must be a whole number from 1"),
        (layer("Conv2D", "c", filters=4, kernel_size=[3]), "`kernel_size` must be a whole number from 1, or 2 of them"),
        (layer("Conv1D", "c", filters=4, kernel_size=3, padding="same"), "a kernel of 1-D on a map of 2-D"),
        (layer("Conv2D", "c", filters=4, kernel_size=99), "`c` (Conv2D): no output is left"),
        (layer("Conv2D", "c", filters=4, kernel_size=3, padding="full"), "`padding` must be one of valid, same"),
        (layer("Conv2D", "c", filters=4, kernel_size=3, groups=2), "`groups` = 2 must divide `in_channels` = 3"),
        (layer("Reshape", "r", target_shape=[7, -1]), "192 elements do not make [7, -1]"),
        (layer("Reshape", "r", target_shape=[-1, -1]), "no shape is [-1, -1]"),
        (layer("Permute", "p", dims=[1, 1, 2]), "`order` must name each axis once"),
        (layer("BatchNormalization", "n", axis=9), "axis 9 is none of 3 axes"),
        (layer("ZeroPadding2D", "z", padding=[1]), "`padding` must be a number, or two for each of 2 axes"),
        ({"class_name": "Dense", "config": {}}, "has no name"),
    ],
)
def test_an_error_names_its_layer(entry, message):
    assert message in wrong(sequential(start(8, 8, 3), entry))


def test_tensors_that_are_not_there():
    shape = (8, 8, 3)
    model = functional(start(*shape), layer("ReLU", "y", nodes=[call(tensor("z", shape))]))
    assert wrong(model).endswith("`y` takes call 0 of `z`, which is no layer of the model")
    model = functional(start(*shape), layer("ReLU", "y", nodes=[call(tensor("x", shape, output=10**9))]))
    assert "there is no output 1000000000" in wrong(model)


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")
def test_models_of_keras_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from keras import applications

        model = applications.MobileNetV2(weights=None)
        text = model.to_json()
    found = evaluate(keras.loads(text)[0])
    assert found.total.params == sum(prod(weight.shape) for weight in model.trainable_weights)
    assert found.outputs == (model.output_shape[1:],)
