"""Single layers against PyTorch's own, row by row: as layers, and as lines of the network language.

The rows and their origin stand in ``tests/reference/README.md``.
"""

import gzip
import json
import re
from math import ceil, prod
from pathlib import Path
from typing import NamedTuple

import pytest

from convcost import Conv, ConvcostError, ConvTranspose, Linear, cost, layers
from convcost.costs import costs, total
from convcost.network import shapes
from convcost.problems import SpecError
from convcost.specs.language import WORDS
from convcost.specs.read import loads

REFERENCE = Path(__file__).parent / "reference"


def _rows(name):
    with gzip.open(REFERENCE / f"{name}_cases.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


CONVS, POOLS, OTHERS = _rows("conv"), _rows("pool"), _rows("other")
ROWS = [*CONVS, *POOLS, *OTHERS]

# What torch accepts and convcost refuses, or takes otherwise: by operation and id.
QUIRKS = {
    ("Conv1d", 5480): "no input channels: torch makes a layer without weights and an output without channels",
    ("ConvTranspose2d", 5428): "the padding crops all of an axis: torch's output has no elements",
    ("Upsample", 182): "floor(3 * 0.25) = 0: torch's output has no elements",
    ("Flatten", 464): "start_dim 0 flattens the batch as well, which shapes here leave out",
}

# What torch refuses and convcost gives a meaning, by kind of refusal.
MEANT = {
    "same_strided": "`same` at a stride: output = ceil(n/s)",
    "same_transposed": "words on a transposed layer: `same` makes n*s, `valid` is 0",
}

# What the network language never says, so that it cannot say it wrong: a layer takes the channels that come in.
UNSAID = {"in_channels", "in_features"}


class Counted(NamedTuple):
    """What a layer gives, batch included."""

    output: list[int]
    params: int
    weights: int | None
    macs: int


class Refused(NamedTuple):
    """The field that a refusal is about, and what it says."""

    field: str | None
    message: str


# Rows as layers.


def _rank(row):
    return int(row["op"][-2])


def _conv(row):
    kind = ConvTranspose if "Transpose" in row["op"] else Conv
    names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias")
    fields = {name: row[name] for name in names}
    if row["output_padding"] is not None:
        fields["output_padding"] = row["output_padding"]
    return kind(**fields, dims=_rank(row))


def _pool(row):
    kind = layers.MaxPool if "Max" in row["op"] else layers.AvgPool
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "count_include_pad")
    return kind(**{name: row[name] for name in names if name in row}, dims=_rank(row))


def _zero_pad(row):
    left, right, top, bottom = row["padding"]
    return [[top, bottom], [left, right]]


LAYERS = {
    "Conv": _conv,
    "ConvTranspose": _conv,
    "MaxPool": _pool,
    "AvgPool": _pool,
    "AdaptiveAvgPool": lambda row: layers.AdaptiveAvgPool(row["output_size"]),
    "AdaptiveMaxPool": lambda row: layers.AdaptiveMaxPool(row["output_size"]),
    "Linear": lambda row: Linear(row["in_features"], row["out_features"], row["bias"]),
    "BatchNorm": lambda row: layers.BatchNorm(row["num_features"], row["affine"]),
    "InstanceNorm": lambda row: layers.InstanceNorm(row["num_features"], row["affine"]),
    "GroupNorm": lambda row: layers.GroupNorm(row["num_channels"], row["affine"], row["num_groups"]),
    "LayerNorm": lambda row: layers.LayerNorm(row["normalized_shape"], row["elementwise_affine"]),
    "LocalResponseNorm": lambda row: layers.LocalResponseNorm(row["size"]),
    "PReLU": lambda row: layers.PReLU(row["num_parameters"]),
    "ReLU": lambda _: layers.Activation("relu"),
    "Softmax": lambda _: layers.Activation("softmax"),
    "Identity": lambda _: layers.Activation("identity"),
    "Flatten": lambda _: layers.Flatten(),
    "ZeroPad": lambda row: layers.Pad(_zero_pad(row)),
    "PixelShuffle": lambda row: layers.PixelShuffle(row["upscale_factor"]),
    "PixelUnshuffle": lambda row: layers.PixelUnshuffle(row["downscale_factor"]),
    "Upsample": lambda row: layers.Upsample(row.get("scale_factor"), row.get("size"), row["mode"]),
}


def _family(row):
    return re.sub(r"\dd$", "", row["op"])


