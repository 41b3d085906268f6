"""Activations, by name or as layers of their own, and what only works in training."""

from collections.abc import Callable
from math import prod
from typing import Any

from convcost import layers
from convcost.errors import describe
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.config import Config
from convcost.layers.activation import FUNCTIONS
from convcost.layers.traced import Learnt

# Keras' names of functions that have a word here; others without parameters keep their own name.
_WORDS = {"linear": "identity", "swish": "silu", "hard_sigmoid": "hardsigmoid", "hard_silu": "hardswish"}
_WORDS |= {"hard_swish": "hardswish"}
_OTHERS = frozenset(
    (
        *("celu", "exponential", "hard_shrink", "hard_tanh", "log_sigmoid", "selu", "soft_shrink", "softsign"),
        *("sparse_plus", "sparsemax", "sparse_sigmoid", "squareplus", "tanh_shrink", "threshold"),
    )
)


def follow(b: Builder, site: Site) -> None:
    """The activation that a layer's config names, behind it."""
    found = site.config.get("activation")
    if found not in (None, "linear"):
        apply(b, site, f"{site.name}.act", found)


def apply(b: Builder, site: Site, name: str, found: Any) -> None:
    """A function of each element by its name in Keras; one of somebody's own is not known."""
    word = str(Config(found).get("config") if isinstance(found, dict) else found)
    word = _WORDS.get(word, word)
    if word in ("softmax", "log_softmax"):
        b.put(name, word, layers.Activation(word, _dim(b, -1)))
    elif word in FUNCTIONS:
        b.put(name, word, layers.Activation(word))
    elif word in _OTHERS:
        b.each(name, word)
    else:
        label = word if word.isidentifier() else str(Config(found).get("class_name", "activation"))
        b.unknown(site._replace(name=name, takes=(b.current,), inputs=(), outputs={}), describe(label))


def _dim(b: Builder, axis: int) -> int | None:
    """The axis of a softmax, from the batch; None where it is the only one."""
    return None if len(b.shape) == 1 else b.axis(axis, len(b.shape)) + 1


def activation(b: Builder, site: Site) -> None:
    """A layer that is an activation."""
    apply(b, site, site.name, site.config.get("activation", "linear"))


def relu(b: Builder, site: Site) -> None:
    """ReLU, with a largest value, or a slope below 0."""
    config = site.config
    six = config.get("max_value") == 6  # noqa: PLR2004 - what gives it its name
    word = "leaky_relu" if config.get("negative_slope") else "relu6" if six else "relu"
    b.put(site.name, word, layers.Activation(word))


def softmax(b: Builder, site: Site) -> None:
    """A softmax along an axis."""
    axes = site.config.axes("axis", -1)
    dim = _dim(b, axes[0]) if len(axes) == 1 else None
    b.put(site.name, "softmax", layers.Activation("softmax", dim))


def prelu(b: Builder, site: Site) -> None:
    """A slope for each element of the input, or shared along axes."""
    shape = b.shape
    shared = site.config.axes("shared_axes", 0) if site.config.get("shared_axes") else ()
    places = {b.axis(axis, len(shape)) for axis in shared}
    slopes = prod(size for place, size in enumerate(shape) if place not in places)
    if slopes in (1, shape[0]) and (slopes == 1 or 0 not in places):
        b.put(site.name, "prelu", layers.PReLU(slopes))
    else:
        b.put(site.name, "prelu", Learnt("prelu", shape, slopes))


def drop(b: Builder, site: Site) -> None:
    """What does nothing when a model is evaluated."""
    b.put(site.name, "dropout", layers.Activation("dropout"))


def nothing(b: Builder, site: Site) -> None:
    """What passes its input through."""
    b.put(site.name, "identity", layers.Activation("identity"))


def function(word: str) -> Callable[[Builder, Site], None]:
    """What builds a layer that is a function, by its name in Keras."""
    return lambda b, site: apply(b, site, site.name, word)


def constant(b: Builder, site: Site) -> None:
    """Arithmetic with numbers that are given: it costs nothing that is counted, and passes its input through here."""
    b.put(site.name, "rescaling", layers.Activation("identity"))
