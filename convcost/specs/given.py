"""Lines whose shape is written: reshapes, learnable tensors, and operations that have no kind of their own."""

from collections.abc import Callable
from math import prod
from typing import Any

from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, text_shape
from convcost.layers.given import Given, Parameter, Reshape, Uncounted
from convcost.layers.traced import Aside, Elementwise, Learnt, Look
from convcost.specs.factories import Values, listed

FORMS = {None: Given, "elementwise": Elementwise, "view": Look, "unknown": Uncounted}


def _reshape(shape: Shape, values: Values) -> Layer:
    """Sizes, of which one may be -1: what is left."""
    wanted = listed(values["shape"])
    open_, known = wanted.count(-1), prod(size for size in wanted if size != -1)
    if 0 in wanted or open_ > 1:
        raise ConvcostError(f"`shape` takes sizes, and one -1 at most, got {list(wanted)}", field="shape")
    if open_ and prod(shape) % known:
        raise ConvcostError(f"{text_shape(shape)} cannot be reshaped to {list(wanted)}", field="shape")
    return Reshape("reshape", tuple(prod(shape) // known if size == -1 else size for size in wanted))


def _parameter(_: Shape, values: Values) -> Layer:
    return (Aside if values["aside"] else Parameter)("parameter", listed(values["shape"]))


def _operation(shape: Shape, values: Values) -> Layer:
    """A layer whose shape is that of its input unless the line says it, with what is known of its cost."""
    name, form = values["called"], values["form"]
    made = shape if values["shape"] is None else listed(values["shape"])
    if not values["params"] and not values["macs"]:
        return FORMS[form](name, made)
    if form is not None:
        raise ConvcostError(f"`form: {form}` has neither `params` nor `macs`", field="form", hint="leave it out")
    return Learnt(name, made, values["params"], values["macs"])


LINES: dict[str, Callable[[Shape, dict[str, Any]], Layer]] = {
    "reshape": _reshape,
    "parameter": _parameter,
    "operation": _operation,
}
