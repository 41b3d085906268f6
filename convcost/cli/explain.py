"""``convcost explain``."""

from typing import Any

import click

from convcost.cli.output import emit, output_options
from convcost.cli.shape import request, shape_options, with_flag
from convcost.cli.values import kind as read_kind
from convcost.comparison import compare
from convcost.errors import ConvcostError
from convcost.explanation import report
from convcost.kinds import KINDS


@click.command("explain", short_help="One kind in depth: formula, the numbers put in, result.")
@click.argument("kind")
@shape_options
@click.option(
    "--baseline", type=click.Choice(list(KINDS)), metavar="KIND", default="standard", help="What ratios are to."
)
@output_options
def command(
    kind: str,
    baseline: str,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001 - click calls by name
    **shape: Any,
) -> None:
    """Derive every number of one KIND, part by part; KIND may have options, as in --kinds of compare.

    \b
    convcost explain separable --c1 3 --c2 256 -k 3 --size 56
    convcost explain inverted_residual:t=6 --c1 24 --c2 24 -k 3 -f markdown
    convcost explain transposed --c1 64 --c2 32 -k 4 -s 2 --size 14 -o note.tex
    """  # noqa: D301 - click's \b keeps the lines
    try:
        chosen = read_kind("KIND", kind)
        comparison = compare(request(**shape), (chosen,), baseline)
        (row,) = comparison.rows
        if row.composition is None:
            raise ConvcostError(f"`{chosen.label}` cannot be built: {row.note}")
        made = report(comparison)
    except ConvcostError as error:
        raise with_flag(error) from None
    emit(made, format_, output, exact=exact)
