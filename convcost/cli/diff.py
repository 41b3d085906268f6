"""``convcost diff``."""

import click

from convcost.cli.columns import column_keys, column_options, count_as_option
from convcost.cli.output import emit, output_options
from convcost.cli.sources import SOURCES, network_options, one_network, overrides
from convcost.difference import pairs
from convcost.difference_report import difference_report
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate


@click.command("diff", short_help="Two networks, layer by layer and in total.", epilog=SOURCES)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@network_options
@click.option("--totals", is_flag=True, help="The totals alone.")
@click.option("--exit-code", is_flag=True, help="Exit status 1 where the networks differ.")
@count_as_option
@column_options
@output_options
def command(
    before: str,
    after: str,
    set_: tuple[str, ...],
    input_: str | None,
    totals: bool,  # noqa: FBT001 - click calls by name
    exit_code: bool,  # noqa: FBT001
    count_as: str,
    columns: str | None,
    dtype: str,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001
) -> int:
    """Compare two networks: layers that were added, removed or changed, and the totals.

    \b
    convcost diff resnet18 resnet34
    convcost diff old.yaml new.yaml --exit-code
    convcost diff mobilenet_v1_conv mobilenet_v1 --totals --columns params,macs,activations

    Layers are matched by name, then by what they are. --columns takes quantities, each shown before, after, as
    delta and as ratio.
    """  # noqa: D301 - click's \b keeps the lines
    replaced = overrides(set_, input_)
    one, other = (evaluate(one_network(spec, replaced)) for spec in (before, after))
    labels = (one.network.name, other.network.name)
    if labels[0] == labels[1]:
        labels = (before, after) if before != after else (f"{before} (A)", f"{after} (B)")
    try:
        report = difference_report(
            one,
            other,
            command="diff",
            labels=labels,
            quantities=column_keys(columns),
            dtype=dtype,
            layers=not totals,
        )
    except ConvcostError as error:
        raise ConvcostError(f"--columns: {error.message}", hint=error.hint) from None
    if count_as:
        from convcost.counting_columns import with_counted_difference

        report = with_counted_difference(report, one, other, count_as)
    emit(report, format_, output, exact=exact)
    differs = one.network.input != other.network.input or any(pair.change != "same" for pair in pairs(one, other))
    return int(exit_code and differs)
