"""Where the rows of a sweep go: streamed as they come, or as a table when all are there."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

import click

from convcost.cli.output import emit, format_for, say, write
from convcost.cli.progress import Progress
from convcost.errors import ConvcostError
from convcost.lanes import Lists
from convcost.render import FORMATS
from convcost.selection import Part, Selection
from convcost.sweep import LayerSweep
from convcost.sweep_report import Plan, cell, convention, foot, head, left_out, report, written

STREAMED = ("csv", "tsv", "json", "jsonl")


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--columns --exact -f -o``, as for other commands, and JSON lines."""
    formats = click.Choice([*FORMATS, "jsonl"])
    text = "Format; `table` on a terminal, `text` into a pipe, from FILE's suffix with -o; jsonl is a row a line."
    for option in reversed(
        (
            click.option("--columns", metavar="A,B,...", help="Columns to show, or `all`."),
            click.option("-f", "--format", "format_", type=formats, help=text),
            click.option("-o", "--output", type=click.Path(), metavar="FILE", help="Write to FILE instead of stdout."),
            click.option("--exact", is_flag=True, help="Every digit, no M or G."),
        )
    ):
        command = option(command)
    return command


def show(sweep: Any, plan: Plan, selection: Selection, *, format_: str | None, output: str | None, exact: bool) -> int:
    """Count the grid and write its rows."""
    chosen = _format(format_, output)
    store = sweep.store()
    as_json = chosen in ("json", "jsonl")
    keys = plan.keys if as_json else plan.keys_shown
    shown = None if as_json else written if chosen in STREAMED else cell
    slow = isinstance(store, Lists) and isinstance(sweep, LayerSweep)
    with Progress(sweep.steps, _HINT if slow else "") as progress:
        rows = _flagged(selection.rows(_followed(sweep.parts(selection, store), progress), keys, store, shown))
        if chosen in STREAMED:
            _stream(chosen, plan, selection, progress.quiet_on_tty(_primed(rows), output), output)
        else:
            made = report(plan, selection, rows)
    if chosen not in STREAMED:
        emit(made, chosen, output, exact=exact)
    elif chosen != "json" and (said := " ".join((*selection.partial, *left_out(selection)))):
        say(said)
    return 0


_HINT = " (numpy makes it faster: pip install convcost[sweep])"


def _flagged(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows; an error in a condition names its flag."""
    try:
        yield from rows
    except ConvcostError as error:
        if error.field not in ("where", "sort", "fit"):
            raise
        raise ConvcostError(f"--{error.field}: {error.message}", hint=error.hint) from None


def _primed(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows of which the first is there before anything is written."""
    first = list(islice(rows, 1))
    return chain(first, rows)


def _followed(parts: Iterable[tuple[list[Part], int]], progress: Progress) -> Iterator[list[Part]]:
    for found, steps in parts:
        yield found
        progress.advance(steps)


def _format(format_: str | None, output: str | None) -> str:
    if not format_ and output and output.lower().endswith(".jsonl"):
        return "jsonl"
    return format_for(format_, output)


def _stream(chosen: str, plan: Plan, selection: Selection, rows: Iterator[tuple[Any, ...]], output: str | None) -> None:
    from convcost.render import stream

    encoding = "utf-8" if output and output != "-" else (sys.stdout.encoding or "ascii").lower()
    ascii_ = not encoding.replace("-", "").startswith("utf")
    if chosen == "jsonl":
        texts = stream.json_lines(plan.keys, rows, ascii_=ascii_)
    elif chosen == "json":
        texts = stream.json(head(plan), plan.keys, rows, lambda: foot(plan, selection), ascii_=ascii_)
    else:
        said = " ".join((plan.title + ".", *plan.words, *convention()))
        texts = stream.delimited(plan.keys_shown, rows, said, chosen)
    if output and output != "-":
        _to_file(texts, output)
        return
    try:
        for text in texts:
            write(text, None)
        sys.stdout.flush()
    except BrokenPipeError:
        # `| head` has had enough, which is no failure; click would make it one.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _to_file(texts: Iterable[str], path: str) -> None:
    """Write beside the file, then move over it, so that a sweep that is interrupted leaves what was there."""
    target = os.path.realpath(path)
    device = os.path.exists(target) and not os.path.isfile(target)  # noqa: PTH110,PTH113
    folder, name = os.path.split(target)
    beside = target if device else os.path.join(folder, f".{name[:200]}.{os.getpid()}.part")  # noqa: PTH118
    try:
        with open(beside, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.writelines(texts)
        if not device:
            if os.path.exists(target):  # noqa: PTH110
                os.chmod(beside, os.stat(target).st_mode)  # noqa: PTH101,PTH116
            os.replace(beside, target)  # noqa: PTH105
    except (OSError, ValueError) as error:
        if isinstance(error, ConvcostError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConvcostError(f"-o {path}: cannot be written: {reason}") from None
    finally:
        if not device and os.path.exists(beside):  # noqa: PTH110
            os.unlink(beside)  # noqa: PTH108
