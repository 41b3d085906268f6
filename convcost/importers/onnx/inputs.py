"""The inputs of a graph, and the sizes that a file leaves open."""

from collections.abc import Mapping
from typing import Any

from convcost.errors import ConvcostError, describe
from convcost.importers import Options
from convcost.importers.onnx.file import problem
from convcost.importers.onnx.graph import require_axes
from convcost.layers.base import LARGEST, Shape, text_shape
from convcost.names import closest

# A map of positions or more has its batch first, whatever its size.
_MAPS = 4
# Operators that make a batch of a single picture or sequence, or take one step by step.
_NO_BATCH = frozenset(("Unsqueeze", "Reshape", "Transpose", "Slice", "Gather", "LSTM", "GRU", "RNN"))


class Inputs:
    """The shapes of a graph's inputs by name, batch and all; ``batch`` is that of the file where it was not 1."""

    def __init__(self, source: str, model: Any, options: Options) -> None:
        self.source, self.options = source, options
        weights = {tensor.name for tensor in model.graph.initializer}
        weights |= {tensor.values.name for tensor in model.graph.sparse_initializer}
        self.protos = {proto.name: proto for proto in model.graph.input if proto.name not in weights}
        self.takers = {name: node.op_type for node in reversed(model.graph.node) for name in node.input}
        # A batch that goes in comes out.
        made = [proto.type.tensor_type.shape.dim for proto in model.graph.output]
        self.first_sizes = {sizes[0].dim_value for sizes in made if sizes}
        self.batch = 1
        if not self.protos:
            raise problem(source, "the graph has no input")
        self._require_known(model)
        self.given = dict(options.inputs)
        if options.input is not None:
            if len(self.protos) > 1:
                names = ", ".join(map(describe, list(self.protos)[:8]))
                raise problem(
                    source, f"--input without a name, but the graph has several: {names}", "--input NAME=SHAPE"
                )
            self.given.setdefault(next(iter(self.protos)), options.input)
        self.dims = dict(options.dims)
        for name in self.given:
            self._bind(name)
        self.shapes = {name: self._shape(name, proto) for name, proto in self.protos.items()}

    def _require_known(self, model: Any) -> None:
        """Raise for names that are none of the file's."""
        for name in self.options.inputs:
            if name not in self.protos:
                raise self._unknown("input", name, self.protos)
        values = (*model.graph.input, *model.graph.value_info, *model.graph.output)
        dims = {size.dim_param: None for value in values for size in value.type.tensor_type.shape.dim if size.dim_param}
        for name, value in self.options.dims.items():
            if name not in dims:
                raise self._unknown("dimension", name, dims)
            if not 1 <= value <= LARGEST:
                raise problem(self.source, f"--dim {name} must be from 1 to {LARGEST:,}, got {describe(value)}")

    def _bind(self, name: str) -> None:
        """Remember the named dimensions of an input whose shape is given: other inputs may have them too."""
        sizes = self.protos[name].type.tensor_type.shape.dim
        given = self.given[name]
        for size, value in zip(sizes[len(sizes) - len(given) :], given, strict=False):
            if size.dim_param:
                self.dims.setdefault(size.dim_param, value)

    def _unknown(self, what: str, name: str, known: Mapping[str, Any]) -> Exception:
        guess = closest(name, list(known))
        listed = ", ".join(map(describe, list(known)[:8])) or "none"
        hint = f"did you mean `{guess}`?" if guess else f"there are: {listed}"
        return problem(self.source, f"no {what} `{describe(name)}`", hint)

    def _shape(self, name: str, proto: Any) -> Shape:
        kind = proto.type.WhichOneof("value")
        if kind != "tensor_type":
            raise problem(self.source, f"the input `{describe(name)}` is no tensor", f"it is a {kind or 'value'}")
        tensor = proto.type.tensor_type
        sizes = list(tensor.shape.dim) if tensor.HasField("shape") else None
        given = self.given.get(name)
        if given is not None:
            return self._replaced(name, sizes, given)
        if sizes is None:
            raise problem(self.source, f"the shape of `{describe(name)}` is open", f"--input {name}=3x224x224")
        try:
            require_axes(tuple(range(len(sizes))))
        except ConvcostError as error:
            raise problem(self.source, f"the input `{describe(name)}` is {error}") from None
        found, open_ = [], {}
        for at, size in enumerate(sizes):
            value = size.dim_value if size.HasField("dim_value") else 0
            if size.dim_param in self.dims and not value:
                value = self.dims[size.dim_param]
            elif at == 0:
                value = self._batch(name, value, len(sizes))
            if not 1 <= value <= LARGEST:
                open_[at] = size.dim_param if value == 0 else str(value)
            found.append(value)
        if open_:
            raise self._open(name, found, open_)
        return tuple(found)

    def _batch(self, name: str, size: int, rank: int) -> int:
        """The first axis: a batch of 1, unless it is none."""
        is_first = name == next(iter(self.protos))
        if size in (0, 1):
            # A single axis is no batch of numbers.
            return size if is_first and rank == 1 else 1
        if not is_first:
            # What is no picture of the same batch is something else.
            return 1 if size == self.batch else size
        if rank < _MAPS and (self.takers.get(name) in _NO_BATCH or size not in self.first_sizes):
            return size
        self.batch = size
        return 1

    def _replaced(self, name: str, sizes: list[Any] | None, given: Shape) -> Shape:
        """What somebody says the input is, without the batch; or as many sizes as the file has."""
        if sizes is None or len(given) == len(sizes) - 1:
            first = sizes[0].dim_value if sizes and sizes[0].HasField("dim_value") else 1
            self.batch = max(self.batch, first)
            return (1, *given)
        if len(given) == len(sizes):
            return tuple(given)
        own = len(sizes) - 1
        raise problem(self.source, f"`{describe(name)}` has {own} axes besides the batch, got {text_shape(given)}")

    def _open(self, name: str, found: list[int], open_: dict[int, str]) -> Exception:
        """The error of sizes that are not known, with their names."""
        sizes = [open_.get(at, "N" if at == 0 and size == 1 else str(size)) or "?" for at, size in enumerate(found)]
        wanted = {at: 3 if at == 1 and len(found) >= _MAPS else 224 for at in open_}
        sample = [str(wanted.get(at, size)) for at, size in enumerate(found)]
        hint = f"--input {name}={'x'.join(sample[1:] or sample)}"
        names = {label: wanted[at] for at, label in open_.items() if label and not label.lstrip("-").isdecimal()}
        if all(label in names for label in open_.values()):
            hint += ", or " + " ".join(f"--dim {label}={size}" for label, size in names.items())
        which = dict.fromkeys(f"`{describe(label)}`" if label else f"axis {at}" for at, label in open_.items())
        shown = describe("x".join(sizes))
        return problem(self.source, f"open dimensions of `{describe(name)}` ({shown}): {', '.join(which)}", hint)
