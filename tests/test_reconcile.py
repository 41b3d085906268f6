"""`reconcile`, `conventions` and `--count-as`: sums that add up, numbers that are quoted, and how code is written."""

import csv
import json
import re
import subprocess
import sys
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest

from convcost import Conv, evaluate, load, loads, zoo
from convcost.cli import main
from convcost.conventions import CONVENTIONS, find
from convcost.conventions.counting import counted, ledgers
from convcost.errors import ConvcostError
from convcost.layers.given import Uncounted
from convcost.network import Network, Node
from convcost.problems import SpecError
from convcost.reconciliation import accounts
from convcost.reconciliation_quote import matches, near_misses, nearest, quotes
from convcost.reconciliation_report import reconciliation_report
from convcost.reconciliation_variants import folded, stride_first, without_linear, without_other_heads
from convcost.rewrite import widen
from convcost.specs.header import Overrides
from convcost.specs.write import dumps


@pytest.fixture
def run(capsys):
    def run_(*arguments):
        with pytest.raises(SystemExit) as end:
            main([*arguments])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return run_


def zoo_network(name):
    (network,) = load(f"zoo:{name}")
    return evaluate(network)


def network_of(*lines, shape="8x16x16", top=""):
    (network,) = loads(f"input: {shape}\n{top}\nlayers:\n" + "".join(f"  - {line}\n" for line in lines))
    return network


def text_of(evaluation, name):
    return next(account.text for account in accounts(evaluation) if account.convention.name == name)


# --- Taken apart ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo.names())
def test_terms_add_up_to_the_total_of_every_convention(name):
    found = zoo_network(name)
    for account in accounts(found):
        assert sum(term.value for term in account.terms) == account.total == counted(account.convention, found)
        assert all(term.weight and term.amount > 0 and term.what for term in account.terms)
    names = {key for ledger in ledgers(found).values() for key in ledger}
    assert all({*term.names} <= names for account in accounts(found) for term in account.terms)


RESNET50 = {
    "paper": "4,089,184,256 = 4,089,184,256 MACs",
    "torch": "8,178,368,512 = 2 × 4,089,184,256 MACs",
    "fvcore": "4,111,512,576 = 4,089,184,256 MACs + 2 × 11,113,984 batch-norm elements"
    " + 100,352 global-average-pool inputs",
    "ptflops": "4,132,436,968 = 4,089,184,256 MACs + 2 × 11,113,984 batch-norm elements + 2 × 9,608,704 ReLU elements"
    " + 2 × 802,816 max-pool inputs + 2 × 100,352 global-average-pool inputs + 1,000 bias additions",
    "thop": "4,133,742,592 = 4,089,184,256 MACs + 4 × 11,113,984 batch-norm elements"
    " + 100,352 global-average-pool inputs + 2,048 global-average-pool outputs",
    "torchprofile": "4,100,300,288 = 4,089,184,256 MACs + 11,113,984 batch-norm elements"
    " + 2,048 global-average-pool outputs",
    "calflops": "8,211,108,352 = 2 × 4,089,184,256 MACs + 2 × 11,113,984 batch-norm elements + 9,608,704 ReLU elements"
    " + 802,816 max-pool inputs + 100,352 global-average-pool inputs",
}


@pytest.mark.parametrize("name", RESNET50)
def test_resnet50_is_taken_apart_to_the_digit(name):
    assert text_of(zoo_network("resnet50"), name) == RESNET50[name]


def test_macs_that_count_differently_are_told_apart():
    found = evaluate(network_of("{conv: 8, k: 3, g: 2}", "{conv_transpose: 4, k: 2, s: 2}", "{linear: 3}"))
    grouped, linear, transposed = 8 * 4 * 9 * 256, 4 * 32 * 32 * 3, 8 * 4 * 4 * 256
    assert text_of(found, "thop") == (
        f"{grouped + linear + 4 * transposed:,} = {grouped + linear:,} MACs of grouped convolutions and linear layers"
        f" + {4 * transposed:,} MACs of transposed convolutions over output positions"
    )
    assert "MACs of transposed convolutions and linear layers" in text_of(found, "tensorflow")


