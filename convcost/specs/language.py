"""The words of the network language: every kind of line, its main value and its keys.

One table: the reader, the error messages and the documentation are made from it.
"""

from typing import NamedTuple

from convcost.layers.activation import FUNCTIONS
from convcost.names import BY_LETTER, BY_NAME

# What the values of keys are; `convcost.specs.values` reads each.
COUNT, PER_AXIS, PADDING, FLAG, TEXT = "count", "per axis", "padding", "flag", "text"
NORM, ACT, FACTOR, SIZES, RATE = "norm", "act", "factor", "sizes", "rate"
# An activation that is there, without parameters.
FUNCTION = "function"
# Names of earlier layers, paths of layers, a condition, a span of channels, a part or a number of channels, anything.
NAME, NAMES, PATHS, CONDITION = "name", "names", "paths", "condition"
SPAN, PART, VALUE = "span", "part", "value"
# Whether the weights are another layer's, and what is known of an operation.
SHARED, FORM = "shared", "form"
# How a layer is written in the code that it stands for: of some ways certain counters do not know.
AS, AS_CONV, AS_ACT, AS_JOINT = "as", "as of a convolution", "as of an activation", "as of a sum"
CHOICES = {
    FORM: ("elementwise", "view", "unknown"),
    AS: ("module", "subclass", "function"),
    AS_CONV: ("module", "subclass", "function", "same"),
    AS_ACT: ("module", "function", "operator", "inplace"),
    AS_JOINT: ("operator", "function"),
    FUNCTION: FUNCTIONS,
}

ACTIVATIONS = (*FUNCTIONS, "prelu")


class Key(NamedTuple):
    """A key of a line: what its value is, the least number it may be, and its default unless it is ``required``."""

    holds: str
    default: object = None
    required: bool = False
    least: int = 1


class Word(NamedTuple):
    """A kind of line. ``main`` is the field that its own value gives; ``optional`` that it may be left out.

    ``convolves`` says whether `defaults:` fills what the line leaves out, and a norm and an activation may follow.
    """

    main: str | None
    keys: dict[str, Key]
    optional: bool = False
    convolves: bool = False


_AROUND = {
    "bias": Key(FLAG, default=False),
    "norm": Key(NORM, default="none"),
    "act": Key(ACT, default="none"),
    "act_as": Key(AS_ACT),
}
_AS = {"as": Key(AS)}
_AS_CONV = {"as": Key(AS_CONV)}
_AS_ACT = {"as": Key(AS_ACT)}
_SPATIAL = {
    "stride": Key(PER_AXIS, default=1),
    "padding": Key(PADDING, default="same"),
    **_AROUND,
}
_OUT = {"out_channels": Key(COUNT, required=True)}
_K = {"kernel_size": Key(PER_AXIS, required=True)}
_K3 = {"kernel_size": Key(PER_AXIS, default=3)}
_D = {"dilation": Key(PER_AXIS, default=1)}
_G = {"groups": Key(COUNT, default=1)}
_M = {"multiplier": Key(COUNT, default=1)}
_MID = {"mid_norm": Key(NORM), "mid_act": Key(ACT)}
# Of a squeeze-excite, alone and in a block.
_GATE = {"se_act": Key(FUNCTION, default="relu"), "gate": Key(FUNCTION, default="sigmoid")}


def _conv(main: str | None, *keys: dict[str, Key], optional: bool = False) -> Word:
    return Word(main, {name: key for part in (*keys, _SPATIAL) for name, key in part.items()}, optional, convolves=True)


_POOL = {
    "kernel_size": Key(PER_AXIS, required=True),
    "stride": Key(PER_AXIS),
    "padding": Key(PADDING, default=0),
    "ceil_mode": Key(FLAG, default=False),
    **_AS_ACT,
}
_ADAPTIVE = {"output_size": Key(SIZES, required=True), **_AS_ACT}
_AFFINE = {"affine": Key(FLAG, default=True), **_AS}
_RESIZED = Word("padding", {"padding": Key(PADDING), "like": Key(NAME)}, optional=True)
_PATHS = {"paths": Key(PATHS, least=2), "norm": Key(NORM, default="none"), "act": Key(ACT, default="none")}
_PATHS["act_as"] = Key(AS_ACT)
_JOINED = Word("paths", _PATHS, optional=True)
_COMPUTED = Word("paths", {**_PATHS, "as": Key(AS_JOINT)}, optional=True)
_TWO = {"paths": Key(PATHS, least=2)}
_OPERATION = {
    "called": Key(TEXT, required=True),
    "shape": Key(PER_AXIS),
    "form": Key(FORM),
    "params": Key(COUNT, default=0, least=0),
    "macs": Key(COUNT, default=0, least=0),
    "paths": Key(PATHS),
}

