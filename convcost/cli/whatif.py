"""``convcost whatif``."""

from typing import Any

import click

from convcost.cli.columns import column_keys, column_options, count_as_option
from convcost.cli.output import emit, output_options, write
from convcost.cli.sources import NOTHING, SOURCES, importer, network_options, one_network, overrides
from convcost.cli.values import kind as read_kind
from convcost.cli.values import per_axis
from convcost.difference_report import difference_report
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate
from convcost.network import Network
from convcost.rewrite import Rewritten, swap, widen
from convcost.rules import Rule, parts_of_rule

# Kinds as the network language calls them.
_CALLED = {"conv": "standard", "conv_transpose": "transposed"}
_SUFFIXES = (".yaml", ".yml")


@click.command("whatif", short_help="A network against a rewritten self: other kinds, widths, input.", epilog=SOURCES)
@click.argument("spec", metavar="SPEC")
@click.option("--swap", metavar="RULE", multiple=True, help="Such as 'standard[k>1]=separable'; may be repeated.")
@click.option("--width", type=click.FloatRange(0, 100, min_open=True), metavar="FACTOR", help="Of all channels.")
@click.option("--divisor", type=click.IntRange(1, 4096), help="With --width: channels are multiples of it.")
@click.option("--skip-impossible", is_flag=True, help="Leave what cannot be exchanged as it is, and list it.")
@network_options
@click.option("--totals", is_flag=True, help="The totals alone.")
@count_as_option
@column_options
@output_options
def command(
    spec: str,
    swap: tuple[str, ...],
    width: float | None,
    divisor: int | None,
    skip_impossible: bool,  # noqa: FBT001 - click calls by name
    set_: tuple[str, ...],
    input_: str | None,
    totals: bool,  # noqa: FBT001
    count_as: str,
    columns: str | None,
    dtype: str,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001
) -> None:
    """Rewrite a network, and show it before and after, layer by layer and in total.

    \b
    convcost whatif mobilenet_v1_conv --swap 'standard[k>1,c1>3]=separable'
    convcost whatif resnet50 --swap 'conv[c1>=64,k=3]=grouped:g=8' --skip-impossible
    convcost whatif mobilenet_v1 --width 0.75 --input 3x192x192 -o narrow.yaml

    A RULE is a kind (conv matches every convolution, standard those with one group and no dilation) or a
    pattern of names (stage3.*), conditions on c1 c2 k s d g params macs, and the kind that takes the
    place, with its options. Rules are applied in order, --width last. With -o FILE.yaml the new network
    is written; other suffixes write the report.
    """  # noqa: D301 - click's \b keeps the lines
    if divisor is not None and width is None:
        raise ConvcostError("--divisor belongs to --width", hint="--width 0.75 --divisor 8")
    replaced = overrides(set_, input_)
    # A model of a framework has no shapes without its input.
    written = one_network(spec, replaced if importer(spec) else NOTHING)
    network = one_network(spec, replaced) if set_ or input_ else written
    if not (swap or width or set_ or input_):
        raise ConvcostError("nothing is rewritten", hint="use --swap, --width, --input or --set")
    network, notes = _swapped(network, swap, skip=skip_impossible)
    if width is not None:
        network = widen(network, width, divisor or 1)
        to = f", to multiples of {divisor}" if divisor else ""
        notes.append(f"width × {width:g}{to}, but for the input and the classifier")
    network.name = written.name
    if output and output.lower().endswith(_SUFFIXES):
        from convcost.specs.write import dumps

        write(dumps(network), output)
        output = None
    one, other = evaluate(written), evaluate(network)
    try:
        report = difference_report(
            one,
            other,
            command="whatif",
            labels=(written.name, f"{written.name} rewritten"),
            quantities=column_keys(columns),
            dtype=dtype,
            notes=tuple(("", note) for note in notes),
            layers=not totals,
        )
    except ConvcostError as error:
        raise ConvcostError(f"--columns: {error.message}", hint=error.hint) from None
    if count_as:
        from convcost.counting_columns import with_counted_difference

        report = with_counted_difference(report, one, other, count_as)
    emit(report, format_, output, exact=exact)


def _swapped(network: Network, rules: tuple[str, ...], *, skip: bool) -> tuple[Network, list[str]]:
    """All rules in order, and what they did."""
    notes = []
    for text in rules:
        try:
            done = swap(network, _rule(text), skip_impossible=skip)
        except ConvcostError as error:
            raise ConvcostError(f"--swap {text}: {error.message}", hint=error.hint) from None
        network = done.network
        notes += _told(text, done)
    return network, notes


def _rule(text: str) -> Rule:
    head, conditions, choice = parts_of_rule(text)
    name, *options = choice.split(":")
    kernel = [option for option in options if option.partition("=")[0].strip() in ("k", "kernel_size")]
    rest = [option for option in options if option not in kernel]
    name = name.strip()
    chosen = read_kind("the kind", ":".join((_CALLED.get(name, name), *rest)))
    own: dict[str, Any] = dict(chosen.options)
    if len(kernel) > 1:
        raise ConvcostError(f"`{kernel[0]}` and `{kernel[1]}` are one option", hint="leave one out")
    if kernel:
        own["kernel_size"] = per_axis("k", kernel[0].partition("=")[2])
    if chosen.kind == "grouped" and "groups" not in own:
        raise ConvcostError("`grouped` needs its groups", hint="grouped:g=8")
    return Rule(text, head, conditions, chosen.kind, own)


def _told(text: str, done: Rewritten) -> list[str]:
    """What a rule did: how many became what, and those that could not."""
    names = [name for name, _ in done.exchanged]
    listed = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    kinds = ", ".join(dict.fromkeys(kind for _, kind in done.exchanged))
    notes = [f"{text}: {len(names)} became {kinds} ({listed}){done.around}"] if names else [f"{text}: nothing changed"]
    return [*notes, *(f"left as it is: {name}: {reason}" for name, reason in done.skipped)]


# Names of layers that a note lists.
_SHOWN = 6
