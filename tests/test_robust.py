"""The command line under whatever is done to it: exit status, streams, nothing cut, nothing half written."""

import csv
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest

from convcost.cli import main

ROOT = Path(__file__).parents[1]
ALEXNET = str(ROOT / "examples" / "alexnet.yaml")
LAYER = ("--c1", "8", "--c2", "16", "-k", "3")
FORMATS = ("table", "text", "markdown", "latex", "csv", "tsv", "json", "html")
NAMES = ("[bold]x[/bold]", "a|b_c*d", "<b>&amp;</b>", "#1 50% $5 ~^ `x` \\y {z}", "x & y [link](http://z.org)")
TINY = "name: tiny\ninput: 3x8x8\nlayers:\n  - {conv: 4, k: 3}\n"
BAD = "input: 3x8x8\nlayers:\n  - {conv: 4, kernal: 3}\n"
UNSET = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING", "PYTHONUTF8", "LANG")
as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write and read everywhere")


def command(*arguments):
    return [sys.executable, "-m", "convcost", *arguments]


def environment(**variables):
    kept = {name: value for name, value in os.environ.items() if name not in UNSET and not name.startswith("LC_")}
    return {**kept, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **variables}


def run(*arguments, stdin=b"", cwd=None, timeout=20, before=None, **variables):
    """The command as a process of its own: exit status, stdout and stderr, the last as text."""
    done = subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(**variables),
        timeout=timeout,
        preexec_fn=before,
        check=False,
    )
    err = done.stderr.decode()
    assert "Traceback" not in err
    assert "This is a fault" not in err
    return done.returncode, done.stdout, err


def shell(line, **variables):
    """A line of bash, with `convcost` standing for the command and the exit status of each part of the last pipe."""
    script = f'convcost() {{ "{sys.executable}" -m convcost "$@"; }}\n{line}\necho "status ${{PIPESTATUS[*]}}" >&2'
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, env=environment(**variables), timeout=20, check=False
    )
    *said, status = done.stderr.decode().splitlines()
    return status.removeprefix("status "), done.stdout.decode(), "\n".join(said)


def well(*arguments, **options):
    """What the command prints where nothing is wrong."""
    status, out, err = run(*arguments, **options)
    assert (status, err) == (0, "")
    return out.decode()


@pytest.fixture
def folder(tmp_path):
    """A folder with a network that can be read and one that cannot."""
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path


# --- Wrong usage ----------------------------------------------------------------------------------------------------

# What is wrong, and what the message has to name.
WRONG_VALUES = [
    *[("-k", value) for value in ("0", "-1", "3x", "x", "2.5", "", "three", "3,3", "1e3", "+-3", "0x3", "３")],
    *[("--c1", value) for value in ("0", "-8", "9" * 5000, "8.0", "3x3", "10000000000000", "--")],
    *[("--c2", value) for value in ("0", "-+16", "nan")],
    *[("--size", value) for value in ("0", "8x", "8x0", "-8")],
    *[("-p", value) for value in ("full", "SAME", "1:2:3", "-1", "0:-1", ":", "1:1x", "")],
    *[("-s", value) for value in ("0", "two", "1x")],
    *[("-d", value) for value in ("0", "-2")],
    *[("-g", value) for value in ("0", "3", "2x2")],
    *[("-m", value) for value in ("0", "x")],
    *[("--op", value) for value in ("-1", "x")],
    *[("--dims", value) for value in ("0", "4", "x")],
    *[("--kinds", value) for value in ("nope", "", ",", "grouped:x=1", "grouped:g", "grouped:g=", "standard:t=6")],
    *[("--columns", value) for value in ("nope", "kind,nope")],
    *[("--baseline", value) for value in ("nope", "separable:m=2", "global_depthwise")],
    ("--dtype", "fp12"),
    ("--notation", "greek"),
    ("--format", "yaml"),
]
IMPOSSIBLE_KINDS = [
    "grouped:g=3",
    "grouped:g=0",
    "grouped:g=2x2",
    "depthwise:m=0",
    "separable:m=2x3",
    "separable:m=999999999999",
    "inverted_residual:t=0",
    "inverted_residual:t=2x2",
    "inverted_residual:t=999999999999",
    "ghost:r=1",
    "ghost:r=3",
    "bottleneck:b=0",
    "fire:q=0",
    "dilated:d=0",
    "dilated:d=1x2x3",
]


