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


def test_a_mask_that_comes_along_is_no_input_of_a_model_inside():
    shape = (8, 8, 6)
    nested = inner() | {"name": "y", "inbound_nodes": [call(tensor("x", shape), mask=tensor("m", (8, 8)))]}
    functional_inside = functional(
        start(*shape), layer("Conv2D", "c", filters=6, kernel_size=1, nodes=[call(tensor("x", shape))]), outputs=("c",)
    )
    for model in (nested, {**nested, **functional_inside, "name": "y"}):
        mask = layer("NotEqual", "n", module="keras.src.ops.numpy", nodes=[call(tensor("x", shape), 0.0)])
        any_ = layer("Any", "m", module="keras.src.ops.numpy", axis=-1, nodes=[call(tensor("n", shape))])
        found = read(functional(start(*shape), mask, any_, model))
        assert (found.total.params, found.outputs, dict(found.uncounted)) == (42, ((6, 8, 8),), {})


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


# Weights of the input and of the state, and MACs: both at each of 12 steps, with 4 numbers coming in and 8 units.
@pytest.mark.parametrize(
    ("word", "config", "params", "weights"),
    [
        ("LSTM", {}, 416, 384),
        ("LSTM", {"use_bias": False}, 384, 384),
        ("GRU", {}, 336, 288),
        ("GRU", {"reset_after": False}, 312, 288),
        ("SimpleRNN", {}, 104, 96),
    ],
)
def test_recurrent_layers_by_hand(word, config, params, weights):
    found = one((12, 4), word, units=8, return_sequences=True, **config)
    assert (found.total.params, found.total.macs) == (params, 12 * weights)
    assert (found.outputs, dict(found.uncounted)) == (((8, 12),), {})
    assert one((12, 4), word, units=8, **config).outputs == ((8,),)
    assert one((12, 8, 4), word, units=8).uncounted == {word: 1}


def test_the_states_of_a_recurrent_layer():
    last = layer("LSTM", "y", units=8, return_state=True, nodes=[call(tensor("x", (12, 4)))])
    model = functional(start(12, 4), last)
    model["config"]["output_layers"] = [["y", 0, 2], ["y", 0, 0]]
    found = read(model)
    assert (found.network.outputs, found.outputs) == (("y.cell", "y.output"), ((8,), (8,)))


@pytest.mark.parametrize(
    ("mode", "output"),
    [("concat", (16, 12)), ("sum", (8, 12)), ("mul", (8, 12)), ("ave", (8, 12))],
)
def test_a_layer_in_both_directions(mode, output):
    inner = layer("LSTM", "forward", units=8, return_sequences=True)
    backward = layer("LSTM", "backward", units=8, return_sequences=True, go_backwards=True)
    found = one((12, 4), "Bidirectional", merge_mode=mode, layer=inner, backward_layer=backward)
    assert (found.total.params, found.total.macs) == (2 * 416, 2 * 12 * 384)
    assert (found.outputs, dict(found.uncounted)) == ((output,), {})


def test_what_runs_in_both_directions_and_is_not_known():
    inner = layer("LSTM", "forward", module="mine", units=8)
    assert one((12, 4), "Bidirectional", layer=inner).uncounted == {"Bidirectional": 1}


def test_a_layer_inside_without_its_config_is_an_error():
    inner = {"class_name": "LSTM", "module": "keras.layers"}
    assert "`y` (Bidirectional): there is no `units`" in wrong(
        sequential(start(12, 4), layer("Bidirectional", "y", layer=inner))
    )


def test_an_lstm_of_maps():
    config = {"filters": 3, "kernel_size": 2, "strides": 2}
    found = one((5, 8, 8, 4), "ConvLSTM2D", **config, return_sequences=True)
    # 12 channels from 4 and from 3 by 2×2s, on maps of 4×4, and one bias for each.
    assert found.total.params == 4 * 12 * (4 + 3) + 12
    assert found.total.macs == 5 * 16 * 4 * 12 * (4 + 3)
    assert (found.outputs, dict(found.uncounted)) == (((3, 5, 4, 4),), {})
    assert one((5, 8, 8, 4), "ConvLSTM2D", **config).outputs == ((3, 4, 4),)


def test_a_layer_at_each_step_has_its_weights_once():
    inner = layer("Conv2D", "c", filters=4, kernel_size=3, activation="relu", data_format="channels_last")
    found = one((5, 8, 8, 3), "TimeDistributed", layer=inner)
    assert (found.total.params, found.total.macs) == (112, 5 * 36 * 108)
    assert (found.outputs, found.network.blocks["y"]) == (((4, 5, 6, 6),), "TimeDistributed")


