"""Products of two feature maps: matrix products, and Einstein sums."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from convcost.errors import ConvcostError, describe
from convcost.layers.base import Layer, Shape, Window, text_shape


class MatMul(Layer):
    """The matrix product of two inputs, (…, m, k) and (…, k, n) to (…, m, n): m·k·n MACs for each of the leading axes.

    A leading axis of 1 serves all of the other's. Source: torch.matmul, without the batch.

    >>> MatMul().output_shape((12, 197, 64), (12, 64, 197)), MatMul().macs((12, 197, 64), (12, 64, 197))
    ((12, 197, 197), 29805312)
    """

    __slots__ = ()
    kind: ClassVar[str] = "matmul"

    def output_shape(self, *inputs: Shape) -> Shape:
        """(…, m, n)."""
        one, other = _pair(self.kind, inputs)
        dims = max(len(one), len(other))
        leading = [(1,) * (dims - len(shape)) + shape[:-2] for shape in (one, other)]
        fits = min(len(one), len(other)) > 1 and one[-1] == other[-2]
        if not fits or any(1 not in pair and pair[0] != pair[1] for pair in zip(*leading, strict=True)):
            raise ConvcostError(
                f"`matmul` needs (m, k) and (k, n), got {text_shape(one)} and {text_shape(other)}", field="matmul"
            )
        return (*map(max, zip(*leading, strict=True)), one[-2], other[-1])

    def macs(self, *inputs: Shape) -> int:
        """Elements of the output times k."""
        return prod(self.output_shape(*inputs)) * inputs[0][-1]

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """Each element sees a whole row and a whole column."""
        del shape
        return None


@dataclass(frozen=True, slots=True)
class Einsum(Layer):
    """A sum of products of two inputs by its ``equation``, ``hqd,hkd->hqk``: one MAC for each value of all letters.

    Input and output as the equation says, without the batch. Raises ConvcostError for an equation that is none,
    and for sizes of one letter that differ. Source: torch.einsum.

    >>> layer = Einsum("hqd,hkd->hqk")
    >>> layer.output_shape((8, 49, 32), (8, 49, 32)), layer.macs((8, 49, 32), (8, 49, 32))
    ((8, 49, 49), 614656)
    """

    kind: ClassVar[str] = "einsum"

    equation: str

    def __post_init__(self) -> None:
        inputs, arrow, output = self.equation.partition("->")
        letters = [*inputs.split(","), output]
        known = set("".join(letters[:-1]))
        once = len(set(output)) == len(output) and set(output) <= known
        if not arrow or len(letters) != 3 or not all(map(str.isalpha, letters)) or not once:  # noqa: PLR2004
            raise ConvcostError(
                f"`equation` must be like hqd,hkd->hqk, got `{describe(self.equation)}`", field="equation"
            )

    def output_shape(self, *inputs: Shape) -> Shape:
        """As the equation says."""
        sizes = self._sizes(inputs)
        return tuple(sizes[letter] for letter in self.equation.partition("->")[2])

    def macs(self, *inputs: Shape) -> int:
        """One for each value of all letters together."""
        return prod(self._sizes(inputs).values())

    def window(self, shape: Shape) -> tuple[Window, ...] | None:
        """Positions have no meaning behind it."""
        del shape
        return None

    def _sizes(self, inputs: tuple[Shape, ...]) -> dict[str, int]:
        _pair(self.kind, inputs)
        sizes: dict[str, int] = {}
        terms = self.equation.partition("->")[0].split(",")
        for term, shape in zip(terms, inputs, strict=True):
            if len(term) != len(shape) or any(sizes.setdefault(x, n) != n for x, n in zip(term, shape, strict=True)):
                shown = " and ".join(map(text_shape, inputs))
                raise ConvcostError(f"`{self.equation}` does not fit {shown}", field="equation")
        return sizes


def _pair(kind: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    if len(inputs) != 2:  # noqa: PLR2004 - one times the other
        raise ConvcostError(f"`{kind}` takes two layers, got {len(inputs)}", field="paths")
    return inputs
