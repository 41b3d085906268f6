"""``convcost conventions``."""

import click

from convcost.cli.columns import column_keys
from convcost.cli.output import emit, output_options
from convcost.conventions import find
from convcost.conventions_report import convention_report, conventions_report
from convcost.errors import ConvcostError


@click.command("conventions", short_help="How counters count: what, in which unit, with which mistakes.")
@click.argument("name", required=False)
@click.option("--columns", metavar="A,B,...", help="Columns to show, or `all`.")
@output_options
def command(
    name: str | None,
    columns: str | None,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001 - click calls by name
) -> None:
    """List the conventions to count by: unit, version studied, what is counted and how, known mistakes.

    \b
    convcost conventions
    convcost conventions fvcore

    With a NAME: its table of weights over the ledger, with the source. `convcost eval NET --columns ledger`
    shows the ledger of a network.
    """  # noqa: D301 - click's \b keeps the lines
    if name is not None:
        if columns:
            raise ConvcostError("--columns is of the list of all conventions", hint="leave one out")
        report = convention_report(find(name))
    else:
        try:
            report = conventions_report(column_keys(columns))
        except ConvcostError as error:
            raise ConvcostError(f"--columns: {error.message}", hint=error.hint) from None
    emit(report, format_, output, exact=exact)