def test_a_model_at_each_step():
    x = tensor("x", (6,))
    inner = functional(
        start(6),
        layer("Dense", "a", units=6, nodes=[call(x)]),
        layer("Add", "y", nodes=[call([x, tensor("a", (6,))])]),
        name="inner",
    )
    found = one((5, 6), "TimeDistributed", layer={**inner, "name": "inner"})
    assert (found.total.params, found.total.macs, found.outputs) == (42, 5 * 36, ((6, 5),))


def test_a_layer_at_each_step_that_is_not_known():
    found = one((5, 6), "TimeDistributed", layer=layer("Mine", "m", module="somewhere"))
    assert (found.uncounted, found.total.params) == ({"Mine": 1}, 0)


def test_the_layer_inside_of_a_spectral_norm():
    inner = layer("Conv2D", "c", filters=4, kernel_size=3)
    assert one((8, 8, 3), "SpectralNormalization", layer=inner).total.params == 112


@pytest.mark.parametrize(
    ("equation", "config", "params", "macs", "output"),
    [
        ("abc,cd->abd", {"output_shape": [None, 7], "bias_axes": "d"}, 49, 4 * 42, (7, 4)),
        ("...x,xy->...y", {"output_shape": 7}, 42, 4 * 42, (7, 4)),
        # Behind dots the sizes begin with the first letter; Keras takes no notice of more.
        ("...c,cxy->...xy", {"output_shape": [7, 3, 2]}, 126, 4 * 126, (3, 4, 7)),
        ("abc,cde->abde", {"output_shape": [None, 2, 3], "bias_axes": "de"}, 42, 4 * 36, (3, 4, 2)),
        ("abc,bcd->ad", {"output_shape": 7}, 168, 168, (7,)),
        ("abc,bd->adc", {"output_shape": [7, None]}, 28, 6 * 28, (6, 7)),
        # Weights of their own for each position, and biases of one axis that is not new.
        ("abc,bcd->abd", {"output_shape": [None, 7], "bias_axes": "b"}, 172, 168, (7, 4)),
    ],
)
def test_products_by_an_equation(equation, config, params, macs, output):
    found = one((4, 6), "EinsumDense", equation=equation, **config)
    assert (found.total.params, found.total.macs, found.outputs) == (params, macs, (output,))
    assert not found.uncounted


def pair(word, shapes, *, module="keras.layers", **config):
    x, z = (tensor(name, shape) for name, shape in zip("xz", shapes, strict=True))
    tensors = [call([x, z])] if module == "keras.layers" else [call(x, z)]
    last = layer(word, "y", module=module, nodes=tensors, **config)
    return read(functional(start(*shapes[0]), start(*shapes[1], name="z"), last, inputs=("x", "z")))


@pytest.mark.parametrize(
    ("axes", "shapes", "macs", "output"),
    [
        (2, [(4, 6), (5, 6)], 120, (5, 4)),
        ([1, 2], [(4, 6), (5, 4)], 120, (5, 6)),
        (-1, [(6,), (6,)], 6, (1,)),
        ([1, 2], [(6,), (5, 6)], 30, (5,)),
    ],
)
def test_dot_products_along_an_axis(axes, shapes, macs, output):
    found = pair("Dot", shapes, axes=axes)
    assert (found.total.macs, found.outputs, dict(found.uncounted)) == (macs, (output,), {})


@pytest.mark.parametrize(
    ("word", "config", "shapes", "macs", "output"),
    [
        ("Matmul", {}, [(4, 6), (6, 5)], 120, (5, 4)),
        ("Matmul", {}, [(3, 1, 4, 6), (3, 2, 6, 5)], 3 * 2 * 120, (5, 3, 2, 4)),
        ("Einsum", {"subscripts": "bij,bkj->bik"}, [(4, 6), (5, 6)], 120, (5, 4)),
        ("Einsum", {"subscripts": "...ij,...kj->...ik"}, [(4, 6), (5, 6)], 120, (5, 4)),
    ],
)
def test_products_of_keras_ops(word, config, shapes, macs, output):
    found = pair(word, shapes, module="keras.src.ops.numpy", **config)
    assert (found.total.macs, found.outputs, dict(found.uncounted)) == (macs, (output,), {})


