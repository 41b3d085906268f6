"""Rules of a rewriting, ``standard[k>1]=separable``: which layers, and what takes their place."""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, describe
from convcost.expressions import Expression, ExpressionError
from convcost.layers.base import Layer
from convcost.layers.conv import Conv, ConvTranspose
from convcost.names import BY_NAME

_RULE = re.compile(r"(?P<head>[^\[\]=]+?)\s*(?:\[(?P<conditions>[^\]]*)\])?\s*=(?P<kind>.+)$", re.DOTALL)


class Rule(NamedTuple):
    """Layers of a kind, or of names that fit a pattern, under conditions; and the kind that takes their place.

    ``options`` are that kind's own; ``kernel_size`` among them replaces the kernel.
    """

    text: str
    head: str
    conditions: tuple[Expression, ...]
    kind: str
    options: dict[str, Any]


def parts_of_rule(text: str) -> tuple[str, tuple[Expression, ...], str]:
    """Head, conditions and replacement of a rule, as text; raises ConvcostError where it is none."""
    match = _RULE.match(text.strip())
    if match is None:
        raise ConvcostError(f"`{describe(text)}` is no rule", hint="write one like 'standard[k>1]=separable'")
    conditions = []
    for part in filter(str.strip, (match["conditions"] or "").split(",")):
        try:
            condition = Expression(part, condition=True)
            condition.require(ASKED)
            condition.require_truth()
        except ExpressionError as error:
            raise ConvcostError(f"`{part.strip()}`: {error.message}", hint=error.hint) from None
        conditions.append(condition)
    return match["head"].strip(), tuple(conditions), match["kind"].strip()


# What conditions may ask of a layer: its fields by both spellings, and what it costs.
FIELDS_ASKED = ("in_channels", "out_channels", "kernel_size", "stride", "dilation", "groups")
ASKED = (*FIELDS_ASKED, *(BY_NAME[name].letter for name in FIELDS_ASKED), "params", "macs")

# The kinds that a head may name, by what a layer is, however it was written.
LIKE: dict[str, Callable[[Conv], bool]] = {
    "conv": lambda layer: layer.groups > 0,
    "standard": lambda layer: layer.groups == 1 and set(layer.dilation) == {1},
    "grouped": lambda layer: 1 < layer.groups < layer.in_channels,
    "depthwise": lambda layer: 1 < layer.groups == layer.in_channels,
    "pointwise": lambda layer: set(layer.kernel_size) == {1},
    "dilated": lambda layer: set(layer.dilation) != {1},
}
_TRANSPOSED = ("transposed", "conv_transpose")


def is_of_kind(layer: Layer, head: str) -> bool:
    """Whether a layer is of the kind that a head names.

    >>> is_of_kind(Conv(8, 8, 3, groups=8), "depthwise"), is_of_kind(Conv(8, 8, 3, groups=8), "standard")
    (True, False)
    """
    if head in _TRANSPOSED:
        return isinstance(layer, ConvTranspose)
    return head in LIKE and isinstance(layer, Conv) and LIKE[head](layer)


def names_a_kind(head: str) -> bool:
    """Whether a head is a kind of layer, and no pattern of names."""
    return head in LIKE or head in _TRANSPOSED


def fits(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern, each of whose dotted parts stands for one of the name's.

    >>> fits("stage3.*", "stage3.1"), fits("stage3.*", "stage3.1.conv1"), fits("conv?", "conv2")
    (True, False, True)
    """
    parts, names = pattern.split("."), name.split(".")
    return len(parts) == len(names) and all(map(fnmatchcase, names, parts))
