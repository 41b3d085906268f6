"""Attention of several heads."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.convolutions import product

_SEQUENCE = 2


def attention(b: Builder, site: Site) -> "tuple[str, ...] | None":
    """Queries, keys and values of a sequence by linear layers, the products of all heads, and a linear layer.

    Over more axes than one it is not counted.
    """
    config = site.config
    query, value, *key = site.takes if len(site.takes) > 1 else site.takes * 2
    sources = (query, key[0] if key else value, value)
    if any(len(b.shape_of(source)) != _SEQUENCE for source in sources) or config.get("attention_axes") not in (
        None,
        1,
        [1],
    ):
        return b.unknown(site)
    heads, size, bias = config.whole("num_heads"), config.whole("key_dim"), config.flag("use_bias", default=True)
    inner = config.whole("value_dim", size)
    made = [
        _heads(b, f"{site.name}.{word}", source, heads, width, bias=bias)
        for word, source, width in zip(("query", "key", "value"), sources, (size, size, inner), strict=True)
    ]
    turned = b.put(f"{site.name}.key.turned", "permute", layers.Permute((0, 2, 1)), made[1])
    b.put(f"{site.name}.scores", "matmul", layers.MatMul(), made[0], turned)
    b.put(f"{site.name}.softmax", "softmax", layers.Activation("softmax", -1))
    b.put(f"{site.name}.mix", "matmul", layers.MatMul(), b.current, made[2])
    _together(b, site.name, heads * inner)
    own = b.theirs(b.shape_of(query))[-1]
    product(b, f"{site.name}.output", _width(config.get("output_shape"), own), bias=bias)
    b.blocks[site.name] = "MultiHeadAttention"
    return None


def _width(given: object, default: int) -> int:
    sizes = given if isinstance(given, list) else [given]
    if given is None:
        return default
    if len(sizes) != 1 or type(sizes[0]) is not int:
        raise ConvcostError("`output_shape` of several axes is not supported")
    return int(sizes[0])


def _heads(b: Builder, name: str, source: str, heads: int, size: int, *, bias: bool) -> str:
    """A linear layer, and its outputs as (heads, positions, size)."""
    b.assembly.current = source
    product(b, name, heads * size, bias=bias)
    positions = b.theirs(b.shape)[0]
    apart = (heads, size, positions) if b.last else (positions, heads, size)
    b.put(f"{name}.heads", "reshape", layers.Reshape("reshape", apart))
    order = (0, 2, 1) if b.last else (1, 0, 2)
    return b.put(f"{name}.turn", "permute", layers.Permute(order))


def _together(b: Builder, name: str, width: int) -> None:
    """What all heads made, side by side."""
    positions = b.shape[1]
    b.put(f"{name}.turn", "permute", layers.Permute((0, 2, 1) if b.last else (1, 0, 2)))
    b.put(f"{name}.joined", "reshape", layers.Reshape("reshape", b.ours((positions, width))))
