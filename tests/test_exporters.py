"""Networks as PyTorch code: it builds with torch alone, and has the parameters, shapes and MACs of the report."""

import pytest

from convcost import ConvcostError, Network, Node, evaluate, load, loads, zoo
from convcost.exporters.torch import source
from convcost.layers import Uncounted

SMALL = {
    "pads": "{conv: 8, k: 4, p: [[1, 2], [0, 3]]}",
    "strides": "{conv: 8, k: [3, 5], s: [2, 1], d: [1, 2], g: 2, bias: true}",
    "transposed": "{conv_transpose: 8, k: 4, s: 2, p: 1}",
    "transposed same": "{conv_transpose: 8, k: 3, s: 2}",
    "transposed cropped": "{conv_transpose: 8, k: 5, s: 3, p: [[0, 2], [1, 0]], op: 1}",
    "pools": "{max_pool: 3, s: 2, p: [[0, 1], [1, 1]], ceil_mode: false}",
    "ceil": "{avg_pool: 3, s: 2, p: 1, ceil_mode: true, count_include_pad: false}",
    "norms": "{conv: 8, k: 3, norm: layer, act: gelu}",
    "group norm": "{group_norm: 2, affine: false}",
    "instance": "{instance_norm: }",
    "adaptive": "{adaptive_max_pool: [3, null]}",
    "prelu": "{conv: 8, k: 1, act: prelu}",
    "upsample": "{upsample: 1.5, mode: bilinear}",
    "corners": "{upsample: 2, mode: bilinear, align_corners: true}",
    "size": "{upsample: {size: [5, 7]}}",
    "shuffle": "{channel_shuffle: 2}",
    "pixels": "{pixel_shuffle: 2}",
    "unshuffle": "{pixel_unshuffle: 3}",
    "crop": "{crop: [1, 2]}",
    "pad": "{pad: [[1, 0], [0, 2]]}",
    "slice": "{slice: [2, 6]}",
    "scale": "{scale: }",
    "gate": "{squeeze_excite: , q: 2}",
    "vector gate": "{mul: [[], [global_avg_pool, {linear: 8}, sigmoid]]}",
    "branches": "{concat: [[{conv: 4, k: 1}, relu6], [], [hardswish, leaky_relu]]}",
    "linear": "{linear: 5, bias: true}",
    "last axis": "{linear: 5, flatten: false}",
    "permute": "{permute: [2, 0, 1]}",
    "lrn": "{local_response_norm: 5}",
    "softmax": "softmax",
    "softmax of an axis": "{softmax: -1}",
    "log softmax": "{log_softmax: 2}",
    "each": "{conv: 4, k: 3, each: true, norm: batch, act: relu, from: maps}",
    "a sum of each": "{add: [[{conv: c1, k: 3}], []], each: true, from: maps}",
    "reshape": "{reshape: [3, 7, -1]}",
    "product": "{matmul: [input, maps.turned]}",
    "einsum": "{einsum: 'abc,adc->bd', from: [input, input]}",
    "parameter": "{add: [[], [{parameter: [8, 18, 21]}]]}",
    "parameter aside": "{parameter: [5], aside: true}",
}
# What some of them start from.
MAPS = ("{reshape: [2, 4, 18, 21], name: maps}", "{permute: [0, 2, 1], from: input, name: maps.turned}")


def built(network):
    torch = pytest.importorskip("torch")
    scope = {}
    exec(compile(source(network), "net.py", "exec"), scope)  # noqa: S102 - our own code
    made = next(v for v in scope.values() if isinstance(v, type) and issubclass(v, torch.nn.Module))
    with torch.device("meta"):
        return made().eval(), torch


def check(network):
    from importlib import import_module

    model, torch = built(network)
    counter = import_module("torch.utils.flop_counter").FlopCounterMode(display=False)
    with counter, torch.no_grad():
        outputs = model(torch.empty(1, *network.input, device="meta"))
    found = evaluate(network)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert tuple(tuple(output.shape[1:]) for output in outputs) == found.outputs
    assert sum(p.numel() for p in model.parameters()) == found.total.params
    assert counter.get_total_flops() == found.total.flops


@pytest.mark.parametrize("name", zoo.names())
def test_the_zoo_runs(name):
    check(load(f"zoo:{name}")[0])


@pytest.mark.parametrize("name", SMALL)
def test_every_layer_runs(name):
    lines = [*(MAPS if "maps" in SMALL[name] else ()), SMALL[name]]
    check(loads("input: 8x18x21\nlayers:\n" + "".join(f"  - {line}\n" for line in lines))[0])


@pytest.mark.parametrize("dims", ["16", "9x9x9"])
def test_other_ranks_run(dims):
    lines = ["{conv: 8, k: 3, norm: batch}", "{max_pool: 2}", "{conv_transpose: 4, k: 2, s: 2, norm: instance}"]
    check(loads(f"input: 4x{dims}\nlayers:\n" + "".join(f"  - {line}\n" for line in lines))[0])


WAYS = {
    "relu": "self.relu1 = nn.ReLU()",
    "{relu: , as: function}": "x = F.relu(x)",
    "{relu: , as: operator}": "x = x.relu()",
    "{hardswish: , as: function}": "x = F.hardswish(x)",
    "{softmax: -1, as: function}": "x = F.softmax(x, dim=-1)",
    "{dropout: 0.2}": "self.dropout1 = nn.Dropout()",
    "{upsample: 2}": "self.upsample1 = nn.Upsample(scale_factor=2, mode='nearest')",
    "{upsample: 1.5, mode: bilinear, as: function}": "x = F.interpolate(x, size=(27, 31), mode='bilinear')",
    "{max_pool: 3, s: 2, p: 1, as: function}": "x = F.max_pool2d(x, 3, 2, padding=1)",
    "{avg_pool: 2, p: [[0, 1], [0, 0]], as: function}": "x = F.avg_pool2d(F.pad(x, [0, 0, 0, 1]), 2, 2)",
    "{adaptive_max_pool: 3, as: function}": "x = F.adaptive_max_pool2d(x, 3)",
    "{global_avg_pool: , as: function}": "x = F.adaptive_avg_pool2d(x, 1)",
    "{global_avg_pool: , as: operator}": "x = x.mean((2, 3), keepdim=True)",
    "{add: [[], []], as: function}": "x = torch.add(x, x)",
    "{mul: [[], [], []], as: function}": "x = torch.mul(torch.mul(x, x), x)",
}


@pytest.mark.parametrize("line", WAYS)
def test_layers_are_written_as_the_network_says(line):
    (network,) = loads(f"input: 8x18x21\nlayers:\n  - {line}\n")
    assert WAYS[line] in source(network)
    check(network)


def test_names_become_names_of_python():
    text = 'name: 3-net "x"\ninput: 4x8x8\nlayers:\n  - {conv: 4, k: 3, name: 3a.b}\n  - {conv: 4, k: 1, name: class}\n'
    code = source(loads(text)[0])
    assert "self._3a_b = " in code
    assert "self.class_2 = " in code
    compile(code, "net.py", "exec")


def test_what_has_no_words_is_named():
    network = Network("n", (4, 8, 8), (Node("odd", "odd", Uncounted("odd", (4, 8, 8))),))
    with pytest.raises(ConvcostError, match="`odd`: `odd` cannot be written as PyTorch"):
        source(network)
