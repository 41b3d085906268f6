"""Models in the format of Ultralytics, written here from their architectures, against the published counts.

Upstream's own files are read where its package is installed.
"""

import gzip
import importlib.util
import json
import re
from pathlib import Path

import pytest

from convcost import Conv, SpecError, dumps, evaluate, importers, loads
from convcost.importers import ultralytics

REFERENCE = Path(__file__).parent / "reference" / "networks.json.gz"


def row(module, *args, source=-1, number=1):
    return f"  - {json.dumps([source, number, module, list(args)])}"


def text(scales, backbone, head, **top):
    lines = [f"{key}: {json.dumps(value)}" for key, value in top.items()]
    lines += ["scales:", *(f"  {name}: {json.dumps(values)}" for name, values in scales.items())] if scales else []
    return "\n".join([*lines, "backbone:", *backbone, "head:", *head, ""])


def stages(unit, numbers, *arguments):
    """A stem, and four stages that halve the map, each with a block."""
    rows = [row("Conv", 64, 3, 2)]
    for channels, number, own in zip((128, 256, 512, 1024), numbers, arguments, strict=True):
        rows += [row("Conv", channels, 3, 2), row(unit, *own, number=number)]
    return rows


def pyramid(unit, number, sides, end, *arguments):
    """Up to the finest map and down again, with a block where maps meet; the backbone ends with row ``end``."""
    finer, coarser = end + 3, end + 6
    widths = (512, 256, 512, 1024)
    blocks = [row(unit, width, *own, number=number) for width, own in zip(widths, arguments, strict=True)]
    up = row("nn.Upsample", "None", 2, "nearest")
    rows = []
    for side, block in zip(sides, blocks, strict=False):
        rows += [up, row("Concat", 1, source=[-1, side]), block]
    for channels, side, block in zip((256, 512), (finer, end), blocks[2:], strict=True):
        rows += [row("Conv", channels, 3, 2), row("Concat", 1, source=[-1, side]), block]
    return [*rows, row("Detect", "nc", source=[coarser, coarser + 3, coarser + 6])]


SCALES_8 = {
    "n": [0.33, 0.25, 1024],
    "s": [0.33, 0.5, 1024],
    "m": [0.67, 0.75, 768],
    "l": [1.0, 1.0, 512],
    "x": [1.0, 1.25, 512],
}
SCALES_11 = {
    "n": [0.5, 0.25, 1024],
    "s": [0.5, 0.5, 1024],
    "m": [0.5, 1.0, 512],
    "l": [1.0, 1.0, 512],
    "x": [1.0, 1.5, 512],
}


def yolov8():
    stem = stages("C2f", (3, 6, 6, 3), *([channels, True] for channels in (128, 256, 512, 1024)))
    return text(SCALES_8, [*stem, row("SPPF", 1024, 5)], pyramid("C2f", 3, (6, 4), 9, [], [], [], []), nc=80)


def trunk11():
    return stages("C3k2", (2, 2, 2, 2), [256, False, 0.25], [512, False, 0.25], [512, True], [1024, True])


def yolo11():
    backbone = [*trunk11(), row("SPPF", 1024, 5), row("C2PSA", 1024, number=2)]
    return text(SCALES_11, backbone, pyramid("C3k2", 2, (6, 4), 10, [False], [False], [False], [True]), nc=80)


def yolo11_cls():
    return text(SCALES_11, [*trunk11(), row("C2PSA", 1024, number=2)], [row("Classify", "nc")], nc=1000)


ANCHORS = [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]


# Units that add nothing to what they take.
PLAIN = (False,)


def yolov5(depth, width):
    stem = [
        row("Conv", 64, 6, 2, 2),
        *stages("C3", (3, 6, 9, 3), [128], [256], [512], [1024])[1:],
        row("SPPF", 1024, 5),
    ]
    up = row("nn.Upsample", "None", 2, "nearest")
    head = []
    for channels, side in ((512, 6), (256, 4)):
        head += [row("Conv", channels, 1, 1), up, row("Concat", 1, source=[-1, side])]
        head += [row("C3", channels, *PLAIN, number=3)]
    for channels, side in ((256, 14), (512, 10)):
        head += [row("Conv", channels, 3, 2), row("Concat", 1, source=[-1, side])]
        head += [row("C3", 2 * channels, *PLAIN, number=3)]
    head += [row("Detect", "nc", "anchors", source=[17, 20, 23])]
    return text({}, stem, head, nc=80, depth_multiple=depth, width_multiple=width, anchors=ANCHORS)


