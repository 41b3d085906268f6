"""Where a line stands: the names around it, and the values that its expressions may use."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, describe
from convcost.layers.base import Shape
from convcost.names import suggestion
from convcost.network import INPUT
from convcost.specs.language import WORDS

# Levels of blocks and branches in one another, and characters of the names of their layers.
DEEPEST = 100
LONGEST_PREFIX = 1_000


class Scope(NamedTuple):
    """A place in the network: ``prefixes`` of names from the innermost out, and what expressions know.

    ``values`` are vars, a block's parameters and its stride, and ``c0``, the channels where the innermost
    branch or block began.
    """

    prefixes: tuple[str, ...] = ("",)
    values: Mapping[str, Any] = {}
    depth: int = 0
    # The lines that call the blocks around, the outermost first: each a block and the line's number.
    calls: tuple[tuple[str, int], ...] = ()

    @property
    def prefix(self) -> str:
        """What the names of layers here begin with."""
        return self.prefixes[0]

    @property
    def called(self) -> str:
        """How errors inside a block say where it was called."""
        if not self.calls:
            return ""
        (block, line), (_, first) = self.calls[-1], self.calls[0]
        return f"in the block `{block}` that line {line} calls" + f", for line {first}" * (len(self.calls) > 1)

    def inside(self, name: str, **values: Any) -> "Scope":
        """The scope of what a line named so holds."""
        prefixes = (f"{self.prefix}{name}.", *self.prefixes) if name else self.prefixes
        if self.depth >= DEEPEST:
            raise ConvcostError(f"blocks and branches are nested deeper than {DEEPEST} levels")
        if len(prefixes[0]) > LONGEST_PREFIX:
            raise ConvcostError(f"names of more than {LONGEST_PREFIX:,} characters", field="name")
        return self._replace(prefixes=prefixes, values={**self.values, **values}, depth=self.depth + 1)


class Ends:
    """The layer at which each name ends: its norm or activation, or the last layer of a block."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes
        self.ends: dict[str, str] = {INPUT: INPUT}

    def find(self, scope: Scope, name: str, field: str) -> str:
        """The layer that a name means here, innermost names first; raises ConvcostError where there is none."""
        for prefix in scope.prefixes:
            full = prefix + name
            if full in self.ends:
                return self.ends[full]
            if full in self.shapes:
                return full
        if field.startswith("paths") and name in WORDS:
            hint = f"a path of layers is a list: [{name}]"
        else:
            hint = suggestion(name, self._near(scope), "names stand before the lines that use them")
        raise ConvcostError(f"`{describe(name)}` is no earlier layer", field=field, hint=hint)

    def note(self, name: str, end: str) -> None:
        """A name ends at a layer; raises ConvcostError where it has another end already."""
        if name in self.ends:
            raise ConvcostError(f"two layers are named `{name}`", field="name")
        self.ends[name] = end

    def _near(self, scope: Scope) -> Iterator[str]:
        """Names as they can be written here."""
        for prefix in scope.prefixes:
            yield from (name.removeprefix(prefix) for name in self.ends if name.startswith(prefix))
