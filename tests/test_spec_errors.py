"""Specs that cannot be read: exactly the problems that each file of tests/bad expects, at their places.

A file states them in comments at its beginning: ``# expect: LINE:COLUMN part of the message -- part of the hint``.
"""

import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from convcost.problems import Problem, SpecError
from convcost.render.text import width
from convcost.specs import document
from convcost.specs.read import load, loads

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
EXPECTED = re.compile(r"# expect: (\d+):(\d+) (.+?)(?: -- (.+))?$", re.MULTILINE)
HEAD = "input: 3x8x8\nlayers:\n"


def problems(text):
    """The problems of a text."""
    with pytest.raises(SpecError) as caught:
        loads(text if isinstance(text, bytes) else text.encode(), "nets/tiny.yaml")
    return caught.value.problems


def excerpt_and_caret(problem):
    """The two lines of a frame that show the line and point into it, behind the gutter."""
    *_, shown, pointing = problem.frame().split("\n")
    gutter = len(str(problem.line)) + len(" | ")
    return shown[gutter:], pointing[gutter:]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_has_exactly_the_problems_it_expects(path):
    expected = EXPECTED.findall(path.read_bytes().decode(errors="replace"))
    with pytest.raises(SpecError) as caught:
        load(path)
    found = caught.value.problems
    assert [(p.line, p.column) for p in found] == [(int(line), int(column)) for line, column, *_ in expected]
    for problem, (_, _, message, hint) in zip(found, expected, strict=True):
        assert message in problem.message
        assert hint in problem.hint
        assert problem.source == str(path)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_the_caret_stands_below_what_is_wrong(path):
    with pytest.raises(SpecError) as caught:
        load(path)
    lines = path.read_bytes().decode(errors="replace").split("\n")
    for problem in caught.value.problems:
        if problem.line:
            shown, pointing = excerpt_and_caret(problem)
            caret = pointing.index("^")
            # Wide characters before it push the caret to the right.
            start = next(index for index in range(len(shown) + 1) if width(shown[:index]) >= caret)
            wrong = lines[problem.line - 1][problem.column - 1 :].replace("\t", " ")
            assert shown[start:].removesuffix("...") == wrong[: len(shown[start:].removesuffix("..."))]


def test_every_bad_file_expects_something():
    assert len(BAD) > 50
    assert [path.stem for path in BAD if not EXPECTED.search(path.read_bytes().decode(errors="replace"))] == []


# --- How problems are shown -----------------------------------------------------------------------------------------


