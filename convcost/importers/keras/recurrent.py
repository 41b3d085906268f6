"""Recurrent layers as what they compute at each step: a product with the inputs, and one with the state."""

from collections.abc import Mapping
from typing import Any

from convcost import layers
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.config import Config, home_of
from convcost.importers.keras.convolutions import conv, product
from convcost.importers.keras.distributed import for_each_step

_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
_SEQUENCE = 2


def recurrent(b: Builder, site: Site) -> tuple[str, ...]:
    """Its output, and the last states."""
    if len(b.shape) != _SEQUENCE:
        return b.unknown(site)
    b.blocks[site.name] = site.word
    return _steps(b, site.name, site.word, site.config, site.takes)


def _steps(b: Builder, name: str, word: str, config: Config, takes: tuple[str, ...]) -> tuple[str, ...]:
    """MACs are weights times steps; gates and states are elementwise, and have none."""
    units, bias = config.whole("units"), config.flag("use_bias", default=True)
    steps, gates = b.theirs(b.shape)[0], _GATES[word] * units
    inputs = product(b, f"{name}.input", gates, bias=bias)
    b.given(f"{name}.state", "state", b.ours((steps, units)), takes[0])
    # A GRU that resets what its state was multiplied to has a bias there as well.
    second = word == "GRU" and config.flag("reset_after", default=True)
    states = product(b, f"{name}.recurrent", gates, bias=bias and second)
    shape = b.ours((steps, units)) if config.flag("return_sequences", default=False) else (units,)
    end = b.given(f"{name}.output", word.lower(), shape, inputs, states, *takes[1:])
    if not config.flag("return_state", default=False):
        return (end,)
    last = ("hidden", "cell") if word == "LSTM" else ("hidden",)
    return (end, *(b.given(f"{name}.{which}", "state", (units,), end) for which in last))


def bidirectional(b: Builder, site: Site) -> tuple[str, ...]:
    """One layer forward and one backward, their outputs side by side or merged, and the last states of both."""
    entries = [site.config.get(key) or site.config.get("layer") for key in ("layer", "backward_layer")]
    words = {_word(entry) for entry in entries}
    if len(b.shape) != _SEQUENCE or len(words) > 1 or not words <= set(_GATES):
        return b.unknown(site)
    b.blocks[site.name] = "Bidirectional"
    found = []
    for way, entry in zip(("forward", "backward"), entries, strict=True):
        b.assembly.current = site.takes[0]
        found.append(_steps(b, f"{site.name}.{way}", _word(entry), Config(entry.get("config")), site.takes))
    (forward, *states), (backward, *others) = found
    return (*_merged(b, site, forward, backward), *states, *others)


def _word(entry: Any) -> str:
    return str(entry.get("class_name")) if isinstance(entry, Mapping) and home_of(entry) else ""


def _merged(b: Builder, site: Site, forward: str, backward: str) -> tuple[str, ...]:
    mode, shape = site.config.fields.get("merge_mode", "concat"), b.theirs(b.shape_of(forward))
    name = f"{site.name}.merge"
    if mode is None:
        return (forward, backward)
    if mode == "sum":
        return (b.put(name, "add", layers.Add(), forward, backward),)
    if mode == "mul":
        return (b.put(name, "mul", layers.Mul(), forward, backward),)
    if mode == "ave":
        return (b.each(name, "average", forward, backward, shape=b.ours(shape)),)
    return (b.given(name, "concat", b.ours((*shape[:-1], 2 * shape[-1])), forward, backward),)


def conv_lstm(b: Builder, site: Site, dims: int) -> tuple[str, ...]:
    """An `LSTM` of maps, whose products are convolutions; that with the state keeps its size."""
    config, filters = site.config, site.config.whole("filters")
    if len(b.shape) != dims + len("tc"):
        return b.unknown(site)
    wide = {**config.fields, "filters": _GATES["LSTM"] * filters, "activation": None}
    inner = {**wide, "strides": 1, "padding": "same", "dilation_rate": 1, "use_bias": False}

    def make(step: Builder) -> list[str]:
        conv(step, site._replace(name=f"{site.name}.input", config=Config(wide)), dims)
        inputs, state = step.current, (filters, *step.shape[1:])
        step.given(f"{site.name}.state", "state", state)
        conv(step, site._replace(name=f"{site.name}.recurrent", config=Config(inner)), dims)
        return [step.given(f"{site.name}.convlstm", "convlstm", state, inputs, step.current)]

    (end,) = for_each_step(b, site, make)
    one = b.ours(b.theirs(b.shape)[1:])
    if not config.flag("return_sequences", default=False):
        end = b.given(f"{site.name}.last", "select", one, end)
    if not config.flag("return_state", default=False):
        return (end,)
    return (end, *(b.given(f"{site.name}.{which}", "state", one, end) for which in ("hidden", "cell")))