def test_rules_are_terms_of_their_own():
    found = evaluate(network_of("{conv_transpose: 32, k: 4, s: 2, p: 1, g: 4, bias: true}", shape="16x14x14"))
    assert text_of(found, "torchprofile") == (
        "6,422,528 = 401,408 MACs + 6,021,120 by transposed convolutions as output × channels × kernel"
    )
    assert text_of(found, "calflops").endswith(
        "- 602,112 by groups of transposed convolutions divided out twice"
        " - 24,696 by biases of transposed convolutions by a plain one's output"
    )


# --- Quoted numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("4.13G", 4_130_000_000, 10**7),
        ("4.1 GFLOPs", 4_100_000_000, 10**8),
        ("4.089 GMACs", 4_089_000_000, 10**6),
        ("569M", 569_000_000, 10**6),
        ("4.13 GMac", 4_130_000_000, 10**7),
        ("8.2B", 8_200_000_000, 10**8),
        ("4,133,742,592", 4_133_742_592, 1),
        ("3.8×10⁹", 3_800_000_000, 10**8),
        ("3.8e9", 3_800_000_000, 10**8),
        ("0.32 G", 320_000_000, 10**7),
        ("300 million", 300_000_000, 10**6),
        ("1.5 billion FLOPs", 1_500_000_000, 10**8),
    ],
)
def test_quotes_are_read_with_what_their_last_digit_is_worth(text, value, step):
    (quote,) = quotes(text)
    assert (quote.value, quote.step) == (value, step)


def test_a_small_number_without_a_unit_is_tried_in_millions_and_billions():
    assert [quote.value for quote in quotes("4.1")] == [4_100_000, 4_100_000_000]


@pytest.mark.parametrize(
    "text", ["", "G", "four", "4.1.2G", "-4G", "0G", "4.1 GB/s", "1e999", "9" * 40, "nan", "4.1 apples"]
)
def test_what_is_no_number_is_refused(text, run):
    with pytest.raises(ConvcostError):
        quotes(text)
    status, out, err = run("reconcile", "resnet18", "--", text)
    assert (status, out) == (2, "")
    assert err.startswith("error: NUMBER must be")


@pytest.mark.parametrize(
    ("text", "coarse"),
    [("350M", 10), ("300M", 10), ("4,100M", 100), ("20,000M", 1000), ("569M", 1), ("4.10M", 0.01), ("30M", 1)],
)
def test_zeros_at_the_end_may_be_no_digits_but_for_the_first_two(text, coarse):
    (quote,) = quotes(text)
    assert quote.coarse == Fraction(str(coarse)) * 10**6
    assert quote.fits_coarsely(quote.value + quote.coarse / 2) == (quote.coarse > quote.step)


def who(name, text):
    return {match.convention.name for match in matches(quotes(text)[-1], zoo_network(name))}


def test_the_numbers_that_are_quoted_for_resnet50():
    assert who("resnet50", "4.13G") == {"ptflops", "thop", "ultralytics-thop"}
    assert who("resnet50", "4.134G") == {"thop", "ultralytics-thop"}
    assert who("resnet50", "4.132 GMac") == {"ptflops"}
    assert who("resnet50", "4.112G") == {"fvcore"}
    assert who("resnet50", "4.100G") == {"torchprofile"}
    assert who("resnet50", "8.211G") == {"calflops", "deepspeed"}
    assert who("resnet50", "8,178,368,512") == {"torch"}
    assert who("resnet50", "7.73G") == set()


def near(name, text):
    def at_input(shape):
        (network,) = load(f"zoo:{name}", Overrides({}, shape))
        return evaluate(network)

    found = near_misses(quotes(text)[-1], zoo_network(name), at_input)
    return {(match.convention.name, match.how) for match in found}


@pytest.mark.parametrize(
    ("name", "text", "convention", "how"),
    [
        ("resnet50", "3.8G", "paper", "with the stride on the first 1×1, as in the first ResNet, cut off, not rounded"),
        ("resnet50", "3.858G", "paper", "with the stride on the first 1×1, as in the first ResNet"),
        ("resnet50", "5.34G", "paper", "at input 3×256×256"),
        ("resnet50", "8.223G", "fvcore", "2 × the MACs"),
        ("resnet50", "131G", "paper", "batch 32"),
        ("fcn_resnet50", "142.7G", "paper", "without the auxiliary head"),
        ("vgg16", "15,347M", "paper", "without its linear layers"),
        ("squeezenet1_1", "350M", "paper", "rounded to fewer digits"),
        ("mobilenet_v2", "300M", "paper", "rounded to fewer digits"),
        ("resnet18", "3.6G", "fvcore", "2 × the MACs"),
        ("yolov5s", "16.49B", "ptflops-aten", "2 × the MACs, with batch norms folded into biases"),
    ],
)
def test_near_misses_say_what_was_changed(name, text, convention, how):
    assert (convention, how) in near(name, text)


