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
from convcost.specs.later import MisfitError, settle
from convcost.specs.lines import Line
from convcost.specs.scope import Ends, Scope
from convcost.specs.sizes import Sizes
from convcost.specs.templates import Template
from convcost.specs.wraps import NO_WRAPS, Wraps

# Copies of lines that make no layer.
MOST_EMPTY = 10_000


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
            place, taken = line.place_of(error.field), ""
            if isinstance(error, MisfitError):
                place = error.place
                taken = "" if error.field in line.nodes else f"for `{line.kind}` in line {line.place.line}"
            self.source.problem(place, error.message, "; ".join(filter(None, (error.hint, taken, scope.called))))
            self.lost = True
        finally:
            self.wraps = outer

    def _add(self, line: Line, scope: Scope) -> None:
        name = line.name or self._numbered(line.kind, scope)
        behind = self.current
        starts = self._starts(line, scope)
        values = self._values(scope)
        if not settle(line.when, values):
            self.current = behind
            return
        line = self._repeated(line, values, starts)
        for copy in range(1, line.repeat + 1):
            if copy > 1:
                values = self._values(scope)
            own = f"{name}.{copy}" if line.repeat > 1 else name
            before = len(self.nodes)
            self._require_steps()
            self._require_free(scope.prefix + own)
            self._copy(line, own, scope, self._settled(line, values, first=copy == 1), starts if copy == 1 else ())
            for node in self.nodes[before:]:
                self.lines.setdefault(node.name, line.place.line)
            if self.lost:
                return
            self.ends.note(scope.prefix + own, self.current)
        if line.repeat > 1:
            self.ends.note(scope.prefix + name, self.current)
        if settle(line.values.get("aside", False), values):
            self.current = behind

    def _repeated(self, line: Line, values: Values, starts: tuple[str, ...]) -> Line:
        """The line with its repeat as a number; raises ConvcostError where that makes too many layers."""
        repeat = settle(line.repeat, values)
        if repeat > 1 and len(starts) > 1:
            raise ConvcostError(f"`{line.kind}` of several cannot be repeated: a copy has one input", field="repeat")
        self.require_room(repeat * self.sizes.of_line(line))
        return line if repeat == line.repeat else line._replace(repeat=repeat)

    def _wrap(self, line: Line, scope: Scope, starts: tuple[str, ...]) -> tuple[str, ...]:
        """Note what a line's layers are wrapped in; of several starts all but the first are where weights come from."""
        shared = settle(line.shared, scope.values)
        each = self.wraps.each + settle(line.each, scope.values)
        own = starts[1:] if shared and line.kind not in JOINTS else ()
        self.wraps = Wraps(each, shared or self.wraps.shared, own or self.wraps.further)
        return starts[:1] if own else starts

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
        """The layers that a line takes, if it says so; the first becomes the current point."""
        starts: tuple[str, ...] = ()
        if line.start is not None:
            names = enumerate(settle(line.start, scope.values))
            starts = tuple(self.ends.find(scope, name, f"from.{index}") for index, name in names)
            self.current = starts[0]
        if line.each is not False or line.shared is not False:
            starts = self._wrap(line, scope, starts)
        if len(starts) > 1 and (line.kind not in JOINTS or line.values["paths"]):
            raise ConvcostError(f"`{line.kind}` starts from one layer, got {len(starts)}", field="from")
        if self.wraps is not NO_WRAPS and len(self.shapes[self.current]) <= self.wraps.each:
            shown = text_shape(self.shapes[self.current])
            raise ConvcostError(f"`each` needs an axis of maps before the channels, got {shown}", field="each")
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
            like = self.shapes[self.ends.find(scope, values["like"], "like")]
            # Another layer may be of each map too.
            like = like[self.wraps.each :] if len(like) > len(self.shape) else like
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
        inside = inside._replace(calls=(*scope.calls, (line.kind, line.place.line)))
        for one in template.lines:
            if one is not None:
                self.add(one, inside)

    def _join(self, kind: str, full: str, scope: Scope, values: Values, starts: tuple[str, ...]) -> None:
        """A branch: each path from the current point, or a name of an earlier layer, and what joins them."""
        base = self.current
        ends: list[str] = []
        if values["paths"] is None:
            ends += starts or ((base,) if kind == "operation" else ())
        for index, path in enumerate(values["paths"] or ()):
            if isinstance(path, str):
                ends.append(self.ends.find(scope, path, f"paths.{index}"))
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
