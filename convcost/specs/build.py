"""Lines become layers: each put behind the last, with its norm and its activation."""

from collections import Counter

from convcost import layers
from convcost.composition import OUTER, Composition
from convcost.errors import ConvcostError
from convcost.layers.base import LARGEST, Layer, Shape, text_shape
from convcost.network import INPUT, Node
from convcost.specs.document import Source
from convcost.specs.factories import CONVOLUTIONS, Values, norm, single
from convcost.specs.language import NORMS
from convcost.specs.lines import Line

MOST_LAYERS = 100_000


class Builder:
    """Puts nodes one behind another; where a line does not fit, its problem is noted and shapes end there."""

    def __init__(self, source: Source, shape: Shape) -> None:
        self.source = source
        self.shapes: dict[str, Shape] = {INPUT: shape}
        self.current = INPUT
        self.nodes: list[Node] = []
        self.numbers: Counter[str] = Counter()
        self.lost = False

    @property
    def shape(self) -> Shape:
        """What goes into the next line."""
        return self.shapes[self.current]

    def add(self, line: Line) -> None:
        """The layers of a line, repeated as it says; the stride of a convolution is its first copy's."""
        if self.lost:
            return
        self.numbers[line.kind] += 1
        name = line.name or f"{line.kind}{self.numbers[line.kind]}"
        try:
            if len(self.nodes) + line.repeat > MOST_LAYERS:
                raise ConvcostError(f"more than {MOST_LAYERS:,} layers", field="repeat")
            for copy in range(1, line.repeat + 1):
                values = line.values
                if copy > 1 and line.kind in CONVOLUTIONS and "stride" in values:
                    values = {**values, "stride": 1}
                    if "output_padding" in values:
                        values["output_padding"] = 0
                self._once(line.kind, f"{name}.{copy}" if line.repeat > 1 else name, values)
        except ConvcostError as error:
            self.source.problem(line.place_of(error.field), error.message, error.hint or "")
            self.lost = True

    def _once(self, kind: str, name: str, values: Values) -> None:
        if kind == "linear":
            self._linear(name, values)
        elif kind in CONVOLUTIONS:
            self._composition(name, kind, CONVOLUTIONS[kind](self.shape, kind, values), values)
        else:
            self._append(name, kind, single(kind, self.shape, values))

    def _linear(self, name: str, values: Values) -> None:
        if values["flatten"] and len(self.shape) > 1:
            self._append(f"{name}.flatten", "flatten", layers.Flatten())
        self._append(name, "linear", layers.Linear(self.shape[-1], values["out_features"], values["bias"]))
        self._around(name, values["norm"], values["act"], axis=-1)

    def _composition(self, name: str, kind: str, composition: Composition, values: Values) -> None:
        """The parts of a kind, with the outer norm and activation at its end and the middle ones inside.

        Its end is the last part, and what meets there.
        """
        names = {OUTER: self.current}
        last = composition.parts[-1]
        single = len(composition.parts) == 1
        mid_norm = values.get("mid_norm") or values["norm"]
        mid_act = values.get("mid_act") or values["act"]
        for part in composition.parts:
            full = name if single else f"{name}.{part.name}"
            inputs = tuple(names[source] for source in part.inputs)
            self.current = inputs[0] if inputs else self.current
            self._append(full, kind if single else part.kind, part.layer, *inputs)
            outer = part is last or part.name in last.inputs
            norm_word, act = (values["norm"], values["act"]) if outer else (mid_norm, mid_act)
            follow = name if part is last else full
            self._around(follow, norm_word if part.norm else "none", act if part.act else "none")
            names[part.name] = self.current

    def _around(self, name: str, norm_word: str, act: str, axis: int = 0) -> None:
        """The norm and the activation behind a layer whose channels are on ``axis``."""
        channels = self.shape[axis]
        if norm_word != "none":
            kind = NORMS[norm_word]
            self._append(f"{name}.norm", kind, norm(kind, channels, first=axis == 0 and len(self.shape) > 1))
        if act != "none":
            # One slope for each channel, as in the paper (He et al. 2015).
            self._append(f"{name}.act", act, layers.PReLU(channels) if act == "prelu" else layers.Activation(act))

    def _append(self, name: str, kind: str, layer: Layer, *inputs: str) -> None:
        inputs = inputs or (self.current,)
        output = layer.output_shape(*(self.shapes[source] for source in inputs))
        if len(self.nodes) >= MOST_LAYERS:
            raise ConvcostError(f"more than {MOST_LAYERS:,} layers", field="repeat")
        if max(output) > LARGEST:
            raise ConvcostError(f"an output of {text_shape(output)} is larger than {LARGEST:,} on an axis")
        if name in self.shapes:
            raise ConvcostError(f"two layers are named `{name}`", field="name")
        self.nodes.append(Node(name, kind, layer, inputs))
        self.shapes[name] = output
        self.current = name
