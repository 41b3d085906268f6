"""A network as text in the language: what is written reads back to the very same network.

Composites whose parts are known from ``network.blocks`` and copies of one line are written as one line; blocks of
the file that a network was read from come out as their layers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from convcost.errors import ConvcostError, InternalError
from convcost.network import Network
from convcost.problems import SpecError
from convcost.specs import spelling
from convcost.specs.language import DEFAULT_KEYS, WORDS
from convcost.specs.phrases import Phrase
from convcost.specs.proposals import Proposals
from convcost.specs.read import loads
from convcost.specs.sayable import sayable
from convcost.specs.trial import Trial, same


def dumps(network: Network) -> str:
    """The YAML of a network, one line a layer: `loads` makes the same nodes of it, in the same order.

    What its author says of it is kept but for its vars, whose values are in the numbers. A kind that is no word
    of the language, or does not fit its layer, becomes the layer's own; what no line says becomes an `operation` with
    the same shape, parameters and MACs. Raises ConvcostError, naming the node,
    for what the language cannot say.

    >>> from convcost import loads
    >>> (network,) = loads("{name: tiny, input: 3x8x8, layers: [{conv: 2*8, k: 3, act: relu}]}")
    >>> print(dumps(network), end="")
    name: tiny
    input: 3x8x8
    layers:
      - {conv: 16, k: 3, act: relu}
    """
    network = sayable(network)
    trial = Trial(network)
    phrases = _phrases(trial)
    defaults = _defaults(phrases)
    text = "\n".join((*_header(network, defaults), *_layers(phrases, defaults), *_outputs(trial), ""))
    _require_same(network, trial, text)
    return text


def _phrases(trial: Trial) -> list[Phrase]:
    """The lines of all layers."""
    network, taken = trial.network, []
    proposals = Proposals(trial)
    if not network.nodes:
        raise ConvcostError("a network without layers cannot be written")
    while trial.at < len(network.nodes):
        node = network.nodes[trial.at]
        trial.why = f"the language has no word for `{type(node.layer).__name__}`"
        found = next((phrase for phrase in proposals.here() if trial.takes(phrase)), None)
        if found is None:
            why = trial.why or f"no line makes {node.layer!r} of {', '.join(node.inputs)}"
            raise ConvcostError(f"`{node.name}` cannot be written: {why}", field="layers")
        taken.append(found)
    return taken


def _defaults(phrases: list[Phrase]) -> dict[str, Any]:
    """What most lines share, where saying it once is shorter."""
    lines = [phrase for phrase in phrases if WORDS[phrase.word].convolves]
    found: dict[str, Any] = {}
    for key in ("norm", "act", "bias", "se_act", "gate"):
        counts = Counter(line.values[key] for line in lines if key in line.values)
        usual = counts.pop(DEFAULT_KEYS[key].default, 0)
        if counts and counts.most_common(1)[0][1] > usual + 1:
            found[key] = counts.most_common(1)[0][0]
    ways = [line.values["padding"] for line in lines if "padding" in line.values]
    if sum("same" not in way and "valid" in way for way in ways) > sum("valid" not in way for way in ways) + 1:
        found["padding"] = "valid"
    active = [phrase for phrase in phrases if phrase.values.get("act", "none") != "none"]
    for key, asked in (("mid_norm", lines), ("mid_act", lines), ("act_as", active)):
        # A line cannot take such a default back: without one its middle has what is around it.
        middles = [line.values.get(key) for line in asked if key in WORDS[line.word].keys]
        if len(middles) > 1 and len(set(middles)) == 1 and middles[0] is not None:
            found[key] = middles[0]
    return found


def _header(network: Network, defaults: Mapping[str, Any]) -> Iterable[str]:
    """What stands above the layers."""
    about = network.about
    if network.name.strip():
        yield f"name: {spelling.line_of_text(network.name)}"
    if str(about.get("source") or "").strip():
        yield f"source: {spelling.line_of_text(about['source'])}"
    if about.get("published"):
        figures = {key: spelling.figure(str(text)) for key, text in about["published"].items()}
        yield f"published: {_mapping(figures)}"
    yield f"input: {'x'.join(map(str, network.input))}"
    if network.budget:
        yield f"budget: {_mapping({key: _amount(key, bound.most) for key, bound in network.budget.items()})}"
    if defaults:
        yield f"defaults: {_mapping({key: spelling.value(found) for key, found in defaults.items()})}"


def _mapping(items: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{key}: {text}' for key, text in items.items())}}}"


_UNITS = (("G", 10**9), ("M", 10**6), ("k", 10**3))
_BYTE_UNITS = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
# Digits of a budget behind the point, and from where on there are none; else the number stands in full.
_PLACES, _LONG = 3, 1000


def _amount(key: str, number: int) -> str:
    """A budget as people write it, exactly.

    >>> _amount("params", 3_600_000), _amount("peak_bytes", 262144), _amount("macs", 123)
    ('3.6M', '256KiB', '123')
    """
    for unit, size in _BYTE_UNITS if key.endswith("_bytes") else _UNITS:
        whole, rest = divmod(number, size)
        part, beyond = divmod(rest * 10**_PLACES, size)
        if whole and not beyond and (not part or whole < _LONG):
            return f"{whole}.{part:0{_PLACES}d}".rstrip("0").rstrip(".") + unit
    return str(number)


def _layers(phrases: Iterable[Phrase], defaults: Mapping[str, Any]) -> Iterable[str]:
    yield "layers:"
    for phrase in phrases:
        yield f"  - {spelling.line(phrase, defaults)}"


def _outputs(trial: Trial) -> Iterable[str]:
    """The names of the outputs, where they are not just the last layer."""
    outputs = trial.network.outputs
    if outputs != (trial.builder.current,):
        yield f"outputs: {spelling.value([trial.name_of(output) or output for output in outputs])}"


def _require_same(network: Network, trial: Trial, text: str) -> None:
    """Raise where a text does not read back to its network."""
    try:
        (found,) = loads(text, network.name)
    except SpecError as error:
        raise ConvcostError(f"`{network.name}` cannot be written: {error.problems[0].message}") from None
    made = trial.builder.nodes
    pairs = zip(found.nodes, made, strict=False)
    agree = len(found.nodes) == len(made) and all(same(one, two) and one.kind == two.kind for one, two in pairs)
    if not agree or _said(found) != _said(network):
        raise InternalError(f"what was written of `{network.name}` reads back otherwise")


def _said(network: Network) -> tuple[Any, ...]:
    """What a text says of a network besides its layers."""
    about = (str(network.about.get("source") or "").strip(), dict(network.about.get("published") or {}))
    budget = {key: bound.most for key, bound in network.budget.items()}
    return (network.name.strip() and network.name, network.input, network.outputs, *about, budget)
