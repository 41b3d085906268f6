"""The flags that choose columns."""

from collections.abc import Callable
from typing import Any

import click

from convcost.errors import ConvcostError
from convcost.units import DTYPES


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--columns --dtype``."""
    command = click.option(
        "--dtype", type=click.Choice(list(DTYPES)), default="fp32", show_default=True, help="What bytes are counted at."
    )(command)
    return click.option("--columns", metavar="A,B,...", help="Columns to show, or `all`.")(command)


def count_as_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--count-as``."""
    return click.option(
        "--count-as",
        metavar="NAME",
        default="",
        callback=_known,
        help="Another convention to count by, beside MACs; `convcost conventions` lists them.",
    )(command)


def _known(context: click.Context, parameter: click.Parameter, name: str) -> str:
    """The name of a convention, as it was given; raises ConvcostError for one that is none."""
    del context, parameter
    if name:
        from convcost.conventions import find

        try:
            find(name)
        except ConvcostError as error:
            raise ConvcostError(f"--count-as: {error.message}", hint=error.hint) from None
    return name


def column_keys(text: str | None) -> tuple[str, ...]:
    """``--columns`` as keys."""
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()
