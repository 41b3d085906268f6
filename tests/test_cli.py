"""The command line end to end: every command in every format, flags by both names, files by their suffix."""

import json
import subprocess
import sys

import pytest

import convcost
from convcost.cli import COMMANDS, main
from convcost.kinds import KINDS
from convcost.render import FORMATS

SHAPE = ["--c1", "16", "--c2", "32", "-k", "3", "--size", "14"]
RUNS = {
    "compare": ["compare", *SHAPE],
    "explain": ["explain", "separable", *SHAPE],
    "eval": ["eval", "examples/vgg16.yaml"],
    "eval of several": ["eval", "examples"],
}


@pytest.fixture
def run(capsys, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)

    def command(*arguments):
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        return end.value.code, *capsys.readouterr()

    return command


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", RUNS)
def test_every_command_writes_every_format(run, name, format_):
    status, out, err = run(*RUNS[name], "-f", format_)
    assert (status, err) == (0, "")
    assert convcost.__version__ in out
    assert out.endswith("\n")
    assert not out.endswith("\n\n")


@pytest.mark.parametrize("format_", [name for name, (_, suffixes) in FORMATS.items() if suffixes])
def test_a_file_gets_the_format_of_its_suffix(run, format_, tmp_path):
    for suffix in FORMATS[format_][1]:
        path = tmp_path / f"out{suffix}"
        assert run(*RUNS["compare"], "-o", str(path)) == (0, "", "")
        assert path.read_text(encoding="utf-8") == run(*RUNS["compare"], "-f", format_)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_compared_and_explained(run, kind):
    shape = ["--c1", "24", "--c2", "24", "-k", "3", "--size", "14"]
    status, out, _ = run("compare", *shape, "--kinds", kind, "-f", "json")
    (row,) = json.loads(out)["rows"]
    assert status == 0
    assert row["kind"] == kind
    assert row["params"] == sum(part["params"] for part in row["parts"])
    assert row["macs"] == sum(part["macs"] for part in row["parts"])
    status, out, _ = run("explain", kind, *shape, "-f", "json")
    assert status == 0
    assert json.loads(out)["row"] == row


def test_flags_have_long_names_too(run):
    letters = [
        "--c1",
        "8",
        "--c2",
        "8",
        "-k",
        "3x5",
        "-s",
        "2",
        "-p",
        "1",
        "-d",
        "3",
        "-g",
        "4",
        "-m",
        "1",
        "--op",
        "0",
    ]
    words = ["--in-channels", "8", "--out-channels", "8", "--kernel-size", "3x5", "--stride", "2", "--padding", "1"]
    words += ["--dilation", "3", "--groups", "4", "--multiplier", "1", "--output-padding", "0", "--input-size", "30"]
    assert run("compare", *letters, "--size", "30", "-f", "json") == run("compare", *words, "-f", "json")


def test_flags_that_a_row_takes_reach_it(run):
    out = run("compare", *SHAPE, "-g", "8", "-d", "3", "--bias", "--kinds", "standard,grouped,dilated", "-f", "json")[1]
    standard, grouped, dilated = json.loads(out)["rows"]
    assert grouped["params"] == 16 * 32 * 9 // 8 + 32
    assert dilated["padding"] == [[3, 3], [3, 3]]
    assert dilated["receptive_field"] == [7, 7]
    assert standard["receptive_field"] == [3, 3]


@pytest.mark.parametrize("padding", ["same", "1"])
@pytest.mark.parametrize("given", [["--kinds", "transposed:op=1"], ["--kinds", "transposed", "--op", "1"]])
def test_output_padding_is_taken_from_the_kind_or_the_flag(run, given, padding):
    shape = ["--c1", "8", "--c2", "8", "-k", "3", "-s", "2", "--size", "7", "-p", padding]
    status, out, _ = run("compare", *shape, *given, "-f", "json")
    (row,) = json.loads(out)["rows"]
    assert status == 0
    # (7 - 1)·2 - 2 + 2 + 1 + 1 = 14, which is also the n·s that `same` makes, and then says so.
    assert row["output"] == [8, 14, 14]
    assert ("output padding changes nothing" in row["note"]) == (padding == "same")


@pytest.mark.parametrize("command", ["compare", "sweep"])
@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["-k", "3", "--dims", "3", "--size", "5x5"], "--size 5x5 is for 2 axes, and --dims says 3"),
        (["-k", "3x3", "--dims", "1"], "-k 3x3 is for 2 axes, and --dims says 1"),
        (["-k", "3x3", "--size", "5x5x5"], "--size 5x5x5 is for 3 axes, and -k says 2"),
        (["-k", "3", "--dims", "3", "-p", "0:1x1:0"], "-p 0:1x1:0 is for 2 axes, and --dims says 3"),
        (["-k", "3", "--op", "1x1x1", "--dims", "2"], "--op 1x1x1 is for 3 axes, and --dims says 2"),
        (["-k", "3x3x3x3"], "a convolution has 1 to 3 axes, got 4"),
    ],
)
def test_axes_that_do_not_agree_name_who_says_what(run, command, flags, says):
    status, out, err = run(command, "--c1", "8", "--c2", "8", *flags)
    assert (status, out) == (2, "")
    assert says in err


def test_the_job_of_the_readme(run):
    out = run("compare", "--c1", "3", "--c2", "256", "-k", "3", "-f", "json")[1]
    rows = {row["kind"]: row for row in json.loads(out)["rows"]}
    assert list(rows) == ["standard", "grouped", "depthwise", "pointwise", "separable", "dilated"]
    assert rows["separable"]["params"] == 795
    assert rows["separable"]["macs"] is None
    assert rows["separable"]["macs_formula"] == "795·H·W"
    assert rows["separable"]["params_ratio"]["closed_form"] == "1/N + 1/Dk²"
    assert rows["separable"]["params_ratio"]["exact"] == "265/2304"
    assert rows["separable"]["params_ratio"]["value"] == 265 / 2304
    assert rows["grouped"]["params"] is None
    assert rows["grouped"]["note"] == "g must divide gcd(3, 256) = 1"


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(run, command, flag):
    status, out, err = run(*command, flag)
    assert (status, err) == (0, "")
    assert "Usage: convcost" in out


def test_version(run):
    assert run("--version") == (0, f"convcost {convcost.__version__}\n", "")


def test_python_m_is_the_command():
    ran = subprocess.run([sys.executable, "-m", "convcost", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"convcost {convcost.__version__}\n"


def test_several_networks_in_one_file_have_names_of_their_own(run, tmp_path):
    path = tmp_path / "two.yaml"
    one = "input: 3x8x8\nlayers:\n  - {conv: 4, k: 3}\n"
    path.write_text(f"{one}---\n{one}")
    out = run("eval", str(path), "-f", "json")[1]
    assert [network["name"] for network in json.loads(out)["networks"]] == ["two.1", "two.2"]