WORDS: dict[str, Word] = {
    "conv": _conv("out_channels", _OUT, _K, _D, _G, _AS_CONV),
    "grouped": _conv("out_channels", _OUT, _K, _D, {"groups": Key(COUNT, required=True)}, _AS_CONV),
    "dilated": _conv("out_channels", _OUT, _K, {"dilation": Key(PER_AXIS, default=2)}, _AS_CONV),
    # A 1×1 has no use for padding, and takes none from the defaults.
    "pointwise": Word(
        "out_channels", {**_OUT, **_G, "stride": Key(PER_AXIS, default=1), **_AROUND, **_AS_CONV}, convolves=True
    ),
    "depthwise": _conv("kernel_size", _K, _D, _M, _AS_CONV),
    "separable": _conv("out_channels", _OUT, _K3, _D, _M, _MID),
    "global_depthwise": Word(None, {**_M, **_AROUND, **_AS_CONV}, convolves=True),
    "conv_transpose": _conv(
        "out_channels", _OUT, _K, _D, _G, {"output_padding": Key(PER_AXIS, default=0, least=0)}, _AS
    ),
    "spatially_separable": _conv("out_channels", _OUT, _K3, _D, _MID),
    "bottleneck": _conv("out_channels", _OUT, _K3, _D, _G, _MID, {"width": Key(COUNT)}),
    "residual_block": _conv("out_channels", _OUT, _K3, _D, _MID),
    "inverted_residual": _conv(
        "out_channels",
        _OUT,
        _K3,
        _D,
        _MID,
        {"expansion": Key(COUNT, default=6), "width": Key(COUNT), "se": Key(PART), **_GATE},
    ),
    # Its own defaults: `defaults:` is for the convolutions around it.
    "squeeze_excite": Word("out_channels", {"out_channels": Key(COUNT), "squeeze": Key(COUNT), **_GATE}, optional=True),
    "fire": _conv("out_channels", _OUT, _K3, _D, _MID, {"squeeze": Key(COUNT)}),
    "ghost": _conv(
        "out_channels",
        _OUT,
        {"kernel_size": Key(PER_AXIS, default=1)},
        _D,
        _MID,
        {"ratio": Key(COUNT, default=2, least=2), "cheap_kernel": Key(PER_AXIS, default=3)},
    ),
    "shuffle_unit": _conv("out_channels", _OUT, _K3, _D, _MID, {"groups": Key(COUNT, default=3), "width": Key(COUNT)}),
    "linear": Word(
        "out_features",
        {"out_features": Key(COUNT, required=True), "flatten": Key(FLAG, default=True), **_AROUND, **_AS},
        convolves=True,
    ),
    "max_pool": Word("kernel_size", {**_POOL, **_D}),
    "avg_pool": Word("kernel_size", {**_POOL, "count_include_pad": Key(FLAG, default=True)}),
    "adaptive_avg_pool": Word("output_size", _ADAPTIVE),
    "adaptive_max_pool": Word("output_size", _ADAPTIVE),
    "global_avg_pool": Word(None, _AS_ACT),
    "upsample": Word(
        "scale",
        {
            "scale": Key(FACTOR),
            "size": Key(SIZES),
            "like": Key(NAME),
            "mode": Key(TEXT, default="nearest"),
            "align_corners": Key(FLAG, default=False),
            **_AS,
        },
        optional=True,
    ),
    "pixel_shuffle": Word("factor", {"factor": Key(COUNT, required=True)}),
    "pixel_unshuffle": Word("factor", {"factor": Key(COUNT, required=True)}),
    "channel_shuffle": Word("groups", {"groups": Key(COUNT, required=True)}),
    "pad": _RESIZED,
    "crop": _RESIZED,
    "flatten": Word(None, {}),
    "reshape": Word("shape", {"shape": Key(PER_AXIS, required=True, least=-1)}),
    "permute": Word("order", {"order": Key(PER_AXIS, required=True, least=0)}),
    "split": Word("parts", {"parts": Key(PER_AXIS, required=True)}),
    "slice": Word("channels", {"channels": Key(SPAN, required=True, least=0)}),
    "scale": Word(None, {}),
    "add": _COMPUTED,
    "concat": _JOINED,
    "mul": _COMPUTED,
    "matmul": Word("paths", _TWO, optional=True),
    "einsum": Word("equation", {"equation": Key(TEXT, required=True), **_TWO}),
    "parameter": Word("shape", {"shape": Key(PER_AXIS, required=True), "aside": Key(FLAG, default=False)}),
    "operation": Word("called", _OPERATION),
    "batch_norm": Word(None, _AFFINE),
    "instance_norm": Word(None, _AFFINE),
    "group_norm": Word("groups", {"groups": Key(COUNT, required=True), **_AFFINE}),
    "layer_norm": Word(
        "normalized_shape",
        {"normalized_shape": Key(PER_AXIS), "channels_first": Key(FLAG, default=False), **_AFFINE},
        optional=True,
    ),
    "local_response_norm": Word("size", {"size": Key(COUNT, required=True)}),
    "prelu": Word("slopes", {"slopes": Key(COUNT), **_AS_ACT}, optional=True),
    "dropout": Word("rate", {"rate": Key(RATE, default=0.5)}, optional=True),
    **dict.fromkeys(("softmax", "log_softmax"), Word("dim", {"dim": Key(COUNT, least=-8), **_AS_ACT}, optional=True)),
    **{name: Word(None, _AS_ACT) for name in FUNCTIONS if name not in ("dropout", "softmax", "log_softmax")},
}

