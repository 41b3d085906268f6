"""Lines that could say what comes next in a network, those that say most first."""

import re
from collections.abc import Iterator
from itertools import takewhile

from convcost.assembly import NORMS
from convcost.errors import ConvcostError
from convcost.layers.base import Layer, Shape
from convcost.layers.given import Given
from convcost.network import Node
from convcost.specs.factories import CONVOLUTIONS
from convcost.specs.language import ACTIVATIONS, JOINTS, WORDS
from convcost.specs.phrases import COMPOSITES, Phrase, Values, Ways, composite, given, unwrapped, values_of
from convcost.specs.trial import Trial

_NORM_WORDS = {kind: word for word, kind in NORMS.items()}


class Proposals:
    """Proposes lines for the nodes behind those that a trial has taken."""

    def __init__(self, trial: Trial) -> None:
        self.trial, self.nodes = trial, trial.network.nodes
        self.by_name = {node.name: node for node in self.nodes}
        self.blocks = {name: kind for name, kind in trial.network.blocks.items() if kind in COMPOSITES}

    def here(self) -> Iterator[Phrase]:
        """Every line that could come next, in all its variants."""
        node = self.nodes[self.trial.at]
        layer, each, shared = unwrapped(node.layer)
        shape = self.trial.builder.shapes[node.inputs[0]][each:]
        start = self._start(node)
        for phrase in self._phrases(node, layer, shape):
            yield from self._variants(_starting(phrase._replace(each=each, shared=shared), start))

    def _start(self, node: Node) -> str | tuple[str, ...] | None:
        """Where a line begins that takes no paths; None where that is behind the line before."""
        if len(node.inputs) > 1:
            return tuple(self.trial.name_of(name) or name for name in node.inputs)
        return None if node.inputs[0] == self.trial.builder.current else self.trial.name_of(node.inputs[0])

    def _phrases(self, node: Node, layer: Layer, shape: Shape) -> Iterator[Phrase]:
        paths = tuple(self.trial.name_of(name) or () for name in node.inputs)
        if isinstance(layer, Given):
            word, values = given(layer, shape, paths)
            yield Phrase(word, values, node.name, exact=node.kind == layer.kind)
            return
        yield from self._composites(node, shape)
        yield from self._split(node)
        linear = self.by_name.get(node.name.removesuffix(".flatten"))
        if linear is not None and linear is not node and linear.inputs == (node.name,):
            yield from self._with_followers(linear, "linear", {**values_of(linear.layer, shape, "linear"), **_FLATTENS})
        # The author's word for it, or else the layer's own.
        for word in dict.fromkeys((node.kind, layer.kind)):
            if word in WORDS:
                joined = {"paths": paths} if word in JOINTS else {}
                yield from self._with_followers(node, word, {**values_of(layer, shape, word), **joined})

    def _with_followers(self, node: Node, word: str, values: Values) -> Iterator[Phrase]:
        """A line that holds the norm and the activation behind a layer, or one of them, or none."""
        norm, act = self._followers(node.name) if "norm" in values else ("none", "none")
        for one, other in dict.fromkeys(((norm, act), (norm, "none"), ("none", act), ("none", "none"))):
            follow = {"norm": one, "act": other} if "norm" in values else {}
            ways = self._ways(word, node, "none" if other == "none" else f"{node.name}.act")
            yield Phrase(word, {**values, **follow, **ways}, node.name, exact=word == node.kind)

    def _ways(self, word: str, node: Node | None, act: str) -> Values:
        """How a layer and the activation behind it are written in code."""
        ways = {"as": node, "act_as": self.by_name.get(act)}
        return {key: found.written or None for key, found in ways.items() if found and key in WORDS[word].keys}

    def _followers(self, name: str) -> tuple[str, str]:
        """The words of the norm and the activation that are named after a layer."""
        norm, act = self.by_name.get(f"{name}.norm"), self.by_name.get(f"{name}.act")
        return (
            _NORM_WORDS.get(norm.layer.kind, "none") if norm else "none",
            act.layer.kind if act and act.layer.kind in ACTIVATIONS else "none",
        )

    def _split(self, node: Node) -> Iterator[Phrase]:
        """A split, for slices in a row."""
        if node.kind == "split" and node.name.endswith(".0"):
            name = node.name.removesuffix(".0")
            row = takewhile(lambda pair: pair[1].name == f"{name}.{pair[0]}", enumerate(self._rest()))
            sizes = tuple(getattr(piece.layer, "end", 0) - getattr(piece.layer, "begin", 0) for _, piece in row)
            yield Phrase("split", {"parts": len(sizes) if len(set(sizes)) == 1 else sizes}, name)

    def _composites(self, node: Node, shape: Shape) -> Iterator[Phrase]:
        """The blocks of the language that begin here, the outermost first."""
        pieces = node.name.split(".")
        for length in range(1, len(pieces)):
            name = ".".join(pieces[:length])
            kind = self.blocks.get(name)
            values = composite(kind, self._parts(name), shape) if kind else None
            if kind and values is not None:
                act = next((one.name for one in self._rest() if one.name.endswith(".act")), "none")
                ways = self._ways(kind, None, act if act.startswith(f"{name}.") else "none")
                yield Phrase(kind, {**values, **self._around(kind, name, values, shape), **ways}, name)

    def _parts(self, name: str) -> Values:
        """The layers of a block from here on, by their names within it."""
        start = f"{name}."
        own = takewhile(lambda node: node.name.startswith(start), self._rest())
        return {node.name.removeprefix(start): unwrapped(node.layer)[0] for node in own}

    def _around(self, kind: str, name: str, values: Values, shape: Shape) -> Values:
        """The norms and activations of a composite: at its end, and in its middle where they differ."""
        keys = WORDS[kind].keys
        full = {key: values.get(key, known.default) for key, known in keys.items()}
        full = {key: value[0] if isinstance(value, Ways) else value for key, value in full.items()}
        try:
            parts = CONVOLUTIONS[kind](shape, kind, full).parts
        except ConvcostError:
            return {}
        last, outer, middle = parts[-1], dict[str, str](), dict[str, str]()
        for part in parts:
            norm, act = self._followers(name if part is last else f"{name}.{part.name}")
            found = outer if part is last or part.name in last.inputs else middle
            for key, word, has in (("norm", norm, part.norm), ("act", act, part.act)):
                if has:
                    found.setdefault(key, word)
        said = {**middle, **outer}
        said |= {f"mid_{key}": word for key, word in middle.items() if said[key] != word}
        return {key: word for key, word in said.items() if key in keys}

    def _variants(self, phrase: Phrase) -> Iterator[Phrase]:
        """A line for all its copies before the line alone, without a name where its number may do."""
        name = phrase.name or ""
        base = name.removesuffix(".1")
        copies = self._copies(base) if name.endswith(".1") else 1
        if copies > 1:
            yield from _named(phrase._replace(name=base, repeat=copies))
        yield from _named(phrase)

    def _copies(self, base: str) -> int:
        """How many copies of a line, ``base.1``, ``base.2``, …, stand in a row from here."""
        copy = 1
        for node in self._rest():
            if not f"{node.name}.".startswith(f"{base}.{copy}."):
                if not f"{node.name}.".startswith(f"{base}.{copy + 1}."):
                    break
                copy += 1
        return copy

    def _rest(self) -> Iterator[Node]:
        return (self.nodes[at] for at in range(self.trial.at, len(self.nodes)))


def _starting(phrase: Phrase, start: str | tuple[str, ...] | None) -> Phrase:
    """A line with where it begins; one with paths begins at the current point."""
    paths = phrase.values.get("paths")
    if not paths:
        return phrase._replace(start=start)
    if not phrase.each or () in paths:
        return phrase
    # The current point may have no axis of maps.
    return phrase._replace(start=paths, values={**phrase.values, "paths": None})


# A linear layer that flattens what comes in has its flatten in its line.
_FLATTENS = {"flatten": True}


def _named(phrase: Phrase) -> Iterator[Phrase]:
    if re.fullmatch(rf"{phrase.word}[0-9]+", phrase.name or ""):
        yield phrase._replace(name=None)
    yield phrase
