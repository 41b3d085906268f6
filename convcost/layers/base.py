"""What every layer answers, and the helpers by which layers take and check their fields."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from convcost.errors import ConvcostError, describe
from convcost.formulas import kernel_extent

Shape = tuple[int, ...]
Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]

LARGEST = 10**12
_BEGIN_AND_END = 2


class Layer:
    """A layer that passes its input through and counts nothing; the others override what differs.

    ``weights``, ``biases`` and ``norm_params`` are learnable numbers. Running statistics are none.
    """

    __slots__ = ()
    kind: ClassVar[str] = "identity"
    # Norms and activations, which need no second tensor where nobody else needs their input.
    in_place: ClassVar[bool] = False
    # What only looks at its input in another way, and never needs a second tensor.
    is_view: ClassVar[bool] = False
    # Whether its cost is known; totals with one that is not are partial.
    is_counted: ClassVar[bool] = True
    # Convolutions and linear layers, whose outputs are what papers print as activations.
    counts_activations: ClassVar[bool] = False

    # A layer without fields is equal to any of its class; dataclasses compare their fields.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @property
    def weights(self) -> int:
        """Learnable weights."""
        return 0

    @property
    def biases(self) -> int:
        """Learnable biases."""
        return 0

    @property
    def norm_params(self) -> int:
        """Learnable scales and shifts of a norm."""
        return 0

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of the output for these input shapes; an error names the field that does not fit."""
        return inputs[0]

    def macs(self, *inputs: Shape) -> int:
        """Multiply-accumulates for these input shapes."""
        del inputs
        return 0

    def window(self, shape: Shape) -> "tuple[Window, ...] | None":
        """What an element of the output reads on each axis; None where positions lose their meaning.

        Without an override each element reads its own position. Norms and softmax pass for such layers too: what
        they take from other positions is left out of receptive fields, as in all published ones.
        """
        return (HERE,) * (len(shape) - 1)


class Window(NamedTuple):
    """What a layer reads on one axis: ``reads(o)`` are the input positions of output o, for o below ``period``.

    Output o + ``period`` reads what o reads, ``shift`` positions further on. Positions outside the input are
    those of padding.
    """

    shift: int
    period: int
    reads: Callable[[int], range]


HERE = Window(1, 1, lambda _: range(1))


# Windows are kept, so that axes and layers that are alike have one, and what stands behind them is followed once.
@lru_cache
def sliding(kernel: Sizes, stride: Sizes, padding: Pads, dilation: Sizes) -> tuple[Window, ...]:
    """The windows of a convolution or a pool."""
    axes = zip(kernel, stride, padding, dilation, strict=True)
    return tuple(_taps(k, s, begin, d) for k, s, (begin, _), d in axes)


@lru_cache
def _taps(k: int, s: int, begin: int, d: int) -> Window:
    taps = range(-begin, d * (k - 1) - begin + 1, d)
    return Window(s, 1, lambda _: taps)


