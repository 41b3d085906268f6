"""What is not counted: every command says so in every format, nothing of it is 0, and `--strict` finds it."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from convcost import evaluate
from convcost.cli import COMMANDS, cli, main
from convcost.evaluation_report import layer_report
from convcost.layers import Conv, Uncounted
from convcost.network import Network, Node
from convcost.render import FORMATS

# 3·4·9 = 108 weights at 8×8: 6,912 MACs; then 4·4·9 = 144: 9,216 MACs. Between them, and alone, what nobody counts.
CONV = {"filters": 4, "kernel_size": [3, 3], "padding": "same", "use_bias": False}
LAYERS = {
    "lambda": [("Conv2D", "a", CONV), ("Lambda", "odd", {}), ("Conv2D", "b", CONV)],
    "own": [("Conv2D", "a", CONV), ("Own", "one.own", {}), ("ReLU", "one.act", {})],
}
WHOLE = "name: whole\ninput: 3x8x8\nlayers:\n  - {conv: 4, k: 3, name: a}\n"


def keras(name, layers):
    def layer(word, own, config):
        return {"module": "keras.layers", "class_name": word, "config": {"name": own, **config}}

    every = [layer("InputLayer", "x", {"batch_shape": [None, 8, 8, 3]}), *(layer(*one) for one in layers)]
    return {"module": "keras", "class_name": "Sequential", "config": {"name": name, "layers": every}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    for name, layers in LAYERS.items():
        Path(f"{name}.json").write_text(json.dumps(keras(name, layers)), encoding="utf-8")
    Path("again.json").write_text(json.dumps(keras("lambda", LAYERS["lambda"])), encoding="utf-8")
    Path("whole.yaml").write_text(WHOLE, encoding="utf-8")


@pytest.fixture
def run(capsys):
    def command(*arguments):
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        return end.value.code, *capsys.readouterr()

    return command


@pytest.fixture
def rows(run):
    def rows_(*arguments):
        return list(csv.DictReader(StringIO(run(*arguments, "-f", "csv")[1])))

    return rows_


PARTIAL = {
    "eval": ["eval", "lambda.json"],
    "eval of kinds": ["eval", "lambda.json", "--by-kind"],
    "eval of several": ["eval", "lambda.json", "own.json"],
    "eval of one line": ["eval", "lambda.json", "--totals"],
    "diff": ["diff", "lambda.json", "own.json"],
    "diff before": ["diff", "lambda.json", "whole.yaml"],
    "diff after": ["diff", "whole.yaml", "lambda.json"],
    "whatif": ["whatif", "lambda.json", "--swap", "b=separable"],
    "sweep": ["sweep", "lambda.json", "--input", "3x8x8,3x16x16"],
    "check": ["check", "lambda.json", "--max-peak-activations", "1M"],
    "reconcile": ["reconcile", "lambda.json"],
    "reconcile a number": ["reconcile", "lambda.json", "16.13k"],
}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("command", PARTIAL.values(), ids=PARTIAL)
def test_every_format_of_every_command_says_what_is_not_counted(run, command, format_):
    _, out, _ = run(*command, "-f", format_)
    assert "Lambda" in out
    assert "Partial: not counted in " in out or "uncounted" in out
    whole = run(*[word.replace("lambda.json", "whole.yaml").replace("b=", "a=") for word in command], "-f", format_)[1]
    if "own.json" not in command and not command[0].startswith("diff"):
        assert "artial" not in whole
        assert '"complete": false' not in whole


@pytest.mark.parametrize("command", PARTIAL.values(), ids=PARTIAL)
def test_strict_makes_it_a_finding(run, command):
    assert run(*command)[0] == 0
    assert run(*command, "--strict")[0] == 1


@pytest.mark.parametrize(
    "command",
    [
        ["eval", "whole.yaml"],
        ["eval", "whole.yaml", "resnet18"],
        ["diff", "whole.yaml", "resnet18"],
        ["whatif", "whole.yaml", "--swap", "a=separable"],
        ["sweep", "whole.yaml", "--input", "3x8x8,3x16x16"],
        ["sweep", "--c1", "8", "--c2", "8", "-k", "3"],
        ["check", "whole.yaml", "--max-macs", "1M"],
        ["convert", "whole.yaml"],
        ["reconcile", "whole.yaml"],
    ],
)
def test_strict_changes_nothing_where_all_is_counted(run, command):
    plain = run(*command)
    assert plain[0] == 0
    assert run(*command, "--strict") == plain


def test_every_command_that_reads_networks_is_strict_and_says_what_naming_a_module_does(run):
    reading = {name for name in COMMANDS if any(p.name == "input_" for p in cli.get_command(None, name).params)}
    assert reading == {"eval", "check", "diff", "whatif", "sweep", "convert", "reconcile"}
    for name in reading:
        said = " ".join(run(name, "--help")[1].split())
        assert "--strict" in said
        assert "module:callable imports the module and runs its code" in said


def test_what_cannot_be_read_is_more_than_a_finding(run):
    Path("bad.yaml").write_text("input: 3x8x8\nlayers:\n  - {conv: 4, kernal: 3}\n")
    assert run("eval", "lambda.json", "bad.yaml", "--strict")[0] == 2


def test_convert_says_it_beside_what_it_writes(run):
    status, out, err = run("convert", "lambda.json")
    assert (status, err) == (0, "Partial: not counted in lambda: 1 × Lambda.\n")
    assert run("convert", "lambda.json", "--strict") == (1, out, err)
    status, _, err = run("convert", "lambda.json", "-o", "new.yaml", "--strict")
    assert status == 1
    assert "1 × Lambda" in err
    assert run("eval", "new.yaml", "--strict", "--totals", "-f", "csv")[0] == 1


# --- eval -----------------------------------------------------------------------------------------------------------


def test_cells_of_what_is_not_counted_are_blank(rows):
    a, odd, b, total = rows("eval", "lambda.json", "--columns", "all", "--count-as", "torch")
    blank = {key for key, cell in odd.items() if not cell}
    counts = {"params", "weights", "biases", "norm_params", "macs", "flops", "share", "params_share", "activations"}
    assert counts | {"weight_bytes", "activation_bytes", "macs_per_byte", "counted", "ledger"} <= blank
    # What is known of it is there: where it stands, and its size.
    assert (odd["kind"], odd["inputs"], odd["output"], odd["live_activations"]) == ("Lambda", "a", "4x8x8", "512")
    assert (odd["uncounted"], total["uncounted"], a["uncounted"]) == ("1 × Lambda", "1 × Lambda", "")
    assert (a["macs"], b["macs"], total["macs"]) == ("6912", "9216", "16128")
    assert (total["layer"], total["counted"]) == ("total (partial)", "32256")


def test_json_has_null_for_it(run):
    (network,) = json.loads(run("eval", "lambda.json", "--count-as", "torch", "-f", "json")[1])["networks"]
    assert (network["complete"], network["uncounted"]) == (False, [{"kind": "Lambda", "layers": 1}])
    assert (network["params"], network["macs"]) == (108 + 144, 16128)
    odd = network["layers"][1]
    known = {key for key, value in odd.items() if value is not None}
    assert known == {"name", "kind", "inputs", "input", "output", "live_activations"}
    assert network["kinds"][1] == {"kind": "Lambda", "layers": 1, **dict.fromkeys(list(network["kinds"][1])[2:])}


def test_a_folded_row_says_that_it_is_a_part(rows, run):
    a, one, total = rows("eval", "own.json", "--depth", "1", "--columns", "macs")
    assert (one["layer"], one["macs"], one["uncounted"]) == ("one", "0", "1 × Own")
    assert (a["uncounted"], total["uncounted"]) == ("", "1 × Own")
    *_, others, _ = rows("eval", "lambda.json", "--by-kind", "--top", "1")
    assert (others["kind"], others["macs"], others["uncounted"]) == ("1 other", "", "1 × Lambda")
    assert "not counted" not in run("eval", "whole.yaml", "--depth", "1")[1]
    assert "uncounted" not in rows("eval", "lambda.json")[0]


def test_of_several_networks_each_has_its_mark(rows, run):
    one, whole = rows("eval", "lambda.json", "whole.yaml", "--columns", "macs")
    assert (one["uncounted"], whole["uncounted"]) == ("1 × Lambda", "")
    assert "uncounted" not in rows("eval", "whole.yaml", "resnet18")[0]
    assert "Partial: not counted in lambda (again.json): 1 × Lambda." in run("eval", "lambda.json", "again.json")[1]


# --- diff and whatif ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [("lambda.json", "own.json"), ("own.json", "lambda.json")])
def test_what_is_not_known_has_no_difference(run, rows, sides):
    found = {row["layer"]: row for row in rows("diff", *sides, "--count-as", "torch")}
    odd = next(row for name, row in found.items() if "odd" in name)
    assert {key for key, cell in odd.items() if cell} == {"layer", "change", "caption"}
    total = found["total (partial)"]
    assert (total["macs_delta"], total["counted_delta"]) in (("9216", "18432"), ("-9216", "-18432"))
    document = json.loads(run("diff", *sides, "--count-as", "torch", "-f", "json")[1])
    odd = next(layer for layer in document["layers"] if "odd" in layer["before"] + layer["after"])
    assert odd["params"] == odd["counted"] == dict.fromkeys(("before", "after", "delta", "ratio"))
    assert {side: document[side]["complete"] for side in ("before", "after")} == {"before": False, "after": False}


def test_a_layer_of_one_side_has_its_own_count_as_difference(rows):
    found = {row["layer"]: row for row in rows("diff", "lambda.json", "whole.yaml")}
    assert (found["b"]["macs_before"], found["b"]["macs_after"], found["b"]["macs_delta"]) == ("9216", "", "-9216")
    assert (found["odd"]["macs_before"], found["odd"]["macs_delta"]) == ("", "")


def test_both_sides_of_a_rewriting_are_partial(run):
    out = run("whatif", "lambda.json", "--swap", "b=separable")[1]
    assert "Partial: not counted in lambda: 1 × Lambda." in out
    assert "Partial: not counted in lambda rewritten: 1 × Lambda." in out
    assert "Of what is counted, lambda rewritten has" in out


# --- sweep ----------------------------------------------------------------------------------------------------------

INPUTS = ("--input", "3x8x8,3x16x16")


def test_rows_of_a_sweep_are_marked(run, rows):
    assert [row["uncounted"] for row in rows("sweep", "lambda.json", *INPUTS)] == ["1 × Lambda"] * 2
    assert [row["uncounted"] for row in rows("sweep", "lambda.json", *INPUTS, "--columns", "macs")] == [
        "1 × Lambda"
    ] * 2
    assert [row["uncounted"] for row in rows("sweep", "whole.yaml", *INPUTS)] == ["", ""]
    lines = run("sweep", "lambda.json", *INPUTS, "-f", "jsonl")[1].splitlines()
    for row in map(json.loads, lines):
        assert (row["complete"], row["uncounted"]) == (False, [{"kind": "Lambda", "layers": 1}])
    document = json.loads(run("sweep", "lambda.json", *INPUTS, "-f", "json")[1])
    assert document["caption"].count("Partial: not counted in lambda: 1 × Lambda.") == 1
    # Formats whose caption is written before the rows have it on stderr.
    assert run("sweep", "lambda.json", *INPUTS, "-f", "csv")[2] == "Partial: not counted in lambda: 1 × Lambda.\n"
    assert "not counted" not in run("sweep", "whole.yaml", *INPUTS)[1]
    assert "not counted" in run("sweep", "whole.yaml", *INPUTS, "--columns", "uncounted")[1]


def test_a_condition_that_leaves_all_out_was_decided_by_what_is_counted(run):
    status, out, _ = run("sweep", "lambda.json", *INPUTS, "--where", "macs>1G", "--strict")
    assert status == 1
    assert "Partial: not counted in lambda: 1 × Lambda." in out


# --- check ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "statuses"),
    [
        (["--max-macs", "1M"], ["not known"]),
        (["--max-macs", "1k"], ["over"]),
        (["--max-layer-macs", "1M"], ["not known"]),
        (["--max-layer-macs", "8k"], ["over"]),
        (["--count-as", "torch", "--max-counted", "1M"], ["not known"]),
        (["--count-as", "torch", "--max-counted", "1k"], ["over"]),
        (["--max-peak-activations", "1M"], ["ok"]),
        (["--max-peak-activations", "1M", "--strict"], ["ok", "partial"]),
    ],
)
def test_a_limit_that_nobody_knows_to_hold_is_a_finding(run, limits, statuses):
    status, out, _ = run("check", "lambda.json", *limits, "-f", "json")
    document = json.loads(out)
    assert [check["status"] for check in document["checks"]] == statuses
    assert status == int(statuses != ["ok"])
    # How far it is below a limit is no distance to anything.
    assert all((check["over_by"] is None) == (check["status"] != "over") for check in document["checks"])
    (network,) = document["networks"]
    assert (network["complete"], network["uncounted"]) == (False, [{"kind": "Lambda", "layers": 1}])


def test_annotations_warn_of_it_or_are_errors(run):
    limit = ("--max-peak-activations", "1M", "-f", "github")
    status, out, _ = run("check", "lambda.json", *limit)
    assert status == 0
    assert out.startswith("::warning file=lambda.json,title=convcost%3A partial::lambda: not counted: 1 × Lambda\n")
    status, out, _ = run("check", "lambda.json", *limit, "--strict")
    assert status == 1
    finding, last = out.splitlines()
    assert finding.startswith("::error file=lambda.json,title=convcost%3A total partial::lambda: ")
    assert finding.endswith("the total is partial; not counted: 1 × Lambda")
    assert last == "convcost: 2 checks, 1 finding"
    assert "partial" not in run("check", "whole.yaml", *limit)[1]


def test_a_snapshot_remembers_what_was_not_counted(run):
    assert run("check", "lambda.json", "whole.yaml", "--snapshot", "costs.json", "--update")[0] == 0
    kept = json.loads(Path("costs.json").read_text(encoding="utf-8"))["networks"]
    assert kept["lambda"]["uncounted"] == {"Lambda": 1}
    assert "uncounted" not in kept["whole"]
    assert run("check", "lambda.json", "whole.yaml", "--snapshot", "costs.json")[0] == 0
    changed = json.dumps(keras("lambda", LAYERS["lambda"])).replace("Lambda", "Rambda")
    Path("lambda.json").write_text(changed, encoding="utf-8")
    status, out, _ = run("check", "lambda.json", "whole.yaml", "--snapshot", "costs.json")
    assert status == 1
    assert "lambda uncounted: what is not counted was 1 × Lambda, and is 1 × Rambda" in out


# --- reconcile ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [[], ["16.13k"]])
def test_reconcile_is_partial_in_json_too(run, number):
    document = json.loads(run("reconcile", "lambda.json", *number, "-f", "json")[1])
    assert document["network"]["complete"] is False
    assert "Partial: not counted in lambda: 1 × Lambda." in document["caption"]


class Half(Uncounted):
    """Whose weights are known, and nothing else."""

    __slots__ = ()

    @property
    def weights(self):
        return 5


def test_what_is_known_of_a_layer_is_there():
    nodes = (Node("a", "half", Half("half", (4, 8, 8))), Node("b", "conv", Conv(4, 2, 1), ("a",)))
    report = layer_report(evaluate(Network("known", (3, 8, 8), nodes)))
    half, _ = report.rows
    assert (half["weights"], half["params"], half["biases"], half["macs"]) == (5, 5, None, None)
    assert (report.totals["layer"], report.totals["params"]) == ("total (partial)", 13)
