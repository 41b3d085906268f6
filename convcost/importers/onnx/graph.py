"""The network as it grows: layers for nodes, views between them, and which of the file's tensors are counted."""

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from convcost import layers
from convcost.assembly import Assembly
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, known
from convcost.importers.onnx.constants import is_quantised
from convcost.importers.onnx.naming import Names
from convcost.importers.onnx.tensor import Tensor, plain
from convcost.layers.base import Layer, Shape, text_shape
from convcost.layers.given import Given
from convcost.layers.traced import Look
from convcost.network import INPUT, Node
from convcost.specs.language import JOINTS, WORDS


class Held(NamedTuple):
    """A tensor that the file holds, as an initializer or in a `Constant`.

    ``type`` is ONNX's number of the type of elements. ``is_weight`` says that it is one wherever it stands; else it
    is one in layers that have weights.
    """

    shape: Shape
    type: int
    is_weight: bool
    is_initializer: bool = True


class Graph:
    """Tensors and sequences of them by their names, and the layers that make them.

    ``uses`` counts who takes a tensor, ``batch`` is the batch of the file where it is fixed and not 1.
    """

    def __init__(self, assembly: Assembly, names: Names, opset: int) -> None:
        self.assembly, self.names, self.opset = assembly, names, opset
        self.batch = 1
        self.tensors: dict[str, Tensor] = {}
        self.sequences: dict[str, list[Tensor]] = {}
        self.uses: Counter[str] = Counter()
        self.held: dict[str, Held] = {}
        self.counted: set[str] = set()
        self.statistics: set[str] = set()
        self._parameters: dict[str, str] = {}
        self._views: dict[tuple[str, Shape], str] = {}
        self._constants: dict[Tensor, str] = {}
        self._places: dict[str, int] = {}

    @property
    def batch_hint(self) -> str:
        """What helps where a graph of a fixed batch cannot be read as that of one sample."""
        if self.batch == 1:
            return ""
        return f"the file fixes its batch at {self.batch}; export it with a batch of 1, or a dynamic one"

    def name(self, call: Call) -> str:
        """The name of a node's layer."""
        if not call.name:
            call.name = self.names.of(call.node, self._before(call))
        return call.name

    def _before(self, call: Call) -> Iterator[str]:
        """The layers whose outputs a node takes, the latest last."""
        nodes = {tensor.node for tensor in call.given if tensor.node}
        yield from sorted(nodes, key=lambda node: self._places.get(node, -1))

    def set(self, call: Call, tensor: Tensor, index: int = 0) -> None:
        """What a node makes."""
        if tensor.shape is not None:
            require_axes(tensor.shape)
        if index < len(call.outputs) and call.outputs[index]:
            self.tensors[call.outputs[index]] = tensor
            if tensor.node is not None:
                self._places.setdefault(tensor.node, len(self.assembly.nodes))

    def same(self, call: Call, shape: Shape) -> None:
        """The elements of the first input, in a shape: nothing is done, and no layer made."""
        tensor = call[0]
        if prod(known(tensor)) != prod(shape):
            raise ConvcostError(f"{text_shape(known(tensor))} cannot be seen as {text_shape(shape)}")
        values = None if tensor.values is None else tensor.values.reshape(shape)
        self.set(call, Tensor(shape, tensor.node, values, tensor.origins, tensor.type))

    def put(self, call: Call, kind: str, layer: Layer, sources: tuple[str, ...], shape: Shape, index: int = 0) -> None:
        """The layer that makes an output of a node, whose shape with the batch is ``shape``."""
        if self._is_empty(call, shape, index):
            return
        name = self.name(call) if not index else self.names.free(f"{self.name(call)}.{index}")
        self.assembly.append(name, kind, layer, *sources)
        made = self.assembly.shapes[name]
        if prod(made) != prod(shape):
            self._drop_last()
            raise ConvcostError(f"it makes {text_shape(made)}, not {text_shape(shape)}")
        self.set(call, Tensor(shape, name), index)

    def part(self, name: str, layer: Layer | None, source: str, shape: Shape) -> Tensor:
        """A part of what a layer makes."""
        if 0 in shape:
            return Tensor(shape)
        name = self.names.free(name)
        self.assembly.append(name, "slice", layer or Look(operation("slice"), plain(shape)), source)
        return Tensor(shape, name)

    def forget(self, name: str) -> None:
        """The last layer taken back, and its name."""
        node, shape = self._drop_last()
        self._views.pop((node.inputs[0], shape), None)
        self.names.taken.discard(name)

    def _drop_last(self) -> tuple[Node, Shape]:
        node = self.assembly.nodes.pop()
        return node, self.assembly.shapes.pop(node.name)

    def give(
        self, call: Call, kind: str, sources: tuple[str, ...], shape: Shape, index: int = 0, form: type[Given] = Given
    ) -> None:
        """An operation without weights and MACs, of which only the shape is known to the network."""
        if not self._is_empty(call, shape, index):
            self.put(call, kind, form(operation(kind), plain(shape)), sources or (INPUT,), shape, index)

    def _is_empty(self, call: Call, shape: Shape, index: int) -> bool:
        """Whether an output has no elements; then no layer makes it."""
        if 0 in shape:
            self.set(call, Tensor(shape), index)
        return 0 in shape

    def fit(self, call: Call, kind: str, layer: Layer, sources: tuple[str, ...], shape: Shape) -> None:
        """A layer without MACs where it makes the shape, and else the shape alone."""
        try:
            self.put(call, kind, layer, sources, shape)
        except ConvcostError:
            self.give(call, kind, sources, shape)

    def bring(self, call: Call, tensor: Tensor, shape: Shape) -> str:
        """A layer with the elements of a tensor in a shape, for a node."""
        return self.view(call, self.source(tensor), shape)

    def view(self, call: Call, node: str, shape: Shape) -> str:
        """A layer's elements in another shape."""
        have = self.assembly.shapes[node]
        if have == shape:
            return node
        if prod(have) != prod(shape):
            raise ConvcostError(f"{text_shape(have)} cannot be seen as {text_shape(shape)}")
        if (node, shape) not in self._views:
            flat = len(shape) == 1
            name = self.names.free(f"{self.name(call)}.{'flatten' if flat else 'reshape'}")
            layer = layers.Flatten() if flat else layers.Reshape("reshape", shape)
            self.assembly.append(name, layer.kind, layer, node)
            self._views[node, shape] = name
        return self._views[node, shape]

    def permuted(self, call: Call, node: str, order: tuple[int, ...]) -> str:
        """A layer's axes in another order."""
        name = self.names.free(f"{self.name(call)}.permute")
        self.assembly.append(name, "permute", layers.Permute(order), node)
        return name

    def maps(self, call: Call, tensor: Tensor) -> str:
        """Feature maps as (channels, *n), or, where there is a batch of several, with the batch before."""
        return self.bring(call, tensor, plain(known(tensor)))

    def takes(self, tensor: Tensor | None) -> bool:
        """Whether a weight is a layer's own: it is from the file, element for element, and no layer before had it."""
        if tensor is None or tensor.node:
            return False
        fresh = [origin for origin in tensor.origins if origin not in self.counted]
        sizes = {origin: prod(self.held[origin].shape) for origin in fresh}
        whole = prod(known(tensor))
        # Beside whole numbers, what else goes into a weight are factors of them.
        quantised = any(size == whole and is_quantised(self.held[origin].type) for origin, size in sizes.items())
        own = fresh if quantised else self._weights(fresh)
        if not quantised and sum(sizes[origin] for origin in own) != whole:
            return False
        self.counted.update(own)
        return bool(own)

    def _weights(self, origins: list[str]) -> list[str]:
        """Those that are weights; else those that may be one here, and are no number that fills a tensor."""
        held = self.held
        found = [origin for origin in origins if held[origin].is_weight]
        return found or [origin for origin in origins if held[origin].is_initializer and held[origin].shape]

    def rest(self, *tensors: Tensor | None) -> tuple[str, ...]:
        """The layers of weights that are not a layer's own: others make them, or the file holds parts of them."""
        given = [tensor for tensor in tensors if tensor is not None]
        return tuple(self.source(tensor) for tensor in given if tensor.node or self.is_learnt(tensor))

    def source(self, tensor: Tensor) -> str:
        """The layer that makes a tensor; a constant becomes one, and counts what of the file is in it."""
        if tensor.node is not None:
            return tensor.node
        if tensor not in self._constants:
            self._constants[tensor] = self._constant(tensor)
        return self._constants[tensor]

    def _constant(self, tensor: Tensor) -> str:
        for origin in tensor.origins:
            held = self.held[origin]
            if held.is_weight and origin not in self.counted:
                self.counted.add(origin)
                name = self._parameters[origin] = self.names.free(origin)
                self.assembly.append(name, "parameter", layers.Parameter("parameter", plain(held.shape)), INPUT)
        nodes = tuple(self._parameters[origin] for origin in tensor.origins if origin in self._parameters)
        shape = plain(known(tensor))
        if len(nodes) == 1 and prod(self.assembly.shapes[nodes[0]]) == prod(shape):
            return nodes[0]
        name = self.names.free("constant")
        self.assembly.append(name, "constant", Given("constant", shape), *(nodes or (INPUT,)))
        return name

    def one_of_batch(self, wanted: Shape) -> Shape:
        """A shape that the file holds, for one sample where it is for the batch of the file."""
        return (1, *wanted[1:]) if self.batch > 1 and wanted[:1] == (self.batch,) else wanted

    def is_learnt(self, tensor: Tensor) -> bool:
        """Whether a constant holds weights that are not counted yet."""
        return any(self.held[origin].is_weight and origin not in self.counted for origin in tensor.origins)


def require_axes(shape: Shape) -> None:
    """Raise for a shape of more axes than any tensor has."""
    if len(shape) > _MOST_AXES:
        raise ConvcostError(f"a tensor of {len(shape):,} axes")


_MOST_AXES = 64


def operation(kind: str) -> str:
    """A kind as the name of an operation of which only the shape is known: words mean layers with fields.

    >>> operation("reduce_mean"), operation("slice")
    ('reduce_mean', 'general_slice')
    """
    return f"general_{kind}" if kind in WORDS and kind not in JOINTS else kind
