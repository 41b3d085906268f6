"""Activations in PyTorch's words: as modules, functions or methods."""

from typing import Any

from convcost import layers
from convcost.exporters.phrase import Phrase, module
from convcost.layers.base import Shape

_MODULES = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
}
_FUNCTIONS = {"sigmoid": "torch.sigmoid({0})", "tanh": "torch.tanh({0})", "identity": "{0}"}


def as_module(layer: layers.Activation, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    """``nn.ReLU()``."""
    del inputs, output
    return module(_MODULES.get(layer.function, layer.function.capitalize()), **_dim(layer))


def as_function(layer: layers.Activation, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    """``F.relu(x)``; a dropout stays a module, which knows whether it trains."""
    if layer.function == "dropout":
        return as_module(layer, inputs, output)
    arguments = "".join(f", {key}={value}" for key, value in _dim(layer).items())
    return Phrase(_FUNCTIONS.get(layer.function, f"F.{layer.function}({{0}}{arguments})"))


def as_method(layer: layers.Activation, inputs: tuple[Shape, ...], output: Shape) -> Phrase:
    """``x.relu()``, where tensors have such a method."""
    if layer.function in ("relu", "sigmoid", "tanh"):
        return Phrase(f"{{0}}.{layer.function}()")
    return as_function(layer, inputs, output)


def _dim(layer: layers.Activation) -> dict[str, Any]:
    """The axis of a softmax; the channels are what is usual."""
    return {"dim": 1 if layer.dim is None else layer.dim} if "softmax" in layer.function else {}
