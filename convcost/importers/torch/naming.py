"""The network of a run: records that matter, with the names of their modules."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from convcost.importers.torch.recorder import Record, Recorder
from convcost.importers.torch.recurrent import SIZES
from convcost.importers.torch.tensors import FIRST
from convcost.layers.activation import Activation
from convcost.layers.adaptive_pool import AdaptivePool
from convcost.layers.conv import Convolution
from convcost.layers.layer_norm import LayerNorm
from convcost.layers.linear import Linear
from convcost.layers.norm import ChannelNorm
from convcost.layers.pool import Pool
from convcost.layers.prelu import PReLU
from convcost.layers.resize import Upsample
from convcost.layers.traced import Around, Aside
from convcost.network import INPUT, Network, Node


class Run(NamedTuple):
    """What is known of a run besides its records: the records of its outputs, and its modules by their paths."""

    name: str
    source: str
    outputs: tuple[int, ...]
    blocks: Mapping[str, str]
    paths: frozenset[str]


def network_of(recorder: Recorder, run: Run) -> Network:
    """The network of what a run has recorded."""
    kept = _kept(recorder, run.outputs)
    names = _names(kept, run.paths)
    nodes = [
        Node(
            names[number],
            record.kind,
            record.layer,
            tuple(names.get(source, INPUT) for source in record.inputs),
            written=_written(record),
        )
        for number, record in kept.items()
    ]
    outputs = tuple(names.get(number, INPUT) for number in run.outputs)
    last = nodes[-1].name if nodes else INPUT
    nodes += _asides(recorder, {INPUT, *names.values()}, last)
    inside = {name.rpartition(".")[0] for name in names.values()}
    blocks = {path: kind for path, kind in run.blocks.items() if any(_is_within(name, path) for name in inside)}
    return Network(run.name, recorder.first, tuple(nodes), outputs or (last,), run.source, blocks=blocks)


def _is_within(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}.")


def _written(record: Record) -> str:
    """How code says an operation that counters of modules may miss."""
    layer, written = record.layer, record.call.written
    while isinstance(layer, Around):
        layer = layer.layer
    if record.written == "operator":
        return record.written
    if isinstance(layer, Activation | PReLU | Pool | AdaptivePool):
        return record.written or ("function" if written.startswith("subclass") else written)
    if isinstance(layer, Convolution):
        return "/".join(filter(None, (written, record.written)))
    return written if isinstance(layer, Linear | ChannelNorm | LayerNorm | Upsample) else ""


def _kept(recorder: Recorder, outputs: tuple[int, ...]) -> dict[int, Record]:
    """Records that something takes, or that cost something; what nobody takes of the rest is left out."""
    wanted = set(outputs)
    for number in range(len(recorder.records) - 1, FIRST, -1):
        record = recorder.records[number]
        layer = record.layer
        costs = layer.weights or layer.biases or layer.norm_params or not layer.is_counted
        if number in wanted or costs or layer.macs(*map(recorder.shape, record.inputs)):
            wanted |= {number, *record.inputs}
    return {number: record for number, record in enumerate(recorder.records) if number in wanted}


def _names(kept: Mapping[int, Record], paths: frozenset[str]) -> dict[int, str]:
    """A module's own name for its one operation, or the one with its weight; a later call's has a number behind it.

    What else runs in a module is numbered by its kind: ``layer1.0.add1``.
    """
    alone = Counter(record.call for record in kept.values())
    numbers = _Numbers({INPUT, *paths})
    names: dict[int, str] = {}
    given = {INPUT}
    for number, record in kept.items():
        path = record.call.path
        single = path if record.call.is_leaf and alone[record.call] == 1 else ""
        own = single or _of_weight(record)
        if own:
            name = own if own not in given else numbers.next(f"{own}_", 2)
        else:
            word = record.kind.partition(" ")[0].rpartition(".")[2]
            name = numbers.next(f"{path}.{word}" if path else word, 1)
        given.add(name)
        numbers.taken.add(name)
        names[number] = name
    return names


class _Numbers:
    """Names with numbers behind them, each once."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self._last: dict[str, int] = {}

    def next(self, stem: str, least: int) -> str:
        """The next free name."""
        number = self._last.get(stem, least - 1) + 1
        while f"{stem}{number}" in self.taken:
            number += 1
        self._last[stem] = number
        return f"{stem}{number}"


def _of_weight(record: Record) -> str:
    """The module that a weight belongs to, or the part of a packed weight; of a parameter on its own its name.

    Of all weights of a recurrent layer it is the module.
    """
    if record.kind in ("parameter", "input"):
        return record.owner
    # A parametrized weight is made of others, which stand deeper.
    owner, parametrized, _ = f".{record.owner}".partition(".parametrizations.")
    owner = owner.removeprefix(".")
    home, _, last = owner.rpartition(".")
    if record.kind in SIZES:
        return home
    if parametrized or not owner:
        return owner
    part = last.removesuffix("weight").removesuffix("_")
    return f"{home}.{part}" if home and part else home or part


def _asides(recorder: Recorder, taken: set[str], last: str) -> list[Node]:
    """Parameters that nothing has counted, those of a module together; `unused` where the run never took them."""
    found: dict[tuple[str, str], int] = {}
    parameters = recorder.parameters
    for number, name in enumerate(parameters.names):
        left = parameters.left(number)
        if left:
            kind = "parameter" if number in parameters.used else "unused"
            home = name if kind == "parameter" else name.rpartition(".")[0] or name
            found[home, kind] = found.get((home, kind), 0) + left
    nodes = []
    for (home, kind), elements in found.items():
        name = home if home not in taken else f"{home}.{kind}"
        while name in taken:
            name += "_"
        taken.add(name)
        nodes.append(Node(name, kind, Aside(kind, (elements,)), (last,)))
    return nodes
