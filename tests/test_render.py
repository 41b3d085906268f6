"""Every format: golden files, and what holds for every report.

``pytest --overwrite`` writes the golden files anew; read the diff.
"""

import csv
import html
import json
import re
from collections import Counter
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from convcost import __version__
from convcost.cli import cli
from convcost.comparison_report import COLUMNS
from convcost.evaluation import evaluate
from convcost.evaluation_report import LAYER_KEYS, layer_report
from convcost.evaluation_rows import SUMS
from convcost.kinds import KINDS
from convcost.render import FORMATS, Options, render
from convcost.render.json import _laid_out
from convcost.render.latex import escape as latex
from convcost.render.markdown import escape as markdown
from convcost.render.mathematics import letters
from convcost.report import Column, Report
from convcost.specs.read import loads

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"
SHAPE = "--c1 64 --c2 128 -k 3"
# Each report by the command that makes it.
REPORTS = {
    "compare": f"compare {SHAPE}",
    "compare_size": f"compare {SHAPE} --size 56 -g 8",
    "compare_all_kinds": f"compare {SHAPE} --size 56 --kinds all",
    "compare_1d": "compare --c1 16 --c2 32 -k 9 --dims 1 --size 100 -s 2",
    "compare_3d": "compare --c1 8 --c2 16 -k 3x3x3 --size 8x16x16",
    "compare_rectangle": "compare --c1 8 --c2 16 -k 3x5 --size 20x30 -p valid",
    "compare_bias": f"compare {SHAPE} --size 56 --bias",
    "compare_exact": f"compare {SHAPE} --size 56 --exact",
    "compare_letters": f"compare {SHAPE} --notation letters --kinds all",
    "compare_all_columns": f"compare {SHAPE} --size 56 --columns all",
    "explain_separable": f"explain separable {SHAPE}",
    "explain_transposed": "explain transposed --c1 64 --c2 32 -k 4 -s 2",
    "explain_transposed_size": "explain transposed --c1 64 --c2 32 -k 4 -s 2 --size 14",
    "explain_inverted_residual": "explain inverted_residual --c1 24 --c2 24 -k 3 --size 28",
    "explain_fire": f"explain fire {SHAPE} --notation letters --bias",
    "eval": "eval examples/alexnet.yaml",
    "eval_three": "eval examples/alexnet.yaml examples/mobilenet_v1.yaml examples/vgg16.yaml",
    "eval_all_columns": "eval examples/mobilenet_v1.yaml --columns all",
}
EVERY = ("text", "markdown", "latex", "csv", "tsv", "json", "html", "table80", "table20")
# The forms in which a report has a golden file; all others have their text.
FORMS = {
    "compare": EVERY,
    "compare_all_kinds": ("text", "markdown", "latex", "table80"),
    "compare_letters": ("text", "latex"),
    "compare_all_columns": ("text", "csv"),
    "explain_separable": ("text", "markdown", "latex", "json", "table80", "table20"),
    "eval": ("text", "markdown", "latex", "csv", "json", "html", "table80", "table20"),
    "eval_three": ("text", "markdown", "latex", "csv", "table80", "table20"),
    "eval_all_columns": (),
}
CASES = [(name, form) for name in REPORTS for form in FORMS.get(name, ("text",))]
SUFFIXES = {"text": "txt", "markdown": "md", "latex": "tex", "table80": "80.txt", "table20": "20.txt"}

STRANGE = """
name: 'a_b*c* [d](e) <f> `g` | h & "i" $j$ #k ~l \\m {n} ^o %p &lt; 卷积 é'
source: x_y|z & <w>
input: 3x8x8
layers:
  - {conv: 4, k: 3, name: 'conv[bold]x'}
  - {conv: 4, k: 3, name: 'a|b_c'}
  - {conv: 4, k: 3, name: '*卷积2*'}
  - {conv: 4, k: 3, name: '<i>&amp;'}
  - {conv: 4, k: 3, name: "two\\nlines\\e[31m"}
"""
STRANGE_NAMES = ["conv[bold]x", "a|b_c", "*卷积2*", "<i>&amp;", "two lines [31m"]


@pytest.fixture
def shown(capsys, monkeypatch):
    """What a command prints in a form: a format, or `table` with a width."""
    monkeypatch.chdir(ROOT)
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(name, form="text"):
        format_, width = re.fullmatch(r"([a-z]+)(\d*)", form).groups()
        if width:
            monkeypatch.setenv("COLUMNS", width)
        assert not cli.main([*REPORTS[name].split(), "-f", format_], standalone_mode=False)
        return capsys.readouterr().out

    return run


