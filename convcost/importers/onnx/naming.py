"""Readable names for layers: of their weights, of the modules that exporters name, or of what they make."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FOREIGN = re.compile(r"[^\w+-]+")
# Names that are good as they are.
_GOOD = re.compile(r"[A-Za-z][\w+-]*(\.[A-Za-z0-9][\w+-]*)*")
# PyTorch's newer exporter says of each node in which modules it stands.
_SCOPES = "pkg.torch.onnx.name_scopes"
# Modules that are remembered.
_MOST_SCOPES = 2**14
_QUOTED = re.compile(r"'([^']*)'")
_WEIGHT = re.compile(r"(.+)[./](weight|kernel|gamma|scale|W|w|running_mean)(:0|_quantized)?$")
# What TensorFlow puts before all names.
_FRONT = re.compile(r"^(StatefulPartitionedCall|functional(_\d+)?)/")
# Operators that end what stands before them.
_ENDS = frozenset(("ReduceMean", "GlobalAveragePool", "Flatten", "Reshape", "Gemm"))
# Operators whose weights tell the module that they are.
_OF_WEIGHTS = frozenset(
    (
        *("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "LayerNormalization"),
        *("GroupNormalization", "InstanceNormalization", "PRelu", "Gather", "FusedConv"),
    )
)


# Names that exporters make up for numbers of their own.
_MADE_UP = re.compile(r"(_?val|const|Const|onnx::|tmp|/|\d+$)|.*Constant")


def is_made_up(name: str) -> bool:
    """Whether a name is an exporter's, and no author's.

    >>> is_made_up("val_80"), is_made_up("head.scales.0.scale")
    (True, False)
    """
    return bool(_MADE_UP.match(name))


def snake(text: str) -> str:
    """An operator's name as a kind.

    >>> snake("ReduceMean"), snake("LSTM"), snake("GatherND")
    ('reduce_mean', 'lstm', 'gather_nd')
    """
    return _CAMEL.sub("_", text).lower()


class Names:
    """Names for the nodes of a graph, each only once; ``weights`` are the names of what the file holds."""

    def __init__(self, nodes: Iterable[Any], weights: Iterable[str]) -> None:
        self.weights = frozenset(weights)
        self.taken = {"input"}
        scopes = [scope for scope in map(_scope, nodes) if scope]
        self.members = Counter(scopes)
        self.around = {scope[:end] for scope in self.members for end in range(1, len(scope))}

    def of(self, node: Any, before: Iterable[str]) -> str:
        """The name of a node's layer, behind layers of these names, the latest last."""
        return self.free(self._wanted(node, before))

    def free(self, wanted: str) -> str:
        """A name, with a number behind it where it is taken.

        >>> names = Names([], [])
        >>> names.free("a/b c"), names.free("a.b_c"), names.free("0")
        ('a.b_c', 'a.b_c_2', 'layers.0')
        """
        name = wanted if _GOOD.fullmatch(wanted) else _cleaned(wanted)
        found, number = name, 1
        while found in self.taken:
            number += 1
            found = f"{name}_{number}"
        self.taken.add(found)
        return found

    def _wanted(self, node: Any, before: Iterable[str]) -> str:
        scope = _scope(node)
        if scope and _SCOPES in {note.key for note in node.metadata_props}:
            return self._in_scope(scope, node)
        if node.op_type in _OF_WEIGHTS:
            for name in node.input:
                found = _WEIGHT.match(name) if name in self.weights else None
                if found and not name.startswith("onnx::"):
                    return _FRONT.sub("", found[1])
        if scope:
            return self._in_scope(scope, node)
        made = str(node.output[0]) if node.output else ""
        made = f"{snake(node.op_type)}_{made}" if made.isdigit() or not made else made
        if node.name and not node.name.startswith("node_") and not node.name.isdigit():
            made = str(node.name)
        return made if "/" in made or node.op_type in _ENDS else f"{_beside(list(before))}{made}"

    def _in_scope(self, scope: tuple[str, ...], node: Any) -> str:
        """The module's name where it is all that the module does, or what stands in the module."""
        if self.members[scope] == 1 and scope not in self.around:
            return ".".join(scope)
        last = node.output[0] if _by_notes(node) else _FRONT.sub("", node.name).rpartition("/")[2]
        return ".".join((*scope, snake(last)))


def _cleaned(wanted: str) -> str:
    parts = [_FOREIGN.sub("_", part) for part in re.split(r"[./]", wanted)]
    name = ".".join(part for part in parts if part.strip("_")) or "layer"
    return name if name[0].isalpha() or name[0] == "_" else f"layers.{name}"


def _beside(before: list[str]) -> str:
    """The module in which a node seems to stand, that says of none: that of the layer before, or one around it.

    >>> _beside(["layer2.0.conv2", "layer2.0.downsample.0"]), _beside(["maxpool", "layer1.0.conv2"])
    ('layer2.0.', 'layer1.0.')
    """
    modules = [name.rpartition(".")[0] for name in before]
    last = modules[-1] if modules else ""
    around = [module for module in modules if module and last.startswith(f"{module}.")]
    module = min(around, key=len, default=last)
    return f"{module}." if module else ""


def _by_notes(node: Any) -> str:
    return next((note.value for note in node.metadata_props if note.key == _SCOPES), "")


def _scope(node: Any) -> tuple[str, ...]:
    """The modules around a node, from the outermost."""
    notes = _by_notes(node)
    return _scope_noted(notes) if notes else _scope_named(node.name)


@lru_cache(maxsize=_MOST_SCOPES)
def _scope_noted(notes: str) -> tuple[str, ...]:
    """Of all that an exporter notes the last is the operation; each other one is a whole path."""
    quoted = _QUOTED.findall(notes)
    return tuple(quoted[-2].split(".")) if len(quoted) > 1 else ()


@lru_cache(maxsize=_MOST_SCOPES)
def _scope_named(name: str) -> tuple[str, ...]:
    """``/layer1/layer1.0/conv1/Conv`` stands in layer1, 0 and conv1."""
    path = _FRONT.sub("", name).strip("/").split("/")[:-1]
    found: list[str] = []
    before = ""
    for part in path:
        inner = part.removeprefix(f"{before}.") if before else part
        found += inner.split(".")
        before = part
    return tuple(found)
