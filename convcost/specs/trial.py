"""Lines tried on the reader's own builder: one is taken only where it makes the very nodes that come next."""

from itertools import islice
from typing import Any

from convcost.layers.base import Layer
from convcost.network import Network, Node
from convcost.problems import SpecError
from convcost.specs import spelling
from convcost.specs.build import Builder
from convcost.specs.document import Source, documents
from convcost.specs.language import CHANNELS
from convcost.specs.lines import read_line
from convcost.specs.phrases import Phrase
from convcost.specs.scope import Scope
from convcost.specs.values import Reading


class Trial:
    """The reader's state behind the lines taken so far; ``builder.nodes`` are those that they make.

    ``why`` is what the reader said of the last line that was not taken.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.builder = Builder(Source(network.name, b""), network.input, {}, Scope(values={"c0": network.input[0]}))
        self.names = {node.name for node in network.nodes}
        self.last_use = {name: at for at, node in enumerate(network.nodes) for name in node.inputs}
        self.last_use |= dict.fromkeys(network.outputs, len(network.nodes))
        self.called: dict[str, str] = {}
        self.why = ""

    @property
    def at(self) -> int:
        """How many nodes of the network are written."""
        return len(self.builder.nodes)

    def name_of(self, node: str) -> str | None:
        """How lines may call a node; None where no name leads to it."""
        ends = self.builder.ends.ends
        line = self.called.get(node, node)
        # A piece of a split, or a copy, is clearer by its own name than by that of its line.
        known = (node, line) if node.rpartition(".")[2].isdecimal() else (line, node)
        return next((name for name in known if ends.get(name, name) == node), None)

    def takes(self, phrase: Phrase) -> bool:
        """Whether a line makes the nodes that come next; if not, all is as before."""
        builder, before = self.builder, _State(self.builder)
        self._read(phrase)
        found = builder.nodes[before.nodes :]
        if not builder.lost and self._agrees(phrase, before.nodes, found) and self._can_go_on(before, found):
            return True
        before.restore(builder)
        return False

    def _read(self, phrase: Phrase) -> None:
        """The line read as the reader reads it."""
        builder, text = self.builder, spelling.line(phrase, {})
        try:
            builder.source = Source(self.network.name, text.encode())
            read = read_line(Reading(builder.source, CHANNELS), documents(builder.source)[0])
        except (UnicodeEncodeError, SpecError):
            read = None
        if read is not None:
            builder.add(read, builder.top)
        builder.lost = builder.lost or read is None
        if builder.source.problems:
            self.why = builder.source.problems[0].message

    def _agrees(self, phrase: Phrase, start: int, found: list[Node]) -> bool:
        wanted = self.network.nodes[start : start + len(found)]
        if found and len(found) == len(wanted) and all(map(same, found, wanted)):
            return not phrase.exact or all(one.kind == other.kind for one, other in zip(found, wanted, strict=True))
        self.why = ""
        return False

    def _can_go_on(self, before: "_State", found: list[Node]) -> bool:
        """Whether lines to come can call what they need, and their own names are free."""
        own = {node.name for node in found}
        ends = self.builder.ends.ends
        new = dict(islice(reversed(ends.items()), len(ends) - before.ends))
        if any(name in self.names and name not in own for name in new):
            self.why = f"`{next(iter(new))}` and a part of it would have one name"
            return False
        called = {end: name for name, end in reversed(new.items())}
        self.called |= called
        for node in found:
            last = self.last_use.get(node.name, 0)
            follows = node.name == self.builder.current and last == self.at
            if last >= self.at and not follows and self.name_of(node.name) is None:
                self.why = f"lines that take `{node.name}` cannot call it so"
                for end in called:
                    self.called.pop(end)
                return False
        return True


class _State:
    """How far a builder is; what it notes is only ever added at the end."""

    def __init__(self, builder: Builder) -> None:
        self.nodes, self.ends, self.blocks = len(builder.nodes), len(builder.ends.ends), len(builder.blocks)
        self.current, self.numbers = builder.current, builder.numbers.copy()

    def restore(self, builder: Builder) -> None:
        """The builder as it was."""
        for node in builder.nodes[self.nodes :]:
            del builder.shapes[node.name]
            builder.lines.pop(node.name, None)
        del builder.nodes[self.nodes :]
        for notes, length in ((builder.ends.ends, self.ends), (builder.blocks, self.blocks)):
            while len(notes) > length:
                notes.popitem()
        builder.current, builder.numbers, builder.lost = self.current, self.numbers, False


def same(one: Node, other: Node) -> bool:
    """Whether nodes have one name, one layer and the same inputs, and are written alike."""
    alike = (one.name, one.inputs, one.written) == (other.name, other.inputs, other.written)
    return alike and same_layer(one.layer, other.layer)


def same_layer(one: Layer, other: Layer) -> bool:
    """Whether layers are equal; sizes in a list are those in a tuple."""
    return one == other or (type(one) is type(other) and _fields(one) == _fields(other))


def _fields(layer: Layer) -> list[Any]:
    return [_plain(getattr(layer, name)) for name in getattr(layer, "__dataclass_fields__", ())]


def _plain(found: Any) -> Any:
    return tuple(map(_plain, found)) if isinstance(found, list | tuple) else found
