"""JSON by the contract in docs/json.md: base units, every digit, null where nothing is known."""

from collections.abc import Callable
from fractions import Fraction
from json import JSONEncoder
from typing import Any

from convcost import __version__
from convcost.render import Options
from convcost.report import Report

SCHEMA_VERSION = 1
_LINE = 100


def render(report: Report, options: Options, _format: str) -> str:
    """The report's data behind the versions, with the caption."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "convcost_version": __version__,
        **report.data(),
        "legend": dict(report.legend),
        "caption": " ".join(report.caption),
    }
    return _laid_out(whole, JSONEncoder(ensure_ascii=options.ascii, default=_plain).encode)


def _laid_out(value: Any, encode: Callable[[Any], str], indent: str = "\n") -> str:
    """One line for each entry of an object and each object of a list; shapes and other short lists on one line."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        entries = [f"{encode(key)}: {_laid_out(item, encode, deeper)}" for key, item in value.items()]
        return f"{{{deeper}{f',{deeper}'.join(entries)}{indent}}}"
    if isinstance(value, list | tuple):
        holds_objects = any(isinstance(item, dict) for item in value)
        text = "" if holds_objects else encode(value)
        if holds_objects or len(text) > _LINE:
            items = [_laid_out(item, encode, deeper) for item in value]
            return f"[{deeper}{f',{deeper}'.join(items)}{indent}]"
        return text
    return encode(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