@pytest.mark.parametrize(
    ("word", "config", "shapes"),
    [
        ("Matmul", {}, [(4, 6), (3, 6, 5)]),
        # A letter of one map alone is summed up before, and without any sum there are no MACs.
        ("Einsum", {"subscripts": "bij,bkl->bi"}, [(4, 6), (5, 6)]),
        ("Einsum", {"subscripts": "bij,bij->bij"}, [(4, 6), (4, 6)]),
    ],
)
def test_products_that_are_not_counted(word, config, shapes):
    assert pair(word, shapes, module="keras.src.ops.numpy", **config).uncounted == {word: 1}


def test_attention_over_two_axes_and_its_scores():
    x = tensor("x", (3, 4, 8))
    last = layer("MultiHeadAttention", "y", num_heads=2, key_dim=5, attention_axes=[1, 2], nodes=[call(x, x)])
    model = functional(start(3, 4, 8), last)
    model["config"]["output_layers"] = [["y", 0, 0], ["y", 0, 1]]
    found = read(model)
    products = 2 * 12 * 12 * 2 * 5
    assert found.total.macs == 12 * 4 * 80 + products
    # Heads, positions of the queries and of the others, and here the last axis first.
    assert found.outputs == ((8, 3, 4), (4, 2, 3, 4, 3))


def test_attention_takes_its_arguments_by_their_names():
    x, v, mask = tensor("x", (6, 12)), tensor("v", (9, 5)), tensor("mask", (6, 9))
    node = call(x, value=v, attention_mask=mask)
    last = layer("MultiHeadAttention", "y", num_heads=2, key_dim=3, nodes=[node])
    inputs = (start(6, 12), start(9, 5, name="v"), start(6, 9, name="mask"))
    found = read(functional(*inputs, last, inputs=("x", "v", "mask")))
    # Keys are made of the values, and not of the mask.
    assert found.shapes["y.key"] == (6, 9)
    assert found.total.macs == 6 * 72 + 2 * 9 * 30 + 2 * 6 * 9 * 6 + 6 * 72


def test_heads_of_queries_that_share_keys():
    x = tensor("x", (6, 12))
    last = layer("GroupQueryAttention", "y", head_dim=5, num_query_heads=4, num_key_value_heads=2, nodes=[call(x, x)])
    found = read(functional(start(6, 12), last))
    assert found.total.params == 2 * (12 * 20) + 20 + 12 + 2 * (12 * 10 + 10)
    assert found.total.macs == 6 * (2 * 240 + 2 * 120) + 2 * 4 * 36 * 5


def test_inputs_and_outputs_by_name_come_in_the_order_of_the_names():
    shapes = {"a": (4, 4, 5), "b": (8, 8, 3)}
    starts = [start(*shape, name=name) for name, shape in shapes.items()]
    convs = [
        layer("Conv2D", f"c{name}", filters=2, kernel_size=1, nodes=[call(tensor(name, shape))])
        for name, shape in shapes.items()
    ]
    inner = functional(*starts, *convs, name="inner")
    inner["config"]["input_layers"] = {"zz": ["a", 0, 0], "aa": ["b", 0, 0]}
    inner["config"]["output_layers"] = {"q": ["ca", 0, 0], "p": ["cb", 0, 0]}
    inner |= {
        "name": "inner",
        "inbound_nodes": [call({"zz": tensor("a", shapes["a"]), "aa": tensor("b", shapes["b"])})],
    }
    # The first output is that named `p`.
    last = layer("ReLU", "y", nodes=[call(tensor("inner", (8, 8, 2)))])
    found = read(functional(*starts, inner, last, inputs=("a", "b")))
    assert found.outputs == ((2, 8, 8),)
    assert found.shapes["inner.ca"] == (2, 4, 4)


def test_operations_of_keras_ops_make_their_shapes_of_any_input():
    numpy = "keras.src.ops.numpy"
    model = functional(
        start(8, 8, 6),
        layer("Transpose", "t", module=numpy, axes=[0, 2, 1, 3], nodes=[call(tensor("x", (8, 8, 6)))]),
        layer("Mean", "m", module=numpy, axis=[1, 2], keepdims=True, nodes=[call(tensor("t", (8, 8, 6)))]),
        layer("Squeeze", "s", module=numpy, axis=1, nodes=[call(tensor("m", (1, 1, 6)))]),
        layer("ExpandDims", "e", module=numpy, axis=-1, nodes=[call(tensor("s", (1, 6)))]),
        layer("Swapaxes", "w", module=numpy, axis1=1, axis2=2, nodes=[call(tensor("e", (1, 6, 1)))]),
        layer("Sum", "y", module=numpy, axis=1, keepdims=False, nodes=[call(tensor("w", (6, 1, 1)))]),
    )
    found = read(model, input=(6, 4, 2))
    assert [found.shapes[name] for name in "tmsewy"] == [(6, 2, 4), (6, 1, 1), (6, 1), (1, 1, 6), (1, 6, 1), (1, 1)]
    assert not found.uncounted


