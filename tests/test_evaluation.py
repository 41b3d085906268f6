"""`eval`: folds, kinds, orders and tops add up; batches compare; options that make no sense are refused."""

import csv
import json
from io import StringIO
from math import prod

import pytest

from convcost import evaluate, load
from convcost.cli import main
from convcost.comparison import compare
from convcost.render import render
from convcost.rows import Choice, Request

RESIDUAL = """
name: residual
input: 8x16x16
defaults: {norm: batch, act: relu}
layers:
  - {conv: 16, k: 3, s: 2, name: stem}
  - {residual_block: 16, repeat: 2, name: stage}
  - {concat: [[{conv: 8, k: 3, s: 2, p: 1}], [{conv: 8, k: 3, s: 2, p: 0}, {pad: [[0, 1], [0, 1]]}]], name: mixed}
  - global_avg_pool
  - {linear: 10, bias: true, norm: none, act: none}
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(RESIDUAL)
    return str(path)


@pytest.fixture
def run(capsys):
    def run_(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["eval", *arguments])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return run_


@pytest.fixture
def rows(run):
    def rows_(*arguments):
        status, out, err = run(*arguments, "-f", "csv")
        assert (status, err) == (0, "")
        return list(csv.DictReader(StringIO(out)))

    return rows_


COUNTS = "params,macs,activations,share,weight_bytes"


@pytest.mark.parametrize("how", [(), ("--depth", "1"), ("--depth", "2"), ("--by-kind",), ("--top", "3")])
@pytest.mark.parametrize("sort", [(), ("--sort", "params"), ("--sort", "kind")])
def test_columns_add_up_to_one_total(spec, rows, how, sort):
    *found, total = rows(spec, *how, *sort, "--columns", COUNTS if "--by-kind" in how else f"kind,{COUNTS}")
    for key in ("params", "macs", "activations", "weight_bytes"):
        assert sum(int(row[key]) for row in found) == int(total[key])
    assert sum(float(row["share"]) for row in found) == pytest.approx(1)
    assert (total["params"], total["macs"]) == tuple(rows(spec)[-1][key] for key in ("params", "macs"))


def test_folds_carry_what_goes_in_and_comes_out(spec, rows):
    found = {row["layer"]: row for row in rows(spec, "--depth", "1", "--columns", "kind,layers,input,output,params")}
    assert list(found) == ["stem", "stage", "mixed", "global_avg_pool1", "linear1", "total"]
    assert (found["stem"]["kind"], found["stem"]["layers"]) == ("conv", "3")
    assert (found["stage"]["input"], found["stage"]["output"]) == ("16x8x8", "16x8x8")
    assert found["mixed"]["output"] == "16x4x4"
    deeper = {row["layer"]: row for row in rows(spec, "--depth", "2", "--columns", "kind,layers")}
    assert deeper["stage.1"]["kind"] == "residual_block"
    assert int(deeper["stage.1"]["layers"]) == 7


def test_tops_are_the_heaviest_and_the_others_are_one_row(spec, rows):
    heavy = rows(spec, "--top", "2")
    every = sorted((int(row["macs"]) for row in rows(spec)[:-1]), reverse=True)
    assert [int(row["macs"]) for row in heavy[:2]] == every[:2]
    assert heavy[2]["layer"] == f"{len(every) - 2} others"
    assert int(heavy[2]["macs"]) == sum(every[2:])
    assert heavy[2]["output"] == ""


@pytest.mark.parametrize("key", ["macs", "params", "layer"])
def test_a_minus_turns_the_order(spec, rows, key):
    down, up = ([row[key] for row in rows(spec, "--sort", sort)[:-1]] for sort in (key, f"-{key}"))
    values = [value if key == "layer" else int(value) for value in down]
    assert values == sorted(values, reverse=key != "layer")
    assert sorted(up) == sorted(down)
    assert up[0] == down[-1]


def test_what_is_left_over_tells_the_most_that_is_live(spec, rows):
    *found, others, total = rows(spec, "--top", "1", "--sort", "params", "--columns", "live_activations,live_bytes")
    whole = rows(spec, "--sort", "params", "--columns", "live_activations")[1:-1]
    assert others["live_activations"] == str(max(int(row["live_activations"]) for row in whole))
    assert max(int(row["live_bytes"]) for row in [*found, others]) == int(total["live_bytes"])
    layers = len(rows(spec)) - 1
    assert rows(spec, "--top", str(layers - 1))[-2]["layer"] == "1 other"
    assert len(rows(spec, "--top", str(layers))) == layers + 1


@pytest.mark.parametrize("how", [(), ("--depth", "1"), ("--by-kind",)])
def test_every_column_sorts(spec, rows, how):
    every = rows(spec, *how, "--columns", "all")
    for key in list(every[0])[:-1]:
        before = [row[key] for row in every[:-1]]
        after = [row[key] for row in rows(spec, *how, "--columns", "all", "--sort", key)[:-1]]
        assert sorted(after) == sorted(before)
        assert "" not in after[: len(after) - before.count("")]
    if not how:  # a column of shapes and of text
        assert rows(spec, "--sort", "input", "--columns", "input")[0]["input"] == "8x16x16"


@pytest.mark.parametrize("how", [("--depth", "1"), ("--depth", "2"), ("--by-kind",), ("--top", "1")])
def test_bytes_are_those_of_the_layers_however_they_are_folded(tmp_path, rows, how):
    path = tmp_path / "odd.yaml"
    path.write_text("input: 3x5x5\nlayers:\n  - {conv: 3, k: 3, repeat: 4, name: a}\n")
    flags = ("--dtype", "int1", "--columns", "weight_bytes,activation_bytes")
    assert rows(str(path), *how, *flags)[-1]["weight_bytes"] == rows(str(path), *flags)[-1]["weight_bytes"] == "44"
    assert rows(str(path), *how, *flags)[-1]["activation_bytes"] == "40"


def test_a_name_that_begins_with_a_dot_is_folded(tmp_path, rows):
    path = tmp_path / "dots.yaml"
    path.write_text("input: 3x5x5\nlayers:\n  - {conv: 3, k: 3, name: .z}\n")
    assert rows(str(path), "--depth", "1")[0]["layer"] == ".z"


def test_a_column_asked_for_twice_is_shown_once(spec, rows):
    assert list(rows(spec, "--columns", "macs,params,macs")[0]) == ["layer", "macs", "params", "caption"]
    assert list(rows(spec, "--columns", "macs,all")[0]) == list(rows(spec, "--columns", "all")[0])


def test_unreadable_files_leave_the_fold_of_the_other(spec, run, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("input: 3x8x8\nlayers:\n  - {cnv: 4}\n")
    status, out, err = run(spec, str(path), "--depth", "1", "--columns", "layers")
    assert (status, err.count("error")) == (2, 1)
    assert "mixed" in out
    for how in (("--depth", "1"), ("--by-kind", "--columns", "kind", "--sort", "layers"), ("--baseline", "x")):
        whole = json.loads(run(str(path), *how, "-f", "json")[1])
        assert (whole["networks"], whole["errors"][0]["source"]) == ([], str(path))


def test_a_note_names_the_first_layers_where_it_begins(run):
    out = run("efficientnet_b0", "--columns", "receptive_field", "-f", "text")[1]
    (note,) = [line for line in out.splitlines() if "a factor that serves all positions" in line]
    assert note.startswith("inverted_residual1.se.mul: ")


def test_views_are_walked_once_and_an_evaluation_is_short(spec):
    evaluation = evaluate(load(spec)[0])
    assert evaluation.views is evaluation.views
    assert len(repr(evaluation)) < 100


def test_notebooks_show_an_evaluation_and_a_comparison(spec):
    evaluation = evaluate(load(spec)[0])
    comparison = compare(Request(8, 16, (3, 3), (1, 1), "same", 2, output_padding=(0, 0)), (Choice("separable"),))
    for result in (evaluation, comparison):
        assert result._repr_html_() == render(result.report, "html")
        assert result._repr_markdown_() == render(result.report, "markdown")


def test_views_of_branches_that_do_not_align_are_said_so(spec, run, rows):
    found = {row["layer"]: row for row in rows(spec, "--columns", "receptive_field,effective_padding,aligned")}
    assert (found["stage.2.act"]["aligned"], found["mixed"]["aligned"]) == ("yes", "no")
    assert "unequal centres" in run(spec, "--columns", "receptive_field")[1]
    assert "unequal centres" not in run(spec)[1]


def test_json_has_kinds_and_live_tensors(spec, run):
    (network,) = json.loads(run(spec, "--dtype", "int8", "-f", "json")[1])["networks"]
    assert sum(kind["layers"] for kind in network["kinds"]) == len(network["layers"])
    assert sum(kind["macs"] for kind in network["kinds"]) == network["macs"]
    assert max(layer["live_activations"] for layer in network["layers"]) == network["peak_activations"]
    assert network["peak_bytes"] == network["peak_activations"]


def test_several_shapes_of_a_cell_are_clean_for_programs(spec, rows, run):
    (mixed,) = (row for row in rows(spec, "--columns", "all") if row["layer"] == "mixed")
    assert mixed["inputs"].count(" ") == 1
    assert mixed["input"] == "8x4x4 8x4x4"
    assert "\t8x4x4 8x4x4\t" in run(spec, "--columns", "inputs,input,output", "-f", "tsv")[1]
    assert "8×4×4 and 8×4×4" in run(spec, "--columns", "input")[1]
    ordered = [row["input"] for row in rows(spec, "--columns", "input", "--sort", "input") if row["input"]]
    elements = [sum(prod(map(int, shape.split("x"))) for shape in cell.split()) for cell in ordered]
    assert elements == sorted(elements, reverse=True)


def test_networks_of_one_name_are_told_apart_by_their_sources(tmp_path, rows, run):
    paths = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]
    for kernel, path in zip((1, 3), paths, strict=True):
        (tmp_path / path).write_text(f"name: same\ninput: 3x8x8\nlayers:\n  - {{conv: 4, k: {kernel}}}\n")
    assert [row["source"] for row in rows(*paths)] == paths
    assert [row["source"] for row in rows(*paths, "--columns", "macs")] == paths
    assert f"Ratios are to same ({paths[1]})." in run(*paths, "--baseline", paths[1])[1]
    assert "source" not in rows(paths[0], "resnet18")[0]


def test_a_batch_compares_to_the_baseline(spec, rows):
    found = rows("zoo:resnet18", "vgg16", spec, "--baseline", "vgg16", "--sort", "macs")
    assert [row["network"] for row in found] == ["VGG-16", "ResNet-18", "residual"]
    assert float(found[0]["macs_ratio"]) == 1
    assert float(found[1]["params_ratio"]) == pytest.approx(11_689_512 / 138_357_544)
    first = rows(spec, "resnet18")
    assert float(first[0]["params_ratio"]) == 1
    (alone,) = rows(spec, "--totals")
    assert alone["network"] == "residual"


def test_vars_and_input_are_overridden(rows):
    whole, half = (int(rows("mobilenet_v1", "--totals", *how)[0]["macs"]) for how in ((), ("--set", "alpha=0.5")))
    assert (whole, half) == (568_740_352, 149_497_088)
    (small,) = rows("mobilenet_v1", "--totals", "--set", "alpha=1/4", "--input", "3x128x128")
    assert (small["input"], small["macs"]) == ("3x128x128", "13570048")


WRONG = {
    ("--depth", "1", "--by-kind"): "--depth and --by-kind",
    ("--depth", "0"): "--depth",
    ("--top", "0"): "--top",
    ("--sort", "macz"): "did you mean `macs`",
    ("--columns", "prams"): "did you mean `params`",
    ("--by-kind", "--columns", "output"): "--columns: unknown column `output`",
    ("--baseline", "nope"): "--baseline: no network `nope`",
    ("--totals", "--depth", "1"): "of a network's layers",
    ("--set", "alpha"): "--set must be like alpha=0.75",
    ("--set", "alpha=0.5"): "has no var `alpha`",
    ("--set", "a=1", "--set", "a=2"): "--set a stands twice",
    ("--set", "a=9**9"): "there are no powers",
    ("--input", "3y5"): "--input must be a shape like 3x224x224",
}


@pytest.mark.parametrize("how", WRONG)
def test_what_makes_no_sense_is_refused(spec, run, how):
    status, out, err = run(spec, *how)
    assert (status, out) == (2, "")
    assert WRONG[how] in err


def test_misspelt_networks_are_guessed(run):
    status, _, err = run("resnet5")
    assert status == 2
    assert "did you mean `resnet50` of the zoo?" in err
