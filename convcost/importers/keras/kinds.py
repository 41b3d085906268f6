"""The layers and operations of Keras that are known, and what builds each."""

from collections.abc import Callable, Mapping

from convcost.importers.keras import activations, attention, convolutions, moves, norms, pools, products, shapes
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.config import home_of
from convcost.importers.keras.distributed import normalized, time_distributed
from convcost.importers.keras.recurrent import bidirectional, conv_lstm, recurrent

Build = Callable[[Builder, Site], "tuple[str, ...] | None"]
Builds = dict[str, Build]


def _ranks(
    words: str, build: Callable[[Builder, Site, int], "tuple[str, ...] | None"], dims: tuple[int, ...] = (1, 2, 3)
) -> Builds:
    """A class for each number of axes: `Conv1D`, `Conv2D`, `Conv3D`."""
    return {word.replace("#", str(number)): _of(build, number) for word in words.split() for number in dims}


def _of(build: Callable[[Builder, Site, int], "tuple[str, ...] | None"], dims: int) -> Build:
    return lambda b, site: build(b, site, dims)


LAYERS: Builds = {
    **_ranks("Conv#D", convolutions.conv),
    **_ranks("Conv#DTranspose", convolutions.transposed),
    **_ranks("DepthwiseConv#D", convolutions.depthwise, (1, 2)),
    **_ranks("SeparableConv#D", convolutions.separable, (1, 2)),
    **_ranks("MaxPooling#D AveragePooling#D", pools.pool),
    **_ranks("AdaptiveMaxPooling#D AdaptiveAveragePooling#D", pools.adaptive),
    **_ranks("ZeroPadding#D", pools.pad),
    **_ranks("Cropping#D", pools.crop),
    **_ranks("UpSampling#D", pools.upsample),
    **{f"Global{word}Pooling{dims}D": pools.overall for word in ("Max", "Average") for dims in (1, 2, 3)},
    **dict.fromkeys(("Resizing", "CenterCrop", "RandomCrop"), pools.resize),
    "Dense": convolutions.dense,
    "BatchNormalization": norms.batch,
    "LayerNormalization": norms.layer,
    "GroupNormalization": norms.group,
    "RMSNormalization": norms.rms,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), shapes.joined),
    "Concatenate": shapes.concat,
    "Activation": activations.activation,
    "ReLU": activations.relu,
    "Softmax": activations.softmax,
    "PReLU": activations.prelu,
    "LeakyReLU": activations.function("leaky_relu"),
    "ELU": activations.function("elu"),
    "ThresholdedReLU": activations.function("threshold"),
    **dict.fromkeys(
        (
            *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
            *("GaussianDropout", "GaussianNoise", "StochasticDepth"),
        ),
        activations.drop,
    ),
    **dict.fromkeys(
        (
            *("Identity", "Masking", "ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom"),
            *("RandomTranslation", "RandomContrast", "RandomBrightness", "RandomShear", "RandomErasing"),
        ),
        activations.nothing,
    ),
    **dict.fromkeys(("Rescaling", "Normalization"), activations.constant),
    "UnitNormalization": shapes.joined,
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshape,
    "Permute": shapes.permute,
    "RepeatVector": shapes.repeat,
    "Embedding": shapes.embedding,
    "Dot": products.dot,
    "EinsumDense": products.einsum_dense,
    "MultiHeadAttention": attention.attention,
    "GroupQueryAttention": attention.grouped,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), recurrent),
    **_ranks("ConvLSTM#D", conv_lstm),
    "Bidirectional": bidirectional,
    "TimeDistributed": time_distributed,
    "SpectralNormalization": normalized,
    # Of keras.applications.
    "LayerScale": shapes.scaled,
    "CustomScaleLayer": lambda b, site: shapes.joined(b, site._replace(word="Add")),
}

# These have their channels last in any model, unless they say otherwise.
ALWAYS_LAST = frozenset(("Cropping1D", "UpSampling1D", "ZeroPadding1D"))

_ELEMENTWISE = (
    *("Abs", "Absolute", "Cast", "Ceil", "Clip", "Cos", "Cumsum", "Divide", "Equal", "Erf", "Exp", "Flip", "Floor"),
    *("Greater", "GreaterEqual", "Less", "LessEqual", "Log", "Log1p", "LogicalAnd", "LogicalNot", "LogicalOr"),
    *("Maximum", "Minimum", "Mod", "Multiply", "Negative", "Normalize", "NotEqual", "OnesLike", "Power"),
    *("Reciprocal", "Roll", "Round", "Rsqrt", "Sign", "Sin", "Sort", "Sqrt", "Square", "Subtract", "TrueDivide"),
    *("Where", "Add", "ZerosLike"),
)
_REDUCTIONS = (
    *("All", "Amax", "Amin", "Any", "Argmax", "Argmin", "Logsumexp", "Max", "Mean", "Min", "Norm", "Prod", "Std"),
    *("Sum", "Var"),
)
_FUNCTIONS = {
    "Celu": "celu",
    "Elu": "elu",
    "Gelu": "gelu",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "LeakyRelu": "leaky_relu",
    "LogSoftmax": "log_softmax",
    "Mish": "mish",
    "Relu": "relu",
    "Relu6": "relu6",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Silu": "silu",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tanh": "tanh",
}
_SHAPED = (
    *("BroadcastTo", "DepthToSpace", "GetItem", "Moveaxis", "Pad", "Ravel", "Repeat", "Reshape"),
    *("Resize", "SpaceToDepth", "Split", "Stack", "Take", "Tile", "Unstack"),
)
# Operations of `keras.ops`, as classes that models hold where their code computes with tensors.
OPERATIONS: Builds = {
    **dict.fromkeys(_SHAPED, shapes.shaped),
    **dict.fromkeys(_REDUCTIONS, moves.making(moves.reduced)),
    "Transpose": moves.making(moves.transposed),
    "Swapaxes": moves.making(moves.swapped),
    "ExpandDims": moves.making(moves.expanded),
    "Squeeze": moves.making(moves.squeezed),
    "Matmul": products.matmul,
    "Einsum": products.einsum_of,
    "Concatenate": shapes.concat_of,
    **dict.fromkeys(_ELEMENTWISE, shapes.joined),
    **{word: activations.function(function) for word, function in _FUNCTIONS.items()},
}


def known(entry: Mapping[str, object]) -> Build | None:
    """What builds a layer, by its class and the module that this comes from; none for somebody's own."""
    home = home_of(entry)
    word = str(entry.get("class_name")) if home else ""
    return OPERATIONS.get(word) if ".ops" in home else LAYERS.get(word)
