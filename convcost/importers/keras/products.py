"""Products of maps, and of a map with weights, by equations such as ``btd,df->btf``. The first letter is the batch."""

import re
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from convcost import layers
from convcost.errors import ConvcostError, describe
from convcost.importers.keras.activations import follow
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.config import Config
from convcost.importers.keras.convolutions import product
from convcost.layers.base import LARGEST, Shape, text_shape
from convcost.layers.traced import Learnt

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EQUATION = re.compile(r"([a-zA-Z.]+),([a-zA-Z.]+)->([a-zA-Z.]+)")
_MATRIX, _MOST_AXES = 2, 20


def einsum(b: Builder, name: str, one: str, other: str, made: str, *takes: str) -> str:
    """A sum of products of two maps: letters for the model's axes, without the batch."""
    terms = [_here(b, term) for term in (one, other, made)]
    if made:
        return b.put(name, "einsum", layers.Einsum(f"{terms[0]},{terms[1]}->{terms[2]}"), *takes)
    # All is summed up: a product of as many elements as one of them has.
    return b.put(name, "einsum", Learnt("einsum", (1,), products=prod(b.shape_of(takes[0]))), *takes)


def _here(b: Builder, letters: str) -> str:
    """Letters in the order in which their axes stand here."""
    return letters[-1:] + letters[:-1] if b.last else letters


def dot(b: Builder, site: Site) -> "tuple[str, ...] | None":
    """A product of two maps along one axis of each: what is left of the first, and then of the second."""
    ranks = [len(b.shape_of(name)) for name in site.takes]
    if len(ranks) != len("ab") or sum(ranks) > len(_LETTERS):
        return b.unknown(site)
    axes = site.config.axes("axes", -1)
    pair = axes * 2 if len(axes) == 1 else axes
    if len(pair) != len("ab"):
        raise ConvcostError("`axes` must be one axis, or one for each of two maps")
    one, other = _LETTERS[: ranks[0]], list(_LETTERS[ranks[0] : sum(ranks)])
    places = [(axis if axis >= 0 else axis + rank + 1) - 1 for axis, rank in zip(pair, ranks, strict=True)]
    if not all(0 <= place < rank for place, rank in zip(places, ranks, strict=True)):
        raise ConvcostError(f"no axes are {list(pair)}")
    shared = one[places[0]]
    other[places[1]] = shared
    made = "".join(letter for letter in (*one, *other) if letter != shared)
    einsum(b, site.name, one, "".join(other), made, *site.takes)
    return None


def matmul(b: Builder, site: Site) -> "tuple[str, ...] | None":
    """A matrix product of two maps, (…, m, k) and (…, k, n); an axis of 1 serves all of the other's."""
    shapes = [b.theirs(b.shape_of(name)) for name in site.takes]
    ranks = {len(shape) for shape in shapes}
    if len(shapes) != len("ab") or len(ranks) > 1 or not _MATRIX <= min(ranks) < _MOST_AXES:
        return b.unknown(site)
    first, second = shapes
    letters = iter(_LETTERS)
    m, k, n, one, other, made = next(letters), next(letters), next(letters), "", "", ""
    for size, beside in zip(first[:-2], second[:-2], strict=True):
        if 1 not in (size, beside) and size != beside:
            raise ConvcostError(f"no product is that of {text_shape(first)} and {text_shape(second)}")
        left = next(letters)
        right = left if size == beside else next(letters)
        one, other, made = one + left, other + right, made + (left if size != 1 else right)
    einsum(b, site.name, f"{one}{m}{k}", f"{other}{k}{n}", f"{made}{m}{n}", *site.takes)
    return None


class _Equation(NamedTuple):
    """The letters of two terms and of what they make, the batch's with them."""

    one: str
    other: str
    made: str

    @property
    def summed(self) -> str:
        """Letters that are not in the result."""
        return "".join(letter for letter in self.one if letter not in self.made)

    def is_product(self, batch: str) -> bool:
        """Whether a letter of one term alone is in the result, none is twice in a term, and the batch comes first."""
        twice = any(len(set(term)) < len(term) for term in self)
        alone = set(self.one) ^ set(self.other)
        return bool(batch) and self.made[:1] == self.one[:1] == batch and not twice and alone <= set(self.made)