def evaluated(written, scale=None, name="net.yaml", **options):
    (network,) = ultralytics.loads(written, name, importers.Options(scale=scale, **options))
    return evaluate(network)


# https://docs.ultralytics.com/models/yolov8, /models/yolo11; the README of YOLOv5 v7.0.
PUBLISHED_8 = {"n": 3_157_200, "s": 11_166_560, "m": 25_902_640, "l": 43_691_520, "x": 68_229_648}
PUBLISHED_11 = {"n": 2_624_080, "s": 9_458_752, "m": 20_114_688, "l": 25_372_160, "x": 56_966_176}
PUBLISHED_5 = {
    "n": (0.33, 0.25, 1.9),
    "s": (0.33, 0.5, 7.2),
    "m": (0.67, 0.75, 21.2),
    "l": (1.0, 1.0, 46.5),
    "x": (1.33, 1.25, 86.7),
}
MAPS = ((144, 80, 80), (144, 40, 40), (144, 20, 20))


@pytest.mark.parametrize("scale", PUBLISHED_8)
def test_yolov8_has_the_published_parameters(scale):
    found = evaluated(yolov8(), scale)
    assert found.total.params == PUBLISHED_8[scale]
    assert found.outputs == MAPS
    assert not found.uncounted


@pytest.mark.parametrize("scale", PUBLISHED_11)
def test_yolo11_has_the_published_parameters(scale):
    found = evaluated(yolo11(), scale)
    assert found.total.params == PUBLISHED_11[scale]
    assert found.outputs == MAPS
    assert not found.uncounted


# Upstream prints 8.7, 28.6, 78.9, 165.2 and 257.8 GFLOPs of YOLOv8, and 6.5, 21.5, 68.0, 86.9 and 194.9 of YOLO11, all
# with fused norms; those of YOLO11 are without the products of attention.
@pytest.mark.parametrize(("scale", "printed"), [("n", 8.7), ("s", 28.6), ("m", 78.9), ("l", 165.2), ("x", 257.8)])
def test_yolov8_has_the_published_flops(scale, printed):
    assert evaluated(yolov8(), scale).total.flops / 1e9 == pytest.approx(printed, abs=0.11)


@pytest.mark.parametrize(("scale", "printed"), [("n", 6.5), ("s", 21.5), ("m", 68.0), ("l", 86.9), ("x", 194.9)])
def test_yolo11_has_the_published_flops_but_for_attention(scale, printed):
    found = evaluated(yolo11(), scale)
    products = sum(found.costs[node.name].macs for node in found.network.nodes if node.kind == "matmul")
    assert (found.total.flops - 2 * products) / 1e9 == pytest.approx(printed, abs=0.11)


@pytest.mark.parametrize("scale", PUBLISHED_5)
def test_yolov5_has_the_published_parameters(scale):
    depth, width, millions = PUBLISHED_5[scale]
    assert evaluated(yolov5(depth, width)).total.params / 1e6 == pytest.approx(millions, abs=0.07)


def test_yolov5s_is_the_reference_layer_by_layer():
    expected = json.loads(gzip.decompress(REFERENCE.read_bytes()))["yolov5s"]
    found = evaluated(yolov5(0.33, 0.5))
    assert (found.total.params, found.total.macs) == (expected["params"], expected["macs"])
    assert [list(output) for output in found.outputs] == expected["outputs"]
    layers = [
        [list(found.inputs(node)[0]), list(found.shapes[node.name]), cost.params, cost.macs]
        for node in found.network.nodes
        if isinstance(node.layer, Conv)
        for cost in [found.costs[node.name]]
    ]
    # Layers that stand side by side may come in another order.
    assert sorted(layers) == sorted(record[2:] for record in expected["layers"])


def test_a_classifier_of_80_classes_is_the_one_whose_count_upstream_prints():
    written = yolo11_cls()
    assert evaluated(written.replace("nc: 1000", "nc: 80"), "n").total.params == 1_633_584
    # 1280 weights and a bias for each class more.
    found = evaluated(written, "n")
    assert found.total.params == 1_633_584 + 920 * 1281
    assert (found.network.input, found.outputs) == ((3, 224, 224), ((1000,),))


