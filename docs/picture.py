"""Draw the README's picture: ``python docs/picture.py > docs/compare.svg``."""

import re
import sys
from html import unescape
from io import StringIO

from rich.console import Console
from rich.text import Text

from convcost.comparison import compare
from convcost.comparison_report import report
from convcost.kinds import DEFAULT_KINDS
from convcost.render import Options, render
from convcost.rows import Choice, Request

WIDTH = 92


def picture() -> str:
    """The table of the main job as rich draws a terminal."""
    request = Request(3, 256, (3, 3), (1, 1), "same", 2, output_padding=(0, 0))
    made = report(compare(request, tuple(map(Choice, DEFAULT_KINDS))))
    console = Console(record=True, width=WIDTH, file=StringIO(), legacy_windows=False)
    console.print(Text(render(made, "table", Options(width=WIDTH))))
    return console.export_svg(title="convcost compare --c1 3 --c2 256 -k 3")


def words(svg: str) -> list[str]:
    """What can be read in the picture, whatever version of rich has drawn it."""
    return " ".join(map(unescape, re.findall(r"<text[^>]*>([^<]*)</text>", svg))).split()


if __name__ == "__main__":
    sys.stdout.write(picture())
