"""The modules of Ultralytics that stand in the backbone and the neck, each as a function of a row's arguments."""

from math import gcd
from typing import NamedTuple

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.ultralytics.attention import psa_block
from convcost.importers.ultralytics.maker import Maker, Pair


def conv(
    m: Maker,
    name: str,
    *,
    c2: int,
    k: Pair = 1,
    s: Pair = 1,
    p: Pair | None = None,
    g: int = 1,
    d: Pair = 1,
    act: bool = True,
) -> None:
    """A convolution, its norm and its activation."""
    m.conv(name, c2, k, s, p, g, d, act=act)


def dw_conv(m: Maker, name: str, *, c2: int, k: Pair = 1, s: Pair = 1, d: Pair = 1, act: bool = True) -> None:
    """The same with as many groups as divide both numbers of channels."""
    m.conv(name, c2, k, s, None, gcd(m.shape[0], c2), d, act=act)


def focus(
    m: Maker,
    name: str,
    *,
    c2: int,
    k: Pair = 1,
    s: Pair = 1,
    p: Pair | None = None,
    g: int = 1,
    act: bool = True,
) -> None:
    """Blocks of 2×2 elements as channels, and a convolution."""
    m.assembly.append(f"{name}.unshuffle", "pixel_unshuffle", layers.PixelUnshuffle(2))
    m.conv(f"{name}.conv", c2, k, s, p, g, act=act)


def ghost_conv(m: Maker, name: str, *, c2: int, k: Pair = 1, s: Pair = 1, g: int = 1, act: bool = True) -> None:
    """Half of the channels by a convolution, the other half from these by a 5×5 depthwise."""
    half, odd = divmod(c2, 2)
    if odd:
        raise ConvcostError(f"a `GhostConv` makes an even number of channels, not {c2}")
    first = m.conv(f"{name}.cv1", half, k, s, None, g, act=act)
    m.concat(f"{name}.concat", first, m.conv(f"{name}.cv2", half, 5, 1, None, half, act=act))


