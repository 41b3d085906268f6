"""Attention over positions, as C2PSA and C3k2 have it."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.ultralytics.maker import Maker


def psa_block(m: Maker, name: str, heads: int) -> None:
    """Attention and two 1×1s, each added to what goes into it."""
    start, c = m.current, m.shape[0]
    m.add(f"{name}.add.0", start, _attention(m, f"{name}.attn", heads))
    middle = m.current
    m.conv(f"{name}.ffn.0", 2 * c)
    m.add(f"{name}.add.1", middle, m.conv(f"{name}.ffn.1", c, act=False))
    m.blocks[name] = "PSABlock"


def _attention(m: Maker, name: str, heads: int) -> str:
    """Queries and keys with half as many channels as values, and a 3×3 depthwise of the values beside.

    The constant by which products are scaled is left out: it costs nothing that is counted.
    """
    c, height, width = m.shape
    if c % heads:
        raise ConvcostError(f"{c} channels cannot be divided among {heads} heads of attention")
    positions, values = height * width, c // heads
    keys = values // 2
    m.conv(f"{name}.qkv", heads * (2 * keys + values), act=False)
    m.reshape(f"{name}.heads", heads, 2 * keys + values, positions)
    m.permute(f"{name}.apart", 1, 0, 2)
    query, key, value = m.pieces(f"{name}.split", keys, keys, values)
    query = m.permute(f"{name}.q", 1, 2, 0, takes=query)
    key = m.permute(f"{name}.k", 1, 0, 2, takes=key)
    value = m.permute(f"{name}.v", 1, 0, 2, takes=value)
    m.assembly.append(f"{name}.scores", "matmul", layers.MatMul(), query, key)
    m.softmax(f"{name}.softmax")
    weights = m.permute(f"{name}.weights", 0, 2, 1)
    m.assembly.append(f"{name}.mix", "matmul", layers.MatMul(), value, weights)
    mixed = m.reshape(f"{name}.map", c, height, width)
    m.reshape(f"{name}.values", c, height, width, takes=value)
    placed = m.conv(f"{name}.pe", c, 3, g=c, act=False)
    m.add(f"{name}.place", mixed, placed)
    return m.conv(f"{name}.proj", c, act=False)