def refused(*arguments, **options):
    """The message of a command that is refused: exit status 2 and nothing on stdout."""
    status, out, err = run(*arguments, **options)
    assert (status, out) == (2, b"")
    assert err.startswith("error: ")
    return err


def refused_here(capsys, *arguments):
    """The same in this process, which starts no other for each of many wrong values."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith("error: ")
    assert len(err) < 1000
    return err


@pytest.mark.parametrize(("flag", "value"), WRONG_VALUES, ids=lambda text: text[:12] or "empty")
def test_a_wrong_value_is_refused_and_its_flag_named(capsys, flag, value):
    given = f"{flag}={value}" if flag.startswith("--") else f"{flag}{value}"
    assert flag in refused_here(capsys, "compare", *LAYER, given)


@pytest.mark.parametrize("kinds", IMPOSSIBLE_KINDS)
def test_an_impossible_option_of_a_kind_is_refused(capsys, kinds):
    refused_here(capsys, "compare", *LAYER, "--kinds", kinds)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--c1", "8", "--c2", "16"),
        ("--c1", "8", "-k", "3"),
        (*LAYER, "--nope"),
        (*LAYER, "stray"),
        (*LAYER, "-s"),
        (*LAYER, "-k", "1x2x3x4"),
        (*LAYER, "-k", "3x3", "--size", "8x8x8"),
        (*LAYER, "-k", "3x3", "--dims", "3"),
        (*LAYER, "-k", "3", "-p", "1x1x1", "-s", "1x1"),
        (*LAYER, "-p", "0", "--size", "2"),
        (*LAYER, "-p", "1", "--size", "2", "-k", "5"),
        (*LAYER, "--op", "5", "--kinds", "transposed"),
        (*LAYER, "--baseline", "spatially_separable", "--dims", "1"),
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_is_refused(capsys, arguments):
    refused_here(capsys, "compare", *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain",),
        ("explain", "nope", *LAYER),
        ("explain", "", *LAYER),
        ("explain", "all", *LAYER),
        ("explain", "separable,standard", *LAYER),
        ("explain", "separable"),
        ("explain", "grouped:g=3", *LAYER),
        ("explain", "grouped", *LAYER, "-g", "3"),
        ("explain", "global_depthwise", *LAYER),
        ("explain", "separable", *LAYER, "--baseline", "nope"),
        ("explain", "separable", *LAYER, "-k", "+-3"),
        ("eval",),
        ("eval", ALEXNET, "--columns", "nope"),
        ("eval", ALEXNET, "--dtype", "fp12"),
        ("eval", ALEXNET, "-f", "yaml"),
        ("eval", ALEXNET, "--nope"),
        ("eval", ""),
        ("nope",),
        ("--nope",),
        ("evla", ALEXNET),
    ],
    ids=" ".join,
)
def test_other_wrong_usage_is_refused(capsys, arguments):
    refused_here(capsys, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", *LAYER, "-k", "0"),
        ("compare", *LAYER, "--kinds", "nope"),
        ("compare", *LAYER, "--c1", "9" * 5000),
        ("explain", "nope", *LAYER),
        ("eval", ALEXNET, "--columns", "nope"),
        ("nope",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_wrong_usage_is_refused_by_the_program_too(arguments):
    refused(*arguments)


def test_a_flag_given_twice_counts_as_last_given():
    assert "24" in well("compare", *LAYER, "--c2", "24").splitlines()[0]


def test_no_command_shows_what_there_is():
    status, out, err = run()
    shown = out.decode() + err
    assert status in (0, 2)
    assert shown.startswith("Usage: convcost")
    assert all(name in shown for name in ("compare", "explain", "eval"))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp437"])
@pytest.mark.parametrize("name", ["compare", "explain", "eval"])
def test_help_goes_to_stdout_in_its_encoding(name, encoding):
    status, out, err = run(name, "--help", PYTHONIOENCODING=encoding)
    assert (status, err) == (0, "")
    assert out.decode(encoding).startswith(f"Usage: convcost {name}")
    assert encoding == "utf-8" or out.isascii()


def test_the_version_goes_to_stdout():
    assert re.fullmatch(r"convcost \d+\.\d+\.\d+\S*\n", well("--version"))


# --- Files that are read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["none.yaml", "none/", "none*.yaml", "[x].yaml", "tiny.yaml/x", "x" * 5000, "a\nb"])
def test_what_is_not_there_is_said_on_stderr(folder, spec):
    assert refused("eval", spec, cwd=folder).count("error: ") == 1


def test_a_folder_gives_its_networks_in_order(folder):
    (folder / "bad.yaml").unlink()
    (folder / "inner").mkdir()
    (folder / "inner" / "b.yml").write_text(TINY.replace("tiny", "inner"))
    (folder / "notes.txt").write_text("no network")
    data = json.loads(well("eval", str(folder), "-f", "json"))
    assert [network["name"] for network in data["networks"]] == ["inner", "tiny"]


def test_a_folder_without_networks_is_refused(tmp_path):
    assert str(tmp_path) in refused("eval", str(tmp_path))


def test_a_pattern_gives_the_files_that_match(folder):
    data = json.loads(well("eval", "t*.yaml", "-f", "json", cwd=folder))
    assert [network["source"] for network in data["networks"]] == ["tiny.yaml"]


def test_a_file_with_brackets_in_its_name_is_that_file(folder):
    (folder / "net[1].yaml").write_text(TINY.replace("tiny", "bracketed"))
    assert "bracketed" in well("eval", "net[1].yaml", cwd=folder)


@as_root
def test_a_file_that_may_not_be_read_is_said(folder):
    (folder / "tiny.yaml").chmod(0)
    assert "permission denied" in refused("eval", "tiny.yaml", cwd=folder)


@pytest.mark.parametrize("format_", FORMATS)
def test_good_files_are_shown_beside_bad_ones(folder, format_):
    status, out, err = run("eval", "tiny.yaml", "bad.yaml", "none.yaml", "-f", format_, cwd=folder)
    assert status == 2
    assert b"tiny" in out
    assert "unknown key `kernal`\n --> bad.yaml:3:15\n" in err
    assert "none.yaml: no such file or directory" in err
    assert b"kernal" not in out or format_ == "json"


def test_json_holds_the_errors_of_bad_files(folder):
    _, out, _ = run("eval", "tiny.yaml", "bad.yaml", "none.yaml", "-f", "json", cwd=folder)
    data = json.loads(out)
    assert [network["name"] for network in data["networks"]] == ["tiny"]
    assert [(e["source"], e["line"], e["column"]) for e in data["errors"]] == [
        ("bad.yaml", 3, 15),
        ("none.yaml", None, None),
    ]


def test_json_of_bad_files_alone_holds_no_networks(folder):
    status, out, _ = run("eval", "bad.yaml", "-f", "json", cwd=folder)
    assert status == 2
    assert json.loads(out)["networks"] == []


def test_bad_files_alone_show_nothing(folder):
    status, out, _ = run("eval", "bad.yaml", cwd=folder)
    assert (status, out) == (2, b"")


@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2\xff", b"\xff\xfe", b"[" * 10**5, b"- " * 10**5, b"&a [*a]", b"!!x y"]
)
def test_no_network_on_stdin_is_refused(content):
    refused("eval", "-", stdin=content)


def test_a_network_on_stdin_is_read():
    assert well("eval", "-", stdin=TINY.encode()).startswith("tiny\n")


def test_a_network_without_a_name_on_stdin_has_one():
    assert well("eval", "-", stdin=BAD.replace("kernal", "k").encode()).startswith("network\n")


def test_a_closed_stdin_is_no_fault():
    status, out, err = shell("convcost eval - <&-")
    assert (status, out) == ("2", "")
    assert err.startswith("error: ")


def test_stdin_without_end_is_not_read_without_end():
    process = subprocess.Popen(
        command("eval", "-"), stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), bufsize=0
    )
    try:
        for _ in range(18):
            try:
                process.stdin.write(b"#" * 2**20)
            except BrokenPipeError:
                break
        assert process.wait(timeout=5) == 2
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stderr.close()


@pytest.mark.parametrize(
    "layers",
    [
        "{upsample: 10000, repeat: 1200}",
        "{upsample: 1.5, repeat: 3000}",
        "{pad: 1000000000000, repeat: 1000}, {conv: 1000000000000, k: 1}",
    ],
)
def test_enormous_sizes_are_shown_or_refused(layers):
    status, _, err = run("eval", "-", stdin=f"input: 3x8x8\nlayers: [{layers}]\n".encode())
    assert status == 0 or (status == 2 and "error: " in err)


def test_an_interrupt_is_no_traceback():
    def interruptible():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    process = subprocess.Popen(
        command("eval", "-"),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        bufsize=0,
        preexec_fn=interruptible,  # noqa: PLW1509 - there are no threads
    )
    try:
        process.stdin.write(b"#" * 2**20)  # More than a pipe holds: it is being read.
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
        assert process.stderr.read().strip() == b"interrupted"
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stderr.close()


# --- Files that are written -----------------------------------------------------------------------------------------


def unwritten(folder, *arguments, **options):
    """The message of a command that cannot write, and that leaves the folder as it was."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    err = refused("compare", *LAYER, *arguments, cwd=folder, **options)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return err


