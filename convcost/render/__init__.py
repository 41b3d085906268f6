"""Formats: each renderer turns a `Report` into text and computes nothing but how numbers are written."""

from importlib import import_module
from typing import NamedTuple

from convcost.report import Report


class Options(NamedTuple):
    """How to show a report: every digit or scaled, for which width (None: any), with which characters."""

    exact: bool = False
    width: int | None = None
    color: bool = False
    ascii: bool = False


# Each format: its module here, and the suffixes of files that get it.
FORMATS: dict[str, tuple[str, tuple[str, ...]]] = {
    "table": ("terminal", ()),
    "text": ("text", (".txt",)),
    "markdown": ("markdown", (".md", ".markdown")),
    "latex": ("latex", (".tex",)),
    "csv": ("delimited", (".csv",)),
    "tsv": ("delimited", (".tsv",)),
    "json": ("json", (".json",)),
    "html": ("html", (".html", ".htm")),
}


def render(report: Report, format_: str, options: Options = Options()) -> str:  # noqa: B008 - immutable
    """The report in a format, ending in one newline."""
    module, _ = FORMATS[format_]
    text: str = import_module(f"convcost.render.{module}").render(report, options, format_)
    if options.ascii and not text.isascii():
        from convcost.render.ascii import to_ascii

        text = to_ascii(text)
    return text.rstrip("\n") + "\n"


def format_of_suffix(suffix: str) -> str | None:
    """The format that a file's suffix asks for."""
    return next((name for name, (_, suffixes) in FORMATS.items() if suffix.lower() in suffixes), None)
