"""``convcost compare``."""

from typing import Any

import click

from convcost.cli.columns import column_keys, column_options, count_as_option
from convcost.cli.output import emit, output_options
from convcost.cli.shape import request, shape_options, with_flag
from convcost.cli.values import kinds as read_kinds
from convcost.comparison import compare
from convcost.comparison_report import report
from convcost.errors import ConvcostError
from convcost.kinds import DEFAULT_KINDS, KINDS
from convcost.rows import Choice


@click.command("compare", short_help="Every kind of convolution side by side, for one shape.")
@shape_options
@click.option("--kinds", metavar="A,B:t=6,...", help=f"Kinds to compare, or `all`. They are {', '.join(KINDS)}.")
@click.option(
    "--baseline", type=click.Choice(list(KINDS)), metavar="KIND", default="standard", help="What ratios are to."
)
@count_as_option
@column_options
@output_options
def command(
    kinds: str | None,
    baseline: str,
    count_as: str,
    columns: str | None,
    dtype: str,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001 - click calls by name
    **shape: Any,
) -> None:
    """Compare every kind of convolution for one shape.

    \b
    convcost compare --c1 3 --c2 256 -k 3
    convcost compare --c1 64 --c2 128 -k 3 -s 2 --size 56 -g 8
    convcost compare --c1 32 --c2 32 -k 3 --kinds standard,inverted_residual:t=6,ghost

    The flags describe the convolution to be replaced; -g is the grouped row's and -d the dilated row's.
    """  # noqa: D301 - click's \b keeps the lines
    try:
        chosen = read_kinds("--kinds", kinds) if kinds is not None else tuple(map(Choice, DEFAULT_KINDS))
        found = compare(request(**shape), chosen, baseline)
        made = report(found, columns=column_keys(columns), dtype=dtype)
    except ConvcostError as error:
        raise with_flag(error) from None
    if count_as:
        from convcost.counting_columns import with_counted

        made = with_counted(made, found, count_as)
    emit(made, format_, output, exact=exact)