def strange():
    (network,) = loads(STRANGE.encode(), "strange.yaml")
    return layer_report(evaluate(network))


def file_name(name, form):
    return f"{name}.{SUFFIXES.get(form, form)}"


# Golden files


@pytest.mark.parametrize(("name", "form"), CASES)
def test_output_is_what_the_golden_file_holds(name, form, shown, golden):
    golden(file_name(name, form), shown(name, form).replace(__version__, "0.0.0"))


def test_every_golden_file_is_compared():
    assert {path.name for path in GOLDEN.iterdir()} == {file_name(name, form) for name, form in CASES}


@pytest.mark.parametrize("form", [*FORMATS, "table30"])
@pytest.mark.parametrize("name", REPORTS)
def test_output_ends_in_one_newline_and_no_line_in_spaces(name, form, shown):
    text = shown(name, form)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    if form not in ("csv", "tsv", "markdown"):
        assert not re.search(r"[ \t]\n", text)


# Captions


def said(text, form):
    """The text of a document on one line, without markup."""
    if form == "html":
        text = html.unescape(re.sub("<[^>]*>", " ", text))
    if form == "latex":
        text = text.replace(r"$\times$", "×")
    return " ".join(text.replace("\\_", "_").split())


@pytest.mark.parametrize("form", EVERY)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("compare_size", ["input size 56×56", "padding same (pads 1)", "stride 1", "no bias"]),
        ("compare_bias", ["input size 56×56", "with bias"]),
        ("compare", ["input size not given"]),
        ("compare_rectangle", ["input size 20×30", "padding valid (pads 0)"]),
        ("explain_separable", ["input size not given", "padding same (pads 1)", "no bias"]),
        ("explain_transposed_size", ["input size 14×14", "stride 2"]),
        ("eval", ["Input 3×227×227, output 1000", "10,568 biases", "padding is each layer's own"]),
        ("eval_three", ["Padding and biases are each layer's own"]),
    ],
)
def test_caption_is_in_every_format(name, words, form, shown):
    text = said(shown(name, form), form)
    for word in [*words, "Batch 1", "FLOPs = 2 × MACs", "not in them", f"convcost {__version__}"]:
        assert word in text


# Numbers


def numbers(text):
    """The words with a digit."""
    return Counter(word for word in text.split() if any(map(str.isdigit, word)))


@pytest.mark.parametrize("name", REPORTS)
def test_every_number_of_a_table_is_whole_at_any_width(name, shown):
    whole = numbers(shown(name))
    for width in (1, 16, 20, 33, *range(40, 140, 9), 200):
        assert numbers(shown(name, f"table{width}")) == whole


@pytest.mark.parametrize("width", [20, 60, 77, 100, 200])
def test_no_line_of_a_table_is_wider_than_the_terminal(width, shown):
    for name in ("compare", "compare_1d", "eval_three", "explain_separable"):
        lines = shown(name, f"table{width}").splitlines()
        assert [line for line in lines if len(line) > width and " " in line.strip()] == []


def test_table_gives_way_to_blocks_where_it_does_not_fit(shown):
    assert "  params: 73,728" in shown("compare", "table60")
    assert "  params: 73,728" not in shown("compare", "table100")


@pytest.mark.parametrize("example", ["alexnet", "mobilenet_v1", "vgg16"])
def test_exact_columns_add_up_to_the_totals(example, shown, monkeypatch):
    monkeypatch.setitem(REPORTS, example, f"eval examples/{example}.yaml --columns all")
    *layers, total = csv.DictReader(StringIO(shown(example, "csv")))
    assert total["layer"] == "total"
    summed = [key for key in SUMS if key in total and "share" not in key]
    assert {"params", "macs", "weights", "biases", "norm_params", "flops"} <= set(summed)
    for key in summed:
        assert sum(int(layer[key]) for layer in layers) == int(total[key]), key
    assert sum(float(layer["share"]) for layer in layers) == pytest.approx(float(total["share"]))


@pytest.mark.parametrize(("form", "unit"), [("text", "21.68"), ("csv", "21676032")])
def test_machine_formats_keep_every_digit(form, unit, shown, monkeypatch):
    monkeypatch.setitem(REPORTS, "large", "compare --c1 3 --c2 256 -k 3 --size 56")
    assert unit in re.split(r"[\s,]+", shown("large", form))


def test_exact_keeps_every_digit_for_people(shown):
    assert "231,211,008" in shown("compare_exact")
    assert "[M]" not in shown("compare_exact")
    assert "MACs [M]" in shown("compare_size")


