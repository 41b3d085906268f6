"""A module's run, seen at the dispatcher: each operation is recorded as the layer that it is."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from convcost.errors import ConvcostError, InternalError
from convcost.importers.torch.constants import Constants, made_here, placed
from convcost.importers.torch.faults import Fault
from convcost.importers.torch.forecast import forecast
from convcost.importers.torch.operation import Operation, Reader
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.table import name_of, read_other, reader_of
from convcost.importers.torch.tensors import bytes_of, storage_of, tensors_in
from convcost.layers.given import Given

_META = torch.device("meta")


class Tracer(TorchDispatchMode):  # type: ignore[misc]  # torch is not known to the type checker
    """Runs every operation on the meta device, where nothing is computed, and records it.

    What is read as a layer is taken whole; others that are made of operations are taken apart. Operations on
    constants alone run where these are, so that a module gets what it asks of its own constants.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder, self.constants = recorder, Constants(recorder)
        # Whether an operation of torch's own is taken apart: it makes its constants where it wants them.
        self._apart_now = False
        # What stopped the recording, whether or not the module's code catches it.
        self.failure: Exception | None = None
        # The last operation that could not run, its error, and the module that it was in.
        self._fault: Fault | None = None

    def fault_of(self, error: BaseException) -> Fault | None:
        """The operation that an error is of, where it is one's."""
        return self._fault if self._fault is not None and self._fault.error is error else None

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Else torch loads its compiler at the first operation, which takes longer than torch itself.
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation."""
        del types
        name = name_of(func._schema.name)
        kwargs = dict(kwargs or {})
        if not self._apart_now:
            args, kwargs = made_here(name, args, kwargs)
        reader = reader_of(name)
        if reader is None or (reader.takes and not reader.takes(Operation(func, name, args, kwargs))):
            reader = None
            made = self._apart(func, args, kwargs)
            if made is not NotImplemented:
                return made
        if self.constants.are_here(tensors_in((args, kwargs))):
            return self._run(Operation(func, name, args, kwargs), reader)
        return self._on_meta(func, name, reader, args, kwargs)

    def _apart(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run an operation as those that it is made of, where it is; some of these want all tensors on one device."""
        if not self.constants.are_here(tensors_in((args, kwargs))):
            args, kwargs = (self.constants.moved(given, only_floats=True) for given in (args, kwargs))
        before, self._apart_now = self._apart_now, True
        try:
            with self:
                return func.decompose(*args, **kwargs)
        finally:
            self._apart_now = before

    def _on_meta(self, func: Any, name: str, reader: Reader | None, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run an operation with constants on the meta device too; one that writes gives back what it was given."""
        # Lengths of sequences keep their values.
        args = self.constants.moved(placed(self._positions(name, args), _META), only_floats=name in _PACKED)
        kwargs = self.constants.moved(placed(kwargs, _META))
        if name == "embedding" and args[1].is_floating_point():
            # Inputs are floats unless somebody says otherwise; these are numbers of rows.
            rows = args[1].long()
            self.recorder.tensors.set(rows, self.recorder.value(args[1]))
            args = (args[0], rows, *args[2:])
        operation = Operation(func, name, args, kwargs)
        outputs = self._run(operation, reader)
        self.constants.note_written(operation.overwritten)
        return self.constants.named(outputs)

    def _run(self, operation: Operation, reader: Reader | None) -> Any:
        recorder = self.recorder
        overwritten = operation.overwritten
        before = [self._held(tensor) for tensor in overwritten]
        active = recorder.is_active(operation.tensors)
        try:
            outputs = forecast(operation)
            outputs = _made(operation) if outputs is None else outputs
        except Exception as error:
            self._fault = Fault(error, operation.name, recorder.call.path)
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
        if tensor.numel() * tensor.element_size() < bytes_of(tensor):
            shape = recorder.tensors.root(tensor)[1]
            sources = [record] if held is None else [held, record]
            whole = recorder.place("update", Given("update", shape), sources, (1, *shape))
        recorder.tensors.wrote(tensor, record, whole)

    def _positions(self, name: str, args: Any) -> Any:
        """Masks become the positions that they choose: the meta device cannot know how many."""
        if not name.startswith(_INDEXED) or len(args) <= 1 or not isinstance(args[1], list):
            return args
        chosen: list[Any] = []
        for index in args[1]:
            is_mask = isinstance(index, torch.Tensor) and index.dtype == torch.bool
            if is_mask and (index.device.type == "cpu" or not name.endswith("put")):
                with self:
                    chosen += index.nonzero(as_tuple=True)
            else:
                chosen.append(index)
        return (args[0], chosen, *args[2:])


_PACKED = ("_pack_padded_sequence", "_pad_packed_sequence")
_INDEXED = ("index", "_index_put", "_unsafe_index")


def _made(operation: Operation) -> Any:
    """What torch makes of an operation."""
    try:
        return operation.func(*operation.args, **operation.kwargs)
    except RuntimeError as error:
        # Layouts of forecasts are not always torch's; a view that these do not allow is a copy here.
        if operation.name != "view" or "view size is not compatible" not in str(error):
            raise
        return operation.first.reshape(operation.args[1])
