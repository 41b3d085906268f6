"""How many layers lines make at least, known before any is made: so that too many are refused at once."""

from collections.abc import Mapping
from typing import Any

from convcost.errors import ConvcostError
from convcost.specs.later import settle
from convcost.specs.lines import Line
from convcost.specs.templates import Template


class Sizes:
    """Counts the layers that a line makes at least; repeats that only a block's call decides count once."""

    def __init__(self, templates: Mapping[str, Template], values: Mapping[str, Any]) -> None:
        self.templates, self.values = templates, values
        self.known: dict[str, int] = {}

    def of_line(self, line: Line) -> int:
        """Layers of one copy of a line."""
        if line.kind in self.templates:
            if line.kind not in self.known:
                self.known[line.kind] = self._of_lines(self.templates[line.kind].lines)
            return self.known[line.kind]
        paths = line.values.get("paths") or ()
        return 1 + sum(self._of_lines(path) for path in paths if type(path) is tuple)

    def _of_lines(self, lines: "tuple[Line | None, ...]") -> int:
        return sum(self._repeat(line) * self.of_line(line) for line in lines if line is not None)

    def _repeat(self, line: Line) -> int:
        """Nothing, where a condition may leave the line out."""
        if line.when is not True:
            return 0
        try:
            return int(settle(line.repeat, self.values))
        except ConvcostError:
            return 1
