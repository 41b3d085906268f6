"""The modules that rows of Ultralytics may name, and their arguments, checked against the functions that build them."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, describe
from convcost.importers.ultralytics import blocks, heads, resnet
from convcost.importers.ultralytics.maker import Pair
from convcost.layers.base import LARGEST

Arguments = tuple[Any, ...]


class Module(NamedTuple):
    """A module: what builds it, or none for the heads that the network itself ends with.

    ``scaled`` says that its first argument are channels, which the width scales, ``repeats`` that it takes the
    number of its row as its argument ``n``, and ``several`` that it takes several rows.
    """

    build: Callable[..., None]
    scaled: bool = True
    repeats: bool = False
    several: bool = False


def _detect(m: Any, name: str, *, nc: int, anchors: "int | tuple[Any, ...] | None" = None) -> None:
    """Says which arguments `Detect` takes."""


MODULES: dict[str, Module] = {
    "Conv": Module(blocks.conv),
    "DWConv": Module(blocks.dw_conv),
    "Focus": Module(blocks.focus),
    "GhostConv": Module(blocks.ghost_conv),
    "GhostBottleneck": Module(blocks.ghost_bottleneck),
    "Bottleneck": Module(blocks.bottleneck),
    "C1": Module(blocks.c1_block, repeats=True),
    "C2": Module(blocks.c2_block, repeats=True),
    "C2f": Module(blocks.c2f_block, repeats=True),
    "C3": Module(blocks.c3_block, repeats=True),
    "C3x": Module(blocks.c3x, repeats=True),
    "C3Ghost": Module(blocks.c3_ghost, repeats=True),
    "C3k2": Module(blocks.c3k2, repeats=True),
    "C2PSA": Module(blocks.c2psa, repeats=True),
    "ResNetLayer": Module(resnet.resnet_layer, scaled=False),
    "SPP": Module(heads.spp),
    "SPPF": Module(heads.sppf),
    "Concat": Module(heads.concat, scaled=False, several=True),
    "Detect": Module(_detect, scaled=False, several=True),
    "Classify": Module(heads.classify, scaled=False, several=True),
    "nn.ConvTranspose2d": Module(heads.conv_transpose),
    "nn.Upsample": Module(heads.upsample, scaled=False),
    "nn.MaxPool2d": Module(heads.max_pool, scaled=False),
    "nn.ZeroPad2d": Module(heads.zero_pad, scaled=False),
    "nn.Identity": Module(heads.identity, scaled=False),
}


def bound(name: str, arguments: Arguments) -> dict[str, Any]:
    """The arguments of a row by their names; raises ConvcostError for those that its module does not take."""
    module = MODULES[name]
    known = [item for item in signature(module.build).parameters.values() if item.kind is Parameter.KEYWORD_ONLY]
    if module.repeats:
        known = [item for item in known if item.name != "n"]
    takes = f"`{name}` takes [{', '.join(item.name for item in known)}]"
    needed = [item.name for item in known if item.default is Parameter.empty]
    if len(arguments) > len(known):
        raise ConvcostError(f"{takes}, but the row has {len(arguments)} arguments")
    if len(arguments) < len(needed):
        raise ConvcostError(f"{takes}, but the row has no `{needed[len(arguments)]}`")
    for item, value in zip(known, arguments, strict=False):
        wanted, fits = _CHECKS[item.annotation]
        if not fits(value):
            raise ConvcostError(f"`{item.name}` of `{name}` must be {wanted}, got `{describe(value)}`")
    return {item.name: value for item, value in zip(known, arguments, strict=False)}


def _whole(value: Any) -> bool:
    return type(value) is int


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= LARGEST


def _pair(value: Any) -> bool:
    return _whole(value) or (isinstance(value, tuple) and len(value) == len("hw") and all(map(_whole, value)))


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_CHECKS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    int: ("a whole number", _whole),
    int | None: ("a whole number", _or_none(_whole)),
    bool: ("True or False", lambda value: isinstance(value, bool)),
    float: ("a number", _number),
    float | None: ("a number", _or_none(_number)),
    str: ("a word", lambda value: isinstance(value, str)),
    Pair: ("a whole number, or two", _pair),
    Pair | None: ("a whole number, or two", _or_none(_pair)),
    tuple[int, ...]: ("a list of whole numbers", lambda value: isinstance(value, tuple) and all(map(_whole, value))),
    tuple[Pair, Pair] | None: (
        "a list of two kernels",
        _or_none(lambda value: isinstance(value, tuple) and len(value) == len("ab") and all(map(_pair, value))),
    ),
    "int | tuple[Any, ...] | None": ("anchors", _or_none(lambda value: _whole(value) or isinstance(value, tuple))),
}
