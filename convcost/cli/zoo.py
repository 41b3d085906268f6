"""``convcost zoo``."""

import click

from convcost import zoo
from convcost.cli.columns import column_keys
from convcost.cli.output import emit, output_options, write
from convcost.errors import ConvcostError
from convcost.evaluation import evaluate
from convcost.specs.read import load
from convcost.zoo_report import zoo_report


@click.command("zoo", short_help="The networks that come with convcost, and their published figures.")
@click.option("--show", metavar="NAME", help="Print the YAML of one, to start your own from.")
@click.option("--columns", metavar="A,B,...", help="Columns to show, or `all`.")
@output_options
def command(
    show: str | None,
    columns: str | None,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001 - click calls by name
) -> None:
    """List the networks that come with convcost: source, params and MACs, beside what was published.

    \b
    convcost zoo
    convcost zoo --show resnet50
    convcost zoo --show resnet50 -o mine.yaml
    """  # noqa: D301 - click's \b keeps the lines
    if show is not None:
        if format_ or columns or exact:
            raise ConvcostError("--show prints the YAML as it is", hint="leave out -f, --columns and --exact")
        with open(zoo.path(show), encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs a tenth of the start
            write(file.read(), output)
        return
    found = {name: evaluate(network) for name in zoo.names() for network in load(zoo.PREFIX + name)}
    try:
        report = zoo_report(found, column_keys(columns))
    except ConvcostError as error:
        raise ConvcostError(f"--columns: {error.message}", hint=error.hint) from None
    emit(report, format_, output, exact=exact)
