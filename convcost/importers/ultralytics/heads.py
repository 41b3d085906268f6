"""The modules of Ultralytics that are one layer, or pools, and those that end a network."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.ultralytics.maker import Maker, Pair


def spp(m: Maker, name: str, *, c2: int, k: tuple[int, ...] = (5, 9, 13)) -> None:
    """A 1×1, max pools of it side by side, and a 1×1."""
    start = m.conv(f"{name}.cv1", m.shape[0] // 2)
    ends = [start, *(_pool(m, f"{name}.m.{index}", size, start) for index, size in enumerate(k))]
    m.concat(f"{name}.concat", *ends)
    m.conv(f"{name}.cv2", c2)


def sppf(m: Maker, name: str, *, c2: int, k: int = 5, n: int | None = None, shortcut: bool = False) -> None:
    """The same with n max pools one behind the other, and the input added where ``shortcut`` says so.

    A row that says how many leaves out the first activation.
    """
    start, c1 = m.current, m.shape[0]
    ends = [m.conv(f"{name}.cv1", c1 // 2, act=n is None)]
    ends += [_pool(m, f"{name}.m.{index}", k, m.current) for index in range(_POOLS if n is None else n)]
    m.concat(f"{name}.concat", *ends)
    end = m.conv(f"{name}.cv2", c2)
    if shortcut and c1 == c2:
        m.add(f"{name}.add", end, start)


_POOLS = 3


def _pool(m: Maker, name: str, size: int, takes: str) -> str:
    m.assembly.append(name, "max_pool", layers.MaxPool((size, size), 1, size // 2), takes)
    return m.current


def concat(m: Maker, name: str, *, dimension: int = 1) -> None:
    """Channels side by side."""
    if dimension != 1:
        raise ConvcostError(f"`Concat` along axis {dimension} is not supported, only along the channels, 1")
    m.concat(name, *m.sources)


def upsample(
    m: Maker, name: str, *, size: Pair | None = None, factor: float | None = None, mode: str = "nearest"
) -> None:
    """Upsampling by a factor, or to a size."""
    m.assembly.append(name, "upsample", layers.Upsample(factor, size, mode))


def max_pool(
    m: Maker,
    name: str,
    *,
    k: Pair,
    s: Pair | None = None,
    p: Pair = 0,
    d: Pair = 1,
    indices: bool = False,
    ceil_mode: bool = False,
) -> None:
    """A max pool; whether it returns indices says nothing of its cost."""
    del indices
    m.assembly.append(name, "max_pool", layers.MaxPool(k, s, p, d, ceil_mode, dims=2))


def zero_pad(m: Maker, name: str, *, p: tuple[int, ...]) -> None:
    """Zeros at the left, right, top and bottom."""
    if len(p) != len("lrtb"):
        raise ConvcostError("`nn.ZeroPad2d` needs four amounts: [[left, right, top, bottom]]")
    left, right, top, bottom = p
    m.assembly.append(name, "pad", layers.Pad(((top, bottom), (left, right))))


def conv_transpose(
    m: Maker,
    name: str,
    *,
    c2: int,
    k: Pair,
    s: Pair = 1,
    p: Pair = 0,
    output_padding: Pair = 0,
    g: int = 1,
    bias: bool = True,
    d: Pair = 1,
) -> None:
    """A transposed convolution alone, with a bias."""
    layer = layers.ConvTranspose(m.shape[0], c2, k, s, p, d, g, bias, output_padding, 2)
    m.assembly.append(name, "conv_transpose", layer)


def identity(m: Maker, name: str) -> None:
    """Nothing."""
    m.assembly.append(name, "identity", layers.Activation("identity"))


def classify(m: Maker, name: str, *, c2: int, k: Pair = 1, s: Pair = 1, p: Pair | None = None, g: int = 1) -> None:
    """A convolution to 1280 channels, their averages, and a linear layer; its output is that before the softmax."""
    if len(m.sources) > 1:
        m.concat(f"{name}.concat", *m.sources)
    m.conv(f"{name}.conv", 1280, k, s, p, g)
    m.assembly.append(f"{name}.pool", "global_avg_pool", layers.GlobalAvgPool())
    m.assembly.append(f"{name}.flatten", "flatten", layers.Flatten())
    m.assembly.append(f"{name}.drop", "dropout", layers.Activation("dropout"))
    m.assembly.append(f"{name}.linear", "linear", layers.Linear(1280, c2, bias=True))


def detect_by_anchors(m: Maker, name: str, nc: int, anchors: int) -> tuple[str, ...]:
    """The head of YOLOv5: for each anchor a box, whether it holds something, and the classes; one map for each row."""
    ends = []
    for index, source in enumerate(m.sources):
        m.current = source
        ends.append(m.plain(f"{name}.m.{index}", anchors * (nc + 5)))
    return tuple(ends)


def detect(m: Maker, name: str, nc: int, reg_max: int, *, light: bool, end2end: bool) -> tuple[str, ...]:
    """The head of YOLOv8 and later: a branch for the box and one for the classes behind each row, side by side.

    ``light`` says that the branch of the classes has depthwise convolutions; with ``end2end`` all branches are there
    once more, and theirs are the outputs. Sides of boxes are means over ``reg_max`` bins (DFL).
    """
    maps = [_branches(m, name, "cv", index, nc, reg_max, light=light) for index in range(len(m.sources))]
    if end2end:
        maps = [_branches(m, name, "one2one_cv", index, nc, reg_max, light=light) for index in range(len(m.sources))]
    ends = tuple(m.concat(f"{name}.{index}", *pair) for index, pair in enumerate(maps))
    if reg_max > 1:
        _means(m, f"{name}.dfl", [box for box, _ in maps], reg_max)
    return ends


def _branches(m: Maker, name: str, word: str, index: int, nc: int, bins: int, *, light: bool) -> tuple[str, str]:
    """The ends of the branches of box and classes behind one row."""
    known = m.assembly.shapes
    first, here = known[m.sources[0]][0], m.sources[index]
    boxes, classes = max(16, first // 4, 4 * bins), max(first, min(nc, 100))
    at = f"{name}.{word}2.{index}"
    m.conv(f"{at}.0", boxes, 3, takes=here)
    m.conv(f"{at}.1", boxes, 3)
    box = m.plain(f"{at}.2", 4 * bins)
    at, m.current = f"{name}.{word}3.{index}", here
    for step in range(2):
        if light:
            m.conv(f"{at}.{step}.0", m.shape[0], 3, g=m.shape[0])
            m.conv(f"{at}.{step}.1", classes)
        else:
            m.conv(f"{at}.{step}", classes, 3)
    return box, m.plain(f"{at}.2", nc)


def _means(m: Maker, name: str, boxes: list[str], bins: int) -> None:
    """The sides of all boxes, in bins, to their means: one fixed 1×1 over the bins, which upstream counts."""
    rows = []
    for index, box in enumerate(boxes):
        channels, height, width = m.assembly.shapes[box]
        m.reshape(f"{name}.flat.{index}", channels, height * width, takes=box)
        rows.append(m.permute(f"{name}.row.{index}", 1, 0))
    m.concat(f"{name}.concat", *rows)
    m.reshape(f"{name}.bins", m.shape[0], 4, bins)
    m.softmax(f"{name}.softmax")
    m.permute(f"{name}.map", 2, 1, 0)
    m.plain(f"{name}.conv", 1, bias=False)