# Kinds that take several layers, as paths or behind `from`.
JOINTS = ("add", "concat", "mul", "matmul", "einsum", "operation")

# Keys of every line.
LINE_KEYS = {
    "name": Key(TEXT),
    "repeat": Key(COUNT, default=1),
    "from": Key(NAMES),
    "when": Key(CONDITION, default=True),
    "each": Key(FLAG, default=False),
    "shared": Key(SHARED, default=False),
}

# What a line that calls a block takes besides the block's own parameters.
CALL_KEYS = {"stride": Key(PER_AXIS, default=1), **LINE_KEYS}

# Keys of `defaults:`, which fill what convolutions and linear layers leave out.
DEFAULT_KEYS = {**_SPATIAL, **_MID, "se": Key(PART), **_GATE}

TOP_KEYS = (
    *("name", "source", "published", "input", "vars", "budget"),
    *("defaults", "blocks", "layers", "outputs"),
)
BLOCK_KEYS = ("params", "defaults", "layers")

# What a budget may bound: counts and bytes of the network, the view of its output, and the most of any layer.
BUDGETS = (
    *("params", "macs", "flops", "activations", "peak_activations", "weight_bytes", "peak_bytes", "receptive_field"),
    *("layer_params", "layer_macs", "layer_flops", "layer_activations"),
)

# What expressions know on every line: channels coming in, those where the innermost branch or block began, and in
# blocks the stride, which is 1 where a line leaves it out and in all copies but the first.
CHANNELS = ("c1", "c0")
STRIDE = "s"
NUMBERS = (*CHANNELS, STRIDE)

# Names that vars, parameters and blocks cannot take.
RESERVED = frozenset(
    (
        *WORDS,
        *CALL_KEYS,
        *BY_NAME,
        *BY_LETTER,
        *("c0", "c1", "input", "output", "true", "false", "null", "none", "and", "or", "not"),
        *("min", "max", "ceil", "floor", "round", "round8"),
    )
)


def keys_of(word: str) -> dict[str, Key]:
    """All keys that a line of this kind takes, by their long names."""
    return {**WORDS[word].keys, **LINE_KEYS}


def spellings(names: "list[str] | tuple[str, ...]") -> list[str]:
    """Both spellings of every field."""
    letters = [BY_NAME[name].letter for name in names if name in BY_NAME]
    return [*names, *letters]
