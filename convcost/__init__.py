"""convcost: what a convolution costs, and why.

The names below load what they need when they are first used; importing convcost loads the standard
library only.

>>> from convcost import Conv, separable
>>> Conv(3, 256, 3).weights, separable(3, 256, 3).weights
(6912, 795)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from convcost.costs import Cost as Cost
    from convcost.costs import cost as cost
    from convcost.errors import ConvcostError as ConvcostError
    from convcost.evaluation import evaluate as evaluate
    from convcost.importers.torch import from_torch as from_torch
    from convcost.kinds import KINDS as KINDS
    from convcost.kinds import depthwise as depthwise
    from convcost.kinds import dilated as dilated
    from convcost.kinds import global_depthwise as global_depthwise
    from convcost.kinds import grouped as grouped
    from convcost.kinds import pointwise as pointwise
    from convcost.kinds import separable as separable
    from convcost.kinds import spatially_separable as spatially_separable
    from convcost.kinds import standard as standard
    from convcost.kinds import transposed as transposed
    from convcost.layers import Conv as Conv
    from convcost.layers import ConvTranspose as ConvTranspose
    from convcost.layers import Linear as Linear
    from convcost.network import Network as Network
    from convcost.network import Node as Node
    from convcost.problems import SpecError as SpecError
    from convcost.specs.header import Overrides as Overrides
    from convcost.specs.read import load as load
    from convcost.specs.read import loads as loads
    from convcost.specs.write import dumps as dumps

_HOMES = {
    "costs": ("Cost", "cost"),
    "errors": ("ConvcostError",),
    "evaluation": ("evaluate",),
    "importers.torch": ("from_torch",),
    "kinds": (
        "KINDS",
        "depthwise",
        "dilated",
        "global_depthwise",
        "grouped",
        "pointwise",
        "separable",
        "spatially_separable",
        "standard",
        "transposed",
    ),
    "layers": ("Conv", "ConvTranspose", "Linear"),
    "network": ("Network", "Node"),
    "problems": ("SpecError",),
    "specs.header": ("Overrides",),
    "specs.read": ("load", "loads"),
    "specs.write": ("dumps",),
}
# `from convcost import *` needs no extra: what does is asked for by its name.
__all__ = [name for home, names in _HOMES.items() for name in names if not home.startswith("importers")]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"convcost.{module}"), name)
            globals()[name] = value
            return value
    msg = f"module `convcost` has no `{name}`"
    raise AttributeError(msg)
