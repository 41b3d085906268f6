"""A module's run, seen at the dispatcher: each operation is recorded as the layer that it is."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from convcost.errors import ConvcostError, InternalError
from convcost.importers.torch.forecast import forecast
from convcost.importers.torch.operation import Operation, Reader
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.table import name_of, read_other, reader_of
from convcost.importers.torch.tensors import storage_of, tensors_in
from convcost.layers.given import Given

_META = torch.device("meta")


class Tracer(TorchDispatchMode):  # type: ignore[misc]  # torch is not known to the type checker
    """Runs every operation on the meta device, where nothing is computed, and records it.

    What is read as a layer is taken whole; others that are made of operations are taken apart. Operations on
    constants alone run where these are, so that a module gets what it asks of its own constants.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        # Constants on the meta device, by identity, and their storages; those that were written since.
        self._twins: dict[int, tuple[Any, Any]] = {}
        self._flat: dict[int, tuple[Any, Any]] = {}
        self._written: set[int] = set()
        # What stopped the recording, whether or not the module's code catches it.
        self.failure: Exception | None = None
        # The last operation's error, and the module that it was in.
        self.fault: tuple[Exception, str] | None = None

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Else torch loads its compiler at the first operation, which takes longer than torch itself.
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation."""
        del types
        kwargs = dict(kwargs or {})
        name = name_of(func._schema.name)
        reader = reader_of(name)
        if reader is None or (reader.takes and not reader.takes(Operation(func, name, args, kwargs))):
            reader = None
            with self:
                made = func.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
        given = list(tensors_in((args, kwargs)))
        if any(tensor.device.type != "cpu" or storage_of(tensor) in self._written for tensor in given):
            return self._on_meta(func, name, reader, args, kwargs)
        return self._run(Operation(func, name, args, kwargs), reader)

    def _on_meta(self, func: Any, name: str, reader: Reader | None, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run an operation with constants on the meta device too; one that writes gives back what it was given."""
        args, kwargs = self._moved(_positions(name, args)), self._moved(dict(kwargs))
        if kwargs.get("device") is not None:
            kwargs["device"] = _META
        if name == "embedding" and args[1].is_floating_point():
            # Inputs are floats unless somebody says otherwise; these are numbers of rows.
            rows = args[1].long()
            self.recorder.tensors.set(rows, self.recorder.value(args[1]))
            args = (args[0], rows, *args[2:])
        operation = Operation(func, name, args, kwargs)
        outputs = self._run(operation, reader)
        originals = {id(twin): tensor for tensor, twin in self._twins.values()}
        for tensor in operation.overwritten:
            if id(tensor) in originals:
                self._written.add(storage_of(originals[id(tensor)]))
        return originals.get(id(outputs), outputs) if self._twins else outputs

    def _run(self, operation: Operation, reader: Reader | None) -> Any:
        recorder = self.recorder
        overwritten = operation.overwritten
        before = [self._held(tensor) for tensor in overwritten]
        active = recorder.is_active(operation.tensors)
        try:
            outputs = forecast(operation)
            outputs = _made(operation) if outputs is None else outputs
        except Exception as error:
            self.fault = error, recorder.call.path
            raise
        operation.made = [tensor for tensor in tensors_in(outputs) if tensor.numel()]
        try:
            self._record(operation, reader, active=active)
            for tensor, held in zip(overwritten, before, strict=True):
                self._note_write(tensor, held)
        except ConvcostError as error:
            self.failure = error
            raise
        except Exception as error:
            self.failure = InternalError(f"{operation.func}: {type(error).__name__}: {error}")
            raise self.failure from error
        return outputs

    def _record(self, operation: Operation, reader: Reader | None, *, active: bool) -> None:
        if not operation.made:
            return
        if reader and (active or reader.counts):
            reader.read(self.recorder, operation)
        elif active:
            read_other(self.recorder, operation)
        else:
            self.recorder.derive(operation.made, operation.tensors, operation.name)

    def _held(self, tensor: Any) -> int | None:
        """The record of what a tensor's storage holds."""
        write = self.recorder.tensors.writes.get(storage_of(tensor))
        return write.record if write else self.recorder.tensors.root(tensor)[0].record

    def _note_write(self, tensor: Any, held: int | None) -> None:
        """Others that look at the same elements are changed too; by a part of them, to what was there and is new."""
        recorder = self.recorder
        record = whole = recorder.value(tensor).record
        if record is None or whole is None:
            return
        if tensor.numel() * tensor.element_size() < _bytes(tensor):
            shape = recorder.tensors.root(tensor)[1]
            sources = [record] if held is None else [held, record]
            whole = recorder.place("update", Given("update", shape), sources, (1, *shape))
        recorder.tensors.wrote(tensor, record, whole)

    def _moved(self, value: Any) -> Any:
        """Arguments with their constants on the meta device."""
        if isinstance(value, torch.Tensor):
            return value if value.is_meta else self._twin(value)
        if isinstance(value, list | tuple):
            return type(value)(map(self._moved, value))
        return {key: self._moved(item) for key, item in value.items()} if isinstance(value, dict) else value

    def _twin(self, tensor: Any) -> Any:
        """A constant on the meta device; those that share elements share them there."""
        if id(tensor) not in self._twins:
            storage = storage_of(tensor)
            if storage not in self._flat:
                elements = max(_bytes(tensor) // tensor.element_size(), 1)
                self._flat[storage] = tensor, torch.empty(elements, dtype=tensor.dtype, device=_META)
                self.recorder.tensors.same(self._flat[storage][1], tensor)
            flat = self._flat[storage][1]
            if flat.dtype == tensor.dtype:
                twin = flat.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
            else:
                twin = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=_META)
            self._twins[id(tensor)] = tensor, twin
            value = self.recorder.value(tensor)
            if not value.is_constant:
                self.recorder.tensors.set(twin, value)
        return self._twins[id(tensor)][1]


def _made(operation: Operation) -> Any:
    """What torch makes of an operation."""
    try:
        return operation.func(*operation.args, **operation.kwargs)
    except RuntimeError as error:
        # Layouts of forecasts are not always torch's; a view that these do not allow is a copy here.
        if operation.name != "view" or "view size is not compatible" not in str(error):
            raise
        return operation.first.reshape(operation.args[1])


def _bytes(tensor: Any) -> int:
    try:
        return int(tensor.untyped_storage().nbytes())
    except (NotImplementedError, RuntimeError):
        return int(tensor.numel() * tensor.element_size())


def _positions(name: str, args: Any) -> Any:
    """Masks that are constants become the positions that they choose: the meta device cannot know how many."""
    if not name.startswith(("index", "_index_put", "_unsafe_index")) or len(args) <= 1 or not isinstance(args[1], list):
        return args
    chosen: list[Any] = []
    for index in args[1]:
        is_mask = isinstance(index, torch.Tensor) and index.dtype == torch.bool and not index.is_meta
        chosen += index.nonzero(as_tuple=True) if is_mask else [index]
    return (args[0], chosen, *args[2:])
