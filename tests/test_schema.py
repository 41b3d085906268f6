"""The JSON Schema of the language: it is the one committed, takes what the reader takes, and refuses plain mistakes."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from convcost.specs.document import Mapping, Scalar, Source, documents, value
from convcost.specs.read import loads
from convcost.specs.schema import schema

ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "convcost" / "convcost.schema.json"
VALIDATOR = jsonschema.Draft7Validator(schema())
GOOD = sorted({*ROOT.glob("examples/*.yaml"), *ROOT.glob("convcost/zoo/*.yaml")})


def plain(node):
    """A node of the reader as JSON has it."""
    if isinstance(node, Scalar):
        return value(Source("", b""), node)
    if isinstance(node, Mapping):
        return {key.text: plain(item) for key, item in node.items}
    return [plain(item) for item in node.items]


def errors(text):
    return [error for node in documents(Source("", text.encode())) for error in VALIDATOR.iter_errors(plain(node))]


def test_it_is_a_schema_and_the_committed_one(request):
    jsonschema.Draft7Validator.check_schema(schema())
    made = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    if request.config.getoption("--overwrite"):
        COMMITTED.write_text(made, encoding="utf-8")
    assert COMMITTED.read_text(encoding="utf-8") == made


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_it_takes_every_network_that_comes_with_convcost(path):
    assert errors(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/language.md").read_text(), re.DOTALL))
def test_it_takes_the_documents(block):
    assert errors(block) == []


HEAD = "input: 64x32x32\nvars: {alpha: 1.0}\n"
LINES = [
    "relu",
    "{relu: }",
    "{conv: 64, k: 3}",
    "{conv: 64, kernel_size: [3, 5], p: [[1, 0], [2, 2]]}",
    "{conv: {c2: 64, k: 3}}",
    "{conv: , c2: 64, k: 3}",
    "{conv: '64', k: 3}",
    "{conv: 'max(8, c1 // 4)', k: 3, s: 2, repeat: 2, name: x}",
    "{conv: round8(64*alpha), k: 3, when: c1 > 3 and not c1 == 5}",
    "{linear: 10, flatten: true}",
    "{adaptive_avg_pool: {output_size: [7, null]}}",
    "{upsample: 2.5, mode: bilinear}",
    "{split: [16, 48], name: x}",
    "{slice: [0, 16]}",
    "{add: [[{conv: 64, k: 3}], []], act: relu}",
    "{batch_norm: {affine: false}}",
    "{inverted_residual: 64, t: 6, se: 0.25, gate: hardsigmoid}",
    "{squeeze_excite: , q: 16}",
    "squeeze_excite",
    "{permute: [1, 2, 0]}",
    "{dropout: 0.5}",
    "softmax",
    "{softmax: -1}",
    "{slice: 16}",
    "{reshape: [64, -1]}",
    "{reshape: -1, name: 5}",
    "{parameter: 64, aside: true}",
    "{parameter: [c1, 32, 32], name: position}",
    "{operation: mean, shape: [64]}",
    "{operation: 'aten::x', form: unknown}",
    "{operation: x, params: 10*c1, macs: 0, paths: [[relu], []]}",
    "{matmul: [[], [{permute: [0, 2, 1]}]]}",
    "{einsum: 'chw,dhw->cd', from: [input, input]}",
    "{conv: 8, k: 3, each: true}",
    "{conv: 8, k: 3, bias: true, shared: weights}",
    "{conv: 8, k: 3, from: [input, input], shared: true, repeat: 2}",
]


def readable(text):
    try:
        return bool(loads(text))
    except ValueError:
        return False


@pytest.mark.parametrize("line", LINES)
def test_what_the_reader_takes_it_takes(line):
    text = f"{HEAD}layers:\n  - {line}\n"
    assert readable(text) == (line != "{conv: '64', k: 3}")
    assert (errors(text) == []) == readable(text)


MISTAKES = {
    "an unknown key": "layers:\n  - {conv: 64, kernal: 3, k: 3}",
    "an unknown top key": "layrs: []\nlayers:\n  - relu",
    "two kinds": "layers:\n  - {conv: 64, k: 3, max_pool: 2}",
    "two kinds without values": "layers:\n  - {relu: , tanh: }",
    "a misspelt kind": "layers:\n  - {covn: 64, k: 3}",
    "a misspelt word": "layers:\n  - reluu",
    "no value": "layers:\n  - conv",
    "no kernel": "layers:\n  - {conv: 64}",
    "both spellings": "layers:\n  - {conv: 64, k: 3, kernel_size: 3}",
    "the main value twice": "layers:\n  - {conv: 64, c2: 64, k: 3}",
    "a value where none belongs": "layers:\n  - {relu: 3}",
    "a word for a number": "layers:\n  - {conv: 64, k: 12px}",
    "a list for a number": "layers:\n  - {conv: [64], k: 3}",
    "a number below its least": "layers:\n  - {conv: 64, k: 0}",
    "a fraction for a count": "layers:\n  - {conv: 64.5, k: 3}",
    "a truth value for a number": "layers:\n  - {conv: true, k: 3}",
    "a number for a truth value": "layers:\n  - {conv: 64, k: 3, bias: 1}",
    "a branch of one": "layers:\n  - {add: [[]]}",
    "a mapping as a path": "layers:\n  - {add: [{conv: 64, k: 3}, []]}",
    "a misspelt kind in a path": "layers:\n  - {add: [[{conv: 64, k: 3, kk: 1}], []]}",
    "layers as a mapping": "layers: {conv: 64}",
    "no layers": "defaults: {norm: batch}",
    "an unknown default": "defaults: {nrom: batch}\nlayers:\n  - relu",
    "a reserved var": "vars: {c1: 3}\nlayers:\n  - relu",
    "a reserved block": "blocks: {conv: [relu]}\nlayers:\n  - relu",
    "a block without layers": "blocks: {b: {params: [out]}}\nlayers:\n  - relu",
    "an unknown key of a block": "blocks: {b: {parms: [out], layers: []}}\nlayers:\n  - relu",
    "an unknown budget": "budget: {parms: 3M}\nlayers:\n  - relu",
    "an empty list of sizes": "layers:\n  - {reshape: []}",
    "a size below -1": "layers:\n  - {reshape: [-2, 4]}",
    "sizes in sizes": "layers:\n  - {adaptive_avg_pool: [[7, 7]]}",
    "a slice of nothing": "layers:\n  - {slice: 0}",
    "a parameter of no size": "layers:\n  - parameter",
    "a parameter of nothing": "layers:\n  - {parameter: [0, 3]}",
    "an operation without a name": "layers:\n  - {operation: , shape: [3]}",
    "costs below nothing": "layers:\n  - {operation: x, params: -1}",
    "a product of one": "layers:\n  - {matmul: [[]]}",
    "a product of a number": "layers:\n  - {matmul: 2}",
    "an equation of paths": "layers:\n  - {einsum: [[], []]}",
    "each as a number": "layers:\n  - {relu: , each: 2}",
    "shared as a number": "layers:\n  - {relu: , shared: 1}",
    "a squeeze of one and a half": "layers:\n  - {inverted_residual: 64, se: 1.5}",
    "a gate of a number": "layers:\n  - {squeeze_excite: , gate: 1}",
    "a name of nothing": "layers:\n  - {relu: , name: ' '}",
    "outputs of nothing": "layers:\n  - relu\noutputs: []",
    "a budget that is no number": "budget: {params: few}\nlayers:\n  - relu",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_plain_mistakes_are_refused_by_both(mistake):
    head = "input: 64x32x32\n"
    assert errors(f"{head}layers:\n  - relu\n") == []
    assert errors(f"{head}{MISTAKES[mistake]}\n")
    assert not readable(f"{head}{MISTAKES[mistake]}\n")