@pytest.mark.parametrize("name", ["out", "out.xyz", "out.yaml", ".md", "none/out.md", "tiny.yaml/out.md"])
def test_a_file_that_cannot_be_written_is_named(folder, name):
    assert name in unwritten(folder, "-o", name)


@pytest.mark.parametrize("name", [".", "..", "/", "inner", "inner/", "/proc/out", "x" * 300, "x" * 250])
def test_what_is_no_file_is_not_written(folder, name):
    (folder / "inner").mkdir()
    if len(name) == 250:  # A name that the system takes.
        assert well("compare", *LAYER, "-f", "text", "-o", name, cwd=folder) == ""
        assert (folder / name).exists()
    else:
        assert "-o" in unwritten(folder, "-f", "text", "-o", name)


@as_root
def test_a_folder_that_may_not_be_written_is_said(folder):
    folder.chmod(0o500)
    err = unwritten(folder, "-o", "out.md")
    folder.chmod(0o700)
    assert "Permission denied" in err


def test_a_full_disk_leaves_the_old_file_and_no_half(folder):
    (folder / "out.md").write_text("old")

    def little_space():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    assert "out.md" in unwritten(folder, "-o", "out.md", before=little_space)
    assert (folder / "out.md").read_text() == "old"


def test_a_wrong_command_leaves_the_old_file(folder):
    (folder / "out.md").write_text("old")
    unwritten(folder, "-o", "out.md", "-k", "0")
    assert (folder / "out.md").read_text() == "old"