# CSV and TSV


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("name", REPORTS)
def test_delimited_rows_have_a_cell_for_every_head(name, form, delimiter, shown):
    heads, *rows = csv.reader(StringIO(shown(name, form)), delimiter=delimiter)
    assert heads[-1] == "caption"
    assert len(heads) == len(set(heads))
    assert all(re.fullmatch("[a-z_]+", head) for head in heads)
    assert rows
    assert {len(row) for row in rows} == {len(heads)}
    assert not {"None", "nan", "null"} & {cell for row in rows for cell in row}


def test_delimited_heads_are_the_keys(shown):
    heads = shown("compare_all_columns", "csv").splitlines()[0].split(",")
    assert heads[:-1] == [column.key for column in COLUMNS] + ["note"] * ("note" in heads)
    heads = shown("eval_all_columns", "tsv").splitlines()[0].split("\t")
    assert heads[:-1] == [key for key in LAYER_KEYS if key != "layers"]


def test_missing_cells_are_empty(shown):
    rows = {row["kind"]: row for row in csv.DictReader(StringIO(shown("compare_letters", "csv")))}
    assert rows["shuffle_unit"]["params"] == rows["shuffle_unit"]["macs"] == rows["shuffle_unit"]["output"] == ""
    assert rows["shuffle_unit"]["note"]
    assert rows["standard"]["params"] == "73728"


# JSON: the contract of DESIGN, each key with the types of its values

NONE, SHAPE_, PADS = type(None), "shape", "pads"
RATIO = {"closed_form": (str, NONE), "exact": (str, NONE), "value": (float, NONE)}
PART = {"kind": (str,), "params": (int,), "weights": (int,), "macs": (int, NONE), "output": (SHAPE_, NONE)}
ROW = {
    "kind": (str,),
    "params": (int, NONE),
    "weights": (int, NONE),
    "weights_formula": (str, NONE),
    "macs": (int, NONE),
    "macs_formula": (str, NONE),
    "output": (SHAPE_, NONE),
    "padding": (PADS, NONE),
    "note": (str, NONE),
    "parts": (list,),
    "params_ratio": (dict,),
    "macs_ratio": (dict,),
}
LAYER = {
    "in_channels": (int,),
    "out_channels": (int,),
    "kernel_size": (SHAPE_,),
    "stride": (SHAPE_,),
    "padding": (str, SHAPE_, PADS),
    "dilation": (SHAPE_, NONE),
    "groups": (int, NONE),
    "bias": (bool,),
    "input_size": (SHAPE_, NONE),
}
HEAD = {"schema_version": (int,), "convcost_version": (str,), "command": (str,), "convention": (dict,)}
NETWORK = {
    "name": (str,),
    "source": (str,),
    "input": (SHAPE_,),
    "output": (SHAPE_,),
    "params": (int,),
    "macs": (int,),
    "activations": (int,),
    "peak_activations": (int,),
    "complete": (bool,),
    "uncounted": (list,),
    "layers": (list,),
}
LAYER_OF_NETWORK = {
    "name": (str,),
    "kind": (str,),
    "inputs": (list,),
    "input": (list,),
    "output": (SHAPE_,),
    "params": (int,),
    "weights": (int,),
    "biases": (int,),
    "macs": (int,),
    "activations": (int,),
    "receptive_field": (SHAPE_, NONE),
    "effective_stride": (SHAPE_, NONE),
}
STEP = {"part": (str,), "quantity": (str,), "forms": (list,), "latex": (list,), "result": (str,)}


def is_a(value, kind):
    if kind == SHAPE_:
        return isinstance(value, list) and bool(value) and all(type(item) is int or "/" in item for item in value)
    if kind == PADS:
        return isinstance(value, list) and all(is_a(pair, SHAPE_) and len(pair) == 2 for pair in value)
    return type(value) is kind


def assert_holds(value, contract):
    assert contract.keys() <= value.keys()
    wrong = {key: value[key] for key, kinds in contract.items() if not any(is_a(value[key], kind) for kind in kinds)}
    assert wrong == {}


def assert_row_holds(row):
    assert_holds(row, ROW)
    assert_holds(row["params_ratio"], RATIO)
    assert_holds(row["macs_ratio"], RATIO)
    for part in row["parts"]:
        assert_holds(part, PART)


