"""The rows of a file of Ultralytics, `[from, repeats, module, args]`, and what stands above them."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from convcost.importers.ultralytics.modules import MODULES
from convcost.specs import document
from convcost.specs.document import Node, Place, Scalar, Sequence, Source, value, what

# Items of a list, and how deep lists are nested: anchors and pairs of kernels, and no bomb of aliases.
_MOST_ITEMS = 64
_DEEPEST = 3
_LARGEST_FACTOR = 1000
_NO_LIMIT = 10**12


class Header(NamedTuple):
    """What stands above the rows; ``width`` scales channels up to ``most``, ``depth`` the numbers of rows."""

    scale: str = ""
    depth: float = 1.0
    width: float = 1.0
    most: float = _NO_LIMIT
    act: str = "silu"
    bins: int = 16
    end2end: bool = False
    channels: int = 3
    words: Mapping[str, Any] = {}


class Row(NamedTuple):
    """A row: which others it takes, by their numbers from 0 (-1: the input), how often, what, and where it stands."""

    number: int
    sources: tuple[int, ...]
    copies: int
    module: str
    arguments: tuple[Any, ...]
    place: Place


_ACTIVATION = re.compile(r"(?:torch\.)?nn\.(\w+)\([\w=., -]*\)$")
_ACTIVATIONS = {
    "SiLU": "silu",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky_relu",
    "Hardswish": "hardswish",
    "Mish": "mish",
    "GELU": "gelu",
    "ELU": "elu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Identity": "none",
}


class Reader:
    """Reads a document; what is wrong in it is noted in ``source``."""

    def __init__(self, source: Source, top: document.Mapping) -> None:
        self.source = source
        self.top = {key.text: node for key, node in top.items}
        self.place = top.place
        self._values: dict[int, Any] = {}
        self._listed = False

    def header(self, scale: str | None, guess: str) -> Header:
        """What stands above the rows, at a scale: the one asked for, that of the file's name, or the first."""
        act = self.top.get("activation")
        return self._scaled(scale, guess)._replace(
            act="silu" if act is None else self._activation(act),
            bins=self._whole("reg_max", 16),
            end2end=self._word("end2end") is True,
            channels=self._whole("channels" if "channels" in self.top else "ch", 3),
            words={"None": None, **{key: self._word(key) for key in ("nc", "anchors", "reg_max")}},
        )

    def rows(self, header: Header) -> list[Row]:
        """The rows of backbone and head."""
        nodes: list[Node] = []
        for part in ("backbone", "head"):
            node = self.top.get(part)
            if isinstance(node, Sequence):
                nodes += node.items
            else:
                place = self.place if node is None else node.place
                self.source.problem(place, f"`{part}` must be a list of rows [from, repeats, module, args]")
        found = (self._row(index, node, header) for index, node in enumerate(nodes))
        return [row for row in found if row is not None]

    def _scaled(self, scale: str | None, guess: str) -> Header:
        node = self.top.get("scales")
        if not isinstance(node, document.Mapping) or not node.items:
            if scale is not None:
                self.source.problem(self.place, f"no scale `{scale}`: the file has no `scales`")
            # The scale that the name says still chooses what `C3k2` is made of.
            return Header(guess, self._multiple("depth_multiple"), self._multiple("width_multiple"))
        known = {key.text: values for key, values in node.items}
        name = scale or (guess if guess in known else next(iter(known)))
        if name not in known:
            self.source.problem(node.place, f"no scale `{name}`", f"the scales are {', '.join(known)}")
            return Header()
        values = known[name]
        if not isinstance(values, Sequence) or len(values.items) not in (2, 3):
            self.source.problem(values.place, f"scale `{name}` must be [depth, width, max_channels]")
            return Header()
        names = ("depth", "width", "max_channels")
        depth, width, *most = map(self._factor, values.items, names)
        return Header(name, depth, width, most[0] if most else _NO_LIMIT)

    def _multiple(self, key: str) -> float:
        return self._factor(self.top[key], key) if key in self.top else 1.0

    def _factor(self, node: Node, name: str) -> float:
        found = self.value(node)
        largest = _NO_LIMIT if name == "max_channels" else _LARGEST_FACTOR
        if type(found) in (int, float) and 0 < found <= largest:
            return found  # type: ignore[no-any-return]
        self.source.problem(node.place, f"`{name}` must be a number above 0 and at most {largest:,}, got {what(node)}")
        return 1.0

    def _word(self, key: str) -> Any:
        return self.value(self.top[key]) if key in self.top else None

    def _whole(self, key: str, default: int) -> int:
        if key not in self.top:
            return default
        found = self.value(self.top[key])
        if type(found) is int and 0 < found <= _NO_LIMIT:
            return found
        node = self.top[key]
        self.source.problem(node.place, f"`{key}` must be a whole number from 1, got {what(node)}")
        return default

    def _activation(self, node: Node) -> str:
        match = _ACTIVATION.match(node.text) if isinstance(node, Scalar) else None
        if match and match[1] in _ACTIVATIONS:
            return _ACTIVATIONS[match[1]]
        known = ", ".join(f"nn.{name}()" for name in _ACTIVATIONS)
        self.source.problem(node.place, f"the activation {what(node)} is not supported", f"supported are {known}")
        return "none"

    def _row(self, index: int, node: Node, header: Header) -> Row | None:
        if not isinstance(node, Sequence) or len(node.items) != len(Row._fields) - 2:
            self.source.problem(node.place, "a row is a list [from, repeats, module, args]")
            return None
        from_, number, module, arguments = node.items
        name = module.text if isinstance(module, Scalar) else ""
        name = name.removeprefix("torch.")
        repeats = self.value(number)
        if name not in MODULES:
            # One list of what is supported will do.
            hint = "" if self._listed else f"supported are {', '.join(MODULES)}"
            self.source.problem(module.place, f"the module {what(module)} is not supported", hint)
            self._listed = True
        elif type(repeats) is not int or not 0 < repeats <= _NO_LIMIT:
            self.source.problem(number.place, f"a module is repeated at least once, got {what(number)}")
        elif not isinstance(arguments, Sequence):
            self.source.problem(arguments.place, f"the arguments must be a list, got {what(arguments)}")
        else:
            values = tuple(self._argument(item, header) for item in arguments.items[:_MOST_ITEMS])
            return Row(index, self._sources(index, from_, name), repeats, name, values, module.place)
        return None

    def _sources(self, index: int, node: Node, name: str) -> tuple[int, ...]:
        found = self.value(node)
        numbers = found if isinstance(found, tuple) else (found,)
        sources = [number + index if type(number) is int and number < 0 else number for number in numbers]
        for number, written in zip(sources, numbers, strict=True):
            if type(number) is not int or not -(index == 0) <= number < index:
                self.source.problem(node.place, f"row {index} takes row `{written}`, which is no earlier one")
                return (-1,)
        if not sources or (len(sources) > 1 and not MODULES[name].several):
            self.source.problem(node.place, f"`{name}` takes one row, got {len(sources)}")
            return (-1,)
        return tuple(sources)

    def _argument(self, node: Node, header: Header) -> Any:
        found = self.value(node)
        return header.words.get(found, found) if isinstance(found, str) else found

    def value(self, node: Node, depth: int = 0) -> Any:
        """A number, a truth value, a word, or a tuple of them."""
        # Behind aliases the same node stands in many places.
        if id(node) not in self._values:
            self._values[id(node)] = self._read(node, depth)
        return self._values[id(node)]

    def _read(self, node: Node, depth: int) -> Any:
        if isinstance(node, Scalar):
            return value(self.source, node)
        if isinstance(node, Sequence) and len(node.items) <= _MOST_ITEMS and depth < _DEEPEST:
            return tuple(self.value(item, depth + 1) for item in node.items)
        shown = "a mapping" if isinstance(node, document.Mapping) else "a list as long or as deep as this"
        self.source.problem(node.place, f"{shown} has no meaning here")
        return None