@pytest.mark.parametrize(("name", "text"), [("resnet50", "8.2G"), ("mobilenet_v1", "1.15G"), ("resnet101", "7.8G")])
def test_of_each_convention_the_fewest_changes_are_named(name, text):
    evaluation, quote = zoo_network(name), quotes(text)[-1]
    found = near_misses(quote, evaluation)
    assert not {match.convention.name for match in found} & who(name, text)
    by_name = {match.convention.name: {other.changes for other in found if other[0] is match[0]} for match in found}
    assert all(len(changes) == 1 and 0 not in changes for changes in by_name.values())
    # A batch of two is twice the MACs, and is said once.
    assert not [match for match in found if match.how == "batch 2" and match.convention.unit == "MACs"]


def test_the_nearest_are_all_that_have_the_nearest_totals():
    evaluation = zoo_network("unet")
    found = nearest(quotes("54.8G")[-1], evaluation)
    assert len({match.total for match in found}) == 3
    own = {name: counted(convention, evaluation) for name, convention in CONVENTIONS.items()}
    assert {match.convention.name for match in found} == {
        name for name, total in own.items() if total in {match.total for match in found}
    }
    assert {"paper", "fvcore", "calflops-macs", "deepspeed-macs"} <= {match.convention.name for match in found}


def test_variants_that_make_no_sense_are_none():
    plain = evaluate(network_of("{conv: 8, k: 3}", "relu"))
    assert [make(plain) for make in (without_other_heads, folded, stride_first, without_linear)] == [None] * 4
    assert without_linear(evaluate(network_of("{linear: 8}"))) is None


def test_a_norm_whose_input_goes_elsewhere_too_is_not_folded():
    network = network_of("{conv: 8, k: 3, name: a}", "{batch_norm: , name: n}", "{add: [a, n]}")
    assert folded(evaluate(network)) is None
    network = network_of("{conv: 8, k: 3, norm: batch}", "{conv: 8, k: 3, name: b}", "batch_norm", top="outputs: b")
    made = folded(evaluate(network))
    assert [node.kind for node in made.nodes] == ["conv", "conv", "batch_norm"]
    assert [node.layer.biases for node in made.nodes] == [8, 0, 0]


# --- Commands ---------------------------------------------------------------------------------------------------------


def test_reconcile_prints_every_counter_and_each_sum(run):
    status, out, err = run("reconcile", "resnet50")
    assert (status, err) == (0, "")
    assert all(f"\n{name} " in out for name in CONVENTIONS)
    assert f"fvcore: {RESNET50['fvcore']}" in out


def test_reconcile_as_json_holds_terms_that_add_up(run):
    status, out, _ = run("reconcile", "mobilenet_v2", "-f", "json", "--set", "alpha=0.5", "--input", "3x160x160")
    found = json.loads(out)
    assert status == 0
    assert found["network"]["input"] == [3, 160, 160]
    assert [one["name"] for one in found["conventions"]] == list(CONVENTIONS)
    for one in found["conventions"]:
        assert one["counted"] == sum(term["weight"] * term["amount"] for term in one["terms"])


@pytest.mark.parametrize("name", zoo.names())
def test_printed_sums_add_up_for_every_network(name, run):
    status, out, _ = run("reconcile", name, "-f", "json")
    assert status == 0
    for one in json.loads(out)["conventions"]:
        assert one["complete"]
        assert one["counted"] == sum(term["weight"] * term["amount"] for term in one["terms"])
        assert one["counted"] == printed_sum(one["taken_apart"])


TERM = re.compile(r"(?:^|(?<= )([-+]) )(-?)(?:([0-9,]+) × )?([0-9,]+) [^+=]*?(?= [-+] [0-9]|$)")


