"""A network with other layers in place of some, or with narrower ones, everything behind them made to fit."""

from collections.abc import Callable, Mapping
from math import floor
from typing import Any, NamedTuple

from convcost.assembly import Assembly
from convcost.composition import Composition
from convcost.costs import costs
from convcost.errors import ConvcostError
from convcost.formulas import same_pads
from convcost.kinds import KINDS
from convcost.layers.base import Layer, text_shape
from convcost.layers.conv import Convolution, ConvTranspose
from convcost.layers.linear import Linear
from convcost.network import INPUT, Network, Node, Shapes, members, shapes
from convcost.pieces import Piece, pieces
from convcost.refit import is_depthwise, refit
from convcost.rules import Rule


class Skipped(NamedTuple):
    """A piece that a rule is about and that could not be exchanged, with the reason."""

    name: str
    reason: str


class Rewritten(NamedTuple):
    """The new network, what was exchanged and for which kind, and what was left as it is.

    ``around`` says which norms and activations stand inside and behind the new layers.
    """

    network: Network
    exchanged: tuple[tuple[str, str], ...]
    skipped: tuple[Skipped, ...] = ()
    around: str = ""


def swap(network: Network, rule: Rule, *, skip_impossible: bool = False) -> Rewritten:
    """A network in which a kind takes the place of what a rule is about.

    Norm and activation inside and behind the new layers are those of the old. Raises ConvcostError where a
    rule is about nothing, and for what cannot be exchanged unless ``skip_impossible``.
    """
    known = shapes(network)
    found = tuple(pieces(rule, network, known, costs(network, known)))
    if not found:
        raise ConvcostError(f"`{rule.text}` is about no layer of {network.name}", hint=_HEADS)
    made: dict[str, Composition] = {}
    skipped = []
    for piece in found:
        try:
            made[piece.name] = _composition(piece, rule, known)
        except ConvcostError as error:
            if not skip_impossible:
                raise ConvcostError(
                    f"`{piece.name}` cannot become {rule.kind}: {error.message}",
                    hint="--skip-impossible leaves such layers as they are",
                ) from None
            skipped.append(Skipped(piece.name, error.message))
    left = [piece for piece in found if piece.name in made]
    rebuilt = _Rebuilding(network, known).run({piece.nodes[0].name: (piece, made[piece.name]) for piece in left})
    exchanged = tuple((piece.name, made[piece.name].kind) for piece in left)
    return Rewritten(rebuilt, exchanged, tuple(skipped), _around_text(left))


def _around_text(found: list[Piece]) -> str:
    """The norms and activations of the old layers, which the new ones have inside and behind them."""
    said = {f"norm {piece.around.norm}, act {piece.around.act}" for piece in found}
    return f"; inside and behind them {' or '.join(sorted(said))}" if said else ""


_HEADS = "a rule begins with a kind (standard, depthwise, conv …) or a pattern of names (stage3.*)"


def widen(network: Network, factor: float, divisor: int = 1) -> Network:
    """A network with ``factor`` times the channels of every layer but the input and the classifiers.

    Channels are rounded to multiples of ``divisor``, at least one of them, never under 90 % as in the
    MobileNets. A classifier is a layer with weights behind which no other stands.
    Raises ConvcostError where groups or slices do not divide the new channels, or a sum does not fit.
    """
    last = _classifiers(network)

    def channels(node: Node, made: int) -> int:
        return made if node.name in last else _rounded(made * factor, divisor)

    known = shapes(network)
    try:
        return _Rebuilding(network, known, channels).run({})
    except ConvcostError as error:
        # What ends in a sum has no classifier: what is added has to become as narrow as the rest.
        last.clear()
        try:
            return _Rebuilding(network, known, channels).run({})
        except ConvcostError:
            raise error from None


