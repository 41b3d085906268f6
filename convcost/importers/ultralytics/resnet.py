"""The stages of a ResNet, as classifiers of Ultralytics have them."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.ultralytics.maker import Maker


def resnet_layer(
    m: Maker, name: str, *, c1: int, c2: int, s: int = 1, is_first: bool = False, n: int = 1, e: int = 4
) -> None:
    """The stem of a ResNet, or n bottlenecks that end with ``e`` times as many channels; the stride is the first's.

    A row says which channels it takes, and the width scales none of its numbers.
    """
    if m.shape[0] != c1:
        raise ConvcostError(f"`c1` of `ResNetLayer` is {c1}, but the row before has {m.shape[0]} channels")
    if is_first:
        m.conv(f"{name}.layer.0", c2, 7, 2, 3)
        m.assembly.append(f"{name}.layer.1", "max_pool", layers.MaxPool((3, 3), 2, 1))
        return
    for index in range(n):
        _block(m, f"{name}.layer.{index}", c2, e * c2, 1 if index else s)


def _block(m: Maker, name: str, c2: int, c3: int, s: int) -> None:
    start, c1 = m.current, m.shape[0]
    m.conv(f"{name}.cv1", c2)
    m.conv(f"{name}.cv2", c2, 3, s, 1)
    end = m.conv(f"{name}.cv3", c3, act=False)
    beside = start if s == 1 and c1 == c3 else m.conv(f"{name}.shortcut.0", c3, 1, s, act=False, takes=start)
    m.add(f"{name}.add", end, beside)
    m.assembly.append(f"{name}.act", "relu", layers.Activation("relu"))
    m.blocks[name] = "ResNetBlock"