def test_a_file_is_replaced_and_nothing_printed(folder):
    (folder / "out.md").write_text("old" * 10_000)
    assert well("compare", *LAYER, "-o", "out.md", cwd=folder) == ""
    assert (folder / "out.md").read_text() == well("compare", *LAYER, "-f", "markdown")
    assert sorted(path.name for path in folder.iterdir()) == ["bad.yaml", "out.md", "tiny.yaml"]


def test_a_link_is_written_through(folder):
    (folder / "link.md").symlink_to("real.md")
    (folder / "real.md").write_text("old")
    well("compare", *LAYER, "-o", "link.md", cwd=folder)
    assert (folder / "link.md").is_symlink()
    assert "standard" in (folder / "real.md").read_text()


def test_a_device_or_pipe_is_written_to_and_stays(folder):
    pipe = folder / "pipe.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        well("compare", *LAYER, "-o", str(pipe))
        assert pipe.is_fifo()
        assert os.read(reader, 10**5).startswith(b"kind,")
    finally:
        os.close(reader)


def test_bytes_beyond_unicode_in_file_names_are_no_fault(folder):
    name = os.fsdecode(b"net\xff.yaml")
    (folder / name).write_text(BAD.replace("kernal", "k"))
    for format_ in ("text", "json"):
        status, out, err = run("eval", name, "-f", format_, cwd=folder, PYTHONIOENCODING="utf-8:strict")
        assert (status, err) == (0, "")
        assert "net" in out.decode()
    assert well("eval", name, "-o", "out.json", cwd=folder) == ""
    assert json.loads((folder / "out.json").read_text())["networks"][0]["params"] == 108


