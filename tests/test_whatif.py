"""`whatif` and `diff`: a rewritten network is what the papers say, and differences are told layer by layer."""

import csv
import gzip
import json
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from convcost import ConvcostError, Overrides, evaluate, load, loads, zoo
from convcost.cli import main
from convcost.difference import pairs
from convcost.layers import Conv
from convcost.network import shapes
from convcost.refit import refit
from convcost.rewrite import swap, widen
from convcost.rules import Rule, parts_of_rule

REFERENCE = json.loads(gzip.decompress((Path(__file__).parent / "reference" / "networks.json.gz").read_bytes()))


@pytest.fixture
def run(capsys):
    def run_(*arguments):
        with pytest.raises(SystemExit) as end:
            main([*arguments])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return run_


def rule(text, **options):
    head, conditions, kind = parts_of_rule(text)
    return Rule(text, head, conditions, kind, options)


def totals(network):
    found = evaluate(network).total
    return found.params, found.macs


def network_of(text):
    (network,) = loads(text)
    return network


def test_the_twin_becomes_mobilenet():
    (twin,), (paper,) = load("zoo:mobilenet_v1_conv"), load("zoo:mobilenet_v1")
    done = swap(twin, rule("standard[k>1,c1>3]=separable"))
    assert totals(done.network) == totals(paper) == (4_231_976, 568_740_352)
    assert len(done.exchanged) == 13
    assert [type(node.layer) for node in done.network.nodes] == [type(node.layer) for node in paper.nodes]


@pytest.mark.parametrize("size", [224, 192, 160, 128])
@pytest.mark.parametrize("width", [1, 0.75, 0.5, 0.25])
def test_widths_and_sizes_of_mobilenet_are_the_papers(width, size):
    (network,) = load("zoo:mobilenet_v1", Overrides(input=(3, size, size)))
    expected = REFERENCE[f"mobilenet_v1_{width}_{size}"]
    assert totals(widen(network, width)) == (expected["params"], expected["macs"])


@pytest.mark.parametrize("name", sorted({*zoo.names()} - {"shufflenet_v1"}))
def test_every_network_can_be_widened_and_still_fits(name):
    (network,) = load(f"zoo:{name}")
    wide = widen(network, 2)
    before, after = evaluate(network), evaluate(wide)
    assert after.outputs == before.outputs
    assert 2 < after.total.macs / before.total.macs <= 4
    assert [node.name for node in wide.nodes] == [node.name for node in network.nodes]
    assert totals(widen(network, 1)) == totals(network)


def test_groups_that_no_longer_divide_are_named():
    (network,) = load("zoo:shufflenet_v1")
    with pytest.raises(ConvcostError, match=r"`grouped1`: `groups` = 3 must divide `out_channels` = 160"):
        widen(network, 0.75, 8)


CHAIN = """
input: 8x16x16
defaults: {norm: batch, act: relu}
layers:
  - {conv: 16, k: 3, name: a}
  - {conv: 16, k: 5, s: 2, g: 2, bias: true, name: b}
  - {add: [[{conv: 16, k: 1, name: c}], []], name: d}
  - {bottleneck: 16, b: 4, repeat: 2, name: e}
"""


@pytest.mark.parametrize(
    ("text", "options", "exchanged"),
    [
        ("standard[k>1]=separable", {}, ["a", "e.1.spatial", "e.2.spatial"]),
        ("conv[k>=3,g=1]=grouped", {"groups": 2}, ["a", "e.1.spatial", "e.2.spatial"]),
        ("grouped=standard", {}, ["b"]),
        ("pointwise=standard", {}, ["d.c", "e.1.reduce", "e.1.expand", "e.2.reduce", "e.2.expand"]),
        ("b=separable", {}, ["b"]),
        ("e.*=residual_block", {}, ["e.1", "e.2"]),
        ("bottleneck=inverted_residual", {"expansion": 2}, ["e.1", "e.2"]),
        ("e.1=separable", {"kernel_size": 5}, ["e.1"]),
        ("conv[macs > 100k and s == 1]=ghost", {}, ["a"]),
    ],
)
def test_rules_are_about_kinds_names_and_attributes(text, options, exchanged):
    network = network_of(CHAIN)
    done = swap(network, rule(text, **options))
    assert [name for name, _ in done.exchanged] == exchanged
    assert evaluate(done.network).outputs == evaluate(network).outputs
    left = {node.name: node.layer for node in network.nodes if node.name.split(".")[0] not in ",".join(exchanged)}
    assert left.items() <= {node.name: node.layer for node in done.network.nodes}.items()