def test_a_number_alone_is_one_element_also_behind_it():
    numpy = "keras.src.ops.numpy"
    model = functional(
        start(4),
        layer("Sum", "s", module=numpy, axis=1, nodes=[call(tensor("x", (4,)))]),
        layer("ExpandDims", "e", module=numpy, axis=-1, nodes=[call(tensor("s", ()))]),
        layer("Dense", "y", units=2, nodes=[call(tensor("e", (1,)))]),
    )
    assert read(model).total.params == 4


def test_a_constant_that_is_larger_than_what_it_is_multiplied_with():
    constant = {"class_name": "__numpy__", "config": {"value": [[1.0]] * 5, "dtype": "float32"}}
    times = layer("Multiply", "m", module="keras.src.ops.numpy", nodes=[call(tensor("x", (1, 3)), constant)])
    model = functional(start(1, 3), times, layer("Dense", "y", units=2, nodes=[call(tensor("m", (5, 3)))]))
    assert read(model).total.macs == 5 * 6


def test_layers_whose_channels_are_always_last_are_not_counted_where_they_come_first():
    first = layer("Conv1D", "c", filters=8, kernel_size=3, data_format="channels_first")
    assert read(sequential(start(4, 9), first, layer("Cropping1D", "y", cropping=1))).uncounted == {"Cropping1D": 1}


def test_weights_of_low_rank_are_not_counted():
    assert one((6,), "Dense", units=4, lora_rank=2).uncounted == {"Dense": 1}


def test_a_norm_by_the_root_mean_square_has_no_shift():
    assert one((5, 6), "LayerNormalization", axis=-1, rms_scaling=True).total.params == 6


def test_an_input_with_other_channels_is_another_model():
    model = sequential(start(None, None, 3), layer("Conv2D", "y", filters=4, kernel_size=3))
    with pytest.raises(SpecError, match="has 3 channels, not 64"):
        read(model, input=(64, 64, 3))


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
    assert error(path) == f"{path}: config.json is packed by a method that Keras does not use"


def test_an_archive_that_is_encrypted(tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("config.json", json.dumps(SMALL))
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert error(path) == f"{path}: config.json is encrypted"


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


def test_an_input_of_too_many_axes():
    assert "more than 64 axes" in wrong(sequential(start(*[1] * 100_000), layer("ReLU", "y")))


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


def test_steps_inside_of_steps_without_end():
    model = functional(start(4), layer("Dense", "y", units=4, nodes=[call(tensor("x", (4,)))]), name="m")
    for depth in range(1, 17):
        shape = (*[1] * depth, 4)
        nodes = [call(tensor("x", shape)), call(tensor("y", shape))]
        steps = layer("TimeDistributed", "y", layer={**model, "name": "m"}, nodes=nodes)
        model = functional(start(*shape), steps, name="m")
        model["config"]["output_layers"] = [["y", 1, 0]]
    assert "more than 100,000 layers are run" in wrong(model)


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
        (layer("Reshape", "r", target_shape=[10**12] * 100_000), "a shape of more than 64 axes"),
        (layer("BatchNormalization", "n", axis=[1, 2] * 100_000), "`axis` must be an axis, or a list of them"),
        (layer("TimeDistributed", "t"), "`t` (TimeDistributed): there is no `layer`"),
        (layer("EinsumDense", "e", equation="ab,bc", output_shape=4), "no equation of two terms is `ab,bc`"),
        (layer("EinsumDense", "e", equation="ab,bc->ac", output_shape=4), "`ab,bc->ac` does not fit what it takes"),
        (layer("EinsumDense", "e", equation="...b,bc->...c", output_shape="4"), "must have the sizes of"),
        (layer("ReLU", "r" * 1001), "has more than 1,000 characters"),
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


BACKENDS = [name for name in ("torch", "jax", "tensorflow") if importlib.util.find_spec(name)]


@pytest.mark.skipif(not (BACKENDS and importlib.util.find_spec("keras")), reason="Keras is not installed")
def test_models_of_keras_itself(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", BACKENDS[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from keras import applications

        model = applications.MobileNetV2(weights=None)
        text = model.to_json()
    found = evaluate(keras.loads(text)[0])
    assert found.total.params == sum(prod(weight.shape) for weight in model.trainable_weights)
    assert found.outputs == (model.output_shape[1:],)
