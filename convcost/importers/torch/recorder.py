"""Operations as they ran, each with the layer that it is: a network before its names."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from convcost.assembly import MOST_LAYERS
from convcost.errors import ConvcostError
from convcost.importers.torch.tensors import FIRST, Parameters, Tensors, Value, shape_of
from convcost.layers.base import LARGEST, Layer, Shape, text_shape
from convcost.layers.given import Given, Parameter
from convcost.layers.traced import Each, Learnt, Look, Shared


class Call(NamedTuple):
    """One call of a module: its path, whether no modules are inside, how code says what runs in it, and its number."""

    path: str = ""
    is_leaf: bool = False
    written: str = "function"
    number: int = 0


class Record(NamedTuple):
    """An operation: its layer, the numbers of the records that it takes, and where in the modules it ran.

    ``owner`` is the name of the parameter that is its weight, or of what it stands for.
    """

    kind: str
    layer: Layer
    inputs: tuple[int, ...]
    shape: Shape
    call: Call
    owner: str = ""
    written: str = ""


class Recorder:
    """Records in order. Layers are placed by tensors, so that whatever a layer takes is a record before it."""

    def __init__(self, tensors: Tensors, parameters: Parameters) -> None:
        self.tensors, self.parameters = tensors, parameters
        self.records: list[Record] = []
        self.first: Shape = ()
        self.call = Call()
        # How many steps each recurrent layer took.
        self.steps: list[int] = []
        self._made: dict[int, int] = {}
        self._standing: dict[int, int] = {}

    def shape(self, record: int) -> Shape:
        """The shape that a record has made."""
        return self.first if record == FIRST else self.records[record].shape

    def value(self, tensor: Any) -> Value:
        """What a tensor is now; where its storage was written by another name, that is one more record."""
        value, write = self.tensors.of(tensor)
        if write is None:
            return value
        shape = shape_of(tensor.shape)
        record = write.record
        if self.shape(record) != shape:
            record = self._append("view", Look("view", shape), (record,))
        self.tensors.set(tensor, Value(record))
        return Value(record)

    def is_active(self, tensors: Iterable[Any]) -> bool:
        """Whether any of these depends on the input."""
        return any(self.value(tensor).record is not None for tensor in tensors)

    def place(
        self,
        kind: str,
        layer: Layer | Callable[[], Layer],
        inputs: Sequence[Any],
        size: Iterable[int],
        weights: Sequence[Any] = (),
        macs: int = 0,
        written: str = "",
    ) -> int:
        """One more operation; its number. ``inputs`` are tensors, or numbers of records.

        A layer that does not make ``size``, or not of ``macs``, gives way to one over each of several maps, and
        that to one that only says its numbers. ``weights`` are the tensors that its parameters come from: the
        layer counts them if nobody has, and else has none.
        """
        sources = tuple(self._sources(inputs))
        shape = shape_of(size)
        made = self._fitting(kind, layer, sources, shape, macs)
        known = [(tensor, self.value(tensor)) for tensor in weights if tensor is not None]
        learnt = [(tensor, value) for tensor, value in known if value.sources]
        owner = self.parameters.names[min(learnt[0][1].sources)] if learnt else ""
        for _, value in learnt:
            self.parameters.used |= value.sources
        made = self._claimed(kind, made, learnt, shape, macs)
        arriving = tuple(v.record for _, v in known if v.record is not None) if isinstance(made, Shared) else ()
        return self._append(kind, made, (*sources, *arriving), owner, written)

    def _claimed(self, kind: str, made: Layer, learnt: list[tuple[Any, Value]], shape: Shape, macs: int) -> Layer:
        """The layer that counts these parameters, or one without any where they are counted already."""
        own = made.weights + made.biases + made.norm_params
        if own and self.parameters.claim(learnt, own):
            return made
        elements = sum(tensor.numel() for tensor, _ in learnt)
        if elements and not made.counts_activations and self.parameters.claim(learnt, elements):
            return Learnt(_other(kind), shape, elements, macs)
        return Shared(made) if own else made

    def _fitting(
        self, kind: str, layer: Layer | Callable[[], Layer], sources: tuple[int, ...], shape: Shape, macs: int
    ) -> Layer:
        shapes = [self.shape(source) for source in sources]
        try:
            wanted = layer if isinstance(layer, Layer) else layer()
        except ConvcostError:
            return _said(kind, shape, macs)
        for candidate in (wanted, Each(wanted)):
            try:
                if candidate.output_shape(*shapes) == shape and candidate.macs(*shapes) == macs:
                    return candidate
            except (ConvcostError, ValueError, IndexError):
                continue
        return _said(kind, shape, macs)

    def bind(self, tensor: Any, record: int) -> None:
        """A tensor is what a record has made."""
        self.tensors.set(tensor, Value(record))

    def _sources(self, inputs: Iterable[Any]) -> Iterable[int]:
        inputs = list(inputs)
        known = (found if isinstance(found, int) else self.value(found).record for found in inputs)
        near = next((record for record in known if record is not None), None)
        for found in inputs:
            yield found if isinstance(found, int) else self.record_of(found, near)

    def record_of(self, tensor: Any, near: int | None = None) -> int:
        """The record that a tensor is. Parameters and constants become one, beside the record ``near``."""
        value = self.value(tensor)
        if value.record is not None:
            return value.record
        if id(tensor) not in self._standing:
            self._standing[id(tensor)] = self._stand(tensor, value, len(self.records) - 1 if near is None else near)
            self.tensors.set(tensor, value)  # and so it is held
        return self._standing[id(tensor)]

    def _stand(self, tensor: Any, value: Value, near: int) -> int:
        shape = shape_of(tensor.shape)
        bases = tuple(self._parameter(number, near) for number in sorted(value.sources)) or (near,)
        if not value.is_constant and len(bases) == 1 and self.shape(bases[0]) == shape:
            return bases[0]
        return self._append(value.operation, Given(value.operation, shape), bases)

    def _parameter(self, number: int, near: int) -> int:
        """A parameter on its own: it counts here unless a layer has counted it."""
        if number not in self._made:
            self.parameters.used.add(number)
            shape = shape_of(self.parameters.shapes[number])
            layer = Parameter if self.parameters.claim_whole(number) else Given
            name = self.parameters.names[number]
            self._made[number] = self._append("parameter", layer("parameter", shape), (near,), name)
        return self._made[number]

    def further_input(self, name: str, tensor: Any) -> None:
        """An input besides the first: a record of no cost."""
        shape = shape_of(tensor.shape)
        self.bind(tensor, self._append("input", Given("input", shape), (FIRST,), name))

    def derive(self, outputs: Iterable[Any], tensors: Iterable[Any], operation: str) -> None:
        """Results of parameters and constants alone are no records yet: whether anyone takes them is not known."""
        sources = frozenset(number for tensor in tensors for number in self.value(tensor).sources)
        for output in outputs:
            self.tensors.set(output, Value(None, sources, operation if sources else "constant"))

    def _append(self, kind: str, layer: Layer, inputs: tuple[int, ...], owner: str = "", written: str = "") -> int:
        if len(self.records) >= MOST_LAYERS:
            raise ConvcostError(f"the run has more than {MOST_LAYERS:,} operations")
        shapes = [self.shape(source) for source in inputs]
        shape = layer.output_shape(*shapes)
        if max(shape) > LARGEST:
            raise ConvcostError(f"an output of {text_shape(shape)} is larger than {LARGEST:,} on an axis")
        self.records.append(Record(kind, layer, inputs, shape, self.call, owner, written))
        return len(self.records) - 1


def _said(kind: str, shape: Shape, macs: int) -> Layer:
    """A layer that only says its shape and its MACs."""
    return Learnt(_other(kind), shape, products=macs) if macs else Given(_other(kind), shape)


def _other(kind: str) -> str:
    """The operation of what is of a kind, but has not the fields of its layers."""
    return f"{kind} of another form"
