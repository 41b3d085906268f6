"""`check`: figures beside their limits, statuses, annotations, snapshots, and what docs/check.md shows."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import convcost
from convcost import evaluate, loads, zoo
from convcost.annotations import Annotation, file_of
from convcost.budget import FIGURES, MOST, Limit, checks, limits, live_at_peak
from convcost.cli import main
from convcost.errors import ConvcostError
from convcost.liveness import live_activations
from convcost.network import Bound
from convcost.render import FORMATS
from convcost.snapshot import read, taken, written
from convcost.specs.language import BUDGETS
from convcost.specs.read import load

ROOT = Path(__file__).parents[1]

# Params 3·16·9 + 16·32 + 32·10 = 432 + 512 + 320 = 1264; MACs at 8×8: 64·432 = 27,648, 64·512 = 32,768, 320.
SMALL = """\
name: small
input: 3x8x8
budget:
  {budget}
layers:
  - {{conv: 16, k: 3, name: first}}
  - relu
  - {{conv: 32, k: 1, name: second}}
  - global_avg_pool
  - {{linear: 10, name: last}}
"""
# Sees 3 + 2·2 = 7 on each axis.
MAP = "name: map\ninput: 3x16x16\nlayers:\n  - {conv: 4, k: 3}\n  - {conv: 4, k: 5}\n"


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)

    def command(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["check", *arguments])
        return end.value.code, *capsys.readouterr()

    return command


def small(budget="macs: 1M", name="net.yaml"):
    Path(name).write_text(SMALL.format(budget=budget))
    return name


def rows(run, *arguments):
    status, out, err = run(*arguments, "-f", "json")
    assert err == ""
    return status, json.loads(out)["checks"]


def test_the_figures_are_the_languages():
    assert set(FIGURES) == set(BUDGETS)


FOUND = {
    "params": 1264,
    "weight_bytes": 4 * 1264,
    "macs": 27_648 + 32_768 + 320,
    "flops": 2 * (27_648 + 32_768 + 320),
    "activations": 64 * 16 + 64 * 32 + 10,
    # The second convolution's input, with the relu in place, and its output.
    "peak_activations": 64 * 16 + 64 * 32,
    "peak_bytes": 4 * 64 * 48,
    "layer_params": 512,
    "layer_macs": 32_768,
    "layer_flops": 65_536,
    "layer_activations": 2048,
}


@pytest.mark.parametrize("what", FOUND)
def test_a_limit_is_kept_at_the_figure_and_broken_one_below(run, what):
    found = FOUND[what]
    (at,) = rows(run, small(f"{what}: {found}"))[1]
    assert (at["status"], at["found"], at["over_by"], at["line"]) == ("ok", found, None, 4)
    status, (below,) = rows(run, small(f"{what}: {found - 1}"))
    assert (status, below["status"], below["over_by"]) == (1, "over", 1)
    flag = f"--max-{what.replace('_', '-')}"
    status, found_by_flag = rows(run, small(), flag, str(found - 1))
    (by_flag,) = (row for row in found_by_flag if row["what"] == what)
    assert (status, by_flag["status"], by_flag["set_by"]) == (1, "over", flag)


def test_bytes_are_those_of_the_dtype(run):
    found = rows(run, small(), "--max-weight-bytes", "1KiB", "--max-peak-bytes", "3072", "--dtype", "int8")[1]
    by_what = {row["what"]: (row["found"], row["status"]) for row in found}
    assert by_what["weight_bytes"] == (1264, "over")
    assert by_what["peak_bytes"] == (3072, "ok")


def test_the_heaviest_layers_are_behind_a_total(run):
    (row,) = rows(run, small("macs: 1"))[1]
    assert [(part["name"], part["amount"], part["line"]) for part in row["parts"]] == [
        ("second", 32_768, 8),
        ("first", 27_648, 6),
        ("last", 320, 10),
    ]
    assert "heaviest layers: second 32,768 (53.95 %), first 27,648 (45.52 %), last 320 (0.5269 %)" in run("net.yaml")[1]


def test_the_peak_names_its_layer_and_what_is_live_then(run):
    (row,) = rows(run, small("peak_activations: 3k"))[1]
    assert (row["peak_at"], row["layer_line"], row["over_by"]) == ("second", 8, 72)
    assert [(part["name"], part["amount"]) for part in row["parts"]] == [("second", 2048), ("first", 1024)]


@pytest.mark.parametrize("name", zoo.names())
def test_what_is_live_adds_up_to_the_peak(name):
    for network in load(zoo.PREFIX + name):
        evaluation = evaluate(network)
        where, live = live_at_peak(network, evaluation.shapes)
        assert sum(live.values()) == evaluation.peak_activations
        sums = live_activations(network, evaluation.shapes)
        assert where == max(sums, key=sums.__getitem__)


def test_a_limit_for_layers_lists_each_that_is_over_with_its_line(run):
    status, found = rows(run, small("layer_macs: 20k"))
    assert status == 1
    assert [(row["layer"], row["layer_line"], row["over_by"]) for row in found] == [
        ("second", 8, 12_768),
        ("first", 6, 7_648),
    ]
    out = run("net.yaml", "-f", "text")[1]
    assert "small layer_macs: line 6: first; line 8: second" in out


def test_figures_that_would_look_equal_are_exact(run):
    Path("net.yaml").write_text("name: x\ninput: 8x512x512\nlayers:\n  - {conv: 8, k: 1}\n")
    out = run("net.yaml", "--max-macs", str(64 * 512 * 512 - 1))[1]
    assert "16,777,215" in out
    assert "16,777,216" in out
    assert "1 (0.000005960 %)" in out
    assert "16.78 M" in run("net.yaml", "--max-macs", "16M")[1]
    assert "16,777,216" in run("net.yaml", "--max-macs", "16M", "--exact")[1]


def test_a_flag_takes_the_place_of_the_specs_limit_and_says_so(run):
    status, (row,) = rows(run, small("macs: 1k"), "--max-macs", "1M")
    assert (status, row["limit"], row["set_by"], row["line"]) == (0, 1_000_000, "--max-macs", None)
    assert row["replaced"] == {"limit": 1000, "line": 4}
    assert "--max-macs takes the place of the spec's 1,000 (line 4)" in run("net.yaml", "--max-macs", "1M")[1]
    bound = {"macs": Bound(5, 3), "params": Bound(7, 4)}
    first, second = limits(bound, [Limit("macs", 9, "--max-macs")])
    assert first == Limit("params", 7, "", 4)
    assert second == Limit("macs", 9, "--max-macs", 0, MOST, Bound(5, 3))


def test_the_receptive_field_has_a_most_and_a_least(run):
    Path("map.yaml").write_text(MAP)
    for flag, limit, status in (("max", 7, 0), ("max", 6, 1), ("min", 7, 0), ("min", 8, 1)):
        found = rows(run, "map.yaml", f"--{flag}-receptive-field", str(limit))
        assert found[0] == status
        assert found[1][0]["found"] == 7
    (row,) = rows(run, "map.yaml", "--min-receptive-field", "8")[1]
    assert (row["status"], row["bound"], row["over_by"]) == ("under", "least", 1)
    assert len(rows(run, "map.yaml", "--min-receptive-field", "7", "--max-receptive-field", "7")[1]) == 2


def test_per_axis_the_largest_and_the_smallest_count(run):
    Path("net.yaml").write_text("input: 3x16x16\nlayers:\n  - {conv: 4, k: [3, 5]}\n")
    assert rows(run, "net.yaml", "--max-receptive-field", "4")[1][0]["found"] == 5
    assert rows(run, "net.yaml", "--min-receptive-field", "4")[1][0]["found"] == 3


@pytest.mark.parametrize("flag", ["--max-receptive-field", "--min-receptive-field"])
def test_a_receptive_field_that_nobody_knows_is_a_finding(run, flag):
    status, out, _ = run(small(), flag, "100", "-f", "json")
    row = next(row for row in json.loads(out)["checks"] if row["what"] == "receptive_field")
    assert (status, row["status"], row["found"]) == (1, "not known", None)
    assert "the receptive field of `last` is not known: positions lose their meaning" in row["note"]


def test_a_check_of_nothing_does_not_pass(run):
    Path("map.yaml").write_text(MAP)
    status, out, err = run("map.yaml")
    assert (status, out) == (2, "")
    assert "nothing to check: no budget in map.yaml" in err
    status, found = rows(run, "map.yaml", small())
    assert status == 0
    assert [row["status"] for row in found] == ["no budget", "ok"]
    assert "no budget" in run("map.yaml", "net.yaml")[1]
    assert "::notice file=map.yaml,title=convcost%3A no budget::" in run("map.yaml", "net.yaml", "-f", "github")[1]


def test_what_cannot_be_read_is_told_and_the_others_are_checked(run):
    Path("bad.yaml").write_text("input: 3x8x8\nlayers:\n  - {conv: 4, kernal: 3}\n")
    status, out, err = run("bad.yaml", small("macs: 1"), "-f", "json")
    assert status == 2
    assert "unknown key `kernal`" in err
    data = json.loads(out)
    assert (data["errors"][0]["line"], data["findings"]) == (3, 1)
    status, out, _ = run("bad.yaml", "-f", "github")
    assert status == 2
    assert out.startswith("::error file=bad.yaml,line=3,col=15,title=convcost%3A cannot be read::unknown key `kernal`")
    assert run("bad.yaml", "-f", "text")[:2] == (2, "")


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("budget", ["macs: 1M", "{macs: 1, params: 2k}"])
def test_every_format(run, format_, budget, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    status, out, err = run(small(budget), "-f", format_)
    assert (status, err) == ("1," in budget, "")
    assert convcost.__version__ in out
    assert "60,735" in out or "60735" in out or status == 0
    path = Path("out.txt")
    assert run("net.yaml", "-f", format_, "-o", "out.txt") == (status, "", "")
    assert path.read_text() == out


def test_a_narrow_terminal_cuts_nothing(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = run(small("{macs: 1, layer_macs: 1}"), "-f", "table")[1]
    assert all(len(line) <= 40 for line in out.splitlines())
    assert "60,735 (6,073,500 %)" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-macs", "5q"], "--max-macs must be a number such as 300M or 256KiB, got `5q`"),
        (["--max-macs", "-5"], "--max-macs must be a number"),
        (["--max-macs", "1.5"], "--max-macs must be a whole number"),
        (["--update"], "--update writes the file of --snapshot"),
        (["--snapshot", "lost.json"], "--snapshot lost.json: no such file (write it with --update)"),
        (["--snapshot", "."], "--snapshot .: is a directory"),
        (["--snapshot", "-", "--update"], "--snapshot takes a file"),
        (["--snapshot", "no/where.json", "--update"], "--snapshot no/where.json: cannot be written"),
        (["--columns", "whats"], "--columns: unknown column `whats` (did you mean `what`?)"),
        (["--set", "alpha"], "--set must be like"),
    ],
)
def test_wrong_flags(run, arguments, said):
    status, out, err = run(small(), *arguments)
    assert (status, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("written", "limit"), [("1e6", 10**6), ("6.0735E4", 60735), ("1e-3M", 1000), ("2e+3k", 2_000_000)]
)
def test_limits_may_have_exponents(run, written, limit):
    for arguments in ([small("params: 2k"), "--max-macs", written], [small(f"macs: {written}")]):
        _, found = rows(run, *arguments)
        assert next(row["limit"] for row in found if row["what"] == "macs") == limit


def test_networks_of_one_name_are_told_apart_by_their_sources(run):
    names = small("{macs: 1M}", "one.yaml"), small("{macs: 1}", "two.yaml")
    out = run(*names)[1]
    assert re.search(r"^network +source +what", out, re.MULTILINE)
    assert re.search(r"^small +two.yaml +macs .* over ", out, re.MULTILINE)
    assert out.startswith("2 networks, 2 checks, 1 finding")
    assert "small (two.yaml) macs: heaviest layers" in out
    assert re.search(r"^network +source +status", run(*names, "--columns", "status")[1], re.MULTILINE)
    assert "source" not in run("one.yaml")[1].split("Input sizes")[0]


def test_annotations_stand_on_the_lines_of_the_spec(run):
    status, out, err = run(small("{macs: 1, layer_macs: 30k}"), "-f", "github")
    assert (status, err) == (1, "")
    first, second, last = out.splitlines()
    assert first.startswith(
        "::error file=net.yaml,line=4,title=convcost%3A macs over budget::"
        "small: macs is 60,736, over the budget of 1 by 60,735 (6,073,500 %25); heaviest layers: second 32,768 ("
    )
    assert second == (
        "::error file=net.yaml,line=8,title=convcost%3A layer_macs over budget::"
        "small: layer_macs of `second` is 32,768, over the budget of 30,000 by 2,768 (9.227 %25)"
    )
    assert last == "convcost: 2 checks, 2 findings"
    assert run(small(), "-f", "github") == (0, "convcost: 1 check, no finding\n", "")


def test_layers_of_one_line_are_one_annotation(run):
    Path("net.yaml").write_text("input: 8x8x8\nlayers:\n  - {conv: 8, k: 3, repeat: 12}\n")
    out = run("net.yaml", "--max-layer-macs", "1k", "-f", "github")[1]
    annotation, _ = out.splitlines()
    assert annotation.count("%0A") == 11
    assert ",line=3," in annotation


def test_annotations_are_escaped():
    annotation = Annotation("error", "a: b, 5%", "100%\r\n::error::no", "odd,na:me%.yaml", 3)
    assert annotation.command() == (
        "::error file=odd%2Cna%3Ame%25.yaml,line=3,title=a%3A b%2C 5%25::100%25%0D%0A::error::no"
    )


def test_files_are_named_from_the_workspace(run, monkeypatch, tmp_path):
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert run(small("macs: 1"), "-f", "github")[1].startswith("::error file=deep/net.yaml,line=4,")
    assert file_of("/elsewhere/net.yaml", str(tmp_path)) == "/elsewhere/net.yaml"
    assert run("resnet18", "--max-macs", "1", "-f", "github")[1].startswith("::error title=")


def test_a_snapshot_is_written_compared_and_updated(run):
    assert run(small(), "--snapshot", "costs.json", "--update")[0] == 0
    first = Path("costs.json").read_text()
    assert run("net.yaml", "--snapshot", "costs.json")[0] == 0
    Path("net.yaml").write_text(Path("net.yaml").read_text().replace("conv: 16", "conv: 24"))
    status, found = rows(run, "net.yaml", "--snapshot", "costs.json")
    assert status == 1
    changed = {(row["layer"], row["what"]): row for row in found if row["status"] == "changed"}
    total = changed[None, "params"]
    assert (total["limit"], total["found"], total["over_by"]) == (1264, 1264 + 8 * 27 + 8 * 32, 472)
    assert changed["first", "macs"]["over_by"] == 8 * 27 * 64
    assert ("last", "macs") not in changed
    assert Path("costs.json").read_text() == first
    status, out, _ = run("net.yaml", "--snapshot", "costs.json", "--update")
    assert status == 0
    assert "updated" in out
    assert run("net.yaml", "--snapshot", "costs.json")[0] == 0


def test_a_snapshot_has_a_line_for_each_layer_in_a_fixed_order():
    networks = [*loads(MAP), *loads(SMALL.format(budget="macs: 1"))]
    text = written(taken(map(evaluate, reversed(networks))))
    assert text == written(taken(map(evaluate, networks)))
    assert text.index('"map"') < text.index('"small"')
    assert '        "first": {"params": 432, "macs": 27648},\n' in text
    assert "relu" not in text
    assert read(text.encode(), "x") == taken(map(evaluate, networks))
    json.loads(text)


def test_networks_that_appear_and_vanish_are_findings(run):
    Path("map.yaml").write_text(MAP)
    run(small(), "--snapshot", "costs.json", "--update")
    status, found = rows(run, "map.yaml", "--snapshot", "costs.json")
    assert status == 1
    assert [(row["network"], row["status"]) for row in found] == [("map", "new"), ("small", "gone")]
    out = run("map.yaml", "--snapshot", "costs.json", "-f", "github")[1]
    assert "::error file=map.yaml,title=convcost%3A differs from costs.json::map: new, not in costs.json" in out
    assert "::error file=costs.json,title=convcost%3A differs from costs.json::small: network gone" in out


def test_layers_that_appear_and_vanish_have_no_other_side(run):
    run(small(), "--snapshot", "costs.json", "--update")
    Path("net.yaml").write_text(Path("net.yaml").read_text().replace("name: second", "name: other"))
    found = rows(run, "net.yaml", "--snapshot", "costs.json")[1]
    by_layer = {(row["layer"], row["what"]): (row["status"], row["limit"], row["found"]) for row in found}
    assert by_layer["other", "params"] == ("new", None, 512)
    assert by_layer["second", "macs"] == ("gone", 32_768, None)


def test_a_changed_input_is_told(run):
    run(small(), "--snapshot", "costs.json", "--update")
    status, out, _ = run("net.yaml", "--snapshot", "costs.json", "--input", "3x16x16")
    assert status == 1
    assert "the input was 3×8×8 and is 3×16×16" in out


def test_nothing_is_lost_from_a_snapshot_while_a_spec_cannot_be_read(run):
    Path("map.yaml").write_text(MAP)
    run(small(), "map.yaml", "--snapshot", "costs.json", "--update")
    before = Path("costs.json").read_text()
    Path("map.yaml").write_text("layers: [")
    status, out, err = run("net.yaml", "map.yaml", "--snapshot", "costs.json", "--update")
    assert status == 2
    assert "costs.json is not written" in err
    assert Path("costs.json").read_text() == before
    # Not known to be gone.
    assert "gone" not in out


def test_two_networks_of_one_name_have_no_snapshot(run):
    small()
    Path("twin.yaml").write_text(Path("net.yaml").read_text().replace("conv: 16", "conv: 24"))
    status, _, err = run("net.yaml", "twin.yaml", "--snapshot", "costs.json", "--update")
    assert status == 2
    assert "two networks are named `small` (net.yaml and twin.yaml)" in err
    assert not Path("costs.json").exists()
    # The same one twice is no trouble.
    assert run("net.yaml", "net.yaml", "--snapshot", "costs.json", "--update")[0] == 0


def test_budgets_decide_beside_an_update(run):
    assert run(small("macs: 1"), "--snapshot", "costs.json", "--update")[0] == 1
    assert Path("costs.json").exists()


WHOLE = '{"schema_version": 1, "networks": {"a": {"input": [3], "params": 1, "macs": 1, "activations": 1, %s}}}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "costs.json:1:1: no JSON"),
        ("{\n  <<<<<<< HEAD\n", "costs.json:2:3: no JSON: expecting property name"),
        ("[]", "costs.json: no snapshot of convcost"),
        ('{"schema_version": 2, "networks": {}}', "costs.json: schema_version 2, this convcost reads 1"),
        ('{"schema_version": 1, "networks": []}', "costs.json: networks must be an object"),
        ('{"schema_version": 1, "networks": {"a": 1}}', "costs.json: networks.a must be an object"),
        ('{"schema_version": 1, "networks": {"a": {}}}', "networks.a.input must be a list of whole numbers"),
        (WHOLE % '"peak_activations": 1', "networks.a.layers must be an object"),
        (WHOLE % '"peak_activations": true, "layers": {}', "networks.a.peak_activations must be a whole number"),
        (WHOLE % '"peak_activations": 1, "layers": {"b": {"params": 1}}', "networks.a.layers.b.macs must be a whole"),
        ('{"a": 1, "a": 2}', "the key `a` stands twice"),
        ("9" * 5000, "no JSON"),
        ("[" * 200_000, "too large or too deep"),
        (b"\xff\xfe\xfa", "no JSON"),
    ],
)
def test_a_corrupt_snapshot_is_refused_and_never_overwritten(run, text, said):
    path = Path("costs.json")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = path.read_bytes()
    for more in ([], ["--update"]):
        status, out, err = run(small(), "--snapshot", "costs.json", *more)
        assert (status, out) == (2, "")
        assert said in err
        assert path.read_bytes() == before


def test_a_network_without_layers_is_within(run):
    Path("net.yaml").write_text("input: 3x8x8\nlayers:\n  - {conv: 4, k: 3, when: false}\n")
    flags = [part for what in FIGURES for part in (f"--max-{what.replace('_', '-')}", "0")]
    status, found = rows(run, "net.yaml", *flags)
    assert status == 1
    assert {row["what"] for row in found if row["finding"]} == {"peak_activations", "peak_bytes", "receptive_field"}


def test_a_limit_of_nothing_has_no_ratio():
    (evaluation,) = map(evaluate, loads(SMALL.format(budget="macs: 0")))
    (check,) = checks(evaluation)
    assert (check.difference, check.ratio) == (60_736, None)


def test_errors_of_snapshots_are_of_one_class():
    with pytest.raises(ConvcostError):
        read(b"{", "x")


def test_the_hook_runs_the_command(run):
    yaml = pytest.importorskip("yaml")
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    name, command = hook["entry"].split()
    assert (name, command, hook["pass_filenames"]) == ("convcost", "check", False)
    assert re.search(hook["files"], "nets/tiny.yaml")
    document = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yml\n(.*?)```", document, re.DOTALL)]
    workflow, commit = blocks
    assert any("convcost check -f github" in step.get("run", "") for step in workflow["jobs"]["check"]["steps"])
    assert commit["repos"][0]["hooks"][0]["id"] == hook["id"]


SHOWN = re.compile(r"```text\n\$ (?P<command>convcost check .*)\n(?P<output>(?:.*\n)*?)```")


def test_the_document_shows_what_failing_checks_print(run, request):
    path = ROOT / "docs" / "check.md"
    text = path.read_text(encoding="utf-8")
    spec = Path("nets/tiny.yaml")
    spec.parent.mkdir()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    spec.write_text(block)
    ended = []

    def shown(match):
        if "--snapshot" in match["command"]:
            bare = re.sub(r"budget:\n(  .*\n)+", "", block)
            spec.write_text(bare if "--update" in match["command"] else bare.replace("k: 3", "k: 5"))
        status, out, _ = run(*shlex.split(match["command"])[2:])
        ended.append(status)
        return f"```text\n$ {match['command']}\n{out}```"

    made = SHOWN.sub(shown, text)
    if request.config.getoption("--overwrite"):
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made
    assert ended == [1, 1, 0, 1]


def test_the_document_lists_every_key_with_its_flag():
    document = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| `(--max-[a-z-]+)` \|", document, re.MULTILINE)
    assert dict(listed) == {key: f"--max-{key.replace('_', '-')}" for key in BUDGETS}


@pytest.mark.parametrize("format_", ["github", "markdown"])
def test_a_check_loads_no_more_than_it_needs(run, format_):
    script = f"""
import sys
from convcost.cli import main
try:
    main(["check", {small()!r}, "-f", {format_!r}])
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write("\\n".join(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = set(ran.stderr.splitlines())
    assert "convcost.budget" in modules
    assert not modules & {"rich", "numpy", "pathlib", "convcost.snapshot", "convcost.receptive"}
