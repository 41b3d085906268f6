"""Layers that hold another one, such as what runs at each step of a sequence or frame of a video."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.keras.builder import Builder, Site
from convcost.layers.base import text_shape
from convcost.layers.traced import Each
from convcost.network import INPUT


def time_distributed(b: Builder, site: Site) -> tuple[str, ...]:
    """The layer inside, at each step."""
    return for_each_step(b, site, lambda step: b.inside(step, _held(site), site))


def normalized(b: Builder, site: Site) -> tuple[str, ...]:
    """The layer inside, whose weights are divided by a number before they are used."""
    b.blocks[site.name] = site.word
    return tuple(b.inside(b, _held(site), site))


def _held(site: Site) -> Mapping[str, Any]:
    entry = site.config.get("layer")
    if not isinstance(entry, dict):
        raise ConvcostError("there is no `layer`")
    return entry


def for_each_step(b: Builder, site: Site, make: Callable[[Builder], Sequence[str]]) -> tuple[str, ...]:
    """What ``make`` puts together for one step, and gives the ends of, each of its layers run for all steps."""
    if len(b.shape) < len("tc"):
        raise ConvcostError(f"the input {text_shape(b.shape)} has no steps")
    step = Builder(b.ours(b.theirs(b.shape)[1:]), b.inside, last=b.last)
    step.again, step.layers = b.again, b.layers
    ends = make(step)
    b.layers = step.layers
    b.spend(len(step.assembly.nodes))
    b.blocks |= {site.name: site.word, **step.blocks}
    names = {INPUT: _swap(b, f"{site.name}.steps")}
    for node in step.assembly.nodes:
        inputs = (names.get(source, source) for source in node.inputs)
        b.assembly.append(node.name, node.kind, Each(node.layer), *inputs)
    found = []
    for index, end in enumerate(ends):
        b.assembly.current = names.get(end, end)
        found.append(_swap(b, f"{site.name}.output.{index}" if index else f"{site.name}.output"))
    return tuple(found)


def _swap(b: Builder, name: str) -> str:
    """Steps come first where a layer runs for each, and behind the channels in a model whose channels are last."""
    if not b.last:
        return b.current
    return b.put(name, "permute", layers.Permute((1, 0, *range(2, len(b.shape)))))
