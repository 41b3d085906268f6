"""The examples have the totals of their papers, and of the same networks built from real modules."""

from pathlib import Path

import pytest

from convcost import evaluate, load

EXAMPLES = Path(__file__).parents[1] / "examples"

# Parameters and MACs of the same networks as torch modules, and what the papers print of them, in millions.
KNOWN = {
    # torchvision.models.vgg16; Simonyan and Zisserman, table 2, column D: 138 M parameters
    "vgg16": (138_357_544, 15_470_264_320, 138, None),
    # MobileNets, table 4: 569 M mult-adds, 4.2 M parameters
    "mobilenet_v1": (4_231_976, 568_740_352, 4.2, 569),
    # Krizhevsky et al. 2012: 60 million parameters, 227 x 227 input
    "alexnet": (60_965_224, 724_406_816, 60, None),
}


@pytest.mark.parametrize("name", KNOWN)
def test_totals_are_exact_and_round_to_the_published_ones(name):
    params, macs, published_params, published_macs = KNOWN[name]
    (network,) = load(EXAMPLES / f"{name}.yaml")
    total = evaluate(network).total
    assert (total.params, total.macs) == (params, macs)
    assert total.params / 1e6 == pytest.approx(published_params, rel=0.02)
    if published_macs:
        assert round(total.macs / 1e6) == published_macs


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_every_example_states_its_source_and_its_published_totals(name):
    (network,) = load(EXAMPLES / f"{name}.yaml")
    assert network.about["source"]
    assert "params" in network.about["published"]


def test_alexnet_layer_by_layer():
    """Figure 2 of the paper: 55, 27, 13 wide; weights by hand, with the two groups of conv2, conv4 and conv5."""
    (network,) = load(EXAMPLES / "alexnet.yaml")
    found = evaluate(network)
    assert found.shapes["conv1"] == (96, 55, 55)
    assert found.shapes["conv2"] == (256, 27, 27)
    assert found.shapes["conv5"] == (256, 13, 13)
    weights = {
        "conv1": 11 * 11 * 3 * 96,
        "conv2": 5 * 5 * 48 * 256,
        "conv3": 3 * 3 * 256 * 384,
        "conv4": 3 * 3 * 192 * 384,
        "conv5": 3 * 3 * 192 * 256,
        "linear1": 6 * 6 * 256 * 4096,
        "linear2": 4096 * 4096,
        "linear3": 4096 * 1000,
    }
    assert {name: found.costs[name].weights for name in weights} == weights
