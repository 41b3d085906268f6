"""What each tensor of a traced run is: an activation, made of parameters only, or a constant."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any, NamedTuple

import torch

from convcost.layers.base import Shape

# The network's input, by the number that records of operations have.
FIRST = -1


class Value(NamedTuple):
    """``record`` is the number of the operation that made it, ``sources`` the parameters that are in it.

    With neither it is a constant. ``operation`` made it of parameters. ``clock`` tells when that was.
    """

    record: int | None = None
    sources: frozenset[int] = frozenset()
    operation: str = "constant"
    clock: int = 0

    @property
    def is_constant(self) -> bool:
        """Whether it depends on neither input nor parameters."""
        return self.record is None and not self.sources


class Write(NamedTuple):
    """The last write into a storage: when, and the record of what it holds since."""

    clock: int
    record: int


def shape_of(size: Iterable[int]) -> Shape:
    """A tensor's shape as networks have it: the first axis is left out where it is 1, as the batch is.

    >>> shape_of((1, 3, 224, 224)), shape_of((64, 49, 96)), shape_of((1,)), shape_of(())
    ((3, 224, 224), (64, 49, 96), (1,), (1,))
    """
    shape = tuple(size)
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape or (1,)


def tensors_in(value: Any) -> Iterator[Any]:
    """All tensors in arguments or results, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in(tuple(value.values()))
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        yield from tensors_in(tuple(getattr(value, name) for name in value.__dataclass_fields__))


def storage_of(tensor: Any) -> int:
    """What tensors that look at the same elements share."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):
        return -id(tensor)


def bytes_of(tensor: Any) -> int:
    """The bytes of a tensor's storage."""
    try:
        return int(tensor.untyped_storage().nbytes())
    except (NotImplementedError, RuntimeError):
        return int(tensor.numel() * tensor.element_size())


class Tensors:
    """The values of all tensors seen, by identity, and by storage for those that came about unseen.

    Every tensor is held, so that no identity is used twice.
    """

    def __init__(self) -> None:
        self.clock = 0
        self.writes: dict[int, Write] = {}
        self._values: dict[int, Value] = {}
        self._roots: dict[int, tuple[Value, Shape]] = {}
        self._held: list[Any] = []

    def set(self, tensor: Any, value: Value) -> None:
        """Say what a tensor is from now on."""
        self.clock += 1
        value = value._replace(clock=self.clock)
        if id(tensor) not in self._values:
            self._held.append(tensor)
        self._values[id(tensor)] = value
        self._roots.setdefault(storage_of(tensor), (value, shape_of(tensor.shape)))

    def wrote(self, tensor: Any, record: int, whole: int) -> None:
        """A tensor was written by a record; all that share its storage look at ``whole`` from now on."""
        self.set(tensor, Value(record))
        self.writes[storage_of(tensor)] = Write(self.clock, whole)

    def root(self, tensor: Any) -> tuple[Value, Shape]:
        """What was first known of a tensor's storage, and the shape that it had then."""
        return self._roots.get(storage_of(tensor), (Value(), shape_of(tensor.shape)))

    def same(self, tensor: Any, other: Any) -> None:
        """The storage of one stands for that of another."""
        self._roots[storage_of(tensor)] = self.root(other)

    def of(self, tensor: Any) -> tuple[Value, Write | None]:
        """What a tensor is, and a write that it does not know of yet, where its storage was written since."""
        storage = storage_of(tensor)
        found = self._values.get(id(tensor)) or self.root(tensor)[0]
        write = self.writes.get(storage)
        return found, write if write and write.clock > found.clock else None


class Parameters:
    """The parameters of a module, and which of their elements layers have claimed."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.shapes: list[Shape] = []
        self.used: set[int] = set()
        self._claims: list[list[tuple[int, int]]] = []
        self._storages: dict[int, int] = {}

    def add(self, name: str, tensor: Any) -> int:
        """A parameter, and the number that it has from now on."""
        number = len(self.names)
        self.names.append(name)
        self.shapes.append(tuple(tensor.shape))
        self._claims.append([])
        self._storages[storage_of(tensor)] = number
        return number

    def left(self, number: int) -> int:
        """How many of its elements nothing has claimed."""
        return prod(self.shapes[number]) - sum(end - begin for begin, end in self._claims[number])

    def claim(self, weights: list[tuple[Any, Value]], wanted: int) -> bool:
        """Count the elements of these tensors with one layer, if they are as many as it has, and nobody's yet."""
        picks = [self._pick(tensor, value) for tensor, value in weights]
        found = [pick for pick in picks if pick is not None]
        if len(found) < len(picks) or sum(end - begin for _, begin, end in found) != wanted:
            return False
        taken = len({(number, begin) for number, begin, _ in found}) < len(found)
        if taken or any(self._is_taken(*pick) for pick in found):
            return False
        for number, begin, end in found:
            self._claims[number].append((begin, end))
        return True

    def claim_whole(self, number: int) -> bool:
        """Count all elements of a parameter, if they are nobody's yet."""
        whole = prod(self.shapes[number])
        if not whole or self._claims[number]:
            return False
        self._claims[number].append((0, whole))
        return True

    def _is_taken(self, number: int, begin: int, end: int) -> bool:
        return any(begin < there and here < end for here, there in self._claims[number])

    def _pick(self, tensor: Any, value: Value) -> tuple[int, int, int] | None:
        """The parameter and the span of its elements that a weight is: itself, a part, or made of as many."""
        number = self._storages.get(storage_of(tensor))
        if number is not None:
            axes = [(size, stride) for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride]
            elements = prod(size for size, _ in axes)
            begin = int(tensor.storage_offset())
            dense = sum((size - 1) * stride for size, stride in axes) + 1 == elements
            return (number, begin, begin + elements) if dense else None
        alike = (n for n in sorted(value.sources) if prod(self.shapes[n]) == tensor.numel() and self.left(n))
        picked = next(alike, None)
        return None if picked is None else (picked, 0, prod(self.shapes[picked]))
