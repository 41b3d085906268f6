"""Where a report goes: to stdout or a file, in the format that was asked for."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

from convcost.errors import ConvcostError
from convcost.render import FORMATS, Options, format_of_suffix, render
from convcost.report import Report


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--columns --exact -f -o``, for every command that prints a report."""
    for option in reversed(
        (
            click.option(
                "-f",
                "--format",
                "format_",
                type=click.Choice(list(FORMATS)),
                help="Format; `table` on a terminal, `text` into a pipe, from FILE's suffix with -o.",
            ),
            click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write to FILE instead of stdout."),
            click.option("--exact", is_flag=True, help="Every digit, no M or G."),
        )
    ):
        command = option(command)
    return command


def emit(report: Report, format_: str | None, output: str | None, *, exact: bool) -> None:
    """Write the report, whole or not at all; with ``-o -`` or nothing to stdout."""
    chosen = format_for(format_, output)
    if output and output != "-":
        write(render(report, chosen, Options(exact=exact)), output)
        return
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    color = bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()
    options = Options(
        exact=exact,
        width=_width() if chosen == "table" else None,
        color=color and not os.environ.get("NO_COLOR"),
        ascii=not encoding.startswith("utf"),
    )
    write(render(report, chosen, options), output)


def write(text: str, output: str | None) -> None:
    """Write a text to FILE, whole or not at all, or to stdout in what its encoding can say."""
    if output and output != "-":
        _write_whole(output, text)
        return
    encoding = sys.stdout.encoding or "ascii"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False, color=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConvcostError(f"stdout cannot be written: {error.strerror}") from None


def format_for(format_: str | None, output: str | None) -> str:
    """The format that was asked for, or else the file's by its suffix, or else what suits stdout."""
    if format_:
        return format_
    if not output or output == "-":
        return "table" if sys.stdout.isatty() else "text"
    suffix = os.path.splitext(output)[1]  # noqa: PTH122 - pathlib costs a tenth of the start
    found = format_of_suffix(suffix)
    if found is None:
        known = " ".join(suffix for _, suffixes in FORMATS.values() for suffix in suffixes)
        raise ConvcostError(f"-o {output}: no format has this suffix", hint=f"use one of {known}, or add -f FORMAT")
    return found


def _width() -> int | None:
    """The terminal's width, or COLUMNS where that is set; None (any) into a pipe."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdecimal() and len(columns) <= _MOST_DIGITS:
        return max(1, int(columns))
    return os.get_terminal_size(sys.stdout.fileno()).columns or None if sys.stdout.isatty() else None


# Of a terminal's width.
_MOST_DIGITS = 6


def _write_whole(path: str, text: str) -> None:
    """Write beside the file, then move over it: a failure leaves what was there. Links are followed.

    A device or a pipe is written to as it is.
    """
    partial = ""
    try:
        target = os.path.realpath(path)
        if os.path.exists(target) and not os.path.isfile(target):  # noqa: PTH110,PTH113
            partial, beside = "", target
        else:
            folder, name = os.path.split(target)
            partial = beside = os.path.join(folder, f".{name[:200]}.{os.getpid()}.part")  # noqa: PTH118
        with open(beside, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.write(text)
        if partial:
            if os.path.exists(target):  # noqa: PTH110
                os.chmod(partial, os.stat(target).st_mode)  # noqa: PTH101,PTH116
            os.replace(partial, target)  # noqa: PTH105
    except (OSError, ValueError) as error:
        if partial:
            with suppress(OSError):
                os.unlink(partial)  # noqa: PTH108
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConvcostError(f"-o {path}: cannot be written: {reason}") from None


def say(text: str) -> None:
    """A message to stderr, readable whatever its encoding; nobody may be there to read it."""
    if sys.stderr is None:
        return
    encoding = sys.stderr.encoding or "ascii"
    with suppress(OSError):
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=True)