def _equation(written: object, *ranks: int) -> _Equation:
    """An equation with letters in the place of ``...``; ``ranks`` are those of the first terms, with the batch."""
    match = _EQUATION.fullmatch(str(written).replace(" ", ""))
    if match is None:
        raise ConvcostError(f"no equation of two terms is `{describe(written)}`")
    fresh = "".join(letter for letter in _LETTERS if letter not in match[0])
    dots = max(rank - len(term.replace("...", "")) for term, rank in zip(match.groups(), ranks, strict=False))
    found = _Equation(*(term.replace("...", fresh[: max(dots, 0)]) for term in match.groups()))
    if any(len(term) != rank for term, rank in zip(found, ranks, strict=False)) or "." in "".join(found):
        raise ConvcostError(f"`{describe(written)}` does not fit what it takes")
    return found


def einsum_of(b: Builder, site: Site) -> "tuple[str, ...] | None":
    """`keras.ops.einsum` of two maps."""
    if len(site.takes) != len("ab"):
        return b.unknown(site)
    found = _equation(site.config.get("subscripts"), *(len(b.shape_of(name)) + 1 for name in site.takes))
    batch = found.other[:1]
    if not found.is_product(batch) or not found.summed:
        return b.unknown(site)
    einsum(b, site.name, *(term[1:] for term in found), *site.takes)
    return None


def einsum_dense(b: Builder, site: Site) -> "tuple[str, ...] | None":
    """A product with weights by an equation: a linear layer, unless positions have weights of their own."""
    config, shape = site.config, b.theirs(b.shape)
    found = _equation(config.get("equation"), len(shape) + 1)
    if not found.is_product(found.one[:1]) or found.one[0] in found.other:
        return b.unknown(site)
    sizes = _sizes(found, shape, config)
    weights, bias = found.other, str(config.get("bias_axes") or "")
    new = "".join(letter for letter in found.made if letter not in found.one)
    output = b.ours(tuple(sizes[letter] for letter in found.made[1:]))
    is_linear = bool(found.summed and new) and not set(weights) & set(found.one) & set(found.made)
    if is_linear:
        _linear(b, site.name, found, sizes, new, bias=set(bias) == set(new))
    else:
        products = prod(sizes.values()) if found.summed else 0
        learnt = prod(sizes[letter] for letter in weights)
        b.put(site.name, "einsum_dense", Learnt("einsum_dense", output, learnt, products))
    if bias and not (is_linear and set(bias) == set(new)):
        learnt = prod(sizes.get(letter, 1) for letter in bias)
        b.put(f"{site.name}.bias", "bias", Learnt("bias", output, learnt))
    follow(b, site)
    return None


def _sizes(found: _Equation, shape: Shape, config: Config) -> dict[str, int]:
    """The size of each letter but the batch's: of the input's, and those that `output_shape` gives."""
    given = config.get("output_shape")
    given = given if isinstance(given, list) else [given]
    # Behind dots the sizes begin with the first letter, else with that behind the batch.
    written = str(config.get("equation")).replace(" ", "").partition("->")[2]
    letters = written.removeprefix("...") if written.startswith("...") else found.made[1:]
    sizes = {letter: size for letter, size in zip(letters, given, strict=False) if letter not in found.one}
    sizes |= zip(found.one[1:], shape, strict=True)
    if not all(type(sizes.get(letter)) is int and 0 < sizes[letter] <= LARGEST for letter in found.made[1:]):
        raise ConvcostError(f"`output_shape` must have the sizes of `{found.made}`, got `{describe(given)}`")
    return sizes


def _linear(b: Builder, name: str, found: _Equation, sizes: dict[str, int], new: str, *, bias: bool) -> None:
    """A linear layer on all letters that are summed, with the others as its positions."""
    rest = "".join(letter for letter in found.one[1:] if letter in found.made)
    _turn(b, f"{name}.turned", _here(b, found.one[1:]), _beside(b, found.summed, rest))
    if len(found.summed) > 1:
        _join(b, f"{name}.joined", sizes, found.summed, rest)
    product(b, name, prod(sizes[letter] for letter in new), bias=bias)
    if len(new) > 1:
        b.put(f"{name}.parts", "reshape", layers.Reshape("reshape", tuple(sizes[x] for x in _beside(b, new, rest))))
    _turn(b, f"{name}.placed", _beside(b, new, rest), _here(b, found.made[1:]))


def _beside(b: Builder, features: str, positions: str) -> str:
    return features + positions if b.last else positions + features


def _turn(b: Builder, name: str, letters: Sequence[str], wanted: Sequence[str]) -> None:
    order = tuple(letters.index(letter) for letter in wanted)
    if order != tuple(range(len(order))):
        b.put(name, "permute", layers.Permute(order))


def _join(b: Builder, name: str, sizes: dict[str, int], joined: str, rest: str) -> None:
    one, others = (prod(sizes[letter] for letter in joined),), tuple(sizes[letter] for letter in rest)
    b.put(name, "reshape", layers.Reshape("reshape", one + others if b.last else others + one))