def _unbatched(row):
    """The batch, 1 where a linear layer takes a plain vector, and the shape of one of it."""
    shape = tuple(row["input"])
    return (1, shape) if row["op"] == "Linear" and len(shape) == 1 else (shape[0], shape[1:])


def _counted(row, output, counts):
    batch, shape = _unbatched(row)
    whole = list(output) if len(shape) == len(row["input"]) else [batch, *output]
    return Counted(whole, counts.params, counts.weights if "weight_params" in row else None, batch * counts.macs)


def as_layer(row):
    shape = _unbatched(row)[1]
    try:
        layer = LAYERS[_family(row)](row)
        return _counted(row, layer.output_shape(shape), cost(layer, shape))
    except ConvcostError as error:
        return Refused(error.field, error.message)


# Rows as lines of the network language.


def _conv_line(row):
    names = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "output_padding")
    kind = "conv_transpose" if "Transpose" in row["op"] else "conv"
    return {kind: row["out_channels"], **{name: row[name] for name in names if row[name] is not None}}


def _pool_line(row):
    names = ("stride", "padding", "dilation", "ceil_mode", "count_include_pad")
    kind = "max_pool" if "Max" in row["op"] else "avg_pool"
    return {kind: row["kernel_size"], **{name: row[name] for name in names if row.get(name) is not None}}


def _upsample_line(row):
    size = {"size": row["size"]} if "size" in row else {}
    return {"upsample": row.get("scale_factor"), **size, "mode": row["mode"]}


def _linear_line(row):
    flatten = {"flatten": False} if len(_unbatched(row)[1]) > 1 else {}
    return {"linear": row["out_features"], "bias": row["bias"], **flatten}


LINES = {
    "Conv": _conv_line,
    "ConvTranspose": _conv_line,
    "MaxPool": _pool_line,
    "AvgPool": _pool_line,
    "AdaptiveAvgPool": lambda row: {"adaptive_avg_pool": row["output_size"]},
    "AdaptiveMaxPool": lambda row: {"adaptive_max_pool": row["output_size"]},
    "Linear": _linear_line,
    "BatchNorm": lambda row: {"batch_norm": None, "affine": row["affine"]},
    "InstanceNorm": lambda row: {"instance_norm": None, "affine": row["affine"]},
    "GroupNorm": lambda row: {"group_norm": row["num_groups"], "affine": row["affine"]},
    "LayerNorm": lambda row: {"layer_norm": row["normalized_shape"], "affine": row["elementwise_affine"]},
    "LocalResponseNorm": lambda row: {"local_response_norm": row["size"]},
    "PReLU": lambda row: {"prelu": row["num_parameters"]},
    "ReLU": lambda _: {"relu": None},
    "Softmax": lambda row: {"softmax": row["dim"]},
    "Identity": lambda _: {"identity": None},
    "Flatten": lambda _: {"flatten": None},
    "ZeroPad": lambda row: {"pad": _zero_pad(row)},
    "PixelShuffle": lambda row: {"pixel_shuffle": row["upscale_factor"]},
    "PixelUnshuffle": lambda row: {"pixel_unshuffle": row["downscale_factor"]},
    "Upsample": _upsample_line,
}


def _spec(row):
    """A network of one line, each key of it on a line of its own, so that a problem's place tells the key."""
    keys = [f"{key}: {json.dumps(value)}" for key, value in LINES[_family(row)](row).items()]
    return "\n".join((f"input: {list(_unbatched(row)[1])}", "layers:", "  - " + "\n    ".join(keys)))


def as_spec(row):
    text = _spec(row)
    try:
        (network,) = loads(text.encode())
    except SpecError as error:
        (problem,) = error.problems
        key = text.splitlines()[problem.line - 1].lstrip(" -").split(":")[0]
        return Refused(WORDS[key].main if key in WORDS else key, problem.message)
    known = shapes(network)
    (output,) = network.outputs
    return _counted(row, known[output], total(costs(network, known).values()))


# What is expected of both.


def _is_accepted(row):
    return row["error"] is None


def _key(row):
    return row["op"], row["id"]


def _torchs(row):
    return Counted(row["output"], row["params"], row.get("weight_params"), row["macs"])


def _says(row, reader):
    """Whether the reader reads all that the row says: a line of a network takes whatever channels come in."""
    if reader is as_layer or UNSAID.isdisjoint(row):
        return True
    shape = _unbatched(row)[1]
    return row.get("in_channels", shape[0]) == shape[0] and row.get("in_features", shape[-1]) == shape[-1]