def test_what_follows_a_layer_stands_inside_the_new_one_too():
    done = swap(network_of(CHAIN), rule("a=separable"))
    assert [node.name for node in done.network.nodes][:6] == [
        *("a.depthwise", "a.depthwise.norm", "a.depthwise.act"),
        *("a.pointwise", "a.norm", "a.act"),
    ]
    assert done.around == "; inside and behind them norm batch, act relu"


def test_what_cannot_be_exchanged_is_an_error_or_skipped():
    network = network_of(CHAIN)
    impossible = rule("conv[k>1]=shuffle_unit", groups=2, width=4)
    with pytest.raises(ConvcostError, match="`a` cannot become shuffle_unit"):
        swap(network, rule("a=shuffle_unit", groups=3, width=4))
    done = swap(network, impossible, skip_impossible=True)
    assert [skipped.name for skipped in done.skipped] == ["a", "b"]
    assert evaluate(done.network).outputs == evaluate(network).outputs


def test_branches_that_share_an_inner_layer_cannot_be_exchanged():
    shared = "input: 8x8x8\nblocks: {two: [{conv: 8, k: 3, name: x}, {conv: 8, k: 3, name: y}]}\nlayers:\n"
    network = network_of(f"{shared}  - {{two: , name: z}}\n  - {{add: [z.x, z.y]}}\n")
    with pytest.raises(ConvcostError, match="2 outputs"):
        swap(network, rule("z=separable"))


def test_refit_follows_the_channels():
    assert refit(Conv(8, 8, 3, groups=8), (8, 4, 4), (6, 4, 4)) == Conv(6, 6, 3, groups=6)
    assert refit(Conv(8, 16, 3, groups=8), (8, 4, 4), (6, 4, 4)) == Conv(6, 12, 3, groups=6)
    assert refit(Conv(8, 16, 3, groups=2), (8, 4, 4), (4, 4, 4), 6) == Conv(4, 6, 3, groups=2)


def test_a_network_and_itself_do_not_differ(run):
    for name in ("resnet18", "googlenet"):
        found = evaluate(load(f"zoo:{name}")[0])
        assert all(pair.change == "same" for pair in pairs(found, found))
    status, out, _ = run("diff", "resnet18", "resnet18", "--exit-code")
    assert status == 0
    assert "is the same as" in out


def test_differences_cover_every_layer_once_and_add_up(run):
    status, out, _ = run("diff", "mobilenet_v1_conv", "mobilenet_v2", "-f", "json")
    found = json.loads(out)
    assert status == 0
    for side, name in (("before", "mobilenet_v1_conv"), ("after", "mobilenet_v2")):
        network = load(f"zoo:{name}")[0]
        told = [layer for one in found["layers"] for layer in one[side]]
        assert len(set(told)) == len(told)
        assert set(told) <= set(shapes(network))
    delta = sum(layer["macs"]["delta"] for layer in found["layers"])
    assert delta == found["total"]["macs"]["delta"] == 300_774_272 - 4_867_293_184


def test_changes_name_the_attribute():
    before = network_of("input: 8x8x8\nlayers:\n  - {conv: 8, k: 3}\n  - relu\n  - {conv: 8, k: 1, name: last}\n")
    after = network_of(
        "input: 8x8x8\nlayers:\n  - {conv: 8, k: 5, g: 2}\n  - {conv: 8, k: 1, bias: true, name: last}\n"
    )
    found = pairs(evaluate(before), evaluate(after))
    assert [(pair.name, pair.change) for pair in found] == [
        ("conv1", "changed"),
        ("relu1", "removed"),
        ("last", "changed"),
    ]
    assert found[0].changes == ("kernel_size 3 → 5", "padding 1 → 2", "groups 1 → 2")
    assert found[2].changes == ("bias false → true",)


def test_exit_code_tells_of_a_difference(run):
    assert run("diff", "resnet18", "resnet34", "--exit-code")[0] == 1
    assert run("diff", "resnet18", "resnet34")[0] == 0
    status, out, _ = run("diff", "resnet18", "resnet34", "--totals")
    assert status == 0
    assert "ResNet-34 has 2.020× more MACs and 1.865× more params than ResNet-18." in out


