"""A value of the graph: where it is in the network, or the numbers that it is."""

from typing import Any

from convcost.layers.base import Shape

# Numbers of a constant up to which they are kept: enough for any shape.
MOST_VALUES = 4096


class Tensor:
    """A value with its whole shape, batch and all, or None where that is not known.

    ``node`` is the layer that makes it; without one it is a constant, of the file's tensors ``origins``, whose
    ``values`` are an array where they are few and in the file, or a function that makes one when it is first asked
    for. ``type`` is ONNX's number of the type of elements.
    """

    __slots__ = ("_values", "node", "origins", "shape", "type")

    def __init__(
        self,
        shape: Shape | None,
        node: str | None = None,
        values: Any = None,
        origins: tuple[str, ...] = (),
        type: int = 1,  # noqa: A002 - as onnx.proto has it
    ) -> None:
        self.shape, self.node, self._values, self.origins, self.type = shape, node, values, origins, type

    @property
    def values(self) -> Any:
        """The numbers, or None where they are not known."""
        if callable(self._values):
            self._values = self._values()
        return self._values

    def __repr__(self) -> str:
        return f"Tensor({self.shape}, {self.node!r}, {self.values!r}, {self.origins})"


class UnknownShapeError(Exception):
    """The shape of what a node makes cannot be known without running it."""


def plain(shape: Shape) -> Shape:
    """A shape as layers have it: without the batch, which is the first axis where that is 1.

    >>> plain((1, 3, 8, 8)), plain((64, 49, 96)), plain(())
    ((3, 8, 8), (64, 49, 96), (1,))
    """
    return (shape[1:] if len(shape) > 1 and shape[0] == 1 else shape) or (1,)