def _cases(wanted):
    """The rows of each operation, for each reader that has some."""
    found = {}
    for reader in (as_layer, as_spec):
        for row in ROWS:
            if wanted(row) and _says(row, reader):
                found.setdefault((reader, row["op"]), []).append(row)
    return [pytest.param(reader, rows, id=f"{op}-{reader.__name__}") for (reader, op), rows in found.items()]


def _fail_with(wrong):
    if wrong:
        pytest.fail("\n".join(f"{ours}\n  for {json.dumps(row)}" for row, ours in wrong), pytrace=False)


ACCEPTED = _cases(lambda row: _is_accepted(row) and _key(row) not in QUIRKS)
REFUSED = _cases(lambda row: not _is_accepted(row) and row.get("edge") not in MEANT)
READERS = pytest.mark.parametrize("reader", [as_layer, as_spec])


def test_all_rows_are_there():
    assert (len(CONVS), len(POOLS), len(OTHERS)) == (3004, 500, 250)
    assert len({_key(row) for row in ROWS}) == len(ROWS)
    assert {_family(row) for row in ROWS} == set(LAYERS) == set(LINES)


@pytest.mark.parametrize(("reader", "rows"), ACCEPTED)
def test_output_params_and_macs_are_torchs(reader, rows):
    tried = [(row, reader(row)) for row in rows]
    _fail_with([(row, ours) for row, ours in tried if ours != _torchs(row)])


@pytest.mark.parametrize(("reader", "rows"), REFUSED)
def test_refusals_are_torchs_and_name_the_field_and_its_value(reader, rows):
    tried = [(row, reader(row)) for row in rows]
    _fail_with([(row, ours) for row, ours in tried if not _names_fault(row, reader, ours)])


def _names_fault(row, reader, ours):
    field, values = _fault(row, reader)
    if isinstance(ours, Counted) or ours.field != field:
        return False
    message = ours.message.replace("x".join(map(str, _unbatched(row)[1])), "INPUT")
    words = {word for pattern in (r"-?\d+", r"INPUT", r"\[.*?\]", r"`(\w*)`") for word in re.findall(pattern, message)}
    return not words.isdisjoint(map(str, values))


class Axis(NamedTuple):
    """What a row says of one axis; words of padding, which no fault of an axis depends on, are 0."""

    n: int
    k: int
    s: int
    p: int
    d: int
    extra: int

    @property
    def extent(self):
        return self.d * (self.k - 1) + 1


def _axes(row):
    sizes = row["input"][2:]

    def each(name, otherwise):
        value = otherwise if row.get(name) is None or isinstance(row[name], str) else row[name]
        return value if isinstance(value, list) else [value] * len(sizes)

    stride = each("stride", row["kernel_size"])
    fields = (each("kernel_size", 1), stride, each("padding", 0), each("dilation", 1), each("output_padding", 0))
    return [Axis(*axis) for axis in zip(sizes, *fields, strict=True)]


