"""The ledger: exact integers of everything that some convention counts in a layer, by name, beside its MACs.

A name is ``kind.quantity``, followed by what tells cases apart that some counters count otherwise:
``relu.elements``, ``relu.elements/function``, ``upsample.elements/bilinear``. Nothing is in two such cases, and
what is 0 is left out. No convention is known here: one is a table of weights over these names.
"""

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

from convcost.layers.activation import FUNCTIONS
from convcost.layers.base import Layer, Shape
from convcost.layers.given import Given
from convcost.layers.traced import Each, Shared

Ledger = dict[str, int]

# How a layer may be written in the code that it stands for: as a module of torch.nn, as a class of one's own that
# derives from it, as a function (F.relu, torch.add), as an operator or a method (x + y, x.mean(…), torch.relu), a
# convolution with its padding as a word, an activation in place, and a class of one's own that has modules in it.
# Several go together: `function/same`, `subclass/parent`.
WAYS = ("module", "subclass", "function", "operator", "same", "inplace", "parent")
# How each kind is written where nothing is said; a module if it is not here. torch has no layer norm over channels
# that come first.
_USUAL = {"add": "operator", "mul": "operator", "scale": "operator", "matmul": "operator", "einsum": "function"}


def ledger(layer: Layer, *inputs: Shape, written: str = "") -> Ledger:
    """What there is to count in a layer for these input shapes; ``written`` is of `WAYS`.

    >>> from convcost.layers.conv import Conv
    >>> ledger(Conv(3, 8, 3, bias=True), (3, 4, 4))
    {'conv.macs': 3456, 'conv.biases': 128}
    >>> from convcost.layers.activation import Activation
    >>> ledger(Activation("relu"), (8, 4, 4), written="function")
    {'relu.elements/function': 128}
    """
    kind = layer.kind
    if isinstance(layer, Shared):
        return ledger(layer.layer, inputs[0], written=written)
    if isinstance(layer, Each):
        one = ledger(layer.layer, *(shape[1:] for shape in inputs), written=written)
        return {name: amount * inputs[0][0] for name, amount in one.items()}
    found = _count_of(layer)(layer, inputs, layer.output_shape(*inputs))
    way = written or _usual(layer)
    suffix = "" if way == _USUAL.get(kind, "module") else f"/{way}"
    return {f"{name}{suffix}": amount for name, amount in found.items() if amount}


def summed(ledgers: Iterable[Ledger]) -> Ledger:
    """The sum of several ledgers, name by name."""
    found: Ledger = {}
    for one in ledgers:
        for name, amount in one.items():
            found[name] = found.get(name, 0) + amount
    return found


def _count_of(layer: Layer) -> "Count":
    """What counts a layer; one whose operation is only named has no fields to count by."""
    if isinstance(layer, Given):
        return _given
    return _COUNTS.get(layer.kind) or (_elements if layer.kind in FUNCTIONS else _products)


def _usual(layer: Layer) -> str:
    return "subclass" if getattr(layer, "channels_first", False) else _USUAL.get(layer.kind, "module")