def test_the_new_network_is_written_and_reads_back(run, tmp_path):
    path = tmp_path / "narrow.yaml"
    rules = ["--swap", "standard[k>1,c1>3]=separable", "--width", "0.5", "--divisor", "8", "--input", "3x160x160"]
    status, out, _ = run("whatif", "mobilenet_v1_conv", *rules, "-o", str(path), "-f", "json")
    assert status == 0
    assert json.loads(out)["command"] == "whatif"
    assert totals(load(path)[0]) == (1_331_592, 76_524_800)
    status, out, _ = run("whatif", "mobilenet_v1_conv", *rules, "-o", str(path))
    assert status == 0
    assert "13 became separable" in out
    (network,) = load(path)
    assert totals(network) == (1_331_592, 76_524_800)


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "csv", "tsv", "json", "html", "table"])
@pytest.mark.parametrize("command", [["diff", "resnet18", "resnet34"], ["whatif", "resnet18", "--width", "0.5"]])
def test_every_format(run, command, form):
    status, out, err = run(*command, "--columns", "all", "-f", form)
    assert (status, err) == (0, "")
    assert out.strip()


@pytest.mark.parametrize("name", ["fvcore", "thop", "tensorflow"])
def test_a_rewriting_is_counted_by_another_convention(run, name, tmp_path):
    path = tmp_path / "new.yaml"
    rules = ["--swap", "standard[k>1,c1>3]=separable", "--input", "3x96x96"]
    status, out, _ = run("whatif", "mobilenet_v1_conv", *rules, "--count-as", name, "-f", "json")
    assert status == 0
    document = json.loads(out)
    assert run("whatif", "mobilenet_v1_conv", *rules, "-o", str(path))[0] == 0
    sides = {}
    for side, spec in (("before", "mobilenet_v1_conv"), ("after", str(path))):
        (network,) = json.loads(run("eval", spec, "--count-as", name, "-f", "json")[1])["networks"]
        sides[side] = network["counted"]["total"]
    counted = document["total"]["counted"]
    assert {side: counted[side] for side in sides} == sides
    assert counted["delta"] == sides["after"] - sides["before"]
    assert sum(layer["counted"]["delta"] for layer in document["layers"]) == counted["delta"]
    assert document["counted"]["convention"] == name
    out = run("whatif", "mobilenet_v1_conv", *rules, "--count-as", name, "--totals", "-f", "csv")[1]
    (total,) = csv.DictReader(StringIO(out))
    assert [int(total[f"counted_{side}"]) for side in ("before", "after", "delta")] == [
        *sides.values(),
        counted["delta"],
    ]
    assert f"Counted as {name}" in total["caption"]


def test_a_spec_on_stdin_is_read_once_for_both_sides(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"input: 3x8x8\nlayers: [{conv: 4, k: 3}]\n")))
    status, out, err = run("whatif", "-", "--input", "3x16x16", "-f", "json")
    assert (status, err) == (0, "")
    macs = json.loads(out)["total"]["macs"]
    assert (macs["before"], macs["after"]) == (108 * 64, 108 * 256)


@pytest.mark.parametrize("dtype", ["int4", "int1"])
def test_bytes_of_both_sides_are_those_of_eval(run, tmp_path, dtype):
    path = tmp_path / "odd.yaml"
    path.write_text("input: 3x5x5\nlayers:\n  - {conv: 3, k: 3, repeat: 4, name: a}\n")
    shown = ("--columns", "weight_bytes", "--dtype", dtype, "-f", "csv")
    of_eval = next(csv.DictReader(StringIO(run("eval", str(path), "--totals", *shown)[1])))
    of_diff = next(csv.DictReader(StringIO(run("diff", str(path), str(path), *shown)[1])))
    assert of_diff["weight_bytes_before"] == of_diff["weight_bytes_after"] == of_eval["weight_bytes"]


WRONG = {
    ("x",): "is no rule",
    ("foo=separable",): "is about no layer",
    ("standard=sepable",): "did you mean `separable`",
    ("standard[q>1]=separable",): "unknown name `q`",
    ("standard[k>>1]=separable",): "`>` cannot stand here",
    ("standard=grouped",): "`grouped` needs its groups",
    ("standard=separable:z=1",): "has no option",
    ("stem=squeeze_excite",): "--skip-impossible",
}


@pytest.mark.parametrize("rules", WRONG)
def test_rules_that_are_none(run, rules):
    status, out, err = run("whatif", "resnet18", "--swap", *rules)
    assert (status, out) == (2, "")
    assert WRONG[rules] in err


def test_nothing_to_rewrite_and_divisors_alone_are_refused(run):
    assert "nothing is rewritten" in run("whatif", "resnet18")[2]
    assert "--divisor belongs to --width" in run("whatif", "resnet18", "--divisor", "8")[2]
    assert "one is wanted" in run("diff", "resnet18", "examples")[2]
    assert "--columns: unknown column `outputs`" in run("diff", "resnet18", "resnet34", "--columns", "outputs")[2]