@pytest.mark.parametrize("name", REPORTS)
def test_json_has_the_keys_of_the_contract(name, shown):
    whole = json.loads(shown(name, "json"))
    assert_holds(whole, HEAD)
    assert (whole["schema_version"], whole["convcost_version"]) == (1, __version__)
    command = name.split("_")[0]
    assert whole["command"] == command
    if command == "eval":
        assert whole["errors"] == []
        for network in whole["networks"]:
            assert_holds(network, NETWORK)
            assert network["layers"]
            for layer in network["layers"]:
                assert_holds(layer, LAYER_OF_NETWORK)
                assert all(is_a(shape, SHAPE_) for shape in layer["input"])
        return
    assert_holds(whole["layer"], LAYER)
    rows = whole["rows"] if command == "compare" else [whole["row"]]
    assert rows
    for row in rows:
        assert_row_holds(row)
    for step in whole.get("steps", []):
        assert_holds(step, STEP)


def test_json_gives_the_article_s_numbers(shown, monkeypatch):
    monkeypatch.setitem(REPORTS, "article", "compare --c1 3 --c2 256 -k 3")
    rows = {row["kind"]: row for row in json.loads(shown("article", "json"))["rows"]}
    separable = rows["separable"]
    assert (separable["params"], separable["weights_formula"]) == (795, "Dk²·M + M·N")
    assert (separable["macs"], separable["macs_formula"]) == (None, "795·H·W")
    assert separable["params_ratio"]["closed_form"] == "1/N + 1/Dk²"
    assert separable["params_ratio"]["exact"] == "265/2304"
    assert separable["params_ratio"]["value"] == pytest.approx(0.11501736)
    assert [part["weights"] for part in separable["parts"]] == [27, 768]
    assert rows["grouped"]["params"] is None
    assert "gcd(3, 256) = 1" in rows["grouped"]["note"]


def test_json_lists_unreadable_files(capsys, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("input: 3x8x8\nlayers:\n  - {conv: 4, kernal: 3}\n", encoding="utf-8")
    assert cli.main(["eval", str(path), "-f", "json"], standalone_mode=False) == 2
    whole = json.loads(capsys.readouterr().out)
    (error,) = whole["errors"]
    assert whole["networks"] == []
    assert (error["source"], error["line"]) == (str(path), 3)
    assert "kernal" in error["message"]


@pytest.mark.parametrize("name", REPORTS)
def test_json_shapes_stand_on_one_line(name, shown):
    text = shown(name, "json")
    assert not re.search(r"^\s*-?[\d.]+,?$", text, re.MULTILINE)
    assert max(len(line) for line in text.splitlines() if line.lstrip().startswith('"') and "[" in line) < 180


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON_VALUES)
def test_json_is_laid_out_without_changing_it(value):
    assert json.loads(_laid_out(value, json.dumps)) == value


# HTML and Markdown


@pytest.mark.parametrize("name", REPORTS)
def test_html_is_one_well_formed_table(name, shown):
    table = ET.fromstring(shown(name, "html"))  # noqa: S314 - our own
    assert table.tag == "table"
    assert len(table.findall(".//table")) == 0
    cells = [sum(int(cell.get("colspan", "1")) for cell in row) for row in table.iter("tr")]
    assert len(cells) > 2
    assert set(cells) == {len(table.findall("./thead/tr/th"))}


def test_html_shows_strange_text_as_it_is():
    table = ET.fromstring(render(strange(), "html"))  # noqa: S314
    assert [row[0].text for row in table.findall("./tbody/tr")] == STRANGE_NAMES
    assert table.findtext("caption") == strange().title


def pipe_rows(text):
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("name", [name for name in REPORTS if not name.startswith("explain")])
def test_markdown_rows_have_equally_many_cells(name, shown):
    rows = pipe_rows(shown(name, "markdown"))
    assert len(rows) > 2
    assert len({len(row) for row in rows}) == 1
    assert {cell.strip(" -:") for cell in rows[1]} == {""}


def test_markdown_escapes_what_would_be_markup():
    assert markdown("a|b_c*d[e]") == r"a\|b\_c\*d\[e\]"
    assert all(len(row) == 5 for row in pipe_rows(render(strange(), "markdown")))


def test_markdown_shows_strange_text_as_it_is():
    tokens = MarkdownIt("commonmark").enable("table").parse(render(strange(), "markdown"))
    lines = ["".join(child.content for child in token.children) for token in tokens if token.type == "inline"]
    assert lines[0] == strange().title
    assert [line for line in lines if line in STRANGE_NAMES] == STRANGE_NAMES
    assert not [token.type for token in tokens if token.type in ("html_block", "code_block", "heading_open")]


