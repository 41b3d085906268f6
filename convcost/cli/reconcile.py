"""``convcost reconcile``."""

import click

from convcost.cli.columns import column_keys
from convcost.cli.output import emit, output_options
from convcost.cli.sources import SOURCES, network_options, one_network, overrides
from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation, evaluate
from convcost.layers.base import Shape
from convcost.reconciliation_quote import quotes
from convcost.reconciliation_report import Quoted, quote_report, reconciliation_report

FOUND = 1


@click.command(
    "reconcile", short_help="Every counter's number for a network, taken apart; who gives a quoted one.", epilog=SOURCES
)
@click.argument("spec", metavar="NET")
@click.argument("quoted", metavar="[NUMBER]", required=False)
@network_options
@click.option("--columns", metavar="A,B,...", help="Columns to show, or `all`.")
@output_options
def command(
    spec: str,
    quoted: str | None,
    set_: tuple[str, ...],
    input_: str | None,
    columns: str | None,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001 - click calls by name
) -> int:
    """Tell why counters disagree: every counter's total for a network, as a sum of what it counts.

    \b
    convcost reconcile resnet50
    convcost reconcile resnet50 4.13G
    convcost reconcile mobilenet_v2 '0.32 GFLOPs' --set alpha=1.0

    With a NUMBER that somebody quoted: which conventions give it to its last digit, and what else does:
    another input size, a batch, 2 × the MACs, norms folded, an auxiliary head left out. The exit status is 1
    where nothing does.
    """  # noqa: D301 - click's \b keeps the lines
    evaluation = evaluate(one_network(spec, overrides(set_, input_)))
    if quoted is None:
        try:
            report = reconciliation_report(evaluation, column_keys(columns))
        except ConvcostError as error:
            raise ConvcostError(f"--columns: {error.message}", hint=error.hint) from None
        emit(report, format_, output, exact=exact)
        return 0
    if columns:
        raise ConvcostError("--columns is of the table without a NUMBER", hint="leave one out")
    try:
        meant = quotes(quoted)
    except ConvcostError as error:
        raise ConvcostError(f"NUMBER {error.message}", hint=error.hint) from None

    def at_input(shape: Shape) -> Evaluation:
        return evaluate(one_network(spec, overrides(set_, "x".join(map(str, shape)))))

    found = Quoted(evaluation, meant, at_input)
    emit(quote_report(found), format_, output, exact=exact)
    return 0 if found.is_explained else FOUND