def test_the_frame_is_that_of_the_design(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("nets").mkdir()
    Path("nets/tiny.yaml").write_text("name: tiny\ninput: 3x8x8\nlayers:\n  - {conv: 64, kernal: 3, s: 2}\n")
    with pytest.raises(SpecError) as caught:
        load("nets/tiny.yaml")
    assert caught.value.shown() == (
        "error: unknown key `kernal`\n"
        " --> nets/tiny.yaml:4:16\n"
        "  |\n"
        "4 |   - {conv: 64, kernal: 3, s: 2}\n"
        "  |                ^^^^^^ did you mean `kernel_size` (k)?"
    )


def test_the_gutter_is_as_wide_as_the_number_of_the_line():
    (problem,) = problems("# comment\n" * 120 + HEAD + "  - {conv: 64, kernal: 3}\n")
    assert problem.frame() == (
        "error: unknown key `kernal`\n"
        "   --> nets/tiny.yaml:123:16\n"
        "    |\n"
        "123 |   - {conv: 64, kernal: 3}\n"
        "    |                ^^^^^^ did you mean `kernel_size` (k)?"
    )


def test_several_problems_are_shown_with_an_empty_line_between():
    with pytest.raises(SpecError) as caught:
        loads((HEAD + "  - {conv: 64, kernal: 3}\n  - {conf: 64}\n").encode(), "a.yaml")
    error = caught.value
    assert error.shown() == str(error) == "\n\n".join(problem.frame() for problem in error.problems)
    assert error.shown().count("\n\n") == 1


def test_a_problem_without_a_place_is_one_line():
    (problem,) = problems("")
    assert problem.frame() == ("error: nets/tiny.yaml is empty (a network has at least `input:` and `layers:`)")


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(SpecError) as caught:
        load(tmp_path / "none.yaml")
    assert caught.value.shown() == f"error: {tmp_path}/none.yaml: no such file or directory"


def test_a_long_line_is_cut_around_the_place():
    line = "  - {conv: 64, name: " + "x" * 150 + ", kernal: 3, repeat: 2, source: " + "y" * 150 + "}"
    first, _ = problems(HEAD + line + "\n")
    shown, pointing = excerpt_and_caret(first)
    assert first.column == line.index("kernal") + 1
    assert shown.startswith("...x")
    assert shown.endswith("y...")
    assert len(shown) < 110
    assert shown.index("kernal: 3") == pointing.index("^")
    assert pointing.count("^") == len("kernal")


def test_a_place_at_the_end_of_a_long_line_is_shown():
    (problem,) = problems(HEAD + "  - {conv: 64, k: 3, name: " + "x" * 250 + ", kernal: 3}\n")
    shown, pointing = excerpt_and_caret(problem)
    assert shown.endswith("x, kernal: 3}")
    assert shown.index("kernal") == pointing.index("^")


@pytest.mark.parametrize("before", ["层层", "Größe", "e\u0301te\u0301", "ｗｉｄｅ"])
def test_the_caret_takes_the_width_of_what_stands_before_it(before):
    (problem,) = problems(f"{HEAD}  - {{conv: 64, name: {before}, kernal: 3}}\n")
    shown, pointing = excerpt_and_caret(problem)
    assert pointing.index("^") == width(shown[: shown.index("kernal")])


def test_control_characters_do_not_reach_the_terminal():
    (problem,) = problems(HEAD + '  - {conv: 64, name: "\x85\u202e", kernal: 3}\n'.replace("\x85", "\t"))
    assert all(line.isprintable() for line in problem.frame().split("\n"))


def test_markup_is_shown_as_it_is_written():
    (problem,) = problems(HEAD + '  - {conv: 64, k: 3, name: a, "[bold]k[/bold]": 3}\n')
    assert problem.message == "unknown key `[bold]k[/bold]`"
    assert "[bold]k[/bold]" in problem.frame()


def test_a_problem_knows_its_file_and_its_line():
    (problem,) = problems(HEAD + "  - {conv: 64, kernal: 3}\n")
    assert problem == Problem(
        "unknown key `kernal`",
        "nets/tiny.yaml",
        3,
        16,
        6,
        "  - {conv: 64, kernal: 3}",
        "did you mean `kernel_size` (k)?",
    )


# --- Encodings and line ends ----------------------------------------------------------------------------------------

TEXT = "name: Größe\n" + HEAD + "  - {conv: 64, kernal: 3}\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way(newline):
    (problem,) = problems(TEXT.replace("\n", newline))
    assert (problem.line, problem.column, problem.excerpt) == (4, 16, "  - {conv: 64, kernal: 3}")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_tells_the_encoding(encoding):
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    (problem,) = problems((mark + TEXT).encode(encoding))
    assert (problem.line, problem.column, problem.excerpt) == (4, 16, "  - {conv: 64, kernal: 3}")


def test_a_byte_order_mark_takes_no_column():
    (first,) = problems("\ufefflayer: [flatten]\ninput: 3x8x8\n")
    assert (first.line, first.column, first.message) == (1, 1, "unknown key `layer` of a network")


# --- Bounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{a: "])
def test_deep_nesting_is_refused_at_once(opening):
    (problem,) = problems(opening * 10**5)
    assert "nested deeper than" in problem.message
    assert problem.line == 1


def test_deep_nesting_below_a_layer_is_refused_with_its_place():
    (problem,) = problems(HEAD + "  - {conv: " + "[" * 200 + "]" * 200 + ", k: 3}\n")
    assert "nested deeper than" in problem.message
    assert problem.line == 3
    assert 11 < problem.column < 100


def test_a_number_of_5000_digits_is_refused():
    (problem,) = problems(HEAD + f"  - {{conv: {'9' * 5000}, k: 3}}\n")
    assert problem.message == "a number of 5000 digits is too large"
    assert (problem.line, problem.column) == (3, 12)
    assert len(problem.frame()) < 400


@pytest.mark.parametrize("written", ["9" * 5000 + "x8", "3x" + "9" * 5000, "[3, " + "9" * 5000 + "]"])
def test_an_input_of_5000_digits_is_refused(written):
    (problem,) = problems(f"input: {written}\nlayers: [flatten]\n")
    assert problem.line == 1
    assert len(problem.message) < 200


@pytest.mark.parametrize("written", ["1" + "0" * 30, "1e30", "1e999", "-1e999", "1e99999", "0." + "1" * 5000])
def test_absurd_numbers_are_refused_wherever_they_stand(written):
    for line in ("{conv: @, k: 3}", "{conv: 64, k: @}", "{conv: 64, k: 3, repeat: @}", "{upsample: @}", "{pad: @}"):
        found = problems(HEAD + f"  - {line.replace('@', written)}\n")
        assert [(p.line, p.column) for p in found] == [(3, 5 + line.index("@"))]


@pytest.mark.parametrize("times", ["1000000000", "1e9", "999999999999"])
def test_a_repeat_without_end_is_refused_at_once(times):
    (problem,) = problems(HEAD + f"  - {{inverted_residual: 3, repeat: {times}}}\n")
    assert problem.message == "more than 100,000 layers"


@pytest.mark.parametrize(
    "lines",
    [
        "  - {upsample: 10000, repeat: 1200}\n",
        "  - {upsample: 1.5, repeat: 3000}\n",
        "  - {conv_transpose: 1, k: 1, s: 1000000000000}\n" * 400,
    ],
    ids=["upsample", "upsample by a fraction", "conv_transpose"],
)
def test_sizes_do_not_grow_without_end(lines):
    (problem,) = problems(HEAD + lines)
    assert problem.line > 2


def test_parts_of_layers_count_among_the_layers():
    (problem,) = problems(HEAD + "  - {inverted_residual: 3, norm: batch, act: relu, repeat: 100000}\n")
    assert problem.message == "more than 100,000 layers"


def test_problems_without_end_are_cut():
    found = problems(HEAD + "  - {conv: 4, kernal: 3}\n" * 2000)
    assert len(found) == document.MOST_PROBLEMS + 1
    assert found[-1].message == f"nets/tiny.yaml has more problems; these are the first {document.MOST_PROBLEMS}"


@pytest.mark.parametrize("rate", ["-5", "1.5", "1e400"])
def test_a_rate_is_a_share(rate):
    (problem,) = problems(HEAD + f"  - {{dropout: {rate}}}\n")
    assert problem.message.startswith("`rate` must be between 0 and 1")


def test_a_field_taken_for_a_kind_is_guessed():
    (problem,) = problems(HEAD + "  - {conv: 3, k: 3, pad: 1}\n")
    assert problem.hint == "write a line for each, or did you mean `padding` (p)?"


def test_a_file_beyond_the_bound_is_refused():
    (problem,) = problems(b"# " + b"x" * 2**24)
    assert "larger than 16 MiB" in problem.message


def test_values_beyond_the_bound_are_refused(monkeypatch):
    monkeypatch.setattr(document, "MOST_NODES", 1000)
    (problem,) = problems("input: [" + "1, " * 2000 + "]\n")
    assert problem.message == "more than 1,000 values"


def test_aliases_of_many_layers_are_refused():
    names = "abcdefg"  # 2·50⁶ activations, were they copied
    laughs = "".join(f"  - &{name} [{', '.join([f'*{before}'] * 50)}]\n" for before, name in pairwise(names))
    (found,) = problems(HEAD + "  - &a [relu, relu]\n" + laughs)
    assert found.message == "more than 1,000,000 values"


def test_merging_many_times_is_bounded():
    keys, many = ", ".join(f"k{index}: 1" for index in range(10_000)), ", ".join(["*a"] * 10_000)
    text = f"a: &a {{{keys}}}\nb: {{<<: [{many}]}}\n"
    command = [sys.executable, "-m", "convcost", "eval", "-"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=6, check=False)
    assert done.returncode == 2


MANY = {
    "a long kind": f"layers: [{'kern' * 25_000}]",
    "many kinds": "layers: [relu, " + "".join(f"{'kern' * 50}{n}, " for n in range(450)) + "]",
    "many outputs": f"layers: [{'relu, ' * 2000}]\noutputs: [{''.join(f'rlu{n}, ' for n in range(400))}]",
    "many vars": "vars:\n"
    + "".join(f"  v{n}: {n}\n" for n in range(999))
    + f"layers: [{'{conv: vx*2, k: 1}, ' * 400}]",
    "many blocks": "blocks:\n" + "".join(f"  z{n}: [relu]\n" for n in range(3000)) + f"layers: [{'zx, ' * 400}]",
}


@pytest.mark.parametrize("name", MANY)
def test_guesses_take_no_time(name):
    begin = time.process_time()
    found = problems(f"input: 8x8x8\n{MANY[name]}\n")
    # Comparing every name with every other would take five times as long.
    assert time.process_time() - begin < 3
    assert max(len(problem.message) for problem in found) < 300
    assert max(len(problem.hint) for problem in found) < 300


@pytest.mark.parametrize(
    "head", ["vars: {@}\nlayers: @@", "blocks: {any: {params: {@}, layers: @@}}\nlayers: [any]"], ids=["vars", "params"]
)
def test_vars_and_parameters_are_bounded(head):
    names = ", ".join(f"p{n}: {f'p{n - 1}+1' if n else 1}" for n in range(20_000))
    written = head.replace("@@", "[{conv: p19999, k: 1}]").replace("@", names)
    (problem,) = problems(f"input: 8x8x8\n{written}\n")
    assert problem.message.startswith("more than 1,000 ")


# --- What is read, so that refusals do not go too far ---------------------------------------------------------------


def test_powers_of_ten_are_whole_numbers():
    (network,) = loads((HEAD + "  - {conv: 1e3, k: 3}\n").encode())
    assert network.nodes[0].layer.out_channels == 1000


def test_aliases_and_merges_are_read():
    text = HEAD + "  - &block {conv: 64, k: 3}\n  - *block\n  - {<<: *block, conv: 32, s: 2}\n"
    (network,) = loads(text.encode())
    assert [(node.layer.out_channels, node.layer.stride) for node in network.nodes] == [
        (64, (1, 1)),
        (64, (1, 1)),
        (32, (2, 2)),
    ]


def test_quotes_make_text():
    (network,) = loads(b'name: "010"\n' + HEAD.encode() + b'  - {relu: , name: "true"}\n')
    assert (network.name, network.nodes[0].name) == ("010", "true")
