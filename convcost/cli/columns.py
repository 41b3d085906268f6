"""The flags that choose columns."""

from collections.abc import Callable
from typing import Any

import click

from convcost.units import DTYPES


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--columns --dtype``."""
    command = click.option(
        "--dtype", type=click.Choice(list(DTYPES)), default="fp32", show_default=True, help="What bytes are counted at."
    )(command)
    return click.option("--columns", metavar="A,B,...", help="Columns to show, or `all`.")(command)


def column_keys(text: str | None) -> tuple[str, ...]:
    """``--columns`` as keys."""
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()
