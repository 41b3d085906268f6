"""ONNX files as networks: their graphs and shapes; their weights are not read.

Shapes are followed with the batch, which is 1, from node to node (`walk`), by the rules of each operator (`table`),
and where there is none by those of `onnx` itself (`inference`). Shapes that the graph computes are computed
(`folding`). Parameters are what the file holds: exporters fold batch norms into convolutions.
"""

import os
from math import prod
from typing import TYPE_CHECKING, Any

from convcost.assembly import Assembly
from convcost.errors import ConvcostError, describe
from convcost.importers import AS_IT_IS, Options
from convcost.layers.base import text_shape
from convcost.network import INPUT, Network
from convcost.problems import SpecError

if TYPE_CHECKING:
    from convcost.importers.onnx.graph import Graph
    from convcost.importers.onnx.inputs import Inputs
    from convcost.importers.onnx.tensor import Tensor


def read(source: str, options: Options = AS_IT_IS) -> tuple[Network, ...]:
    """The network in an ONNX file.

    Raises SpecError for what is no model, sizes left open, and nodes that do not fit; ConvcostError where `onnx`
    is not installed.
    """
    from convcost.importers.onnx.file import model_of, problem
    from convcost.importers.onnx.inputs import Inputs

    model = model_of(source)
    inputs = Inputs(source, model, options)
    try:
        return (_network(source, model, inputs),)
    except SpecError:
        raise
    except ConvcostError as error:
        raise problem(source, error.message, error.hint or "") from None


def _network(source: str, model: Any, inputs: "Inputs") -> Network:
    from convcost.importers.onnx.file import nodes_of, opset_of
    from convcost.importers.onnx.graph import Graph
    from convcost.importers.onnx.naming import Names
    from convcost.importers.onnx.tensor import Tensor, plain
    from convcost.importers.onnx.walk import Walk
    from convcost.layers.given import Given

    first, *others = inputs.shapes
    assembly = Assembly(plain(inputs.shapes[first]))
    held = [tensor.name for tensor in model.graph.initializer]
    graph = Graph(assembly, Names(nodes_of(model.graph.node), held), opset_of(model))
    graph.batch = inputs.batch
    walk = Walk(source, model, graph, inputs.dims)
    walk.add_held(model.graph)
    graph.tensors[first] = Tensor(inputs.shapes[first], INPUT, type=_type(inputs.protos[first]))
    for name in others:
        node = graph.names.free(name)
        assembly.append(node, "input", Given("input", plain(inputs.shapes[name])), INPUT)
        graph.tensors[name] = Tensor(inputs.shapes[name], node, type=_type(inputs.protos[name]))
    # What is returned has a taker more than it seems.
    graph.uses.update(output.name for output in (*model.graph.output, *model.graph.output))
    walk.nodes(model.graph.node)
    if not assembly.nodes:
        raise ConvcostError("the graph has no layers")
    name = os.path.splitext(os.path.basename(source))[0]  # noqa: PTH119,PTH122
    about = _about(model, graph, walk.unknown)
    return Network(name, assembly.shapes[INPUT], tuple(assembly.nodes), _outputs(graph, model, inputs), source, about)


def _type(proto: Any) -> int:
    return int(proto.type.tensor_type.elem_type or 1)


def _outputs(graph: "Graph", model: Any, inputs: "Inputs") -> tuple[str, ...]:
    """The layers that make what the graph returns."""
    found = []
    for output in model.graph.output:
        tensor = graph.tensors.get(output.name)
        if tensor is None:
            raise ConvcostError(f"the output `{describe(output.name)}` is made by no node")
        if not inputs.given and tensor.node is not None:
            _require_one_sample(graph, output, tensor)
        if tensor.node is not None:
            found.append(tensor)
    # Of what size some outputs are, as of boxes that are found, only running the model would tell.
    known = [tensor for tensor in found if tensor.shape is not None] or found
    return tuple(dict.fromkeys(tensor.node for tensor in known if tensor.node is not None))


def _require_one_sample(graph: "Graph", output: Any, tensor: "Tensor") -> None:
    """Raise where a graph that fixes its batch gives one sample as much as the whole batch."""
    from convcost.importers.onnx.inference import shape_said

    said = shape_said(output.type, {})
    if graph.batch == 1 or not said or said[0] != graph.batch or tensor.shape is None:
        return
    if prod(said) != graph.batch * prod(tensor.shape):
        sizes = f"{text_shape(tensor.shape)} for one sample, and {text_shape(said)} for all {graph.batch}"
        raise ConvcostError(f"`{describe(output.name)}` is {sizes}", hint=graph.batch_hint)


def _about(model: Any, graph: "Graph", unknown: list[str]) -> dict[str, Any]:
    """What is said of the file: who wrote it, and what of its numbers are parameters."""
    from convcost.importers.onnx.constants import is_float

    floats = {
        name: prod(held.shape)
        for name, held in graph.held.items()
        if is_float(held.type) and (held.is_initializer or name in graph.counted)
    }
    running = {name for name in graph.statistics if name not in graph.counted}
    statistics = sum(count for name, count in floats.items() if name in running)
    others = sum(count for name, count in floats.items() if name not in running and name not in graph.counted)
    writer = " ".join(part for part in (model.producer_name, model.producer_version) if part) or "an unnamed exporter"
    from convcost.importers.onnx.file import opset_of

    said = f"ONNX opset {opset_of(model)}, written by {describe(writer)}; params are what the file holds"
    if not any(node.op_type == "BatchNormalization" for node in model.graph.node):
        said += " (an exporter folds batch norms into convolutions)"
    beside = [
        f"{number:,} {what}" for number, what in ((statistics, "running statistics"), (others, "constants")) if number
    ]
    said += f"; beside them {' and '.join(beside)}" if beside else ""
    if unknown:
        others_too = f" and {len(unknown) - 1:,} others" if len(unknown) > 1 else ""
        said += f"; shapes behind {unknown[0]}{others_too} are known only when the model runs"
    numbers = {"in_file": sum(floats.values()), "running_statistics": statistics, "constants": others}
    return {"source": said, "floats": numbers}
