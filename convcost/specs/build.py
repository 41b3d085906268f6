"""Lines become layers: each put behind the last, with its norm and its activation."""

from collections import Counter
from collections.abc import Mapping

from convcost import layers
from convcost.assembly import Around, Assembly
from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape, text_shape
from convcost.network import INPUT
from convcost.problems import SpecError
from convcost.specs.document import Place, Source
from convcost.specs.factories import CONVOLUTIONS, Values, joint, resized, single, slices
from convcost.specs.language import JOINTS, STRIDE
from convcost.specs.later import settle
from convcost.specs.lines import Line
from convcost.specs.scope import Ends, Scope
from convcost.specs.sizes import Sizes
from convcost.specs.templates import Template
from convcost.specs.wraps import NO_WRAPS, Wraps

# Copies of lines that make no layer.
MOST_EMPTY = 30_000


class Builder(Assembly):
    """Puts nodes one behind another; where a line does not fit, its problem is noted and shapes end there."""

    def __init__(self, source: Source, shape: Shape, templates: Mapping[str, Template], scope: Scope) -> None:
        super().__init__(shape)
        self.source, self.templates, self.top = source, templates, scope
        self.ends = Ends(self.shapes)
        self.sizes = Sizes(templates, scope.values)
        self.lines: dict[str, int] = {}
        self.blocks: dict[str, str] = {}
        self.numbers: Counter[str] = Counter()
        self.steps = 0
        self.lost = False
        self.wraps = NO_WRAPS

    @property
    def shape(self) -> Shape:
        """What goes into the next layer; where that is for each of several maps, one of them."""
        return self.shapes[self.current][self.wraps.each :]

    def output(self, name: str, place: Place) -> str:
        """The layer that an output names."""
        try:
            return INPUT if self.lost else self.ends.find(self.top, name, "outputs")
        except ConvcostError as error:
            self.source.problem(place, error.message, error.hint or "")
            return INPUT

    def add(self, line: Line, scope: Scope) -> None:
        """The layers of a line, repeated as it says; the stride of a convolution is its first copy's."""
        if self.lost:
            return
        outer = self.wraps
        try:
            self._add(line, scope)
        except SpecError:
            raise
        except ConvcostError as error:
            hint = "; ".join(filter(None, (error.hint, scope.called)))
            self.source.problem(line.place_of(error.field), error.message, hint)
            self.lost = True
        finally:
            self.wraps = outer

    def _add(self, line: Line, scope: Scope) -> None:
        name = line.name or self._numbered(line.kind, scope)
        behind = self.current
        starts = self._starts(line, scope)
        if line.each is not False or line.shared is not False:
            starts = self._wrap(line, scope, starts)
        values = self._values(scope)
        if not settle(line.when, values):
            self.current = behind
            return
        repeat = settle(line.repeat, values)
        self.require_room(repeat * self.sizes.of_line(line))
        for copy in range(1, repeat + 1):
            if copy > 1:
                values = self._values(scope)
            own = f"{name}.{copy}" if repeat > 1 else name
            before = len(self.nodes)
            self._require_steps()
            self._require_free(scope.prefix + own)
            self._copy(line, own, scope, self._settled(line, values, first=copy == 1), starts if copy == 1 else ())
            for node in self.nodes[before:]:
                self.lines.setdefault(node.name, line.place.line)
            if self.lost:
                return
            self.ends.note(scope.prefix + own, self.current)
        if repeat > 1:
            self.ends.note(scope.prefix + name, self.current)
        if settle(line.values.get("aside", False), values):
            self.current = behind

    def _wrap(self, line: Line, scope: Scope, starts: tuple[str, ...]) -> tuple[str, ...]:
        """Note what a line's layers are wrapped in; of several starts all but the first are where weights come from."""
        shared = settle(line.shared, scope.values) or self.wraps.shared
        each = self.wraps.each + settle(line.each, scope.values)
        if len(self.shapes[self.current]) <= each:
            shown = text_shape(self.shapes[self.current])
            raise ConvcostError(f"`each` needs an axis of maps before the channels, got {shown}", field="each")
        joins = line.kind in JOINTS
        self.wraps = Wraps(each, shared, () if joins else starts[1:])
        return starts if joins else starts[:1]

    def append(self, name: str, kind: str, layer: Layer, *inputs: str, written: str = "") -> None:
        """Put a layer behind the current point; no name of a line may be its name."""
        if name in self.ends.ends:
            raise ConvcostError(f"two layers are named `{name}`", field="name")
        if self.wraps is not NO_WRAPS:
            layer = self.wraps.around(layer)
            inputs = self.wraps.inputs(layer, inputs or (self.current,))
        super().append(name, kind, layer, *inputs, written=written)

    def _require_free(self, name: str) -> None:
        if name in self.shapes:
            raise ConvcostError(f"two layers are named `{name}`", field="name")

    def _starts(self, line: Line, scope: Scope) -> tuple[str, ...]:
        """The layers behind which a line starts; the first becomes the current point."""
        if line.start is None:
            return ()
        starts = tuple(self.ends.find(scope, one, "from") for one in settle(line.start, scope.values))
        several = line.kind in JOINTS and not line.values["paths"]
        if len(starts) > 1 and not several and line.shared is False:
            raise ConvcostError(f"`{line.kind}` starts from one layer, got {len(starts)}", field="from")
        self.current = starts[0]
        return starts

    def _require_steps(self) -> None:
        """Raise where lines are walked through without end that make no layer."""
        self.steps += 1
        if self.steps > MOST_EMPTY + len(self.nodes):
            raise ConvcostError(f"more than {MOST_EMPTY:,} lines that make no layer", field="repeat")

    def _numbered(self, kind: str, scope: Scope) -> str:
        """The name of a layer that has none: its kind and the next number that is free."""
        name = ""
        while not name or scope.prefix + name in self.ends.ends or scope.prefix + name in self.shapes:
            self.numbers[scope.prefix + kind] += 1
            name = f"{kind}{self.numbers[scope.prefix + kind]}"
        return name

    def _values(self, scope: Scope) -> Values:
        """What expressions know here: the scope's, and the channels coming in."""
        return {**scope.values, "c1": self.shape[0]}

    def _settled(self, line: Line, values: Values, *, first: bool) -> Values:
        """The line's own values; copies behind the first have no stride of their own, but for pools."""
        own = {name: settle(value, values) for name, value in line.values.items()} if line.waits else line.values
        if not first and "stride" in own and (line.kind in CONVOLUTIONS or line.kind in self.templates):
            own = {**own, "stride": 1}
            if "output_padding" in own:
                own["output_padding"] = 0
        return own

    def _copy(self, line: Line, name: str, scope: Scope, values: Values, starts: tuple[str, ...]) -> None:
        kind, full = line.kind, scope.prefix + name
        if kind in self.templates:
            self._block(line, name, scope, values)
        elif kind in JOINTS:
            scoped = line.name is not None or line.repeat != 1
            self._join(kind, full, scope.inside(name if scoped else "", c0=self.shape[0]), values, starts)
        elif kind == "split":
            self._split(full, values)
        elif kind == "linear":
            self._linear(full, values)
        elif kind in CONVOLUTIONS:
            self._convolution(full, kind, values)
        elif values.get("like") is not None:
            like = self.shapes[self.ends.find(scope, values["like"], "like")][self.wraps.each :]
            self.append(full, kind, resized(kind, self.shape, like, values), written=values.get("as") or "")
        else:
            self.append(full, kind, single(kind, self.shape, values), written=values.get("as") or "")

    def _block(self, line: Line, name: str, scope: Scope, values: Values) -> None:
        """The layers of a block, named within it."""
        self.blocks[scope.prefix + name] = line.kind
        template = self.templates[line.kind]
        given = {**scope.values, "c1": self.shape[0], "c0": self.shape[0], STRIDE: values["stride"]}
        for parameter, default in template.parameters.items():
            given[parameter] = settle(default, given) if values[parameter] is None else values[parameter]
        inside = scope.inside(name, **given)
        inside = inside._replace(called=f"in the block `{line.kind}` that line {line.place.line} calls")
        for one in template.lines:
            if one is not None:
                self.add(one, inside)

    def _join(self, kind: str, full: str, scope: Scope, values: Values, starts: tuple[str, ...]) -> None:
        """A branch: each path from the current point, or a name of an earlier layer, and what joins them."""
        base = self.current
        ends: list[str] = []
        if values["paths"] is None:
            ends += starts or ((base,) if kind == "operation" else ())
        for path in values["paths"] or ():
            if isinstance(path, str):
                ends.append(self.ends.find(scope, path, "path"))
                continue
            self.current = base
            for line in path:
                self.add(line, scope)
            ends.append(self.current)
        if self.lost:
            return
        if len(ends) < 2 and kind != "operation":  # noqa: PLR2004 - a branch joins two at least
            hint = "`[]` is the current point: [name, []]"
            raise ConvcostError(f"`{kind}` joins two at least, got {len(ends)}", field="paths", hint=hint)
        layer = joint(kind, self.shapes[ends[0]][self.wraps.each :], values)
        self.append(full, values.get("called", kind), layer, *ends, written=values.get("as") or "")
        self.around(full, _around(values))

    def _split(self, full: str, values: Values) -> None:
        """Pieces of the channels, each a layer of its own; the last is the current point."""
        whole = self.current
        for index, piece in enumerate(slices(self.shape, values["parts"])):
            self.append(f"{full}.{index}", "split", piece, whole)

    def _linear(self, name: str, values: Values) -> None:
        if values["flatten"] and len(self.shape) > 1:
            self.append(f"{name}.flatten", "flatten", layers.Flatten())
        made = layers.Linear(self.shape[-1], values["out_features"], values["bias"])
        self.append(name, "linear", made, written=values["as"] or "")
        self.around(name, _around(values), axis=-1)

    def _convolution(self, full: str, kind: str, values: Values) -> None:
        """A convolution or a composite; its parts can be named, and end behind their norms and activations."""
        made = CONVOLUTIONS[kind](self.shape, kind, values)
        outer = _around(values)
        middle = Around(values.get("mid_norm") or outer.norm, values.get("mid_act") or outer.act, outer.act_as)
        ends = self.composition(full, kind, made, outer, middle, values.get("as") or "")
        if len(made.parts) > 1:
            self.blocks[full] = kind
        for part in made.parts if len(made.parts) > 1 else ():
            self.ends.note(f"{full}.{part.name}", ends[part.name])


def _around(values: Values) -> Around:
    """The norm and the activation of a line."""
    return Around(values.get("norm", "none"), values.get("act", "none"), values.get("act_as") or "")
