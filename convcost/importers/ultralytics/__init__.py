"""Models of Ultralytics: YAML files with `backbone` and `head`, for detection (v5, v8, 11, 26) and classification.

The format is read as it is described by https://docs.ultralytics.com/guides/model-yaml-config; nothing is evaluated.
"""

import os
import re
from math import ceil

from convcost.errors import ConvcostError
from convcost.importers import AS_IT_IS, Options
from convcost.importers.ultralytics.heads import detect, detect_by_anchors
from convcost.importers.ultralytics.maker import Maker
from convcost.importers.ultralytics.modules import MODULES, bound
from convcost.importers.ultralytics.rows import Header, Reader, Row
from convcost.layers.base import Shape
from convcost.network import INPUT, Network
from convcost.problems import Problem, SpecError
from convcost.specs.document import MOST_BYTES, Mapping, Source, documents

# The sizes at which these models are trained, and their figures published.
_SIZE_OF_DETECTION, _SIZE_OF_CLASSIFICATION = 640, 224
# Where upstream finds the scale in a file's name, wherever that stands.
_GUESS = re.compile(r"yolo(?:e-)?v?\d+([nslmx])")
_STEM = re.compile(r"(.*?yolo[a-z]*-?\d+)([a-z])?(?=$|[-_])(.*)")


def read(source: str, options: Options = AS_IT_IS) -> tuple[Network, ...]:
    """The network of a YAML file, at ``options.scale``, or that of the file's name, or the first that it lists.

    Raises SpecError with every problem found: what is no such file, and modules that are not supported.
    """
    try:
        with open(source, "rb") as file:  # noqa: PTH123 - pathlib costs a tenth of the start
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise SpecError((Problem(f"{source}: {said.lower()}", source),)) from None
    return loads(data, source, options)


def loads(data: "bytes | str", name: str = "<text>", options: Options = AS_IT_IS) -> tuple[Network, ...]:
    """The network of a text; errors as for `read`.

    >>> text = "{nc: 10, backbone: [[-1, 1, Conv, [16, 3, 2]]], head: [[-1, 1, Classify, [nc]]]}"
    >>> (network,) = loads(text, "small.yaml")
    >>> [node.name for node in network.nodes][:3], network.input
    (['model.0', 'model.0.norm', 'model.0.act'], (3, 224, 224))
    """
    source = Source(name, data.encode() if isinstance(data, str) else data)
    found = documents(source)
    if len(found) != 1 or not isinstance(found[0], Mapping):
        source.problem(None, f"{name} must be one mapping with `backbone` and `head`")
        source.check()
    stem = os.path.splitext(os.path.basename(name))[0]  # noqa: PTH119, PTH122
    match = _GUESS.search(stem)
    guess = match[1] if match else ""
    reader = Reader(source, found[0])  # type: ignore[arg-type]  # the check above has raised else
    header = reader.header(options.scale, guess)
    rows = reader.rows(header)
    source.check()
    if not rows:
        source.problem(None, f"{name} has no rows")
    network = _Build(source, header, rows, options).network(_name(stem, guess, header.scale))
    source.check()
    return (network,)


def _name(stem: str, guess: str, scale: str) -> str:
    """The file's name, with the scale in its place where it says another: yolov8-cls at n is yolov8n-cls."""
    if scale in ("", guess):
        return stem
    match = _STEM.match(stem)
    return f"{match[1]}{scale}{match[3]}" if match else f"{stem}-{scale}"


