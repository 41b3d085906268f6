"""The operators that are known, and who reads each; every other one is not counted, and says so."""

from collections.abc import Callable

from convcost.importers.onnx import (
    attention,
    contributed,
    convolutions,
    norms,
    pointwise,
    pooling,
    products,
    recurrent,
    sequences,
    shaping,
)
from convcost.importers.onnx.call import Call
from convcost.importers.onnx.graph import Graph

Operator = Callable[[Graph, Call], None]

# What multiplies, and is never folded: its cost is there even where all that it takes are constants.
COUNTED: dict[str, Operator] = {
    "Conv": convolutions.conv,
    "com.microsoft.FusedConv": convolutions.conv,
    "ConvInteger": convolutions.conv_integer,
    "QLinearConv": convolutions.qlinear_conv,
    "ConvTranspose": convolutions.conv_transpose,
    "Gemm": products.gemm,
    "com.microsoft.FusedGemm": products.gemm,
    "com.microsoft.QGemm": contributed.qgemm,
    "com.microsoft.FusedMatMul": contributed.fused_matmul,
    "com.microsoft.DynamicQuantizeMatMul": contributed.integer_matmul(4),
    "com.microsoft.MatMulIntegerToFloat": contributed.integer_matmul(6),
    "MatMul": products.matmul,
    "MatMulInteger": products.matmul,
    "QLinearMatMul": products.qlinear_matmul,
    "Einsum": products.einsum,
    "Attention": attention.attention,
    "LSTM": recurrent.recurrent,
    "GRU": recurrent.recurrent,
    "RNN": recurrent.recurrent,
}

_SHAPED: dict[str, Operator] = {
    "BatchNormalization": norms.batch_norm,
    "InstanceNormalization": norms.instance_norm,
    "GroupNormalization": norms.group_norm,
    "LayerNormalization": norms.layer_norm,
    "RMSNormalization": norms.rms_norm,
    "SimplifiedLayerNormalization": norms.rms_norm,
    "com.microsoft.SkipLayerNormalization": contributed.skip_norm(norms.layer_norm, 4),
    "com.microsoft.SkipSimplifiedLayerNormalization": contributed.skip_norm(norms.rms_norm, 3),
    "LRN": norms.local_response_norm,
    "PRelu": norms.prelu,
    "MaxPool": pooling.pool("max_pool"),
    "AveragePool": pooling.pool("avg_pool"),
    "com.microsoft.QLinearAveragePool": pooling.pool("avg_pool"),
    "GlobalAveragePool": pooling.global_pool("global_avg_pool"),
    "com.microsoft.QLinearGlobalAveragePool": pooling.global_pool("global_avg_pool"),
    "GlobalMaxPool": pooling.global_pool("adaptive_max_pool"),
    **{
        f"Reduce{name}": pooling.reduced
        for name in ("Mean", "Max", "Min", "Sum", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
    },
    "Resize": pooling.resize,
    "Upsample": pooling.resize,
    "DepthToSpace": pooling.depth_to_space,
    "SpaceToDepth": pooling.space_to_depth,
    "Identity": shaping.same,
    "Cast": shaping.same,
    "CastLike": shaping.cast_like,
    "Reshape": shaping.reshape,
    "Flatten": shaping.flatten,
    "Squeeze": shaping.squeeze,
    "Unsqueeze": shaping.unsqueeze,
    "Transpose": shaping.transpose,
    "Slice": shaping.sliced,
    "Split": shaping.split,
    "Concat": shaping.concat,
    "Gather": shaping.gather,
    "com.microsoft.QLinearConcat": contributed.qlinear_concat,
    "com.microsoft.QuantizeLinear": shaping.same,
    "com.microsoft.DequantizeLinear": shaping.same,
    "Expand": shaping.expand,
    "Pad": shaping.pad,
    "SplitToSequence": sequences.split,
    "SequenceConstruct": sequences.construct,
    "SequenceEmpty": sequences.construct,
    "SequenceInsert": sequences.insert,
    "SequenceAt": sequences.at,
    "SequenceLength": sequences.length,
    "ConcatFromSequence": sequences.concat,
}

_POINTWISE: dict[str, Operator] = {
    **dict.fromkeys(pointwise.ACTIVATIONS, pointwise.activation),
    "Softmax": pointwise.softmax,
    "LogSoftmax": pointwise.softmax,
    "com.microsoft.QLinearSoftmax": pointwise.softmax,
    "Clip": pointwise.clip,
    "Add": pointwise.joined("add"),
    "Sum": pointwise.joined("add"),
    "Mul": pointwise.joined("mul"),
    "com.microsoft.QLinearAdd": pointwise.joined("add", (0, 3)),
    "com.microsoft.QLinearMul": pointwise.joined("mul", (0, 3)),
    **dict.fromkeys(
        (
            *("Sub", "Div", "Pow", "Mod", "Max", "Min", "Mean", "Where", "Equal", "Less", "LessOrEqual", "Greater"),
            *("GreaterOrEqual", "And", "Or", "Xor", "Not", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"),
            *("BitwiseNot", "Neg", "Abs", "Exp", "Log", "Sqrt", "Reciprocal", "Floor", "Ceil", "Round", "Sign", "Erf"),
            *("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "IsNaN", "IsInf"),
            *("Selu", "Celu", "ThresholdedRelu", "Softsign", "Shrink", "Hardmax", "Bernoulli"),
            *("MeanVarianceNormalization", "com.microsoft.FastGelu", "com.microsoft.BiasGelu"),
        ),
        pointwise.elementwise,
    ),
}

FREE: dict[str, Operator] = {**_SHAPED, **_POINTWISE}

# Without multiply-accumulates in the convention, and with shapes that `onnx` finds: elements moved, sorted, compared,
# quantised, drawn, or read between positions.
PLAIN = frozenset(
    (
        *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Tile", "TopK", "ArgMax", "ArgMin", "OneHot"),
        *("GatherElements", "GatherND", "ScatterElements", "ScatterND", "Scatter", "TensorScatter", "Trilu", "CumSum"),
        *("ReverseSequence", "EyeLike", "NonZero", "NonMaxSuppression", "Unique", "Compress", "RoiAlign", "MaxRoiPool"),
        *("GridSample", "LpPool", "GlobalLpPool", "MaxUnpool", "LpNormalization"),
        *("CenterCropPad", "Col2Im", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"),
        *("Multinomial", "AffineGrid", "HannWindow", "HammingWindow", "BlackmanWindow", "Shape", "Size", "Range"),
        *("Constant", "ConstantOfShape", "Optional", "OptionalGetElement", "OptionalHasElement"),
        *("SequenceErase", "RotaryEmbedding", "SwiGLU", "CumProd", "BitCast"),
        *("TfIdfVectorizer", "StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "MelWeightMatrix"),
        *("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"),
    )
)
# Drawn at random: of these no number is known.
DRAWN = frozenset(
    ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
)
# What runs graphs of its own: as dear as what is in them.
NESTED = frozenset(("If", "Loop", "Scan"))
# Of these the tensors of the file that enter are weights; of the others in `PLAIN` they say how.
OF_TENSORS = frozenset(
    ("GatherElements", "GatherND", "ScatterElements", "ScatterND", "Scatter", "TensorScatter", "Tile", "GridSample")
)