def ghost_bottleneck(m: Maker, name: str, *, c2: int, k: Pair = 3, s: int = 1) -> None:
    """Two Ghost convolutions around a depthwise that is there where the stride is 2, and what is beside them."""
    start, c1 = m.current, m.shape[0]
    ghost_conv(m, f"{name}.conv.0", c2=c2 // 2)
    if s == _DOWN:
        dw_conv(m, f"{name}.conv.1", c2=c2 // 2, k=k, s=s, act=False)
    ghost_conv(m, f"{name}.conv.2", c2=c2, act=False)
    end, m.current = m.current, start
    if s == _DOWN:
        dw_conv(m, f"{name}.shortcut.0", c2=c1, k=k, s=s, act=False)
        m.conv(f"{name}.shortcut.1", c2, act=False)
    m.add(f"{name}.add", end, m.current)


_DOWN = 2


def bottleneck(
    m: Maker,
    name: str,
    *,
    c2: int,
    shortcut: bool = True,
    g: int = 1,
    k: tuple[Pair, Pair] | None = None,
    e: float = 0.5,
) -> None:
    """Two convolutions, with ``e`` of the channels between them, and the input added where it has as many."""
    start, c1 = m.current, m.shape[0]
    first, second = m.unit_kernels if k is None else k
    m.conv(f"{name}.cv1", int(c2 * e), first)
    end = m.conv(f"{name}.cv2", c2, second, g=g)
    if shortcut and c1 == c2:
        m.add(f"{name}.add", start, end)
    m.blocks[name] = "Bottleneck"


class Unit(NamedTuple):
    """What the units of a block have in common."""

    shortcut: bool
    g: int = 1
    k: tuple[Pair, Pair] = (3, 3)
    e: float = 1.0


def _unit(m: Maker, name: str, c: int, like: Unit) -> str:
    bottleneck(m, name, c2=c, shortcut=like.shortcut, g=like.g, k=like.k, e=like.e)
    return m.current


def _units(m: Maker, name: str, n: int, c: int, like: Unit) -> None:
    for index in range(n):
        _unit(m, f"{name}.{index}", c, like)


def c1_block(m: Maker, name: str, *, c2: int, n: int = 1) -> None:
    """A 1×1, and n 3×3s to which it is added."""
    start = m.conv(f"{name}.cv1", c2)
    for index in range(n):
        m.conv(f"{name}.m.{index}", c2, 3)
    m.add(f"{name}.add", m.current, start)


def c2_block(m: Maker, name: str, *, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> None:
    """A 1×1 in two pieces, one of which goes through n units."""
    c = int(c2 * e)
    m.conv(f"{name}.cv1", 2 * c)
    through, beside = m.pieces(f"{name}.split", c, c)
    m.current = through
    _units(m, f"{name}.m", n, c, Unit(shortcut, g))
    m.concat(f"{name}.concat", m.current, beside)
    m.conv(f"{name}.cv2", c2)


def c2f_block(m: Maker, name: str, *, c2: int, n: int = 1, shortcut: bool = False, g: int = 1, e: float = 0.5) -> None:
    """The same with the outputs of all units, and both pieces, side by side."""
    c = int(c2 * e)
    m.conv(f"{name}.cv1", 2 * c)
    ends = m.pieces(f"{name}.split", c, c)
    for index in range(n):
        ends.append(_unit(m, f"{name}.m.{index}", c, Unit(shortcut, g)))
    m.concat(f"{name}.concat", *ends)
    m.conv(f"{name}.cv2", c2)


def c3_block(m: Maker, name: str, *, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> None:
    """Two 1×1s side by side, behind one of which stand n units of 1×1 and 3×3."""
    _c3(m, name, c2, n, Unit(shortcut, g, (1, 3)), e)


def c3x(m: Maker, name: str, *, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> None:
    """The same with 1×3 and 3×1."""
    _c3(m, name, c2, n, Unit(shortcut, g, ((1, 3), (3, 1))), e)


def c3_ghost(m: Maker, name: str, *, c2: int, n: int = 1, shortcut: bool = True, g: int = 1, e: float = 0.5) -> None:
    """The same with Ghost bottlenecks, to which ``shortcut`` and ``g`` say nothing."""
    del shortcut, g
    _c3(m, name, c2, n, None, e)


def _c3(m: Maker, name: str, c2: int, n: int, like: Unit | None, e: float) -> None:
    """``like`` are the units; without it they are Ghost bottlenecks."""
    start, c = m.current, int(c2 * e)
    m.conv(f"{name}.cv1", c)
    for index in range(n):
        unit = f"{name}.m.{index}"
        if like is not None:
            _unit(m, unit, c, like)
        else:
            ghost_bottleneck(m, unit, c2=c)
            m.blocks[unit] = "GhostBottleneck"
    end = m.current
    m.concat(f"{name}.concat", end, m.conv(f"{name}.cv2", c, takes=start))
    m.conv(f"{name}.cv3", c2)


def c3k2(
    m: Maker,
    name: str,
    *,
    c2: int,
    n: int = 1,
    c3k: bool = False,
    e: float = 0.5,
    attn: bool = False,
    g: int = 1,
    shortcut: bool = True,
) -> None:
    """C2f whose units are C3s of two units each, or units with attention behind them, or units."""
    c = int(c2 * e)
    m.conv(f"{name}.cv1", 2 * c)
    ends = m.pieces(f"{name}.split", c, c)
    like = Unit(shortcut, g, e=0.5)
    for index in range(n):
        unit = f"{name}.m.{index}"
        if attn:
            _unit(m, f"{unit}.0", c, like)
            psa_block(m, f"{unit}.1", max(c // _HEAD, 1))
        elif c3k:
            _c3(m, unit, c, 2, Unit(shortcut, g), 0.5)
            m.blocks[unit] = "C3k"
        else:
            _unit(m, unit, c, like)
        ends.append(m.current)
    m.concat(f"{name}.concat", *ends)
    m.conv(f"{name}.cv2", c2)


def c2psa(m: Maker, name: str, *, c2: int, n: int = 1, e: float = 0.5) -> None:
    """A 1×1 in two pieces, one of which goes through n blocks of attention."""
    if m.shape[0] != c2:
        raise ConvcostError(f"`C2PSA` keeps its {m.shape[0]} channels, it cannot make {c2}")
    c = int(c2 * e)
    m.conv(f"{name}.cv1", 2 * c)
    beside, _ = m.pieces(f"{name}.split", c, c)
    for index in range(n):
        psa_block(m, f"{name}.m.{index}", max(c // _HEAD, 1))
    m.concat(f"{name}.concat", beside, m.current)
    m.conv(f"{name}.cv2", c2)


# Channels of one head of attention.
_HEAD = 64
