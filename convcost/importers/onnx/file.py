"""An ONNX file as a model, within bounds, whatever the file is; weights, and files beside it, are not read."""

import mmap
import os
import stat
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any

from convcost.errors import describe
from convcost.importers import missing
from convcost.importers.onnx.wire import Scan, WireError
from convcost.problems import Problem, SpecError

# Opsets of the operators that are read; older ones say otherwise what they mean.
OLDEST = 6
MOST_NODES = 100_000


def problem(source: str, message: str, hint: str = "") -> SpecError:
    """What is wrong with a file as a whole; names in it are shown without what a terminal might take for orders."""
    message, hint = ("".join(char if char.isprintable() else " " for char in text) for text in (message, hint))
    return SpecError((Problem(f"{source}: {message}", source, hint=hint),))


def library() -> Any:
    """The `onnx` package; an error says what to install where it is missing."""
    try:
        import onnx
    except ImportError:
        raise missing("onnx", "onnx") from None
    return onnx


def model_of(source: str) -> Any:
    """The model in a file, without its weights.

    Raises SpecError for what is no model, ends too soon, or is beyond the bounds.
    """
    onnx = library()
    try:
        kept = _kept(source)
        model = onnx.ModelProto.FromString(kept)
    except OSError as error:
        raise problem(source, (error.strerror or str(error)).lower()) from None
    except WireError as error:
        raise problem(source, f"no ONNX model: {error}") from None
    except Exception as error:
        # What protobuf raises is of no one class in all of its versions.
        if isinstance(error, SpecError | MemoryError):
            raise
        raise problem(source, f"no ONNX model: {describe(' '.join(str(error).split()))}") from None
    if not model.HasField("graph"):
        raise problem(source, "no ONNX model: there is no graph in it")
    return _whole(source, model)


def _kept(source: str) -> bytes:
    try:
        with open(source, "rb") as file:  # noqa: PTH123 - what is no path is an error of its own
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise problem(source, "not a file")
            if not os.fstat(file.fileno()).st_size:
                raise problem(source, "the file is empty")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return Scan(data).model()
    except ValueError as error:
        if isinstance(error, WireError | SpecError):
            raise
        raise problem(source, f"not a path: {error}") from None


def _whole(source: str, model: Any) -> Any:
    """The model with its own functions written out, where it has any."""
    if model.functions:
        _require_finite(source, model)
        from onnx import inliner

        model = inliner.inline_local_functions(model)
    opset = opset_of(model)
    if model.graph.node and opset < OLDEST:
        hint = "onnx.version_converter makes a newer one of it" if opset else "it imports none of ONNX's operators"
        raise problem(source, f"opset {opset}, {OLDEST} or newer can be read", hint)
    nodes = list(islice(nodes_of(model.graph.node), MOST_NODES + 1))
    if len(nodes) > MOST_NODES:
        raise problem(source, f"more than {MOST_NODES:,} nodes")
    try:
        # Names that are no text protobuf gives as bytes.
        "".join(_names(model.graph, nodes))
    except TypeError:
        raise problem(source, "no ONNX model: names in it are no text") from None
    return model


def _names(graph: Any, nodes: list[Any]) -> Iterator[str]:
    """All names in a graph."""
    values = (*graph.input, *graph.output, *graph.value_info)
    named = (*graph.initializer, *(tensor.values for tensor in graph.sparse_initializer), *values)
    yield from (value.name for value in named)
    yield from (size.dim_param for value in values for size in value.type.tensor_type.shape.dim)
    for node in nodes:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        for note in node.metadata_props:
            yield from (note.key, note.value)
        for attribute in node.attribute:
            yield attribute.name
            if attribute.HasField("g"):
                yield from (value.name for value in (*attribute.g.initializer, *attribute.g.output))


def opset_of(model: Any) -> int:
    """The opset of ONNX's own operators."""
    return max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)


def nodes_of(nodes: Iterable[Any]) -> Iterator[Any]:
    """Nodes, and those of the graphs in them."""
    waiting = [iter(nodes)]
    while waiting:
        for node in waiting.pop():
            yield node
            waiting += [iter(attribute.g.node) for attribute in node.attribute if attribute.HasField("g")]


def _require_finite(source: str, model: Any) -> None:
    """Raise where functions call themselves, or make more nodes than any network has when they are written out."""
    bodies = {(function.domain, function.name): function.node for function in model.functions}
    calls = {key: [(node.domain, node.op_type) for node in nodes_of(body)] for key, body in bodies.items()}
    try:
        order = list(
            TopologicalSorter(
                {key: [call for call in made if call in bodies] for key, made in calls.items()}
            ).static_order()
        )
    except CycleError as error:
        raise problem(source, f"the function `{describe(error.args[1][0][1])}` calls itself") from None
    sizes: dict[tuple[str, str], int] = {}
    for key in order:
        sizes[key] = sum(sizes.get(call, 1) for call in calls[key])
    if sum(sizes.get((node.domain, node.op_type), 1) for node in nodes_of(model.graph.node)) > MOST_NODES:
        raise problem(source, f"functions of more than {MOST_NODES:,} nodes")