# --- Streams --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["text", "json", "csv"])
def test_a_reader_that_has_enough_is_no_failure(tmp_path, format_):
    (tmp_path / "large.yaml").write_text("input: 3x8x8\nlayers:\n  - {conv: 4, k: 3, act: relu, repeat: 2000}\n")
    status, out, err = shell(f"convcost eval {tmp_path}/large.yaml -f {format_} | head -1")
    assert (status, err) == ("0 0", "")
    assert out.count("\n") == 1


def test_a_full_device_is_said():
    status, _, err = shell(f"convcost eval {ALEXNET} > /dev/full")
    assert status == "2"
    assert err.startswith("error: ")
    assert "This is a fault" not in err


def test_a_closed_stdout_is_said():
    status, _, err = shell(f"convcost eval {ALEXNET} >&-")
    assert status == "2"
    assert err.startswith("error: ")


@pytest.mark.parametrize("line", ["eval none.yaml", "compare --c1 x", "nope"])
def test_the_status_is_right_where_nobody_reads_stderr(line):
    assert shell(f"convcost {line} 2>&-")[0] == "2"


def test_results_with_stderr_closed():
    status, out, _ = shell(f"convcost eval {ALEXNET} 2>&-")
    assert status == "0"
    assert out.startswith("AlexNet")


def numbers(text):
    return Counter(re.findall(r"\d[\d,.]*", text))


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval", ALEXNET, "--exact", "--columns", "all"),
        ("eval", ALEXNET, ALEXNET),
        ("compare", *LAYER, "--size", "112", "--exact", "--kinds", "all", "--columns", "all"),
        ("compare", "--c1", "999999999999", "--c2", "999999999999", "-k", "999999999", "--exact"),
        ("explain", "bottleneck", *LAYER, "--size", "56"),
    ],
    ids=lambda arguments: " ".join(map(os.path.basename, arguments))[:40],
)
def test_a_narrow_terminal_cuts_no_number(arguments):
    wide, narrow = (well(*arguments, "-f", "table", COLUMNS=columns) for columns in ("4000", "20"))
    assert numbers(narrow) == numbers(wide)
    assert max(map(len, narrow.splitlines())) < max(map(len, wide.splitlines()))


def test_no_width_cuts_a_number():
    from convcost.comparison import Choice, Request, compare
    from convcost.comparison_report import report
    from convcost.evaluation import evaluate
    from convcost.evaluation_report import View, layer_report
    from convcost.kinds import KINDS
    from convcost.render import Options, render
    from convcost.specs.read import load

    request = Request(64, 256, (3, 3), (1, 1), "same", 2, output_padding=(0, 0), input_size=(56, 56))
    compared = report(compare(request, tuple(map(Choice, KINDS))), columns=("all",))
    for shown in (compared, layer_report(evaluate(load(ALEXNET)[0]), View(("all",)))):
        wide = numbers(render(shown, "table", Options()))
        for width in (*range(1, 300, 7), 320, 400):
            assert numbers(render(shown, "table", Options(width=width))) == wide


