"""Constants of a traced run: they have their values, on the CPU, and stand on the meta device beside activations.

So a module gets what it asks of its own constants: whether a mask hides anything, how large its maps are.
"""

from collections.abc import Iterable
from math import prod
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import bytes_of, storage_of, tensors_in

_META, _CPU = torch.device("meta"), torch.device("cpu")
# Made of a tensor's shape and type, and of none of its values.
FRESH = ("new_", "empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "randint_like")
# The first argument, of the shape or the type of the second.
_AS_ANOTHER = ("expand_as", "view_as", "reshape_as", "type_as", "to")
# Elements of a constant that is made on the module's own device; a larger one has no values.
_MOST = 2**22


def made_here(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """An operation's arguments: what depends on no activation is made here, wherever the module wants it."""
    like = _only_like(name, args)
    if (like is None and not _names_device((*args, *kwargs.values()))) or _size(args) > _MOST:
        return args, kwargs
    made = args if like is None else (*args[:like], _stand_in(args[like]), *args[like + 1 :])
    if any(tensor.device != _CPU for tensor in tensors_in((made, kwargs))):
        return args, kwargs
    return placed(made, _CPU), placed(kwargs, _CPU)


def _only_like(name: str, args: tuple[Any, ...]) -> int | None:
    """The argument that only says a shape or a type, where there is one."""
    like = 0 if name.startswith(FRESH) else 1
    known = not like or name in _AS_ANOTHER
    return like if known and len(args) > like and isinstance(args[like], torch.Tensor) else None


def _stand_in(tensor: Any) -> Any:
    """A tensor here of the same shape and type, whose memory is not touched."""
    if tensor.layout != torch.strided:
        return tensor
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)


def _names_device(values: Iterable[Any]) -> bool:
    return any(isinstance(value, torch.device) for value in values)


def _size(args: tuple[Any, ...]) -> int:
    """How many elements are made: of a size that is given, or as many as the tensor has."""
    sizes = [prod(given) for given in args[:2] if isinstance(given, list | tuple) and _is_size(given)]
    return sizes[0] if sizes else max((tensor.numel() for tensor in tensors_in(args)), default=1)


def _is_size(given: Iterable[Any]) -> bool:
    return all(type(size) is int for size in given)


def placed(value: Any, device: Any) -> Any:
    """Arguments, with another device where they name one."""
    if isinstance(value, torch.device):
        return device
    if isinstance(value, dict):
        return {key: placed(item, device) for key, item in value.items()}
    return tuple(placed(item, device) for item in value) if isinstance(value, tuple) else value


class Numbers(TorchFunctionMode):  # type: ignore[misc]  # torch is not known to the type checker
    """Tensors of numbers that stand in the code are made here; on the meta device torch drops the numbers."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one function."""
        del types
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.new_tensor and not _on_meta(args[1:]):
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype, **kwargs, "device": _CPU})
        if func in (torch.tensor, torch.as_tensor) and not _on_meta((args, kwargs)):
            kwargs["device"] = _CPU
        return func(*args, **kwargs)


def _on_meta(values: Any) -> bool:
    return any(tensor.is_meta for tensor in tensors_in(values))


class Constants:
    """Constants that stand on the meta device too, and those that activations were written into."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        # Twins by the identity of their constants, those by the identity of their twins, and twins of storages.
        self._twins: dict[int, Any] = {}
        self._originals: dict[int, Any] = {}
        self._flat: dict[int, tuple[Any, Any]] = {}
        self._written: set[int] = set()

    def are_here(self, tensors: Iterable[Any]) -> bool:
        """Whether all of these have values."""
        return all(tensor.device == _CPU and storage_of(tensor) not in self._written for tensor in tensors)

    def moved(self, value: Any, *, only_floats: bool = False) -> Any:
        """Arguments on the meta device; of whole numbers and masks an operation may ask the values."""
        if isinstance(value, torch.Tensor):
            stays = value.is_meta or (only_floats and not (value.is_floating_point() or value.is_complex()))
            return value if stays else self._twin(value)
        if isinstance(value, list | tuple):
            return type(value)(self.moved(item, only_floats=only_floats) for item in value)
        if isinstance(value, dict):
            return {key: self.moved(item, only_floats=only_floats) for key, item in value.items()}
        return value

    def note_written(self, tensors: Iterable[Any]) -> None:
        """Twins that were written into: from now on they stand for their constants."""
        found = (self._originals.get(id(tensor)) for tensor in tensors)
        self._written |= {storage_of(original) for original in found if original is not None}

    def named(self, made: Any) -> Any:
        """What an operation made, as the module knows it: the constant that it was given, not its twin."""
        return self._originals.get(id(made), made)

    def _twin(self, tensor: Any) -> Any:
        """A constant on the meta device; those that share elements share them there."""
        if id(tensor) not in self._twins:
            storage = storage_of(tensor)
            if storage not in self._flat:
                elements = max(bytes_of(tensor) // tensor.element_size(), 1)
                self._flat[storage] = tensor, torch.empty(elements, dtype=tensor.dtype, device=_META)
                self.recorder.tensors.same(self._flat[storage][1], tensor)
            flat = self._flat[storage][1]
            if flat.dtype == tensor.dtype:
                twin = flat.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
            else:
                twin = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=_META)
            self._twins[id(tensor)], self._originals[id(twin)] = twin, tensor
            value = self.recorder.value(tensor)
            if not value.is_constant:
                self.recorder.tensors.set(twin, value)
        return self._twins[id(tensor)]