@pytest.mark.parametrize("kind", KINDS)
def test_derivation_is_in_math_fences(kind, shown, monkeypatch):
    monkeypatch.setitem(REPORTS, "derived", f"explain {kind} --c1 96 --c2 96 -k 3 --size 7")
    text = shown("derived", "markdown")
    blocks = re.findall(r"```math\n(.*?)\n```", text, re.DOTALL)
    assert len(blocks) == len(json.loads(shown("derived", "json"))["steps"])
    for block in blocks:
        assert block.count("{") == block.count("}")
        assert block.count(r"\begin{aligned}") == block.count(r"\end{aligned}") == ("\n" in block)


# LaTeX's text (test_latex.py compiles it)


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        (r"50% of a_b & c#1 {$}", r"50\% of a\_b \& c\#1 \{\$\}"),
        ("3×3 → k²", r"3$\times$3 $\to$ k$^2$"),
        ('say "so"', "say ``{}so''"),
        ("a--b", "a-{}-b"),
        ("~|^\\", r"\textasciitilde{}$|$\textasciicircum{}\textbackslash{}"),
        ("Doll\u00e1r, \u0141\u00f3d\u017a", r"Doll\'{a}r, \L{}\'{o}d\'{z}"),
        ("α = 卷", r"$\alpha$ = ?"),
    ],
)
def test_latex_text_is_ascii_and_escaped(text, typeset):
    assert latex(text) == typeset


@pytest.mark.parametrize("name", REPORTS)
def test_latex_is_ascii(name, shown):
    assert shown(name, "latex").isascii()


def test_latex_breaks_wide_tables_into_columns_and_long_ones_into_pages(shown):
    assert shown("compare_size", "latex").count(r"\begin{tabular}") == 1
    assert shown("compare_all_columns", "latex").count(r"\begin{tabular}") > 2
    assert "longtable" not in shown("eval", "latex")
    assert shown("eval_all_columns", "latex").startswith(r"% needs \usepackage{booktabs,longtable}")


def test_wider_formulas_count_more_letters():
    assert letters(r"\frac{M \cdot N}{g}") == letters(r"M \cdot N") > letters("M")
    assert letters(r"D_k^{2}") == len("Dk2")


# Terminals


@pytest.mark.parametrize("format_", FORMATS)
def test_ascii_where_a_terminal_knows_no_more(format_):
    assert render(strange(), format_, Options(ascii=True)).isascii()


@pytest.mark.parametrize("format_", ["text", "table"])
def test_ascii_columns_are_aligned(format_):
    report = Report(
        title="→",
        columns=(Column("name", "name"), Column("value", "value", "count")),
        rows=({"name": "1/Dk²", "value": 7}, {"name": "⌊x⌋ → y", "value": 10}),
        caption=(),
        data=dict,
    )
    lines = render(report, format_, Options(ascii=True)).splitlines()
    ends = [len(line) for line in lines if line and line != "->"]
    assert len(ends) == 4
    assert len(set(ends)) == 1
    assert "1/Dk^2" in "\n".join(lines)


def test_words_fold_heads_at_the_bottom_of_their_row_and_cells_at_its_top():
    report = Report(
        title="folded",
        columns=(Column("name", "name"), Column("value", "long head", "count"), Column("said", "said")),
        rows=({"name": "two words", "value": 12, "said": "a b"}, {"name": "x", "value": 34, "said": "1 x"}),
        totals={"name": "total", "value": 46},
        caption=(),
        data=dict,
    )
    assert render(report, "table", Options(width=17)).splitlines() == [
        "folded",
        "",
        "       long",
        "name   head  said",
        "─────────────────",
        "two      12  a b",
        "words",
        "x        34  1 x",
        "─────────────────",
        "total    46",
    ]


@pytest.mark.parametrize("name", ["compare_size", "eval"])
def test_colour_makes_heads_bold_and_changes_no_letter(name, shown, monkeypatch):
    without = shown(name, "table100")
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = shown(name, "table100")
    bare = re.sub(r"\x1b\[\d*m", "", coloured)
    assert re.sub(" +\n", "\n", bare) == without
    assert "\x1b[1m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(name, "table100") == without


@pytest.mark.parametrize("width", [20, 100])
def test_table_shows_strange_text_as_it_is(width):
    text = render(strange(), "table", Options(width=width, color=True))
    assert all(name in text for name in STRANGE_NAMES)


def test_wide_letters_take_two_columns():
    lines = render(strange(), "text").splitlines()
    latin, chinese = (next(line for line in lines if line.startswith(name)) for name in STRANGE_NAMES[1:3])
    assert latin.index("conv ", 5) == chinese.index("conv ", 5) + len("卷积")
