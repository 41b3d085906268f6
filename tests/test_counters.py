"""Conventions against what counters report for further networks, integer for integer.

The records and their origin stand in ``tests/reference/README.md``.
"""

import gzip
import json
from pathlib import Path

import pytest

from convcost import evaluate, layers, loads
from convcost.conventions import find
from convcost.conventions.counting import counted, counted_layers
from convcost.layers.activation import Activation
from convcost.layers.traced import Each, Shared
from convcost.network import Network, Node

RECORDS = Path(__file__).parent / "reference" / "counters_further.json.gz"
FURTHER = json.loads(gzip.decompress(RECORDS.read_bytes()))


def totals(evaluation, expected):
    """What the conventions count, of those that have a total to compare with."""
    return {name: counted(find(name), evaluation) for name, total in expected.items() if total is not None}


def known(expected):
    return {name: total for name, total in expected.items() if total is not None}


@pytest.mark.parametrize("name", FURTHER["networks"])
def test_further_networks_are_counted_as_the_counters_count_them(name):
    record = FURTHER["networks"][name]
    (network,) = loads(record["spec"])
    assert None not in record["totals"].values()
    assert totals(evaluate(network), record["totals"]) == record["totals"]


# Biases of linear layers that `ptflops-aten` does not see: its input is a look at another tensor with the axes in
# another order, and torch makes a product and a sum of it. That is in no shape.
LOST_BIASES = {
    "random 1003": 600,
    "random 1030": 56,
    "random 1071": 84,
    "random 1090": 150,
    "random 1236": 24,
    "random 1327": 16,
}


@pytest.mark.parametrize("name", FURTHER["random"])
def test_random_networks_are_counted_as_the_counters_count_them(name):
    record = FURTHER["random"][name]
    (network,) = loads(record["spec"])
    found = totals(evaluate(network), record["totals"])
    found["ptflops-aten"] -= LOST_BIASES.get(name, 0)
    assert found == known(record["totals"])


@pytest.mark.parametrize("name", FURTHER["random"])
def test_calflops_has_no_total_where_upsampling_has_a_factor_for_each_axis(name):
    record = FURTHER["random"][name]
    (network,) = loads(record["spec"])
    scales = [node.layer.scale for node in network.nodes if isinstance(node.layer, layers.Upsample)]
    listed = any(isinstance(scale, list | tuple) and len(scale) > 1 for scale in scales)
    missing = {counter for counter, total in record["totals"].items() if total is None}
    assert missing == ({"calflops", "calflops-macs"} if listed else set())


# --- Ways of writing that no line of a spec has a word for, or that only a run of the code knows --------------------

CONV = layers.Conv(3, 4, 3, padding=0)
WRITTEN = {
    "padding as a word": Network(
        "",
        (3, 9, 9),
        (
            Node("a", "conv", layers.Conv(3, 4, 4, bias=True), ("input",), "subclass/same"),
            Node("b", "conv", layers.Conv(4, 4, 3, padding="valid", bias=True), ("a",), "same"),
            Node("c", "conv", layers.Conv(4, 4, 2), ("b",), "function/same"),
        ),
    ),
    "a class with modules in it": Network(
        "",
        (3, 8, 8),
        (
            Node("a", "conv", CONV),
            Node("b", "batch_norm", layers.BatchNorm(4), ("a",), "subclass/parent"),
            Node("c", "relu", Activation("relu"), ("b",)),
        ),
    ),
    "leaky ReLU in place": Network(
        "",
        (3, 8, 8),
        (Node("a", "conv", CONV), Node("b", "leaky_relu", Activation("leaky_relu"), ("a",), "inplace")),
    ),
    "frames": Network(
        "",
        (3, 5, 9, 9),
        (
            Node("a", "permute", layers.Permute((1, 0, 2, 3))),
            Node("b", "conv", Each(layers.Conv(3, 4, 3, padding=0, bias=True)), ("a",)),
            Node("c", "batch_norm", Each(layers.BatchNorm(4)), ("b",)),
            Node("d", "conv_transpose", Each(layers.ConvTranspose(4, 6, 4, 2, 1, 1, 2, bias=True)), ("c",)),
            Node("e", "adaptive_avg_pool", Each(layers.AdaptiveAvgPool(5)), ("d",)),
        ),
    ),
    "shared modules": Network(
        "",
        (3, 6, 6),
        (
            Node("a", "conv", layers.Conv(3, 4, 3, bias=True)),
            Node("b", "conv", layers.Conv(4, 4, 3, bias=True), ("a",)),
            Node("c", "batch_norm", layers.BatchNorm(4), ("b",)),
            Node("d", "conv", Shared(layers.Conv(4, 4, 3, bias=True)), ("c",)),
            Node("e", "batch_norm", Shared(layers.BatchNorm(4)), ("d",)),
            Node("f", "global_avg_pool", layers.GlobalAvgPool(), ("e",), "operator"),
            Node("g", "flatten", layers.Flatten(), ("f",)),
            Node("h", "linear", layers.Linear(4, 4, bias=True), ("g",)),
            Node("i", "linear", Shared(layers.Linear(4, 4, bias=True)), ("h",)),
        ),
    ),
    "upsampling by area": Network(
        "",
        (3, 5, 5),
        (
            Node("a", "conv", layers.Conv(3, 6, 1)),
            Node("b", "upsample", layers.Upsample(2, mode="area"), ("a",), "function"),
        ),
    ),
}


def test_every_record_of_a_way_of_writing_has_its_network():
    assert {*WRITTEN} == {*FURTHER["written"]}


@pytest.mark.parametrize("name", WRITTEN)
def test_ways_of_writing_are_counted_as_the_counters_count_them(name):
    expected = FURTHER["written"][name]
    found = evaluate(WRITTEN[name])
    assert totals(found, expected) == expected
    assert all(sum(counted_layers(find(counter), found).values()) == total for counter, total in expected.items())


# --- What is cut --------------------------------------------------------------------------------------------------


def test_parts_of_operations_are_cut_in_the_sum_and_layers_still_add_up():
    """ptflops adds 7 · 9 / 4 = 15.75 twice, and cuts 31.5 once; DeepSpeed cuts each."""
    lines = "{upsample: 1.5, as: function, from: input}"
    (network,) = loads(f"{{input: 1x7x1, layers: [{lines}, {lines}], outputs: [upsample1, upsample2]}}")
    found = evaluate(network)
    assert counted(find("ptflops"), found) == 31
    assert counted(find("deepspeed"), found) == 30
    assert [*counted_layers(find("ptflops"), found).values()] == [15, 16]