class _Build:
    """Puts the rows together."""

    def __init__(self, source: Source, header: Header, rows: list[Row], options: Options) -> None:
        self.source, self.header, self.rows = source, header, rows
        given = options.input or options.inputs.get(INPUT)
        # YOLOv5's own units begin with a 1×1; its files have anchors.
        kernels = (3, 3) if header.words["anchors"] is None else (1, 3)
        self.maker = Maker(given or self._input(), header.act, kernels)
        self.light = any(row.module == "C3k2" for row in rows)
        self.ends: list[str] = []
        self.outputs: tuple[str, ...] = ()
        self.lines: dict[str, int] = {}

    def network(self, name: str) -> Network:
        """The network of all rows, or of those before the first that does not fit."""
        nodes = self.maker.assembly.nodes
        for row in self.rows:
            before = len(nodes)
            try:
                self._row(row)
            except ConvcostError as error:
                self.source.problem(row.place, f"row {row.number}: {error.message}", error.hint or "")
                break
            self.ends.append(self.maker.current)
            self.lines |= dict.fromkeys((node.name for node in nodes[before:]), row.place.line)
        shape = self.maker.assembly.shapes[INPUT]
        blocks = self.maker.blocks
        return Network(name, shape, tuple(nodes), self.outputs, self.source.name, lines=self.lines, blocks=blocks)

    def _input(self) -> Shape:
        classifies = any(row.module == "Classify" for row in self.rows)
        size = _SIZE_OF_CLASSIFICATION if classifies else _SIZE_OF_DETECTION
        return (self.header.channels, size, size)

    def _row(self, row: Row) -> None:
        maker, module = self.maker, MODULES[row.module]
        maker.sources = tuple(self.ends[source] if source >= 0 else INPUT for source in row.sources)
        maker.current = maker.sources[0]
        values = bound(row.module, row.arguments)
        copies = max(round(row.copies * self.header.depth), 1) if row.copies > 1 else row.copies
        name = f"model.{row.number}"
        if copies > 1 and module.several:
            raise ConvcostError(f"`{row.module}` cannot be repeated")
        if module.scaled:
            values["c2"] = self._channels(values["c2"])
        if module.repeats:
            values["n"], copies = copies, 1
        if row.module == "C3k2" and self.header.scale in ("m", "l", "x"):
            # The larger scales have C3s in all of these, whatever their rows say.
            values["c3k"] = True
        if row.module == "Detect":
            self.outputs = self._detect(name, **values)
            return
        for copy in range(copies):
            self._module(row.module, f"{name}.{copy}" if copies > 1 else name, values, again=copy + 1 < copies)

    def _module(self, word: str, name: str, values: dict[str, object], *, again: bool) -> None:
        maker = self.maker
        before, channels = len(maker.assembly.nodes), maker.shape[0]
        MODULES[word].build(maker, name, **values)
        if again and maker.shape[0] != channels:
            raise ConvcostError(f"`{word}` takes {channels} channels and makes {maker.shape[0]}: it cannot be repeated")
        if maker.assembly.nodes[before].name != name:
            maker.blocks[name] = word

    def _detect(self, name: str, nc: int, anchors: "int | tuple[object, ...] | None" = None) -> tuple[str, ...]:
        maker, header = self.maker, self.header
        if len(self.ends) + 1 < len(self.rows):
            raise ConvcostError("`Detect` must be the last row")
        maker.blocks[name] = "Detect"
        if anchors is not None:
            return detect_by_anchors(maker, name, nc, _number_of(anchors))
        return detect(maker, name, nc, header.bins, light=self.light, end2end=header.end2end)

    def _channels(self, c2: int) -> int:
        """Channels as the scale makes them: a multiple of 8; those of an output by anchors stay."""
        header = self.header
        anchors, classes = header.words["anchors"], header.words["nc"]
        if anchors is not None and isinstance(classes, int) and c2 == _number_of(anchors) * (classes + 5):
            return c2
        return ceil(min(c2, header.most) * header.width / 8) * 8


def _number_of(anchors: object) -> int:
    """How many anchors there are: the number itself, or pairs of sizes in the first of the lists."""
    if isinstance(anchors, int):
        return anchors
    first = anchors[0] if isinstance(anchors, tuple) and anchors else None
    if not isinstance(first, tuple) or len(first) < len("wh"):
        raise ConvcostError("`anchors` must be a number, or lists of widths and heights")
    return len(first) // 2