def _conv(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    case = "/grouped" if 1 < layer.groups < layer.in_channels else ""
    biases = prod(output) if layer.bias else 0
    return {f"conv.macs{case}": layer.macs(*inputs), f"conv.biases{case}": biases}


def _conv_transpose(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    return {
        "conv_transpose.macs": layer.macs(*inputs),
        # What is counted by mistake: each output element as if it took the whole kernel.
        "conv_transpose.output_macs": layer.macs(*inputs) * prod(output[1:]) // prod(inputs[0][1:]),
        "conv_transpose.biases": prod(output) if layer.bias else 0,
    }


def _linear(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    return {
        "linear.macs": layer.macs(*inputs),
        "linear.biases": prod(output) if layer.bias else 0,
        "linear.params": layer.weights + layer.biases,
    }


def _products(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    """Matrix products, and whatever else has MACs."""
    del output
    return {"einsum.macs" if layer.kind == "einsum" else "matmul.macs": layer.macs(*inputs)}


def _given(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    """An operation of which only the name and the shape are known."""
    if layer.kind in ("add", "mul"):
        return {f"{layer.kind}.elements": max(1, len(inputs) - 1) * prod(output)}
    if layer.kind == "mean":
        sizes = {"inputs": prod(inputs[0]), "outputs": prod(output), "averaged": prod(inputs[0])}
        return {f"global_avg_pool.{what}/operator": size for what, size in sizes.items()}
    return _products(layer, inputs, output)


def _channel_norm(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    del inputs
    case = "" if layer.affine else "/plain"
    return {
        f"{layer.kind}.elements{case}": prod(output),
        f"{layer.kind}.channels{case}": output[0],
        f"{layer.kind}.params": layer.norm_params,
    }


def _layer_norm(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    del inputs
    case = "" if layer.affine else "/plain"
    return {
        f"layer_norm.elements{case}": prod(output),
        f"layer_norm.rows{case}": prod(output) // prod(layer.normalized_shape),
        "layer_norm.params": layer.norm_params,
    }


def _local_response_norm(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    del inputs
    padded = (output[0] + layer.size - 1) * prod(output[1:])
    return {"local_response_norm.elements": prod(output), "local_response_norm.padded": padded}


def _elements(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    del inputs
    return {f"{layer.kind}.elements": prod(output)}


def _prelu(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    return {**_elements(layer, inputs, output), "prelu.params": layer.weights}


def _softmax(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    """``rows`` are the sums to which it norms; axes count from the batch, and it is the channels' unless said."""
    along = 1 if layer.dim is None else layer.dim
    axis = along - 1 if along > 0 else len(output) + along
    size = output[axis if 0 <= axis < len(output) else 0]
    return {**_elements(layer, inputs, output), f"{layer.kind}.rows": prod(output) // size}


def _nothing(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    del layer, inputs, output
    return {}


def _pool(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    found = {
        f"{layer.kind}.inputs": prod(inputs[0]),
        f"{layer.kind}.outputs": prod(output),
        f"{layer.kind}.windows": prod(output) * prod(layer.kernel_size),
    }
    if layer.kind == "avg_pool":
        axes = zip(inputs[0][1:], output[1:], layer.kernel_size, layer.stride, layer.padding, strict=True)
        reached = (_reached(*axis, include_pad=layer.count_include_pad) for axis in axes)
        found["avg_pool.averaged"] = output[0] * prod(reached)
    return found


def _reached(n: int, o: int, k: int, s: int, pads: tuple[int, int], *, include_pad: bool) -> int:
    """What all windows of an axis hold together, those at the end cut where the padding ends."""
    begin, end = (-pads[0], n + pads[1]) if include_pad else (0, n)
    starts = (at * s - pads[0] for at in range(o))
    return sum(max(0, min(start + k, end) - max(start, begin)) for start in starts)


def _adaptive(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    name = "global_avg_pool" if layer.kind != "adaptive_max_pool" and prod(output[1:]) == 1 else layer.kind
    case = "" if len(output) == _TWO_DIMENSIONAL else f"/{len(output) - 1}d"
    axes = zip(inputs[0][1:], output[1:], strict=True)
    bins = (sum(-(-(at + 1) * n // o) - at * n // o for at in range(o)) for n, o in axes)
    return {
        f"{name}.inputs{case}": prod(inputs[0]),
        f"{name}.outputs{case}": prod(output),
        f"{name}.averaged{case}": output[0] * prod(bins),
    }


# Axes of a two-dimensional map with its channels.
_TWO_DIMENSIONAL = 3


def _upsample(layer: Any, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    plain = len(output) == _TWO_DIMENSIONAL or layer.mode not in ("nearest", "area")
    case = f"/{layer.mode}" + ("" if plain else f"/{len(output) - 1}d")
    by_size = layer.scale is None
    case += "/size" if by_size else ""
    found = {f"upsample.{what}{case}": prod(shape) for what, shape in (("elements", output), ("inputs", inputs[0]))}
    found[f"upsample.layers{case}"] = 1
    if not by_size:
        return found
    # Of one channel; a size that is one number is taken for their number.
    return {**found, f"upsample.positions{case}": layer.size if isinstance(layer.size, int) else prod(output[1:])}


def _joined(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    return {f"{layer.kind}.elements": (len(inputs) - 1) * prod(output)}


def _scale(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> Ledger:
    del layer, inputs
    return {"mul.elements": prod(output)}


Count = Callable[[Any, tuple[Shape, ...], Shape], Ledger]
_COUNTS: dict[str, Count] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "linear": _linear,
    **dict.fromkeys(("batch_norm", "group_norm", "instance_norm"), _channel_norm),
    "layer_norm": _layer_norm,
    "local_response_norm": _local_response_norm,
    "prelu": _prelu,
    **dict.fromkeys(("softmax", "log_softmax"), _softmax),
    **dict.fromkeys(("identity", "dropout"), _nothing),
    **dict.fromkeys(("max_pool", "avg_pool"), _pool),
    **dict.fromkeys(("adaptive_avg_pool", "adaptive_max_pool", "global_avg_pool"), _adaptive),
    "upsample": _upsample,
    **dict.fromkeys(("add", "mul"), _joined),
    "scale": _scale,
}
