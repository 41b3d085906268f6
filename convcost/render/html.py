"""HTML: one self-contained table that pastes into a document."""

from html import escape

from convcost.render import Options
from convcost.render.cells import Markup, plain, remarks, sheet
from convcost.report import Report

_RULE = "border-bottom:1px solid #999"
_CELL = "padding:2px 8px"
_TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;min-width:min(40em,100%)"
# Notes wrap to the table's width, and do not widen it.
_FOOT = f"{_CELL};border-top:1px solid #999;max-width:0"


def _text(text: str) -> str:
    return escape(plain(text))


HTML = Markup(_text, lambda formula: escape(formula.text), lambda size: size)


def render(report: Report, options: Options, _format: str) -> str:
    """A table whose caption is the title, and whose foot holds totals, notes and conventions."""
    table = sheet(report, options, HTML)
    aligned = ["right" if right else "left" for right in table.numeric]
    foot = "<br/>".join(_text(line) for line in [*remarks(report), *report.caption])
    totals = [_row("th", table.totals, aligned, "border-top:1px solid #999")] if table.totals else []
    lines = [
        f'<table style="{_TABLE}">',
        f'<caption style="text-align:left;font-weight:bold;{_CELL}">{_text(report.title)}</caption>',
        "<thead>",
        _row("th", table.heads, aligned, _RULE),
        "</thead>",
        "<tbody>",
        *(_row("td", cells, aligned, "") for cells in table.rows),
        "</tbody>",
        "<tfoot>",
        *totals,
        f'<tr><td colspan="{len(aligned)}" style="{_FOOT}"><small>{foot}</small></td></tr>',
        "</tfoot>",
        "</table>",
    ]
    text = "\n".join(lines)
    return text.encode("ascii", "xmlcharrefreplace").decode() if options.ascii else text


def _row(tag: str, cells: list[str], aligned: list[str], rule: str) -> str:
    rule = f";{rule}" if rule else ""
    parts = (
        f'<{tag} style="text-align:{align};{_CELL}{rule}">{cell}</{tag}>'
        for cell, align in zip(cells, aligned, strict=True)
    )
    return f"<tr>{''.join(parts)}</tr>"
