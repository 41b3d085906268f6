"""``convcost eval``."""

import click

from convcost.cli import MISUSED
from convcost.cli.columns import column_keys, column_options, count_as_option
from convcost.cli.output import emit, format_for, output_options, say
from convcost.cli.sources import SOURCES, network_options, networks, overrides, problems
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate
from convcost.evaluation_report import View, layer_report


@click.command("eval", short_help="Networks: what each layer costs, and the totals.", epilog=SOURCES)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@network_options
@click.option("--depth", type=click.IntRange(1), metavar="N", help="Fold layers to the first N parts of their names.")
@click.option("--by-kind", is_flag=True, help="Gather layers by kind of operation.")
@click.option("--sort", metavar="COLUMN", help="Largest first, text from A; -COLUMN: the other way.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="The first N rows, by MACs unless --sort says.")
@click.option("--totals", is_flag=True, help="One line a network.")
@click.option("--baseline", metavar="NAME", help="The network that ratios are to; else the first.")
@count_as_option
@column_options
@output_options
def command(
    specs: tuple[str, ...],
    set_: tuple[str, ...],
    input_: str | None,
    depth: int | None,
    by_kind: bool,  # noqa: FBT001 - click calls by name
    sort: str | None,
    top: int | None,
    totals: bool,  # noqa: FBT001
    baseline: str | None,
    count_as: str,
    columns: str | None,
    dtype: str,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001
) -> int:
    """Evaluate networks: one with all of its layers, several with a line each.

    \b
    convcost eval resnet50 --depth 2 --columns params,macs,receptive_field
    convcost eval mobilenet_v2 --set alpha=0.5 --input 3x192x192 --top 5
    convcost eval nets/ zoo:resnet18 'more/*.yaml' --baseline ResNet-18 --sort macs
    convcost eval resnet50 --count-as fvcore --depth 1

    Files that cannot be read are reported, the others are still shown, and the exit status is 2. What cannot be
    counted is listed, and totals are marked partial.
    """  # noqa: D301 - click's \b keeps the lines
    if depth and by_kind:
        raise ConvcostError("--depth and --by-kind gather layers in two ways", hint="leave one out")
    found, errors = networks(specs, overrides(set_, input_))
    for error in errors:
        say(error.shown())
    evaluations = tuple(map(evaluate, found))
    view = View(column_keys(columns), dtype, sort or "", top, depth, by_kind, count_as)
    folded = depth is not None or by_kind
    one_line = totals or baseline is not None
    if folded and (one_line or len(evaluations) > 1):
        raise ConvcostError("--depth and --by-kind are of a network's layers", hint="name one network")
    try:
        if len(evaluations) == 1 and (folded or not (one_line or errors)):
            report = layer_report(evaluations[0], view, problems(errors))
        else:
            from convcost.batch_report import network_report

            shown = view if evaluations else View(dtype=dtype)
            report = network_report(evaluations, problems(errors), shown, baseline if evaluations else None)
    except ConvcostError as error:
        flag = "--columns: " if error.field == "columns" else ""
        raise ConvcostError(f"{flag}{error.message}", hint=error.hint) from None
    if evaluations or format_for(format_, output) == "json":
        emit(report, format_, output, exact=exact)
    return MISUSED if errors else 0