@pytest.mark.parametrize("columns", ["0", "-5", "abc", "²", "9" * 30, "9" * 5000, ""])
def test_any_columns_are_no_fault(columns):
    assert numbers(well("eval", ALEXNET, "-f", "table", COLUMNS=columns))["105.4"] == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("format_", FORMATS)
def test_stdout_that_is_not_unicode_gets_ascii(folder, format_, encoding):
    (folder / "name.yaml").write_text("name: Größe 层 × “x”\n" + TINY.partition("\n")[2], encoding="utf-8")
    status, out, err = run("eval", "name.yaml", "-f", format_, cwd=folder, PYTHONIOENCODING=encoding)
    assert (status, err) == (0, "")
    assert out.isascii()
    assert b"108" in out
    if format_ == "json":
        assert json.loads(out)["networks"][0]["name"] == "Größe 层 × “x”"


@pytest.mark.parametrize("format_", ["table", "text", "latex", "json"])
def test_formulas_in_ascii_are_still_formulas(format_):
    status, out, _ = run("compare", *LAYER, "--kinds", "separable", "-f", format_, PYTHONIOENCODING="ascii")
    assert (status, out.isascii()) == (0, True)
    if format_ == "json":
        assert json.loads(out)["rows"][0]["params_ratio"]["closed_form"] == "1/N + 1/Dk²"
    else:
        assert (rb"\frac{1}{D_k^{2}}" if format_ == "latex" else b"1/N + 1/Dk^2") in out


def test_a_locale_without_unicode_gets_ascii():
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert well("eval", ALEXNET, **bare).isascii()


def test_messages_are_readable_in_any_encoding(folder):
    (folder / "größe.yaml").write_text(BAD.replace("kernal", "größe"), encoding="utf-8")
    for encoding in ("ascii", "latin-1", "utf-8"):
        done = subprocess.run(
            command("eval", "größe.yaml"),
            capture_output=True,
            cwd=folder,
            env=environment(PYTHONIOENCODING=encoding),
            check=False,
        )
        assert done.returncode == 2
        assert "unknown key `gr" in done.stderr.decode(encoding)


@pytest.mark.parametrize(
    ("variables", "colored"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
    ids=str,
)
def test_color_only_where_it_is_asked_for(variables, colored):
    assert ("\x1b[" in well("eval", ALEXNET, "-f", "table", **variables)) == colored


@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "json"])
def test_other_formats_have_no_color(format_):
    assert "\x1b" not in well("eval", ALEXNET, "-f", format_, FORCE_COLOR="1")


def test_no_color_goes_into_a_file(folder):
    well("eval", ALEXNET, "-f", "table", "-o", "out.txt", cwd=folder, FORCE_COLOR="1")
    assert "\x1b" not in (folder / "out.txt").read_text()


# --- Names are text in every format ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A network with a strange name, whose layers have the others, in every format."""
    path = tmp_path_factory.mktemp("named") / "named.yaml"
    lines = "".join(f"  - {{conv: 4, k: 3, name: {json.dumps(name)}}}\n" for name in NAMES)
    path.write_text(f"name: {json.dumps(' '.join(NAMES))}\ninput: 3x8x8\nlayers:\n{lines}")
    return {format_: well("eval", str(path), "-f", format_) for format_ in FORMATS}


@pytest.mark.parametrize("format_", ["table", "text"])
def test_names_stand_in_plain_tables_as_they_are(named, format_):
    first, *lines = named[format_].splitlines()
    assert first == " ".join(NAMES)
    assert [name for name in NAMES if any(line.strip().startswith(name + " ") for line in lines)] == list(NAMES)


def test_names_are_text_in_markdown(named):
    reader = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    inline = [token.children for token in reader.parse(named["markdown"]) if token.type == "inline"]
    kinds = {child.type for children in inline for child in children}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "softbreak"}
    texts = ["".join(child.content for child in children) for children in inline]
    assert texts[0] == " ".join(NAMES)
    assert [text for text in texts if text in NAMES] == list(NAMES)