def test_the_means_over_bins_are_16_parameters_and_one_mac_for_each_bin_of_each_side():
    found = evaluated(yolov8(), "n")
    cost = found.costs["model.22.dfl.conv"]
    assert (cost.params, cost.macs) == (16, 16 * 4 * (80**2 + 40**2 + 20**2))
    assert found.shapes["model.22.dfl.conv"] == (1, 4, 8400)


def test_attention_counts_its_products():
    found = evaluated(yolo11(), "n", input=(3, 320, 320))
    # 128 channels in two heads of 64, with keys of 32, over 100 positions.
    assert found.costs["model.10.m.0.attn.scores"].macs == 2 * 100 * 100 * 32
    assert found.costs["model.10.m.0.attn.mix"].macs == 2 * 100 * 100 * 64


def test_names_fold_to_the_rows_and_know_their_module_and_line():
    network = evaluated(yolov8(), "n").network
    assert network.blocks["model.2"] == "C2f"
    assert network.blocks["model.2.m.0"] == "Bottleneck"
    written = yolov8().splitlines()
    assert '"C2f"' in written[network.lines["model.2.m.0.cv1"] - 1]


@pytest.mark.parametrize(
    ("name", "scale", "expected"),
    [
        ("yolov8.yaml", None, "yolov8n"),
        ("yolov8.yaml", "m", "yolov8m"),
        ("yolov8s.yaml", None, "yolov8s"),
        ("yolov8s.yaml", "x", "yolov8x"),
        ("yolov8-cls.yaml", "l", "yolov8l-cls"),
        ("mine.yaml", "l", "mine-l"),
        ("my_yolov8s.yaml", None, "my_yolov8s"),
        ("yolov8small.yaml", None, "yolov8small"),
    ],
)
def test_the_scale_is_asked_for_or_in_the_files_name_or_the_first(name, scale, expected):
    found = evaluated(yolov8(), scale, name)
    assert found.network.name == expected
    letter = re.sub(r".*(yolov8|mine-)", "", expected)[0]
    assert found.total.params == PUBLISHED_8[letter]


def test_the_scale_of_a_files_name_chooses_units_also_where_the_file_lists_no_scales():
    written = SMALL.format("C3k2, [16]")
    small, large = (evaluated(written, name=f"yolo11{scale}.yaml", input=(3, 32, 32)) for scale in "nx")
    assert (small.network.name, large.network.name) == ("yolo11n", "yolo11x")
    # Upstream has C3s inside of C3k2 at m, l and x, whatever the row says.
    assert small.total.params < large.total.params
    assert large.network.blocks["model.1.m.0"] == "C3k"


SMALL = """\
nc: 4
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, {}]
head:
  - [-1, 1, Classify, [nc]]
"""


def small(between):
    return evaluated(SMALL.format(between), input=(3, 32, 32))