def _rounded(value: float, divisor: int) -> int:
    nearest = max(divisor, floor(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * value else nearest


def _classifiers(network: Network) -> set[str]:
    """Layers with weights whose outputs go to no other such layer, and the upsampling of their outputs."""
    followed: set[str] = set()
    last = set()
    for node in reversed(network.nodes):
        weighs = isinstance(node.layer, Convolution | Linear)
        if weighs and node.name not in followed:
            last.add(node.name)
        if node.name in followed or (weighs and not _upsamples(node.layer)):
            followed.update(node.inputs)
    return last


def _upsamples(layer: Layer) -> bool:
    """Whether a transposed convolution makes as many channels as come in."""
    return isinstance(layer, ConvTranspose) and layer.in_channels == layer.out_channels


def _composition(piece: Piece, rule: Rule, known: Shapes) -> Composition:
    """What takes a piece's place; raises ConvcostError where it would not fit there."""
    fields = piece.fields
    options = dict(rule.options)
    kernel = options.pop("kernel_size", fields["kernel_size"])
    made = KINDS[rule.kind].build(
        fields["in_channels"],
        fields["out_channels"],
        kernel,
        stride=fields["stride"],
        padding=_padding(fields),
        bias=fields["bias"],
        dims=len(fields["kernel_size"]),
        **_dilation(rule, fields),
        **options,
    )
    trial = Assembly(known[piece.entry])
    trial.composition(piece.name, made.kind, made, piece.around, piece.around)
    if trial.shape != known[piece.exit]:
        raise ConvcostError(f"it would make {text_shape(trial.shape)} of {text_shape(known[piece.exit])}")
    return made


def _dilation(rule: Rule, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {} if "dilation" in KINDS[rule.kind].options else {"dilation": fields["dilation"]}


def _padding(fields: Mapping[str, Any]) -> Any:
    """``same`` where the old pads were as many, so that another kernel keeps the size; else the pads themselves."""
    axes = zip(fields["padding"], fields["kernel_size"], fields["dilation"], strict=True)
    return "same" if all(sum(pads) == same_pads(k, d) for pads, k, d in axes) else fields["padding"]


Channels = Callable[[Node, int], int]


class _Rebuilding:
    """Puts a network together again, in its order, with what has changed; every layer fits what comes in."""

    def __init__(self, network: Network, known: Shapes, channels: Channels | None = None) -> None:
        self.network, self.known, self.channels = network, known, channels
        self.assembly = Assembly(network.input)
        self.renamed = {INPUT: INPUT}
        self.lines: dict[str, int] = {}

    def run(self, exchanged: Mapping[str, tuple[Piece, Composition]]) -> Network:
        gone = {node.name for piece, _ in exchanged.values() for node in piece.nodes}
        for node in self.network.nodes:
            before = len(self.assembly.nodes)
            try:
                if node.name in exchanged:
                    self._exchange(*exchanged[node.name])
                elif node.name not in gone:
                    self._copy(node)
            except ConvcostError as error:
                raise ConvcostError(f"`{node.name}`: {error.message}", hint=error.hint) from None
            for new in self.assembly.nodes[before:]:
                self.lines[new.name] = self.network.lines.get(node.name, 0)
        network = self.network
        inside = members(network)
        blocks = {
            name: kind
            for name, kind in network.blocks.items()
            if not gone.issuperset(node.name for node in inside[name])
        }
        blocks |= {piece.name: made.kind for piece, made in exchanged.values() if len(made.parts) > 1}
        return Network(
            network.name,
            network.input,
            tuple(self.assembly.nodes),
            tuple(self.renamed[name] for name in network.outputs),
            network.source,
            {**network.about, "published": {}},
            network.budget,
            self.lines,
            blocks,
        )

    def _copy(self, node: Node) -> None:
        inputs = tuple(self.renamed[name] for name in node.inputs)
        layer = node.layer
        made = getattr(layer, "out_channels", getattr(layer, "out_features", None))
        wanted = self.channels(node, made) if self.channels and made and not is_depthwise(layer) else None
        fitted = refit(layer, self.known[node.inputs[0]], self.assembly.shapes[inputs[0]], wanted)
        self.assembly.append(node.name, node.kind, fitted, *inputs, written=node.written)
        self.renamed[node.name] = node.name

    def _exchange(self, piece: Piece, made: Composition) -> None:
        self.assembly.current = self.renamed[piece.entry]
        self.assembly.composition(piece.name, _word(made), made, piece.around, piece.around)
        self.renamed[piece.exit] = self.assembly.current


def _word(made: Composition) -> str:
    """A standard convolution is a `conv` of the language, a transposed one a `conv_transpose`."""
    return {"standard": "conv", "transposed": "conv_transpose"}.get(made.kind, made.kind)
