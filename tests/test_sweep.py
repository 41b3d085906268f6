"""Sweeps: columns of combinations count as one combination does, on lists and on arrays, whatever their size."""

import csv
import json
import signal
import subprocess
import sys
import time
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from itertools import product
from math import floor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost.cli import main
from convcost.comparison import compare
from convcost.conventions import CONVENTIONS
from convcost.counting_columns import with_counted
from convcost.errors import ConvcostError
from convcost.expressions import Expression
from convcost.grid import Axis
from convcost.kinds import KINDS
from convcost.lanes import Lists, explore, store_for
from convcost.lanes.arrays import Arrays
from convcost.layers.base import pads_of
from convcost.render import FORMATS
from convcost.rows import Choice
from convcost.selection import Selection
from convcost.sweep import LayerSweep, ignored, row_of
from convcost.sweep_network import Span, highest
from convcost.sweep_report import LAYER_COLUMNS

KEYS = tuple(column.key for column in LAYER_COLUMNS)
STORES = {"lists": Lists, "arrays": Arrays}


def one_by_one(sweep, selection):
    """The rows of a sweep, each built from plain integers by itself."""
    rows = []
    names = [axis.name for axis in sweep.axes]
    for values in product(*(axis.values for axis in sweep.axes)):
        given_ = dict(zip(names, values, strict=True))
        choice = given_["kind"]
        first = {axis.name: axis.values[0] for axis in sweep.axes}
        if any(given_[name] != first[name] for name in ignored(choice) & set(names)):
            continue
        numbers = {name: value for name, value in given_.items() if name != "kind"}
        request, _ = sweep._request({"kind": choice, **numbers}, {})
        try:
            row = row_of(request, choice)
        except ConvcostError as error:
            selection.note(error.message, 1)
        else:
            rows.append(tuple(row[key] for key in KEYS))
    return rows


def swept(sweep, selection, store):
    slices = (parts for parts, _ in sweep.parts(selection, store))
    return list(selection.rows(slices, KEYS, store))


def values_of(numbers, most=4):
    return st.lists(numbers, min_size=1, max_size=most, unique=True)


def same_for_both(dims, numbers):
    """Numbers that are one and the same on every axis of space, or one for each."""
    return st.one_of(numbers.map(lambda n: (n,) * dims), st.tuples(*[numbers] * dims))


@st.composite
def sweeps(draw, largest=64):
    dims = draw(st.integers(1, 3))
    small = st.integers(1, 5)
    channels = st.one_of(st.integers(1, 40), st.sampled_from([8, 16, 24, 48, 64]), st.integers(1, largest))
    pads = st.one_of(
        st.sampled_from(["same", "valid"]), st.integers(0, 3).map(lambda n: pads_of(n, dims, lambda _: (0, 0)))
    )
    options = {
        "in_channels": values_of(channels),
        "out_channels": values_of(channels),
        "kernel_size": values_of(same_for_both(dims, small), 3),
        "stride": values_of(same_for_both(dims, st.integers(1, 3)), 2),
        "padding": values_of(pads, 2),
        "dilation": values_of(same_for_both(dims, st.integers(1, 3)), 2),
        "groups": values_of(st.sampled_from([1, 2, 3, 4, 8])),
        "multiplier": values_of(st.integers(1, 3), 2),
        "output_padding": values_of(same_for_both(dims, st.integers(0, 2)), 2),
        "input_size": values_of(same_for_both(dims, st.integers(1, largest)), 3),
        "kind": values_of(st.sampled_from([*KINDS]).map(Choice), 3),
    }
    always = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "kind")
    found = {name: draw(values) for name, values in options.items() if name in always or draw(st.booleans())}
    if any(choice.kind == "global_depthwise" for choice in found["kind"]) and "input_size" not in found:
        found["input_size"] = [(7,) * dims]
    order = draw(st.permutations(list(found)))
    axes = tuple(Axis(name, found[name], name in ("kind", "padding")) for name in order)
    return LayerSweep(axes, {}, dims, draw(st.booleans()))


