"""The zoo against torchvision, papers and other references: totals, and every layer with weights in its order.

The records and their origin stand in ``tests/reference/README.md``.
"""

import gzip
import json
from pathlib import Path

import pytest

from convcost import Conv, ConvTranspose, Linear, evaluate, load, zoo

REFERENCE = json.loads(gzip.decompress((Path(__file__).parent / "reference" / "networks.json.gz").read_bytes()))

# Where the reference calls a network otherwise than the zoo.
CALLED = {
    "alexnet_2012": "alexnet_2012_grouped_227",
    "fcn32s_vgg16": "fcn32s_vgg16_500",
    "mobilefacenet": "mobilefacenet_112x112",
    "mobilenet_v1": "mobilenet_v1_1_224",
    "mobilenet_v1_conv": "mobilenet_v1_fullconv_224",
    "shufflenet_v1": "shufflenet_v1_1x_g3",
    "xception": "pytorchcv_xception",
}
# Parameters of auxiliary classifiers that the published figure holds, and that evaluation does not run.
AUXILIARY = {"inception_v3": 3_326_696}
KNOWN = [name for name in zoo.names() if CALLED.get(name, name) in REFERENCE]


def reference(name):
    return REFERENCE[CALLED.get(name, name)]


def evaluated(name):
    (network,) = load(f"zoo:{name}")
    return evaluate(network)


@pytest.mark.parametrize("name", KNOWN)
def test_totals_are_the_references(name):
    expected, found = reference(name), evaluated(name)
    params = expected["params"] - AUXILIARY.get(name, 0)
    assert (found.total.params, found.total.macs) == (params, expected["macs"])
    assert list(found.network.input) == expected["input"]
    assert [list(output) for output in found.outputs] == expected["outputs"]


@pytest.mark.parametrize("name", [name for name in KNOWN if reference(name)["layers"]])
def test_layers_are_the_references_in_their_order(name):
    found = evaluated(name)
    layers = [
        [list(found.inputs(node)[0]), list(found.shapes[node.name]), cost.params, cost.macs]
        for node in found.network.nodes
        if isinstance(node.layer, Conv | ConvTranspose | Linear)
        for cost in [found.costs[node.name]]
    ]
    assert layers == [record[2:] for record in reference(name)["layers"]]
