"""A file of networks: its top-level keys, and its layers handed to the builder."""

import os
from typing import Any

from convcost.names import closest
from convcost.network import Network
from convcost.problems import Problem, SpecError
from convcost.specs import values
from convcost.specs.build import Builder
from convcost.specs.document import (
    MOST_BYTES,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Source,
    documents,
    value,
)
from convcost.specs.language import DEFAULT_KEYS, TOP_KEYS
from convcost.specs.lines import read_defaults, read_line
from convcost.specs.values import Unreadable


def load(path: "str | os.PathLike[str]") -> tuple[Network, ...]:
    """The networks of a YAML file.

    Raises SpecError with every problem found: what cannot be read, is no YAML, breaks the language's
    rules, or does not fit the shapes.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:  # noqa: PTH123 - pathlib costs a tenth of the start
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SpecError((Problem(f"{name}: {(error.strerror or str(error)).lower()}", name),)) from None
    except ValueError as error:
        raise SpecError((Problem(f"not a path: {error}", name),)) from None
    return loads(data, name)


def loads(data: bytes, name: str = "<text>") -> tuple[Network, ...]:
    """The networks of a YAML text; errors as for `load`."""
    source = Source(name, data)
    found = documents(source)
    if not found:
        source.problem(None, f"{name} is empty", "a network has at least `input:` and `layers:`")
    networks = [_network(source, node, index, len(found)) for index, node in enumerate(found)]
    source.check()
    return tuple(network for network in networks if network is not None)


def _network(source: Source, node: Node, index: int, of: int) -> Network | None:
    if not isinstance(node, Mapping):
        shown = "a list" if isinstance(node, Sequence) else f"`{node.text[:40]}`" if node.text else "nothing"
        hint = "a network has at least `input:` and `layers:`"
        source.problem(node.place, f"a network must be a mapping, got {shown}", hint)
        return None
    top = _top(source, node)
    before = len(source.problems)
    fallback = _stem(source.name) if source.name not in ("-", "<text>") else "network"
    title = _text(source, top, "name") or (fallback if of == 1 else f"{fallback}.{index + 1}")
    about = {"source": _text(source, top, "source"), "published": _published(source, top.get("published"))}
    defaults = read_defaults(source, top["defaults"], DEFAULT_KEYS) if "defaults" in top else {}
    try:
        shape = values.shape(source, top["input"]) if "input" in top else None
    except Unreadable:
        shape = None
    nodes = _layers(source, top.get("layers"))
    lines = [read_line(source, item, defaults) for item in nodes]
    builder = Builder(source, shape or (1,))
    builder.lost = shape is None or len(source.problems) > before
    for line in lines:
        if line is None:
            builder.lost = True
        else:
            builder.add(line)
    if builder.lost or shape is None:
        return None
    return Network(title, shape, tuple(builder.nodes), source=source.name, about=about)


def _top(source: Source, node: Mapping) -> dict[str, Node]:
    found: dict[str, Node] = {}
    misspelt = set()
    for key, item in node.items:
        if key.text in TOP_KEYS:
            found[key.text] = item
        else:
            guess = closest(key.text, TOP_KEYS)
            misspelt.add(guess)
            hint = f"did you mean `{guess}`?" if guess else f"a network has {', '.join(TOP_KEYS)}"
            source.problem(key.place, f"unknown key `{key.text}`", hint)
    for name in ("input", "layers"):
        if name not in found and name not in misspelt:
            source.problem(node.place, f"the network has no `{name}`", _EXAMPLES[name])
    return found


def _stem(name: str) -> str:
    return os.path.splitext(os.path.basename(name))[0]  # noqa: PTH119,PTH122


_EXAMPLES = {"input": "add `input: 3x224x224`", "layers": "add `layers:` and a line for each layer"}


def _layers(source: Source, node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    if not isinstance(node, Sequence):
        source.problem(node.place, "`layers` must be a list", "one line a layer, each behind a dash")
        return ()
    if not node.items:
        source.problem(node.place, "`layers` is empty")
    return node.items


def _text(source: Source, top: dict[str, Node], name: str) -> str:
    try:
        return values.text(source, top[name], name) if name in top else ""
    except Unreadable:
        return ""


_PUBLISHED = ("params", "macs", "note")


def _published(source: Source, node: Node | None) -> dict[str, Any]:
    """What the paper prints, as it prints it: shown beside what is counted."""
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        source.problem(node.place, "`published` must be a mapping like `{params: 4.2M, macs: 569M}`")
        return {}
    found = {}
    for key, item in node.items:
        if key.text not in _PUBLISHED:
            source.problem(key.place, f"unknown key `{key.text}`", f"`published` takes {', '.join(_PUBLISHED)}")
        elif not isinstance(item, Scalar):
            source.problem(item.place, f"`{key.text}` must be a number or text")
        else:
            value(source, item)
            found[key.text] = item.text
    return found