# What each module has in parameters behind 8 channels, worked by hand; (k²·c1/g + 2)·c2 is a convolution with its norm.
@pytest.mark.parametrize(
    ("module", "params", "output"),
    [
        ("Conv, [16]", (8 + 2) * 16, (16, 16, 16)),
        ("Conv, [16, 3, 2, null, 2]", (9 * 4 + 2) * 16, (16, 8, 8)),
        ("Conv, [16, 3, 1, None, 1, 2]", (9 * 8 + 2) * 16, (16, 16, 16)),
        ("DWConv, [8, 3]", (9 + 2) * 8, (8, 16, 16)),
        ("Focus, [16, 3]", (9 * 32 + 2) * 16, (16, 8, 8)),
        ("GhostConv, [16, 1]", (8 + 2 + 25 + 2) * 8, (16, 16, 16)),
        ("GhostBottleneck, [16, 3, 2]", 148 + 88 + 296 + 88 + 160, (16, 8, 8)),
        ("Bottleneck, [8]", (9 * 8 + 2) * 4 + (9 * 4 + 2) * 8, (8, 16, 16)),
        ("C1, [16]", (8 + 2) * 16 + (9 * 16 + 2) * 16, (16, 16, 16)),
        ("C2, [16]", (8 + 2) * 16 + 2 * (9 * 8 + 2) * 8 + (16 + 2) * 16, (16, 16, 16)),
        ("C2f, [16]", (8 + 2) * 16 + 2 * (9 * 8 + 2) * 8 + (24 + 2) * 16, (16, 16, 16)),
        ("C3, [16]", 2 * (8 + 2) * 8 + (8 + 2) * 8 + (9 * 8 + 2) * 8 + (16 + 2) * 16, (16, 16, 16)),
        ("C3x, [16]", 2 * (8 + 2) * 8 + 2 * (3 * 8 + 2) * 8 + (16 + 2) * 16, (16, 16, 16)),
        ("C3Ghost, [16]", 2 * (8 + 2) * 8 + (74 + 132) + (16 + 2) * 16, (16, 16, 16)),
        ("ResNetLayer, [8, 4, 2, False, 2]", 40 + 152 + 96 + 160 + 72 + 152 + 96, (16, 8, 8)),
        ("ResNetLayer, [8, 16, 1, True, 1]", (49 * 8 + 2) * 16, (16, 4, 4)),
        ("SPP, [16]", (8 + 2) * 4 + (16 + 2) * 16, (16, 16, 16)),
        ("SPPF, [16, 5]", (8 + 2) * 4 + (16 + 2) * 16, (16, 16, 16)),
        ("nn.ConvTranspose2d, [8, 2, 2]", 4 * 8 * 8 + 8, (8, 32, 32)),
        ("nn.Upsample, [None, 2, bilinear]", 0, (8, 32, 32)),
        ("nn.MaxPool2d, [3, 2, 1]", 0, (8, 8, 8)),
        ("nn.ZeroPad2d, [[0, 1, 2, 0]]", 0, (8, 18, 17)),
        ("torch.nn.Identity, []", 0, (8, 16, 16)),
    ],
)
def test_a_module_by_hand(module, params, output):
    found = small(module)
    own = [node.name for node in found.network.nodes if node.name.startswith("model.1")]
    assert sum(found.costs[name].params for name in own) == params
    assert found.shapes[own[-1]] == output


def test_a_unit_that_stands_alone_in_a_file_with_anchors_begins_with_a_1x1():
    written = SMALL.format("Bottleneck, [8]").replace("nc: 4", "nc: 4\nanchors: 3")
    found = evaluated(written, input=(3, 32, 32))
    assert found.costs["model.1.cv1"].weights == 8 * 4


def test_the_activation_of_the_file():
    found = evaluated("activation: torch.nn.LeakyReLU(0.1)\n" + SMALL.format("SPPF, [8]"), input=(3, 32, 32))
    assert {node.kind for node in found.network.nodes if node.name.endswith(".act")} == {"leaky_relu"}


def test_what_is_read_can_be_written_and_read_back():
    (network,) = ultralytics.loads(yolo11_cls().replace('"C2PSA"', '"SPPF"'), "cls.yaml")
    (again,) = loads(dumps(network))
    assert evaluate(again).total == evaluate(network).total


def problem(written, **options):
    with pytest.raises(SpecError) as caught:
        evaluated(written, **options)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("between", "message", "column"),
    [
        ("C2x, [8]", "the module `C2x` is not supported", 13),
        ("os.system, [ls]", "the module `os.system` is not supported", 13),
        ("Conv, 8", "the arguments must be a list", 19),
        ("Conv, []", "the row has no `c2`", 13),
        ("Conv, [8, 3, 1, 1, 1, 1, True, 8]", "the row has 8 arguments", 13),
        ("Conv, [8.5]", "`c2` of `Conv` must be a whole number, got `8.5`", 13),
        ("Conv, [8, 3, 1, 1, 1, 1, nn.ReLU()]", "`act` of `Conv` must be True or False", 13),
        ("Conv, [0]", "`out_channels` must be at least 1", 13),
        ("Conv, [8, 999, 1, 0]", "no output is left", 13),
        ("Concat, [2]", "`Concat` along axis 2 is not supported", 13),
        ("C2PSA, [16]", "it cannot make 16", 13),
        ("C2f, [8, False, 1, 1e999]", "`e` of `C2f` must be a number", 13),
        ("nn.ZeroPad2d, [[1, 2]]", "four amounts", 13),
        ("ResNetLayer, [16, 4, 1, False, 1]", "`c1` of `ResNetLayer` is 16, but the row before has 8 channels", 13),
        ("C3Ghost, [16, True, 1, 0.4]", "a `GhostConv` makes an even number of channels, not 3", 13),
    ],
)
def test_an_error_has_its_line(between, message, column):
    found = problem(SMALL.format(between))
    assert message in found.message
    assert (found.line, found.column) == (4, column)