def printed_sum(text):
    """What the words of an equation add up to, when its numbers are read as a person reads them."""
    total, _, said = text.partition(" = ")
    found = 0
    for sign, own, weight, amount in TERM.findall(said):
        times = int(weight.replace(",", "")) if weight else 1
        found += (-1 if "-" in (sign, own) else 1) * times * int(amount.replace(",", ""))
    assert found == int(total.replace(",", ""))
    return found


def test_what_is_partial_says_so_in_every_convention():
    known = Node("a", "conv", Conv(3, 8, 3))
    unknown = Node("b", "fft", Uncounted("fft", (8, 8, 8)), ("a",))
    network = Network("partial", (3, 8, 8), (known, unknown))
    found = accounts(evaluate(network))
    assert [account.convention.name for account in found] == list(CONVENTIONS)
    assert all(account.text.endswith(" (partial: without fft)") for account in found)
    assert not any(account.is_plain for account in found)
    report = reconciliation_report(evaluate(network))
    assert all(not one["complete"] for one in report.data()["conventions"])
    assert not report.data()["network"]["complete"]
    assert {name for name, _ in report.notes} == {*CONVENTIONS}
    assert any("fft" in line and line.startswith("Partial") for line in report.caption)


def test_reconcile_as_csv_has_every_digit(run):
    _, out, _ = run("reconcile", "resnet50", "-f", "csv", "--columns", "counted,taken_apart")
    rows = {row["convention"]: row for row in csv.DictReader(StringIO(out))}
    assert rows["ptflops"]["counted"] == "4132436968"
    assert rows["ptflops"]["taken_apart"] == RESNET50["ptflops"]


def test_a_quoted_number_that_nobody_gives_is_a_finding(run):
    status, out, _ = run("reconcile", "resnet18", "7.77777G")
    assert status == 1
    assert "nobody counts 7.77777G" in out
    assert "the nearest" in out
    assert run("reconcile", "resnet18", "1.8G")[0] == 0


def test_a_quoted_number_as_json(run):
    status, out, _ = run("reconcile", "resnet50", "4.13G", "-f", "json")
    found = json.loads(out)["quoted"]
    assert status == 0
    assert (found["value"], found["last_digit"], found["explained"]) == (4_130_000_000, 10**7, True)
    assert [match["convention"] for match in found["matches"]] == ["ptflops", "thop", "ultralytics-thop"]


def test_conventions_are_listed_with_unit_version_and_mistakes(run):
    status, out, err = run("conventions")
    assert (status, err) == (0, "")
    for name, convention in CONVENTIONS.items():
        assert f"\n{name} " in out
        assert convention.version in out
        assert all(mistake in out for mistake in convention.mistakes)
        assert convention.source in out


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_weights_of_a_convention_are_its_table(name, run):
    status, out, _ = run("conventions", name, "-f", "json")
    (found,) = json.loads(out)["conventions"]
    assert status == 0
    assert found["weights"] == dict(find(name).weights)
    assert run("conventions", name)[0] == 0


