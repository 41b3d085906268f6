"""A node of the graph as operators read it: its inputs, its attributes, what it makes."""

from typing import Any

from convcost.errors import ConvcostError
from convcost.importers.onnx.tensor import Tensor, UnknownShapeError
from convcost.layers.base import Shape

# The fields of an attribute by its type; 0 is of files from before there were types.
_FIELDS = {1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings", 9: "tensors", 10: "graphs"}


class Call:
    """A node; ``op`` is its operator, with the domain where it is not ONNX's own."""

    __slots__ = ("attributes", "inputs", "name", "node", "op", "outputs")

    def __init__(self, node: Any, inputs: list[Tensor | None]) -> None:
        domain = "" if node.domain in ("", "ai.onnx") else f"{node.domain}."
        self.node, self.op, self.inputs = node, f"{domain}{node.op_type}", inputs
        self.outputs = list(node.output)
        self.attributes = {attribute.name: attribute for attribute in node.attribute}
        self.name = ""

    def __getitem__(self, index: int) -> Tensor:
        """An input that has to be there."""
        found = self.maybe(index)
        if found is None:
            raise ConvcostError(f"it has no input {index}")
        return found

    def maybe(self, index: int) -> Tensor | None:
        """An input that may be left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def array(self, index: int) -> Any:
        """The numbers of an input that is a constant; UnknownShapeError where they are not known."""
        values = self[index].values
        if values is None:
            raise UnknownShapeError
        return values

    @property
    def given(self) -> list[Tensor]:
        """The inputs that are there."""
        return [tensor for tensor in self.inputs if tensor is not None]

    def shape(self, index: int = 0) -> Shape:
        """The shape of an input, batch and all."""
        return known(self[index])

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute: a number, a text, a tuple of numbers."""
        attribute = self.attributes.get(name)
        if attribute is None:
            return default
        kind = _FIELDS.get(attribute.type)
        if kind is None:
            kind = next((field for field in ("ints", "floats", "s") if getattr(attribute, field)), "i")
        found = getattr(attribute, kind)
        if kind == "s":
            return found.decode("utf-8", "replace")
        return tuple(found) if kind.endswith("s") else found

    def ints(self, name: str, index: int, default: Any = None) -> Any:
        """Whole numbers that older opsets have as an attribute, and newer ones as an input."""
        if name in self.attributes:
            return self.get(name)
        tensor = self.maybe(index)
        return default if tensor is None else numbers(tensor)


def known(tensor: Tensor) -> Shape:
    """The shape of a value; UnknownShapeError where it is not known."""
    if tensor.shape is None:
        raise UnknownShapeError
    return tensor.shape


def numbers(tensor: Tensor) -> tuple[int, ...]:
    """The whole numbers of a constant; UnknownShapeError where it is none, or they are not in the file."""
    if tensor.values is None:
        raise UnknownShapeError
    return tuple(int(value) for value in tensor.values.ravel().tolist())


def split_sizes(call: Call, whole: int) -> list[int]:
    """The sizes of the parts of a `Split`: as given, or equal ones, the last one smaller."""
    given = call.ints("split", 1)
    if given:
        return list(given)
    number = len(call.outputs)
    part = -(-whole // max(1, number))
    return [min(part, whole - part * at) for at in range(number)]


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front.

    >>> axis_of(-1, 4)
    3
    """
    if not -rank <= axis < rank:
        raise ConvcostError(f"axis {axis} of {rank}")
    return axis % rank
