"""JSON by the contract in docs/json.md: base units, every digit, null where nothing is known."""

import json
from fractions import Fraction
from typing import Any

from convcost import __version__
from convcost.render import Options
from convcost.report import Report

SCHEMA_VERSION = 1


def render(report: Report, options: Options, _format: str) -> str:
    """The report's data behind the versions, with the caption."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "convcost_version": __version__,
        **report.data(),
        "legend": dict(report.legend),
        "caption": " ".join(report.caption),
    }
    return json.dumps(whole, indent=2, ensure_ascii=options.ascii, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