def test_errors_are_one_line_without_a_traceback(run):
    for arguments in (
        ("conventions", "fvcor"),
        ("conventions", "--columns", "unti"),
        ("conventions", "fvcore", "--columns", "unit"),
        ("reconcile", "resnet51"),
        ("reconcile", "resnet50", "--columns", "total"),
        ("reconcile", "resnet50", "4G", "--columns", "counted"),
        ("eval", "resnet18", "--count-as", "flops"),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("error: ")
        assert "Traceback" not in err


# --- --count-as -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [(), ("--depth", "1"), ("--by-kind",), ("--top", "2"), ("--sort", "counted")])
def test_counted_adds_up_to_the_total_and_macs_stay(how, run):
    _, out, _ = run("eval", "resnet18", "--count-as", "fvcore", "-f", "csv", *how)
    *rows, total = csv.DictReader(StringIO(out))
    assert total["counted"] == "1819065856"
    assert total["macs"] == "1814073344"
    assert sum(int(row["counted"]) for row in rows) == 1819065856


def test_head_and_caption_name_the_convention(run):
    _, out, _ = run("eval", "resnet18", "--count-as", "torch", "--columns", "params")
    assert "torch FLOPs [G]" in out
    assert "Counted as torch (torch 2.13.0), in its unit, FLOPs: 2 × the MACs" in out


def test_several_networks_have_a_column_of_it(run):
    _, out, _ = run("eval", "resnet18", "vgg16", "--count-as", "paper", "-f", "csv")
    rows = list(csv.DictReader(StringIO(out)))
    assert [row["counted"] for row in rows] == [row["macs"] for row in rows]


def test_json_has_counted_beside_macs(run):
    _, out, _ = run("eval", "resnet50", "--count-as", "ptflops", "-f", "json")
    (found,) = json.loads(out)["networks"]
    assert found["counted"] == {
        "convention": "ptflops",
        "version": "ptflops 0.7.5",
        "unit": "MACs",
        "total": 4_132_436_968,
    }
    assert found["macs"] == 4_089_184_256
    assert sum(layer["counted"] for layer in found["layers"]) == 4_132_436_968
    assert found["layers"][0]["ledger"] == {"conv.macs": 118_013_952}
    assert "counted" not in json.loads(run("eval", "resnet18", "-f", "json")[1])["networks"][0]


def test_the_ledger_is_a_column(run):
    _, out, _ = run("eval", "resnet18", "--columns", "ledger", "-f", "csv")
    *rows, total = csv.DictReader(StringIO(out))
    assert (rows[0]["layer"], rows[0]["ledger"]) == ("stem", "conv.macs 118,013,952")
    assert total["ledger"].startswith("conv.macs 1,813,561,344; batch_norm.elements 2,483,712; ")


def test_a_plain_eval_loads_no_convention():
    script = "import sys; from convcost.cli import main\ntry: main(['eval', 'resnet18', '-f', 'markdown'])\n"
    script += "except SystemExit: print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert "convcost.evaluation_report" in loaded
    assert not {"convcost.conventions", "convcost.ledger", "convcost.reconciliation"} & {*loaded}


def test_compare_counts_each_kind_where_sizes_are_known(run):
    flags = ("--c1", "64", "--c2", "128", "-k", "3", "--bias", "--count-as", "ptflops")
    _, out, _ = run("compare", *flags, "--size", "56", "-f", "json")
    found = json.loads(out)
    assert found["counted"] == {"convention": "ptflops", "version": "ptflops 0.7.5", "unit": "MACs"}
    by_kind = {row["kind"]: row for row in found["rows"]}
    assert by_kind["standard"]["counted"] == by_kind["standard"]["macs"] + 128 * 56 * 56
    assert by_kind["separable"]["counted"] == by_kind["separable"]["macs"] + (64 + 128) * 56 * 56
    _, out, _ = run("compare", *flags, "-f", "csv")
    assert {row["counted"] for row in csv.DictReader(StringIO(out))} == {""}
    assert "ptflops MACs" in run("compare", *flags, "--size", "56")[1]


def test_diff_counts_both_networks(run):
    _, out, _ = run("diff", "resnet18", "resnet34", "--count-as", "fvcore", "-f", "json")
    found = json.loads(out)
    total = found["total"]["counted"]
    assert (total["before"], total["after"]) == (1_819_065_856, counted(find("fvcore"), zoo_network("resnet34")))
    assert sum(layer["counted"]["delta"] for layer in found["layers"]) == total["delta"]
    _, text, _ = run("diff", "resnet18", "resnet34", "--count-as", "fvcore", "--totals", "-f", "csv")
    (row,) = csv.DictReader(StringIO(text))
    assert row["counted_before"] == "1819065856"


def test_check_limits_what_a_convention_counts(run):
    status, out, _ = run("check", "resnet18", "--count-as", "fvcore", "--max-counted", "1,819,065,856", "-f", "json")
    (check,) = json.loads(out)["checks"]
    assert (status, check["status"], check["found"]) == (0, "ok", 1_819_065_856)
    status, out, _ = run("check", "resnet18", "--count-as", "fvcore", "--max-counted", "1.8G", "--max-macs", "2G")
    assert status == 1
    assert "counted as fvcore" in out
    for half in (("--count-as", "fvcore"), ("--max-counted", "2G")):
        status, _, err = run("check", "resnet18", *half)
        assert status == 2
        assert "go together" in err


# --- How code is written ----------------------------------------------------------------------------------------------


def test_as_says_how_a_layer_is_written_and_act_as_its_activation():
    network = network_of(
        "{conv: 8, k: 3, as: same, norm: batch, act: relu}",
        "{bottleneck: 8}",
        "{add: [[], []], as: function, act: relu, act_as: operator}",
        "{global_avg_pool: , as: operator}",
        top="defaults: {act: relu, act_as: function}",
    )
    ways = {node.name: node.written for node in network.nodes if node.written}
    assert ways == {
        "conv1": "same",
        "conv1.act": "function",
        "bottleneck1.reduce.act": "function",
        "bottleneck1.spatial.act": "function",
        "bottleneck1.act": "function",
        "add1": "function",
        "add1.act": "operator",
        "global_avg_pool1": "operator",
    }


@pytest.mark.parametrize("line", ["{relu: , as: same}", "{add: [[], []], as: module}", "{conv: 8, k: 3, as: operator}"])
def test_a_way_that_a_layer_cannot_be_written_in_is_refused(line):
    with pytest.raises(SpecError, match="`as` cannot be"):
        network_of(line)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "densenet121", "shufflenet_v2_x1_0", "fcn_resnet50"])
