"""The nodes of a graph, one after another, each read by its operator."""

from collections import deque
from collections.abc import Iterable
from math import prod
from typing import Any

from convcost import layers
from convcost.errors import ConvcostError, describe
from convcost.importers.onnx import constants
from convcost.importers.onnx.call import Call
from convcost.importers.onnx.file import nodes_of, problem
from convcost.importers.onnx.folding import computed
from convcost.importers.onnx.graph import Graph, Held, require_axes
from convcost.importers.onnx.inference import evaluated, inferred, shape_said, type_made
from convcost.importers.onnx.naming import is_made_up, snake
from convcost.importers.onnx.table import COUNTED, DRAWN, FREE, NESTED, OF_TENSORS, PLAIN
from convcost.importers.onnx.tensor import MOST_VALUES, Tensor, UnknownShapeError, plain
from convcost.layers.base import Shape
from convcost.network import INPUT

# What operators raise for nodes that are malformed: too few inputs, axes or numbers, text where a number should be.
_MALFORMED = (IndexError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
_MOST_OUTPUTS = 10_000


class Walk:
    """A walk over a model; ``unknown`` are the layers whose shapes are not known."""

    def __init__(self, source: str, model: Any, graph: Graph, dims: dict[str, int]) -> None:
        self.source, self.model, self.graph, self.dims = source, model, graph, dims
        self.unknown: list[str] = []
        self._said: dict[str, Any] | None = None

    def nodes(self, nodes: Iterable[Any]) -> None:
        """Read nodes, in an order in which each comes behind what it takes."""
        nodes = list(nodes)
        self.graph.uses.update(name for node in nodes for name in node.input)
        for node in self._ordered(nodes):
            call = Call(node, [self.graph.tensors[name] if name else None for name in node.input])
            if len(call.outputs) > _MOST_OUTPUTS:
                raise problem(self.source, f"a node with {len(call.outputs):,} outputs")
            try:
                self._read(call)
            except ConvcostError as error:
                raise self._wrong(call, str(error)) from None
            except _MALFORMED as error:
                raise self._wrong(call, f"the node is malformed ({describe(error) or type(error).__name__})") from None
            for index, name in enumerate(call.outputs):
                if name and name not in self.graph.tensors:
                    self.graph.set(call, Tensor(None, INPUT), index)

    def _wrong(self, call: Call, message: str) -> ConvcostError:
        name = call.name or call.node.name or next(iter(call.outputs), "")
        return problem(self.source, f"`{describe(name)}` ({describe(call.op)}): {message}", self.graph.batch_hint)

    def _ordered(self, nodes: list[Any]) -> list[Any]:
        """Nodes behind those whose outputs they take; files should have them so, and some have not."""
        made = set(self.graph.tensors)
        for node in nodes:
            if any(name and name not in made for name in node.input):
                return self._sorted(nodes)
            made.update(node.output)
        return nodes

    def _sorted(self, nodes: list[Any]) -> list[Any]:
        makers = {name: at for at, node in enumerate(nodes) for name in node.output if name}
        waits: list[set[int]] = []
        for node in nodes:
            needed = [name for name in node.input if name and name not in self.graph.tensors]
            lost = next((name for name in needed if name not in makers), None)
            if lost is not None:
                raise problem(
                    self.source,
                    f"`{describe(node.name or node.op_type)}` takes `{describe(lost)}`, which nothing makes",
                )
            waits.append({makers[name] for name in needed})
        takers: dict[int, list[int]] = {}
        for at, before in enumerate(waits):
            for other in before:
                takers.setdefault(other, []).append(at)
        ready = deque(at for at, before in enumerate(waits) if not before)
        found = []
        while ready:
            at = ready.popleft()
            found.append(nodes[at])
            for other in takers.get(at, ()):
                waits[other].discard(at)
                if not waits[other]:
                    ready.append(other)
        if len(found) < len(nodes):
            inside = next(node for node, before in zip(nodes, waits, strict=True) if before)
            raise problem(
                self.source, f"the graph is cyclic: `{describe(inside.name or inside.op_type)}` waits for itself"
            )
        return found

    def _read(self, call: Call) -> None:
        if call.op == "If" and self._branch(call):
            return
        try:
            if call.op not in COUNTED and self._folded(call):
                return
            operator = COUNTED.get(call.op) or FREE.get(call.op)
            if operator is not None:
                operator(self.graph, call)
                for index, name in enumerate(call.outputs):
                    made = self.graph.tensors.get(name)
                    if made is not None and made.node:
                        made.type = type_made(call, index)
                return
        except (UnknownShapeError, NotImplementedError):
            pass
        self._otherwise(call)

    def _folded(self, call: Call) -> bool:
        """Whether what a node makes is a constant."""
        if call.op in constants.SOURCES:
            made = constants.SOURCES[call.op](call)
            self.graph.set(call, made)
            if made.origins and made.shape is not None:
                is_float = constants.is_float(made.type)
                # A file without initializers has its weights in constants.
                is_weight = is_float and not self.model.graph.initializer and prod(made.shape) > 1
                self.graph.held[made.origins[0]] = Held(made.shape, made.type, is_weight, is_initializer=False)
            return True
        if not constants.known_constants(call) or (call.op not in FREE and call.op not in PLAIN):
            return False
        type_ = type_made(call)
        origins = constants.origins(call)
        arrays = computed(call)
        for index, values in enumerate(arrays):
            self.graph.set(call, Tensor(values.shape, None, values, origins, type_), index)
        if arrays:
            return True
        if call.op.endswith("DequantizeLinear"):
            self.graph.set(call, Tensor(call.shape(), None, None, origins, 1))
            return True
        outputs = inferred(call, self.model.opset_import)
        if any(shape is None for shape, _ in outputs):
            return False
        few = all(prod(shape or ()) <= MOST_VALUES for shape, _ in outputs)
        numbers = all(tensor.values is not None for tensor in call.given)
        arrays = evaluated(call, self.model.opset_import) if few and numbers and call.op not in DRAWN else ()
        for index, (shape, type_) in enumerate(outputs):
            values = arrays[index] if index < len(arrays) else None
            self.graph.set(call, Tensor(shape, None, values, origins, type_), index)
        return True

    def _branch(self, call: Call) -> bool:
        """Whether the condition of an `If` is a constant: then its branch is part of the graph."""
        if call[0].values is None:
            return False
        graph = call.get("then_branch" if bool(call[0].values.all()) else "else_branch")
        self.add_held(graph)
        self.nodes(graph.node)
        for index, output in enumerate(graph.output):
            self.graph.set(call, self.graph.tensors[output.name], index)
        return True

    def add_held(self, graph: Any) -> None:
        """The tensors that a graph holds."""
        for proto in graph.initializer:
            self._hold(proto, constants.held(proto))
        for sparse in graph.sparse_initializer:
            proto = sparse.values
            self._hold(proto, Tensor(tuple(sparse.dims), None, None, (proto.name,), proto.data_type))

    def _hold(self, proto: Any, tensor: Tensor) -> None:
        is_float, shape = constants.is_float(proto.data_type), tensor.shape or ()
        require_axes(shape)
        # Single numbers without axes, or of an exporter's own, are no weights but where a layer takes them as such.
        is_weight = is_float and len(shape) > 0 and prod(shape) > (1 if is_made_up(proto.name) else 0)
        self.graph.held[proto.name] = Held(shape, proto.data_type, is_weight)
        self.graph.tensors[proto.name] = tensor

    def _otherwise(self, call: Call) -> None:
        """A node that no operator reads: without MACs where that is known, else not counted."""
        found = inferred(call, self.model.opset_import)
        made = [(self._shape(call, index, shape), type_) for index, (shape, type_) in enumerate(found)]
        is_plain = _is_plain(call.node)
        weights = call.op in OF_TENSORS or call.op in NESTED or not is_plain
        sources = dict.fromkeys(
            self.graph.source(tensor)
            for tensor in (*call.given, *self._inside(call.node))
            if tensor.node is not None or (weights and tensor.shape is not None and self.graph.is_learnt(tensor))
        )
        if not is_plain:
            self._uncounted(call, tuple(sources), made[0][0] if made else None)
        for index, (name, (shape, type_)) in enumerate(zip(call.outputs, made, strict=True)):
            if name and name not in self.graph.tensors:
                self._plain(call, tuple(sources), shape, index, is_plain=is_plain)
            if name:
                self.graph.tensors[name].type = type_

    def _inside(self, node: Any) -> list[Tensor]:
        """What the graphs in a node hold, and what they take from around them."""
        for inner in nodes_of((node,)):
            for attribute in inner.attribute:
                if attribute.HasField("g"):
                    self.add_held(attribute.g)
        names = (name for inner in nodes_of((node,)) if inner is not node for name in inner.input)
        return [self.graph.tensors[name] for name in names if name in self.graph.tensors]

    def _plain(self, call: Call, sources: tuple[str, ...], shape: Shape | None, index: int, *, is_plain: bool) -> None:
        """An output of a node that costs nothing, or one of several of a node whose cost is not known."""
        if shape is not None:
            kind = snake(call.op) if is_plain else call.op
            self.graph.give(call, kind, sources if is_plain else (self.graph.name(call),), shape, index)
            return
        # Nothing is multiplied here, but of what size the output is only running it would tell.
        self.graph.set(call, Tensor(None, (sources or (INPUT,))[0]), index)
        self.unknown.append(self.graph.name(call))

    def _uncounted(self, call: Call, sources: tuple[str, ...], shape: Shape | None) -> None:
        """A node whose cost is not known."""
        graph = self.graph
        known = shape is not None and 0 not in shape
        name = graph.name(call)
        layer = layers.Uncounted(call.op, plain(shape) if known and shape else (1,))
        graph.assembly.append(name, call.op, layer, *(sources or (INPUT,)))
        graph.set(call, Tensor(shape if known else None, name))
        if not known:
            self.unknown.append(name)

    def _shape(self, call: Call, index: int, found: Shape | None) -> Shape | None:
        """A shape, if need be as the file says it."""
        if found is not None or not call.outputs[index]:
            return found
        if self._said is None:
            graph = self.model.graph
            self._said = {value.name: value.type for value in (*graph.value_info, *graph.output)}
        said = self._said.get(call.outputs[index])
        return shape_said(said, self.dims) if said is not None else None


def _is_plain(node: Any) -> bool:
    """Whether nothing is multiplied in a node, nor in the graphs in it."""
    names = (Call(inner, []).op for inner in nodes_of((node,)))
    return all(name in PLAIN or name in FREE or name in NESTED for name in names)