# The field that each kind of refusal is about, the value that a message must name, and where an axis has it wrong.
ON_AN_AXIS = {
    "neg_kernel": ("kernel_size", lambda axis: axis.k, lambda axis: axis.k < 0),
    "zero_kernel": ("kernel_size", lambda axis: axis.k, lambda axis: axis.k == 0),
    "kernel_gt_input": ("kernel_size", lambda axis: axis.extent, lambda axis: axis.extent > axis.n + 2 * axis.p),
    "kernel_gt_unpadded": ("kernel_size", lambda axis: axis.extent, lambda axis: axis.extent > axis.n),
    "neg_stride": ("stride", lambda axis: axis.s, lambda axis: axis.s < 0),
    "zero_stride": ("stride", lambda axis: axis.s, lambda axis: axis.s == 0),
    "neg_dilation": ("dilation", lambda axis: axis.d, lambda axis: axis.d < 0),
    "zero_dilation": ("dilation", lambda axis: axis.d, lambda axis: axis.d == 0),
    "neg_padding": ("padding", lambda axis: axis.p, lambda axis: axis.p < 0),
    "pad_gt_half": ("padding", lambda axis: axis.p, lambda axis: axis.p > axis.extent // 2),
    "out_nonpos": (
        "padding",
        lambda axis: axis.p,
        lambda axis: (axis.n - 1) * axis.s - 2 * axis.p + axis.extent + axis.extra < 1,
    ),
    "neg_outpad": ("output_padding", lambda axis: axis.extra, lambda axis: axis.extra < 0),
    "outpad_ge": ("output_padding", lambda axis: axis.extra, lambda axis: axis.extra >= max(axis.s, axis.d)),
    "outpad_big": ("output_padding", lambda axis: axis.extra, lambda axis: axis.extra >= max(axis.s, axis.d)),
}
ON_THE_LAYER = {
    "bad_padstr": "padding",
    "channels_mismatch": "in_channels",
    "features_mismatch": "in_features",
    "groups_in": "groups",
    "groups_out": "groups",
    "neg_groups": "groups",
    "zero_groups": "groups",
    "shuffle": "upscale_factor",
    "unshuffle": "downscale_factor",
}
OUR_WORDS = {"upscale_factor": "factor", "downscale_factor": "factor"}


def _kind_of_refusal(row):
    """As the row says, or by what torch says: only convolutions have their kind written."""
    if "edge" in row:
        return row["edge"]
    if "Pool" in row["op"]:
        if "at most half" in row["error"]:
            return "pad_gt_half"
        return "kernel_gt_unpadded" if row["op"] == "AvgPool3d" else "kernel_gt_input"
    return {"Linear": "features_mismatch", "PixelShuffle": "shuffle", "PixelUnshuffle": "unshuffle"}[row["op"]]


def _fault(row, reader):
    """The field that a refused row has wrong, and the values of which a message must name one."""
    kind = _kind_of_refusal(row)
    if kind in ON_AN_AXIS:
        field, value, is_wrong = ON_AN_AXIS[kind]
        return field, [value(axis) for axis in _axes(row) if is_wrong(axis)]
    if kind in ON_THE_LAYER:
        field = ON_THE_LAYER[kind]
        return OUR_WORDS.get(field, field), [row[field]]
    if kind == "wrong_ndim":
        return _fault_in_rank(row) if reader is as_spec else ("kernel_size", ["INPUT"])
    # Left are channels and sizes that are zero or less. The language refuses those of an input where it is written.
    if kind == "zero_spatial":
        return "input", [0] if reader is as_spec else ["INPUT"]
    field = "in_channels" if row["in_channels"] < 1 else "out_channels"
    return "input" if field in UNSAID and reader is as_spec else field, [row[field]]


def _fault_in_rank(row):
    """The language takes the rank from the input: the first field that lists another number of axes is wrong."""
    sizes = _unbatched(row)[1][1:]
    if not sizes:  # the line as a whole, whose place is its kind's: it needs a feature map, and gets a vector
        return "out_channels", ["INPUT"]
    names = ("kernel_size", "stride", "dilation", "output_padding", "padding")
    field = next(name for name in names if isinstance(row[name], list) and len(row[name]) != len(sizes))
    return field, [row[field]]


@READERS
def test_the_quirks_are_all_that_torch_accepts_and_we_do_not(reader):
    tried = [row for row in ROWS if _is_accepted(row) and _says(row, reader)]
    assert {_key(row) for row in tried if reader(row) != _torchs(row)} == set(QUIRKS)


@READERS
def test_words_of_padding_are_all_that_torch_refuses_and_we_do_not(reader):
    tried = [row for row in ROWS if not _is_accepted(row) and _says(row, reader)]
    meant = {_key(row): row["edge"] for row in tried if row.get("edge") in MEANT}
    assert {_key(row) for row in tried if isinstance(reader(row), Counted)} == set(meant)
    assert set(meant.values()) == set(MEANT)


def test_the_language_leaves_nothing_out_but_the_channels_that_come_in():
    unsaid = [(row, as_layer(row)) for row in ROWS if not _says(row, as_spec)]
    assert {_kind_of_refusal(row) for row, _ in unsaid} == {"channels_mismatch", "neg_channels", "features_mismatch"}
    assert {ours.field for _, ours in unsaid} == UNSAID


@pytest.mark.parametrize(("reader", "rows"), _cases(lambda row: row.get("edge") in MEANT))
def test_same_makes_ceil_n_over_s_and_on_transposed_layers_n_times_s(reader, rows):
    _fail_with([(row, reader(row)) for row in rows if reader(row) != _meant(row)])


def _meant(row):
    batch, c1, *sizes = row["input"]
    c2, axes = row["out_channels"], _axes(row)
    if row["edge"] == "same_strided":
        positions = output = [ceil(axis.n / axis.s) for axis in axes]
    else:
        positions = sizes
        valid = [(axis.n - 1) * axis.s + axis.extent + axis.extra for axis in axes]
        output = valid if row["padding"] == "valid" else [axis.n * axis.s for axis in axes]
    weights = prod(axis.k for axis in axes) * c1 // row["groups"] * c2
    return Counted([batch, c2, *output], weights + row["bias"] * c2, weights, batch * weights * prod(positions))