def test_what_is_written_reads_back_to_the_same_counts(name):
    (network,) = load(f"zoo:{name}")
    (again,) = loads(dumps(network))
    assert [node.written for node in again.nodes] == [node.written for node in network.nodes]
    one, other = evaluate(network), evaluate(again)
    assert all(counted(convention, one) == counted(convention, other) for convention in CONVENTIONS.values())


def test_activations_of_joints_keep_their_way_in_what_is_written():
    network = network_of("{conv: 8, k: 3, act: relu, act_as: function}", "{add: [[], []], act: relu}")
    (again,) = loads(dumps(network))
    assert [node.written for node in again.nodes] == ["", "function", "", ""]


def test_rewriting_keeps_how_layers_are_written():
    (network,) = load("zoo:shufflenet_v2_x1_0")
    assert [node.written for node in widen(network, 0.5, 4).nodes if node.written] == ["operator"]


# --- The page that is linked to ---------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[1] / "docs" / "conventions.md"
HEADS = {
    "conv.macs": "MAC",
    "conv.biases": "bias of a convolution",
    "linear.biases": "of a linear layer",
    "batch_norm.elements": "batch norm, element",
    "relu.elements": "ReLU, element",
    "relu6.elements": "ReLU6",
    "max_pool.inputs": "max pool, input",
    "global_avg_pool.inputs": "global average pool, input",
    "global_avg_pool.outputs": "output",
    "add.elements": "x + y",
    "mul.elements": "x · y",
    "conv_transpose.macs": "transposed convolution, MAC",
    "conv_transpose.output_macs": "over its output",
}


def weights_table():
    lines = [f"| | unit | {' | '.join(HEADS.values())} |", f"| :--- | :--- |{' ---: |' * len(HEADS)}"]
    for name, convention in CONVENTIONS.items():
        cells = [str(weight) if (weight := convention.weight(key)) else "" for key in HEADS]
        lines.append(f"| `{name}` | {convention.unit} | {' | '.join(cells)} |")
    return "\n".join(lines)


def counters_list():
    lines = []
    for name, convention in CONVENTIONS.items():
        version = f" ({convention.version})" if convention.version else ""
        lines.append(f"- **`{name}`**: {convention.title}{version}. Counts {convention.counts}.")
        lines += [f"  - {mistake[0].upper()}{mistake[1:]}." for mistake in convention.mistakes]
        lines += [f"  - Not linear: {rule.text}." for rule in convention.rules]
        lines.append(f"  - Source: {convention.source}.")
    return "\n".join(lines)


@pytest.mark.parametrize(("marker", "made"), [("weights", weights_table), ("counters", counters_list)])
def test_the_page_says_what_the_tables_say(marker, made, request):
    whole = f"<!-- {marker} -->\n{made()}\n<!-- end -->"
    pattern = re.compile(rf"<!-- {marker} -->\n.*?<!-- end -->", re.DOTALL)
    if request.config.getoption("--overwrite"):
        PAGE.write_text(pattern.sub(lambda _: whole, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    found = pattern.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == whole
