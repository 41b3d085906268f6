"""Attention of several heads, over one axis of positions or more."""

from math import prod
from typing import NamedTuple

from convcost import layers
from convcost.errors import ConvcostError, describe
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.config import Config
from convcost.importers.keras.convolutions import product
from convcost.importers.keras.products import einsum
from convcost.layers.base import LARGEST

# Letters of positions, of the queries' and, where they are attended to, of the others'; then heads, keys, values.
_QUERY, _OTHER = "abcdefg", "mnopqrs"


class _Heads(NamedTuple):
    """How many heads queries have, how many keys and values have, and the size of a key and of a value."""

    queries: int
    others: int
    key: int
    value: int


def attention(b: Builder, site: Site) -> tuple[str, ...]:
    """As many heads of keys and values as of queries."""
    heads, size = site.config.whole("num_heads"), site.config.whole("key_dim")
    return _attend(b, site, _Heads(heads, heads, size, site.config.whole("value_dim", size)))


def grouped(b: Builder, site: Site) -> tuple[str, ...]:
    """Several heads of queries share one of keys and values."""
    heads, others = site.config.whole("num_query_heads"), site.config.whole("num_key_value_heads")
    if heads % others:
        raise ConvcostError(f"{others} heads of keys cannot serve {heads} of queries")
    size = site.config.whole("head_dim")
    return _attend(b, site, _Heads(heads, others, size, size))


def _attend(b: Builder, site: Site, heads: _Heads) -> tuple[str, ...]:
    """Queries, keys and values by linear layers, the products of all heads, and a linear layer; and the scores."""
    config, name = site.config, site.name
    query = site.taken_as("query", 0) or site.takes[0]
    value = site.taken_as("value", 1) or query
    sources = (query, site.taken_as("key", 2) or value, value)
    rank = len(b.shape_of(query))
    if {len(b.shape_of(source)) for source in sources} != {rank} or not 1 < rank <= len(_QUERY):
        return b.unknown(site)
    b.blocks[name] = site.word
    bias = config.flag("use_bias", default=True)
    axes = _axes(config.axes("attention_axes", tuple(range(1, rank))), rank)
    positions = _QUERY[: rank - 1]
    others = "".join(_OTHER[place] if place in axes else letter for place, letter in enumerate(positions))
    q = _project(b, f"{name}.query", query, heads.queries, heads.key, bias=bias)
    k = _project(b, f"{name}.key", sources[1], heads.others, heads.key, bias=bias)
    k = _serve(b, f"{name}.key.repeat", k, heads)
    v = _project(b, f"{name}.value", value, heads.others, heads.value, bias=bias)
    v = _serve(b, f"{name}.value.repeat", v, heads)
    # As Keras gives them: axes on which nothing is attended to, heads, and those of queries and of the others.
    beside = "".join(letter for letter in positions if letter in others)
    scores = beside + "h" + "".join(letters[place] for letters in (positions, others) for place in axes)
    einsum(b, f"{name}.scores", _term(b, positions, "k"), _term(b, others, "k"), scores, q, k)
    if len(axes) > 1:
        weights = b.each(f"{name}.softmax", "softmax")
    else:
        weights = b.put(f"{name}.softmax", "softmax", layers.Activation("softmax", b.axis(-1, len(b.shape)) + 1))
    einsum(b, f"{name}.mix", scores, _term(b, others, "v"), _term(b, positions, "v"), weights, v)
    width = (heads.queries * heads.value,)
    around = b.theirs(b.shape_of(query))[:-1]
    mixed = b.put(f"{name}.joined", "reshape", layers.Reshape("reshape", b.ours((*around, *width))))
    if config.flag("use_gate", default=False):
        b.assembly.current = query
        product(b, f"{name}.gate", *width, bias=bias)
        gate = b.put(f"{name}.gate.act", "sigmoid", layers.Activation("sigmoid"))
        b.put(f"{name}.gated", "mul", layers.Mul(), mixed, gate)
    made = _sizes(config, b.theirs(b.shape_of(query))[-1])
    end = product(b, f"{name}.output", prod(made), bias=bias)
    if len(made) > 1:
        end = b.given(f"{name}.parts", "reshape", b.ours((*around, *made)))
    return (end, weights)


def _axes(given: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """The axes that are attended to, from that behind the batch; the last one, of features, is none of them."""
    axes = tuple(axis - 1 if axis > 0 else axis + rank for axis in given)
    if not all(0 <= axis < rank - 1 for axis in axes) or len(set(axes)) < len(axes):
        raise ConvcostError(f"`attention_axes` = {list(given)} are none of {rank - 1} axes of positions")
    return axes


def _term(b: Builder, positions: str, size: str) -> str:
    """The letters of what `_project` makes, in the model's order."""
    return f"{size}{positions}h" if b.last else f"{positions}h{size}"


def _project(b: Builder, name: str, source: str, heads: int, size: int, *, bias: bool) -> str:
    """A linear layer, and its outputs as heads and their sizes."""
    b.assembly.current = source
    product(b, name, heads * size, bias=bias)
    around = b.theirs(b.shape)[:-1]
    shape = (heads, size, *around) if b.last else (*around, heads, size)
    return b.put(f"{name}.heads", "reshape", layers.Reshape("reshape", shape))


def _serve(b: Builder, name: str, source: str, heads: _Heads) -> str:
    """Heads of keys or values, each as often as queries have one for it."""
    if heads.others == heads.queries:
        return source
    shape = list(b.shape_of(source))
    shape[0 if b.last else -2] = heads.queries
    return b.given(name, "repeat", tuple(shape), source)


def _sizes(config: Config, default: int) -> tuple[int, ...]:
    """The features that come out, on one axis or more."""
    found = config.get("output_shape") or default
    sizes = found if isinstance(found, list) else [found]
    if not all(type(size) is int and 0 < size <= LARGEST for size in sizes):
        raise ConvcostError(f"`output_shape` must be whole numbers from 1, got `{describe(found)}`")
    return tuple(sizes)