def check(sweep, store, block=7):
    plain, columns = Selection(), Selection()
    expected = one_by_one(sweep, plain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convcost.sweep.BLOCK", block)
        rows = swept(sweep, columns, store())
    assert rows == expected
    assert all(type(cell) is int for row in rows for cell in row[-3:] if cell is not None)
    assert columns.invalid == plain.invalid
    assert len(rows) + columns.invalid == sweep.grid.combinations


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
@given(sweep=sweeps(), block=st.sampled_from([1, 7, 1000]))
@settings(max_examples=60, deadline=None)
def test_a_grid_of_columns_counts_as_its_combinations_do(store, sweep, block):
    check(sweep, store, block)


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
@given(sweep=sweeps(largest=10**12), block=st.sampled_from([7, 1000]))
@settings(max_examples=50, deadline=None)
def test_so_does_a_grid_whose_counts_overflow_64_bits(store, sweep, block):
    check(sweep, store, block)


# --- Columns as numbers ---------------------------------------------------------------------------------------------


def of_lanes(store, body, **columns):
    """What a function makes of columns of equal length, lane by lane."""
    columns = {name: store.column(values, 0, (len(values),)) for name, values in columns.items()}
    size = len(next(iter(columns.values())))
    found = [None] * size
    for where, value in explore(body, columns, store, (size,)):
        cells = value.tolist() if hasattr(value, "tolist") else [value] * (size if where is None else len(where))
        for place, cell in zip(range(size) if where is None else where, cells, strict=True):
            found[place] = cell
    return found


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_products_beyond_64_bits_are_exact_and_those_below_stay_machine_words(store):
    near = [2**31 - 1, 2**31, 2**31 + 1]
    assert of_lanes(store(), lambda x: x["a"] * x["a"] * 2, a=near) == [2 * n * n for n in near]
    assert of_lanes(store(), lambda x: x["a"] * x["a"] - x["a"] * x["a"] // 3, a=near) == [
        n * n - n * n // 3 for n in near
    ]
    column = Arrays().column([2**31 - 1, 1], 0, (2,))
    (_, fits), (_, too_large) = (
        next(explore(lambda x, f=f: x["a"] * x["a"] * f, {"a": column}, Arrays(), (2,))) for f in (1, 4)
    )
    assert (fits.values.dtype, too_large.values.dtype) == ("int64", "object")
    assert too_large.tolist() == [4 * (2**31 - 1) ** 2, 4]


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
@pytest.mark.parametrize(
    "text",
    [
        "a // b + a % b",
        "a / b",
        "a / b > 0.3333333333333333",
        "min(a, b) * max(a, 3) - 2 * b",
        "-a % 7 + (0 - b) // 3",
        "round8(a / 3) + ceil(b / 2) + floor(a / b) + round(a / 4)",
        "a > 2 and not (b == 3 or a = b)",
        "a * b * 1.5 % 1 + (a - b) // 1.5",
        "(a - b) * 0 + 2.5 // 1",
    ],
)
@given(pairs=st.lists(st.tuples(st.integers(-50, 10**6), st.integers(1, 10**9)), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_an_expression_over_columns_is_the_expression_over_numbers(store, text, pairs):
    expression = Expression(text, condition=True)
    expected = [expression.value({"a": a, "b": b}) for a, b in pairs]

    def body(x):
        value = expression.value(x)
        return bool(value) if isinstance(value, bool) else value

    a, b = zip(*pairs, strict=True)
    assert of_lanes(store(), body, a=a, b=b) == expected


def test_a_division_by_zero_is_found_in_columns_too():
    def body(x):
        try:
            return 12 // x["a"] + 12 % x["a"]
        except ZeroDivisionError:
            return None

    for store in STORES.values():
        assert of_lanes(store(), body, a=[0, 5, -5, 0]) == [None, 4, -6, None]


def test_rows_are_those_of_compare():
    kinds = Axis("kind", tuple(Choice(kind) for kind in KINDS), of_words=True)
    sizes = Axis("input_size", [(14, 14), (9, 12)])
    fixed = {"in_channels": 48, "out_channels": 48, "kernel_size": (3, 3), "stride": (1, 1), "padding": "same"}
    sweep = LayerSweep((kinds, sizes), fixed, 2, bias=True)
    for row in swept(sweep, Selection(), Arrays()):
        found = dict(zip(KEYS, row, strict=True))
        request, choice = sweep._request({"kind": Choice(found["kind"]), "input_size": found["input_size"]}, {})
        (other,) = compare(request, (choice,)).rows
        assert (found["params"], found["macs"], found["output"]) == (
            other.params,
            other.total.macs,
            other.known.output,
        )


@pytest.mark.parametrize("name", CONVENTIONS)
@given(sweep=sweeps(largest=24), data=st.data())
@settings(max_examples=12, deadline=None)
def test_rows_by_a_convention_are_those_of_compare(name, sweep, data):
    grid = sweep._replace(convention=CONVENTIONS[name])
    keys = (*KEYS, "counted") if grid.sized else KEYS
    found = []
    for store in STORES.values():
        selection = Selection()
        slices = (parts for parts, _ in grid.parts(selection, store()))
        found.append(list(selection.rows(slices, keys, store())))
    assert found[0] == found[1]
    if not grid.sized or not found[0]:
        return
    row = dict(zip(keys, data.draw(st.sampled_from(found[0])), strict=True))
    choice = next(
        choice for axis in sweep.axes if axis.name == "kind" for choice in axis.values if choice.kind == row["kind"]
    )
    asked = {axis.name: row[axis.name] for axis in sweep.axes if axis.name != "kind" and row[axis.name] is not None}
    request, _ = sweep._request({"kind": choice, **asked}, {})
    try:
        comparison = compare(request, (choice,))
    except ConvcostError:
        # No standard convolution fits here, and there is nothing to compare with.
        return
    report = with_counted(comparison.report, comparison, name)
    assert type(row["counted"]) is int
    assert [row["counted"]] == [other["counted"] for other in report.rows]


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_fractions_take_lanes(store):
    def body(x):
        return floor(Fraction(7, 2) * 2 + x["a"]) + floor(Fraction(x["b"]))

    assert of_lanes(store(), body, a=[1, 2, 3], b=[5, 5, 9]) == [13, 14, 19]


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_lanes_of_which_one_number_is_wanted_part_by_their_numbers(store):
    passages = []

    def body(x):
        passages.append(x["a"])
        return int(x["a"] // 10) * 2 + x["b"]

    a = [11, 25, 13, 2**62, 29, 7, 11]
    assert of_lanes(store(), body, a=a, b=range(7)) == [n // 10 * 2 + place for place, n in enumerate(a)]
    # Of 1, of 2, of 2^62 // 10 and of 0 each has its passage, behind that of all; who is alone is a plain number.
    assert len(passages) == 5
    assert sum(type(number) is int for number in passages) == 2


def test_without_numpy_columns_are_lists(monkeypatch):
    assert isinstance(store_for(10**6), Arrays)
    assert isinstance(store_for(100), Lists)
    monkeypatch.setitem(sys.modules, "convcost.lanes.arrays", None)
    assert isinstance(store_for(10**6), Lists)


# --- The largest that fits ------------------------------------------------------------------------------------------


@given(st.integers(0, 2000))
def test_bisection_finds_the_last_that_fits(last):
    span = Span(Decimal("0.1"), Decimal("2.0"))
    limit = last / 1000
    expected = None if limit < 0.1 else min(2.0, limit)
    assert highest(span, lambda value: value <= limit) == expected


def test_bisection_looks_above_what_it_found():
    # What fits is below 0.3, and again between 1.2 and 1.6.
    span = Span(Decimal("0.1"), Decimal("2.0"))
    assert highest(span, lambda value: value < 0.3 or 1.2 <= value <= 1.6) == 1.6
    assert highest(span, lambda value: 1.2 <= value <= 1.6) == 1.6
    assert highest(span, lambda _: False) is None


# --- The command ----------------------------------------------------------------------------------------------------

LAYER = ("sweep", "--c1", "64", "--c2", "64:256:64", "-k", "3,5")
NETWORK = ("sweep", "zoo:mobilenet_v2", "--set", "alpha=0.5,1.0")


@pytest.fixture
def run(capsys):
    def command(*arguments):
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        return end.value.code, *capsys.readouterr()

    return command


def rows_of(run, *arguments):
    status, out, _ = run(*arguments, "-f", "jsonl")
    assert status == 0
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("format_", [*FORMATS, "jsonl"])
@pytest.mark.parametrize("command", [LAYER, NETWORK], ids=["layer", "network"])
def test_every_format(run, command, format_, tmp_path):
    status, out, err = run(*command, "-f", format_)
    assert (status, err) == (0, "")
    assert out.endswith("\n")
    path = tmp_path / f"out.{'md' if format_ == 'markdown' else 'tex' if format_ == 'latex' else format_}"
    if format_ not in ("table", "text"):
        assert run(*command, "-o", str(path)) == (0, "", "")
        assert path.read_text(encoding="utf-8") == out


def test_the_issues_grid(run):
    flags = ["--c1", "64", "--c2", "64:512:64", "-k", "3,5,7", "-g", "1,2,4,8", "--size", "14,28,56"]
    flags += ["--kind", "standard,separable,grouped"]
    document = json.loads(run("sweep", *flags, "--where", "params<50k and macs<10M", "-f", "json")[1])
    rows = document["rows"]
    # -g is the grouped row's alone: a row for each of its values, and one of each other kind.
    assert document["combinations"] == 8 * 3 * 3 * (4 + 1 + 1)
    assert document["excluded"] + len(rows) + document["invalid"] == document["combinations"]
    assert all(row["params"] < 50_000 and row["macs"] < 10_000_000 for row in rows)
    everything = rows_of(run, "sweep", *flags)
    assert [row for row in everything if row["params"] < 50_000 and row["macs"] < 10_000_000] == rows
    first = rows_of(run, "sweep", *flags, "--sort", "-macs,params", "--top", "5")
    assert first == sorted(everything, key=lambda row: (row["macs"], -row["params"]))[:5]
    standard = next(row for row in everything if row["kind"] == "standard")
    assert standard["groups"] is None
    assert standard["params"] == 64 * 64 * 9


def test_the_order_of_the_flags_is_the_order_of_nesting(run):
    def order(*flags):
        return [(row["in_channels"], row["kernel_size"][0], row["kind"]) for row in rows_of(run, "sweep", *flags)]

    kinds, c1, k = ("--kind", "separable,standard"), ("--c1", "1,2"), ("-k", "5,3")
    names = ("separable", "standard")
    assert order(*c1, *k, *kinds, "--c2", "4") == [*product((1, 2), (5, 3), names)]
    assert order(*kinds, *k, "--c2", "4", *c1) == [(c, b, a) for a, b, c in product(names, (5, 3), (1, 2))]


def test_lists_ranges_and_both(run):
    def values(text):
        return [row["out_channels"] for row in rows_of(run, "sweep", "--c1", "8", "-k", "3", "--c2", text)]

    assert values("16,32:128:32") == [16, 32, 64, 96, 128]
    assert values("8:5:-1") == [8, 7, 6, 5]
    assert values("1:3") == [1, 2, 3]
    assert values("1:10:4") == [1, 5, 9]
    assert values("7,7,3") == [7, 3]


@pytest.mark.parametrize("block", [1, 5, 65_536])
def test_the_first_of_a_sort_are_the_first_of_all(run, block, monkeypatch):
    monkeypatch.setattr("convcost.sweep.BLOCK", block)
    flags = ["sweep", "--c1", "1:9", "--c2", "12,6", "-k", "3,1", "-g", "1,2,3", "--kind", "grouped,separable"]
    everything = rows_of(run, *flags, "--sort", "-params/c2,k")
    assert rows_of(run, *flags, "--sort", "-params/c2,k", "--top", "7") == everything[:7]
    assert rows_of(run, *flags, "--top", "7") == rows_of(run, *flags)[:7]


@pytest.mark.parametrize("block", [1000, 65_536])
def test_words_are_sorted_too(run, block, monkeypatch):
    monkeypatch.setattr("convcost.sweep.BLOCK", block)
    grid = ("--c1", "8", "--c2", "8,16", "-k", "3", "--size", "9", "--kind", "separable,standard,ghost")

    def kinds(*flags):
        return [(row["kind"], row["out_channels"]) for row in rows_of(run, "sweep", *grid, *flags)]

    names = ("ghost", "separable", "standard")
    assert kinds("--sort", "kind,-c2") == [*product(names, (8, 16))]
    assert kinds("--sort=-kind", "--sort", "c2") == [*product(names[::-1], (16, 8))]
    assert kinds("--sort=-kind,c2", "--top", "3") == [("standard", 16), ("standard", 8), ("separable", 16)]
    pads = [row["padding"] for row in rows_of(run, "sweep", *grid[:-2], "-p", "same,0,valid,1", "--sort", "padding,c2")]
    assert pads[::2] == [[[1, 1], [1, 1]], [[0, 0], [0, 0]], "same", "valid"]
    turned = rows_of(run, "sweep", *grid[:-2], "-p", "same,0,valid,1", "--sort=-padding,c2")
    assert [row["padding"] for row in turned][::2] == [[[0, 0], [0, 0]], [[1, 1], [1, 1]], "valid", "same"]


def test_networks_are_sorted_by_name(run, tmp_path):
    for name in "bca":
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\ninput: 3x8x8\nlayers: [{{conv: 4, k: 3}}]\n")
    sweep = ("sweep", str(tmp_path), "--input", "3x8x8,3x9x9")
    assert [row["network"] for row in rows_of(run, *sweep, "--sort", "network,-macs")] == [*"aabbcc"]
    assert [row["network"] for row in rows_of(run, *sweep, "--sort=-network")] == [*"ccbbaa"]
    assert [row["source"] for row in rows_of(run, *sweep, "--top", "3")] == [str(tmp_path / f"{n}.yaml") for n in "abc"]
    for columns in ((), ("--columns", "macs")):
        table = csv.DictReader(StringIO(run(*sweep, *columns, "-f", "csv")[1]))
        assert [row["source"] for row in table][:3] == [str(tmp_path / f"{name}.yaml") for name in "abc"]
    assert "source" not in run("sweep", str(tmp_path / "a.yaml"), "--input", "3x9x9")[1]


def test_tables_of_more_rows_than_anybody_reads_are_refused_and_streams_are_not(run):
    flags = ["sweep", "--c1", "1:101", "--c2", "1:100", "-k", "3"]
    status, out, err = run(*flags, "-f", "text")
    assert (status, out) == (2, "")
    assert "--top" in err
    assert "csv" in err
    lines = list(csv.DictReader(StringIO(run(*flags, "-f", "csv")[1])))
    assert len(lines) == 10_100
    assert lines[-1]["params"] == str(9 * 101 * 100)
    assert [line["caption"] != "" for line in lines[:2]] == [True, False]


def test_what_cannot_be_is_counted_and_said(run):
    status, out, err = run("sweep", "--c1", "6", "--c2", "4,6", "-k", "3", "-g", "1,2,3,4", "-f", "csv")
    assert status == 0
    assert len(out.splitlines()) == 1 + 5
    assert "3 combinations cannot be" in err
    assert "must divide" in err
    assert "3 combinations cannot be" in run("sweep", "--c1", "6", "--c2", "4,6", "-k", "3", "-g", "1,2,3,4")[1]


def test_networks_by_vars_and_inputs(run):
    rows = rows_of(run, *NETWORK, "--input", "3x96x96,3x128x128")
    assert [(row["vars"], row["input"][1]) for row in rows] == [
        ({"alpha": alpha}, size) for alpha, size in product((0.5, 1.0), (96, 128))
    ]
    (kept,) = rows_of(run, *NETWORK, "--where", "params<2M and alpha<1")
    assert kept["vars"] == {"alpha": 0.5}
    one = json.loads(run("eval", "zoo:mobilenet_v2", "--set", "alpha=0.5", "-f", "json")[1])["networks"][0]
    assert all(kept[name] == one[name] for name in ("params", "macs", "flops", "activations", "peak_activations"))


COUNTED = ("--c1", "24", "--c2", "24", "-k", "3", "--size", "14", "--bias")


@pytest.mark.parametrize("name", ["fvcore", "thop", "torchprofile", "tensorflow"])
def test_a_layers_grid_is_counted_by_another_convention(run, name):
    grid = ("sweep", *COUNTED, "--kind", ",".join(KINDS), "--count-as", name)
    compared = json.loads(run("compare", *COUNTED, "--kinds", "all", "--count-as", name, "-f", "json")[1])
    expected = {row["kind"]: row["counted"] for row in compared["rows"]}
    found = rows_of(run, *grid)
    assert {row["kind"]: row["counted"] for row in found} == expected
    most = sorted(expected.values())[5]
    kept = rows_of(run, *grid, "--where", f"counted<={most}", "--sort", "counted")
    assert [row["counted"] for row in kept] == sorted((n for n in expected.values() if n <= most), reverse=True)
    document = json.loads(run(*grid, "-f", "json")[1])
    assert document["counted"] == compared["counted"]
    out = run(*grid)[1]
    assert f"{name} {compared['counted']['unit']}" in out
    assert f"Counted as {name}" in out
    shown = csv.DictReader(StringIO(run(*grid, "--columns", "params", "-f", "csv")[1]))
    assert {row["kind"]: int(row["counted"]) for row in shown} == expected


def test_counts_of_a_grid_are_those_of_networks_of_one_layer(run, tmp_path):
    path = tmp_path / "one.yaml"
    for kind, line in (("standard", "conv: 16"), ("transposed", "conv_transpose: 16"), ("separable", "separable: 16")):
        path.write_text(f"input: 8x7x9\nlayers: [{{{line}, k: 3, s: 2, p: 1, bias: true}}]\n")
        flags = ("--c1", "8", "--c2", "16", "-k", "3", "-s", "2", "-p", "1", "--size", "7x9", "--bias", "--kind", kind)
        for name in CONVENTIONS:
            (row,) = rows_of(run, "sweep", *flags, "--count-as", name)
            (network,) = json.loads(run("eval", str(path), "--count-as", name, "-f", "json")[1])["networks"]
            assert row["counted"] == network["counted"]["total"], (kind, name)


def test_networks_are_counted_by_another_convention(run):
    grid = ("sweep", "mobilenet_v2", "--set", "alpha=0.25:1.0:0.25", "--count-as", "thop")
    expected = {}
    for alpha in (0.25, 0.5, 0.75, 1.0):
        out = run("eval", "mobilenet_v2", "--set", f"alpha={alpha}", "--count-as", "thop", "-f", "json")[1]
        expected[alpha] = json.loads(out)["networks"][0]["counted"]["total"]
    assert {row["alpha"]: row["counted"] for row in map(with_var, rows_of(run, *grid))} == expected
    kept = rows_of(run, *grid, "--where", f"counted<{expected[0.75]}", "--sort", "counted")
    assert [row["counted"] for row in kept] == [expected[0.5], expected[0.25]]
    (fitting,) = rows_of(run, *grid, "--fit", f"counted<={expected[0.5]}")
    assert (with_var(fitting)["alpha"], fitting["counted"]) == (0.5, expected[0.5])
    assert "thop MACs" in run(*grid)[1]
    assert "counted" not in rows_of(run, *grid[:-2])[0]


def with_var(row):
    return {**row, "alpha": row["vars"]["alpha"]}


def test_fit_among_values_and_in_a_span(run):
    among = ["sweep", "zoo:mobilenet_v2", "--set", "alpha=0.25:1.5:0.25", "--fit"]
    (row,) = rows_of(run, *among, "macs<=300M")
    assert row["vars"] == {"alpha": 0.75}
    assert row["macs"] <= 300_000_000
    (row,) = rows_of(run, "sweep", "zoo:mobilenet_v2", "--set", "alpha=0.1:2.0", "--fit", "macs<=300M")
    over = rows_of(run, "sweep", "zoo:mobilenet_v2", "--set", f"alpha={row['vars']['alpha'] + 0.001:.3f}")
    assert row["macs"] <= 300_000_000 < over[0]["macs"]
    status, out, err = run(*among, "macs<=1M")
    assert status == 1
    assert "no value of alpha fits" in err
    assert "MACs" in out


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["-k", "0,3"], "-k"),
        (["-k", "3,"], "-k"),
        (["-k", "3:x"], "-k"),
        (["-k", "3x5,3x3x3"], "-k"),
        (["--c2", "512:64:64"], "--c2"),
        (["--c2", "64:512:0"], "--c2"),
        (["--c2", "1:9:2:3"], "--c2"),
        (["--c2", "1:100000000"], "--c2"),
        (["--c2", "3x3"], "--c2"),
        (["-p", "bad"], "-p"),
        (["-g", "2", "--kind", "standard"], "-g"),
        (["-d", "2", "--kind", "standard"], "-d"),
        (["--kind", "nope"], "--kind"),
        (["--kind", "global_depthwise"], "--size"),
        (["--where", "macs<5"], "--size"),
        (["--where", "param<5"], "did you mean `params`"),
        (["--where", "params<<5"], "--where"),
        (["--where", "params/(g-1)<5"], "--where: a division by zero"),
        (["--where", "kind<5"], "--where"),
        (["--where", ""], "--where"),
        (["--sort", "foo"], "--sort"),
        (["--sort", "kind+1"], "--sort"),
        (["--top", "0"], "--top"),
        (["--columns", "foo"], "--columns"),
        (["--count-as", "fvcor", "--size", "8"], "did you mean `fvcore`"),
        (["--count-as", "fvcore"], "--size"),
        (["--where", "counted<5"], "unknown name `counted`"),
        (["--fit", "macs<5"], "SPEC"),
        (["--set", "a=1"], "SPEC"),
        (["-o", "x.foo"], "suffix"),
    ],
)
def test_what_is_wrong_with_a_layers_flags(run, flags, says):
    status, out, err = run("sweep", "--c1", "64", "--c2", "64", "-k", "3", *flags)
    assert (status, out) == (2, "")
    assert says in err


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], "nothing varies"),
        (["-k", "3"], "-k"),
        (["--set", "alpha="], "--set"),
        (["--set", "alpha=0.1:1.0"], "needs a step"),
        (["--set", "alpha=1:0.5:0.1"], "--set alpha"),
        (["--set", "alpha=0.5", "--set", "alpha=1"], "stands twice"),
        (["--set", "alfa=0.5"], "did you mean `alpha`"),
        (["--set", "alpha=0.5", "--input", "3x0x3"], "--input"),
        (["--set", "alpha=0.5", "--where", "mac<1"], "--where"),
        (["--fit", "macs<5"], "--set"),
        (["--set", "alpha=0.5:1.0", "--fit", "mac<5"], "--fit"),
        (["--set", "alpha=a,b", "--fit", "macs<5M"], "--fit"),
        (["--set", "alpha=0.5:1.0", "--fit", "macs<5M", "--top", "3"], "--top"),
    ],
)
def test_what_is_wrong_with_a_networks_flags(run, flags, says):
    status, out, err = run("sweep", "zoo:mobilenet_v2", *flags)
    assert (status, out) == (2, "")
    assert says in err


def test_an_interrupted_sweep_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("before")
    flags = ["--c1", "1:1000", "--c2", "1:1000", "-k", "3,5,7", "--size", "7:140:7"]
    words = [sys.executable, "-m", "convcost", "sweep", *flags, "-o", str(path)]
    process = subprocess.Popen(words, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE)
    while len(list(tmp_path.iterdir())) == 1 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1].strip() == b"interrupted"
    assert process.returncode == 130
    assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]


def test_a_reader_who_has_had_enough_is_no_failure():
    flags = ["--c1", "1:100", "--c2", "1:100", "-k", "3", "-f", "jsonl"]
    words = [sys.executable, "-m", "convcost", "sweep", *flags]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b'{"kind"')
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_small_sweep_loads_no_numpy():
    code = "import sys\nfrom convcost.cli import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
    code += "print('numpy' in sys.modules)"
    for flags, loads in ((LAYER, "False"), ((*LAYER, "--size", "1:10000", "--top", "1"), "True")):
        ran = subprocess.run([sys.executable, "-c", code, *flags], capture_output=True, text=True, check=True)
        assert ran.stdout.splitlines()[-1] == loads