def is_concrete(value: Any) -> bool:
    """Whether a value is an integer, and so can be checked; a symbol is not, a truth value is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def flag(field: str, value: Any) -> None:
    """Raise for what is neither true nor false."""
    if not isinstance(value, bool):
        raise ConvcostError(f"`{field}` must be true or false, got {_shown(value)}", field=field)


def count(field: str, value: Any, least: int = 1) -> Any:
    """A whole number that is at least ``least``, or a symbol; anything else is an error naming the field."""
    if type(value) is int and least <= value <= LARGEST:
        return value
    if isinstance(value, bool | float | str | None | list | tuple | dict):
        raise ConvcostError(f"`{field}` must be a whole number, got {_shown(value)}", field=field)
    if is_concrete(value) and not least <= value <= LARGEST:
        bound = f"at least {least}" if value < least else f"at most {LARGEST:,}"
        raise ConvcostError(f"`{field}` must be {bound}, got {describe(value)}", field=field)
    return value


def widened(channels: Any, field: str, factor: Any) -> Any:
    """Channels times a factor, which is at fault where there are too many."""
    product = channels * count(field, factor)
    if is_concrete(product) and product > LARGEST:
        raise ConvcostError(f"`{field}` = {describe(factor)} makes more than {LARGEST:,} channels", field=field)
    return product


def per_axis(field: str, value: Any, dims: int, least: int = 1) -> Any:
    """One whole number per axis: a single one stands for all."""
    if not isinstance(value, list | tuple):
        return (count(field, value, least),) * dims
    if len(value) != dims:
        raise ConvcostError(
            f"`{field}` has {_axes(len(value))} ({_shown(value)}), the layer has {_axes(dims)}", field=field
        )
    return tuple(count(field, item, least) for item in value)


def axes_of(default: int, *values: Any) -> int:
    """The number of axes that the first list among per-axis values says, or the default."""
    return next((len(value) for value in values if isinstance(value, list | tuple)), default)


def pads_of(padding: Any, dims: int, same: Callable[[int], tuple[int, int]]) -> Pads:
    """Padding in any of its spellings as (begin, end) for each axis.

    A number or one number per axis pads both sides; pairs are taken as they are; ``same`` calls ``same(axis)``.
    """
    if isinstance(padding, str):
        if padding == "same":
            return tuple(same(axis) for axis in range(dims))
        if padding == "valid":
            return ((0, 0),) * dims
        raise ConvcostError(
            f"`padding` must be a number, `same` or `valid`, got `{describe(padding)}`", field="padding"
        )
    if isinstance(padding, list | tuple) and any(isinstance(pair, list | tuple) for pair in padding):
        if len(padding) != dims or any(
            not isinstance(pair, list | tuple) or len(pair) != _BEGIN_AND_END for pair in padding
        ):
            raise ConvcostError(
                f"`padding` as pairs needs one [begin, end] for each of {_axes(dims)}, got {_shown(padding)}",
                field="padding",
            )
        return tuple((count("padding", begin, 0), count("padding", end, 0)) for begin, end in padding)
    return tuple((pad, pad) for pad in per_axis("padding", padding, dims, 0))


def require_input(shape: Shape, kind: str, *, dims: int | None = None, field: str = "kernel_size") -> None:
    """The input has elements, and as many spatial axes as the layer's ``field`` says."""
    if dims is not None and len(shape) - 1 != dims:
        raise ConvcostError(
            f"`{kind}` has {_axes(dims)}, but its input {text_shape(shape)} has {_axes(len(shape) - 1)}", field=field
        )
    if not shape or any(is_concrete(size) and size < 1 for size in shape):
        raise ConvcostError(f"an input of {text_shape(shape) or 'no axes'} has no elements", field="input")


def require_channels(shape: Shape, found: Any, expected: Any, field: str) -> None:
    """The channels found in the input's shape are those that the layer was made for."""
    if is_concrete(expected) and is_concrete(found) and found != expected:
        raise ConvcostError(f"`{field}` = {expected}, but the input {text_shape(shape)} has {found}", field=field)


def spans(kernel: Sizes, dilation: Sizes) -> str:
    """What a dilated kernel spans, as an error shows it: ``5x5``."""
    return "x".join(str(kernel_extent(k, d)) for k, d in zip(kernel, dilation, strict=True))


def is_empty(output: Sizes) -> bool:
    """Whether an axis of an output is known to have no element."""
    return any(isinstance(size, int) and size < 1 for size in output)


def nothing_left(shape: Shape, reason: str, field: str) -> ConvcostError:
    """The error of a layer that leaves nothing of its input."""
    return ConvcostError(f"no output is left of the input {text_shape(shape)}: {reason}", field=field)


def text_shape(shape: Shape) -> str:
    """A shape as people write it: ``3x224x224``."""
    return "x".join(map(str, shape))


def text_pads(pads: Pads) -> str:
    """Pads as the flag takes them: ``1``, ``0:1`` or ``1x0``, once where all axes have the same."""
    texts = [str(begin) if begin == end else f"{begin}:{end}" for begin, end in pads]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)


def _axes(number: int) -> str:
    return f"{number} spatial {'axis' if number == 1 else 'axes'}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return describe(list(value)) if isinstance(value, list | tuple) else f"`{describe(value)}`"
