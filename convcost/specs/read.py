"""A file of networks: its top-level keys, and its layers handed to the builder."""

import os
from typing import Any

from convcost import zoo
from convcost.errors import ConvcostError, describe
from convcost.layers.base import Shape, count
from convcost.network import Network
from convcost.problems import Problem, SpecError
from convcost.specs import values
from convcost.specs.build import Builder
from convcost.specs.document import MOST_BYTES, Mapping, Node, Place, Sequence, Source, documents
from convcost.specs.fields import read_defaults
from convcost.specs.header import AS_WRITTEN, Overrides, read_budget, read_published, read_vars, require_vars
from convcost.specs.language import CHANNELS, DEFAULT_KEYS, NAME, TOP_KEYS, Key
from convcost.specs.lines import read_lines
from convcost.specs.scope import Scope
from convcost.specs.templates import parts, read_templates
from convcost.specs.values import Reading, Unreadable


def load(path: "str | os.PathLike[str]", overrides: Overrides = AS_WRITTEN) -> tuple[Network, ...]:
    """The networks of a YAML file, or of the zoo as ``zoo:NAME``; ``overrides`` replace its vars and its input.

    Raises SpecError with every problem found: what cannot be read, is no YAML, breaks the language's
    rules, or does not fit the shapes.
    """
    name = os.fspath(path)
    try:
        place = zoo.path(name) if name.startswith(zoo.PREFIX) else name
    except ConvcostError as error:
        raise SpecError((Problem(error.message, name, hint=error.hint or ""),)) from None
    try:
        with open(place, "rb") as file:  # noqa: PTH123 - pathlib costs a tenth of the start
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SpecError((Problem(f"{name}: {(error.strerror or str(error)).lower()}", name),)) from None
    except ValueError as error:
        raise SpecError((Problem(f"not a path: {error}", name),)) from None
    return loads(data, name, overrides)


def loads(data: "bytes | str", name: str = "<text>", overrides: Overrides = AS_WRITTEN) -> tuple[Network, ...]:
    """The networks of a YAML text; errors as for `load`.

    >>> (network,) = loads("{input: 3x8x8, layers: [{conv: 16, k: 3}, relu]}")
    >>> [node.name for node in network.nodes]
    ['conv1', 'relu1']
    """
    _check_overrides(overrides, name)
    source = Source(name, data.encode() if isinstance(data, str) else data)
    found = documents(source)
    if not found:
        source.problem(None, f"{name} is empty", "a network has at least `input:` and `layers:`")
    read = [_network(source, node, index, len(found), overrides) for index, node in enumerate(found)]
    source.check()
    networks = tuple(network for network in read if network is not None)
    require_vars(source, overrides.vars, {var: None for network in networks for var in network.about["vars"]})
    source.check()
    return networks


def _check_overrides(overrides: Overrides, name: str) -> None:
    """Raise SpecError for values that no var can have, and for an input that is no shape."""
    try:
        for var, given in overrides.vars.items():
            if not isinstance(given, int | float | str):
                raise ConvcostError(f"the var `{var}` cannot be `{describe(given)}`")
        if overrides.input is not None:
            if not isinstance(overrides.input, tuple | list) or not overrides.input:
                raise ConvcostError(f"`input` must be a shape, got `{describe(overrides.input)}`")
            for size in overrides.input:
                count("input", size)
    except ConvcostError as error:
        raise SpecError((Problem(error.message, name, hint=error.hint or ""),)) from None


def _network(source: Source, node: Node, index: int, of: int, overrides: Overrides) -> Network | None:
    if not isinstance(node, Mapping):
        shown = "a list" if isinstance(node, Sequence) else f"`{node.text[:40]}`" if node.text else "nothing"
        hint = "a network has at least `input:` and `layers:`"
        source.problem(node.place, f"a network must be a mapping, got {shown}", hint)
        return None
    top = _top(source, node)
    before = len(source.problems)
    fallback = _stem(source.name) if source.name not in ("-", "<text>") else "network"
    title = _text(source, top, "name") or (fallback if of == 1 else f"{fallback}.{index + 1}")
    about: dict[str, Any] = {"source": _text(source, top, "source")}
    reading = Reading(source)
    published = read_published(reading, top.get("published"))
    # What a paper prints is of the network as written.
    about["published"] = published if overrides == AS_WRITTEN else {}
    budget = read_budget(reading, top.get("budget"))
    about["vars"] = known = read_vars(reading, top.get("vars"), overrides.vars)
    own = _input(source, top)
    shape = tuple(overrides.input) if overrides.input else own
    reading = reading._replace(names=(*known, *CHANNELS))
    reading = reading._replace(defaults=read_defaults(reading, top.get("defaults"), DEFAULT_KEYS))
    templates = read_templates(reading, top.get("blocks"))
    lines = read_lines(reading._replace(blocks=templates), _layers(source, top))
    outputs = _outputs(reading, top.get("outputs"))
    if shape is None or len(source.problems) > before:
        return None
    builder = Builder(source, shape, templates, Scope(values={**known, "c0": shape[0]}))
    for line in lines:
        if line is not None:
            builder.add(line, builder.top)
    ends = tuple(builder.output(name, place) for name, place in outputs) or (builder.current,)
    if builder.lost or len(source.problems) > before:
        return None
    nodes = tuple(builder.nodes)
    return Network(title, shape, nodes, ends, source.name, about, budget, builder.lines, builder.blocks)


def _input(source: Source, top: dict[str, Node]) -> Shape | None:
    try:
        return values.shape(source, top["input"]) if "input" in top else None
    except Unreadable:
        return None


def _outputs(reading: Reading, node: Node | None) -> list[tuple[str, Place]]:
    """The names of what the network returns, with their places."""
    if node is None:
        return []
    found: dict[str, Place] = {}
    if isinstance(node, Sequence) and not node.items:
        reading.source.problem(node.place, "`outputs` names no layer", "leave it out for the last layer")
    for item in node.items if isinstance(node, Sequence) else (node,):
        try:
            name = str(values.read(Reading(reading.source), item, "outputs", Key(NAME)))
        except Unreadable:
            continue
        if name in found:
            reading.source.problem(item.place, f"the output `{describe(name)}` stands twice", "leave one out")
        found[name] = item.place
    return list(found.items())


def _top(source: Source, node: Mapping) -> dict[str, Node]:
    found = parts(source, node, TOP_KEYS, "a network")
    for name in ("input", "layers"):
        if name not in found:
            source.problem(node.place, f"the network has no `{name}`", _EXAMPLES[name])
    return found


def _stem(name: str) -> str:
    return os.path.splitext(os.path.basename(name))[0]  # noqa: PTH119,PTH122


_EXAMPLES = {"input": "add `input: 3x224x224`", "layers": "add `layers:` and a line for each layer"}


def _layers(source: Source, top: dict[str, Node]) -> Node | None:
    node = top.get("layers")
    if isinstance(node, Sequence) and not node.items:
        source.problem(node.place, "`layers` is empty")
    return node


def _text(source: Source, top: dict[str, Node], name: str) -> str:
    try:
        return values.text(source, top[name], name) if name in top else ""
    except Unreadable:
        return ""