def test_names_are_text_in_html(named):
    class Cells(HTMLParser):
        def __init__(self):
            super().__init__()
            self.cells, self.tags = [], set()

        def handle_starttag(self, tag, attributes):
            self.tags.add(tag)
            self.cells.append("")

        def handle_data(self, data):
            self.cells[-1] += data

    page = Cells()
    page.feed(named["html"])
    assert page.tags <= {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "small", "br"}
    cells = [cell.strip() for cell in page.cells]
    assert " ".join(NAMES) in cells
    assert [cell for cell in cells if cell in NAMES] == list(NAMES)


WORDS = {r"\textbackslash{}": "\\", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~", "{}": ""}
ESCAPED = re.compile(r"(\\text[a-z]+\{\}|\\[&%$#_{}]|\$[<>|]\$|\{[^\\{}]\}|\{\})")


def typeset(text):
    """The characters that LaTeX shows; fails on a special one that is not escaped."""
    plain, escaped = ESCAPED.split(text)[::2], ESCAPED.findall(text)
    assert not set("".join(plain)) & set("\\&%$#_{}^~<>|")
    shown = [WORDS[piece] if piece in WORDS else piece[1] for piece in escaped]
    return "".join(before + char for before, char in zip(plain, [*shown, ""], strict=True))


def test_names_are_text_in_latex(named):
    body = named["latex"].partition("\\midrule\n")[2].partition("\\midrule")[0]
    assert [typeset(re.split(r"(?<!\\) & ", row)[0]) for row in body.splitlines()] == list(NAMES)
    assert typeset(re.search(r"\\caption\{(.*)\}$", named["latex"], re.MULTILINE).group(1)) == " ".join(NAMES)


@pytest.mark.parametrize(("format_", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_names_are_read_back_from_csv_and_tsv(named, format_, delimiter):
    head, *rows = csv.reader(StringIO(named[format_]), delimiter=delimiter, strict=True)
    assert {len(row) for row in rows} == {len(head)}
    assert [row[0] for row in rows[: len(NAMES)]] == list(NAMES)
    assert rows[0][-1].startswith(" ".join(NAMES))


def test_names_are_read_back_from_json(named):
    (network,) = json.loads(named["json"])["networks"]
    assert network["name"] == " ".join(NAMES)
    assert [layer["name"] for layer in network["layers"]] == list(NAMES)


@pytest.mark.parametrize("format_", FORMATS)
def test_control_characters_in_names_break_no_format(folder, format_):
    layers = '[{conv: 4, k: 3, name: "a\\nb\\tc\\e[31md\\r"}]'
    (folder / "control.yaml").write_text(f'name: "x\\e[31my\\nz"\ninput: 3x8x8\nlayers: {layers}\n')
    out = well("eval", "control.yaml", "-f", format_, cwd=folder)
    if format_ == "json":
        assert json.loads(out)["networks"][0]["layers"][0]["name"] == "a\nb\tc\x1b[31md\r"
    elif format_ in ("csv", "tsv"):
        rows = list(csv.reader(StringIO(out, newline=""), delimiter="," if format_ == "csv" else "\t", strict=True))
        assert rows[1][0] == "a\nb\tc\x1b[31md\r"
    else:
        assert not set(out) & set("\x1b\r\t")
        assert "a b c" in out.replace("{[}", "[")


def test_a_file_that_is_written_over_keeps_its_mode(tmp_path, capsys):
    path = tmp_path / "out.md"
    path.write_text("old")
    path.chmod(0o600)
    with pytest.raises(SystemExit):
        main(["compare", *LAYER, "-o", str(path)])
    assert path.read_text().startswith("**")
    assert path.stat().st_mode & 0o777 == 0o600


def test_pads_as_pairs_need_both_numbers(capsys):
    assert "-p" in refused_here(capsys, "compare", *LAYER, "-p", "1:")
