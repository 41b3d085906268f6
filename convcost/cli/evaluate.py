"""``convcost eval``."""

import click

from convcost.cli import MISUSED
from convcost.cli.columns import column_keys, column_options
from convcost.cli.output import emit, format_for, output_options, say
from convcost.cli.sources import networks, problems
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate, layer_report, network_report


@click.command("eval", short_help="Networks: what each layer costs, and the totals.")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@column_options
@output_options
def command(
    specs: tuple[str, ...],
    columns: str | None,
    dtype: str,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001 - click calls by name
) -> int:
    """Evaluate networks written in YAML: one with all of its layers, several with a line each.

    \b
    convcost eval examples/mobilenet_v1.yaml
    convcost eval examples/*.yaml -f markdown
    convcost eval nets/ --columns params,macs,peak_bytes --dtype int8

    SPEC is a file, a folder of .yaml files, a pattern, or - for standard input. Files that cannot be
    read are reported, the others are still shown, and the exit status is 2.
    """  # noqa: D301 - click's \b keeps the lines
    found, errors = networks(specs)
    for error in errors:
        say(error.shown())
    evaluations = tuple(map(evaluate, found))
    keys = column_keys(columns)
    try:
        if len(evaluations) == 1 and not errors:
            report = layer_report(evaluations[0], keys, dtype)
        else:
            report = network_report(evaluations, problems(errors), keys, dtype)
    except ConvcostError as error:
        raise ConvcostError(f"--columns: {error.message}", hint=error.hint) from None
    if evaluations or format_for(format_, output) == "json":
        emit(report, format_, output, exact=exact)
    return MISUSED if errors else 0