def test_an_unknown_module_comes_with_the_supported_ones():
    hint = problem(SMALL.format("A2C2f, [8]")).hint
    assert hint.startswith("supported are Conv, DWConv, ")
    assert "Detect" in hint


def test_of_several_unknown_modules_the_first_comes_with_the_supported_ones():
    with pytest.raises(SpecError) as caught:
        evaluated(SMALL.format("A2C2f, [8]").replace("Conv", "SCDown"))
    assert [(problem.line, bool(problem.hint)) for problem in caught.value.problems] == [(3, True), (4, False)]


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("- [-1, 1, Conv", "- [1, 1, Conv", "row 0 takes row `1`, which is no earlier one", 3),
        ("- [-1, 1, Conv", "- [-2, 1, Conv", "row 0 takes row `-2`, which is no earlier one", 3),
        ("[-1, 1, Classify", "[2, 1, Classify", "row 2 takes row `2`, which is no earlier one", 6),
        ("[-1, 1, Classify", "[[], 1, Classify", "`Classify` takes one row, got 0", 6),
        ("[-1, 1, Classify", "[-1, 0, Classify", "a module is repeated at least once", 6),
        ("[-1, 1, Classify", "[-1, 5, Classify", "`Classify` cannot be repeated", 6),
        ("[-1, 1, Conv", "[-1, 2, Conv", "it cannot be repeated", 3),
        ("[-1, 1, nn", "[-1, 999999999999, nn", "more than 100,000 layers", 4),
        ("[8, 3, 2]", "[8, {k: 3}]", "a mapping has no meaning here", 3),
        ("nc: 4", "nc: 4\nscales: {n: [1]}", "scale `n` must be [depth, width, max_channels]", 2),
        ("nc: 4", "nc: 4\nscales: {n: [1, -1, 8]}", "`width` must be a number above 0", 2),
        ("nc: 4", "nc: 4\nactivation: __import__('os')", "the activation `__import__('os')` is not supported", 2),
        ("head:", "heads:", "`head` must be a list of rows", 1),
        ("nc: 4", "nc: four", "`c2` of `Classify` must be a whole number, got `four`", 6),
        ("nc: 4", "ch: 0", "`ch` must be a whole number from 1", 1),
    ],
)
def test_a_file_that_is_wrong(old, new, message, line):
    found = problem(SMALL.format("nn.Identity, []").replace(old, new, 1))
    assert message in found.message
    assert found.line == line


def test_a_scale_that_is_not_there():
    assert problem(yolov8(), scale="q").message == "no scale `q`"
    assert problem(SMALL.format("Conv, [8]"), scale="n").message == "no scale `n`: the file has no `scales`"


@pytest.mark.parametrize("written", ["", "[1, 2]", "a: 1\n---\nb: 2", "\0" * 4096, "backbone: [", b"\xff\xfe\x00"])
def test_what_is_no_such_file_is_an_error(written):
    with pytest.raises(SpecError):
        ultralytics.loads(written)


def test_aliases_make_no_bomb():
    lists = "\n".join(f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 60)}]" for n in range(1, 30))
    bomb = f"x0: &a0 [1, 1]\n{lists}\n" + SMALL.format("Conv, [8, *a29]")
    assert problem(bomb)
    long = SMALL.format(f"Conv, [8, [{'1, ' * 99}]]")
    assert problem(long).message == "a list as long or as deep as this has no meaning here"


def test_a_file_that_is_not_there():
    with pytest.raises(SpecError, match="no such file"):
        importers.read("nowhere.yaml", "ultralytics")


def upstream():
    """The folder of upstream's own files, where its package is installed."""
    found = importlib.util.find_spec("ultralytics")
    return Path(found.submodule_search_locations[0]) / "cfg" / "models" if found else None


@pytest.mark.skipif(upstream() is None, reason="the package `ultralytics` is not installed")
@pytest.mark.parametrize("version", ["v8/yolov8", "11/yolo11"])
def test_upstreams_own_files_have_the_counts_that_they_print(version):
    path = upstream() / f"{version}.yaml"
    printed = re.findall(r"^  (\w): .* ([\d,]+) parameters", path.read_text("utf-8"), re.MULTILINE)
    assert len(printed) == 5
    for scale, params in printed:
        (network,) = importers.read(str(path), "ultralytics", importers.Options(scale=scale))
        assert evaluate(network).total.params == int(params.replace(",", ""))
