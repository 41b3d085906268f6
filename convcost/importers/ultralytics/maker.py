"""What the modules of Ultralytics are put together from: convolutions with their norms, sums, pieces of channels."""

from convcost import layers
from convcost.assembly import Around, Assembly
from convcost.layers.base import Shape, per_axis

# A number, or one for each of the two axes.
Pair = int | tuple[int, ...]


class Maker:
    """Puts modules behind each other; ``sources`` are the rows that the module at hand takes.

    ``act`` is the activation of convolutions, and ``unit_kernels`` are those of a `Bottleneck` that stands alone.
    """

    def __init__(self, shape: Shape, act: str, unit_kernels: tuple[Pair, Pair]) -> None:
        self.assembly = Assembly(shape)
        self.act, self.unit_kernels = act, unit_kernels
        self.sources: tuple[str, ...] = ()
        self.blocks: dict[str, str] = {}

    @property
    def current(self) -> str:
        """The layer that the next one takes."""
        return self.assembly.current

    @current.setter
    def current(self, name: str) -> None:
        self.assembly.current = name

    @property
    def shape(self) -> Shape:
        """What the next layer takes."""
        return self.assembly.shape

    def conv(
        self,
        name: str,
        c2: int,
        k: Pair = 1,
        s: Pair = 1,
        p: Pair | None = None,
        g: int = 1,
        d: Pair = 1,
        *,
        act: bool = True,
        takes: str = "",
    ) -> str:
        """A convolution without bias, its batch norm and its activation; the name of its end.

        Without ``p`` half of what the kernel spans is padded, rounded down.
        """
        self.current = takes or self.current
        c1 = self.shape[0]
        padding = _half(k, d) if p is None else p
        kind = "conv" if g == 1 else "depthwise" if g == c1 and c2 % c1 == 0 else "grouped"
        self.assembly.append(name, kind, layers.Conv(c1, c2, k, s, padding, d, g, dims=2))
        self.assembly.around(name, Around("batch", self.act if act else "none"))
        return self.current

    def plain(self, name: str, c2: int, k: Pair = 1, *, bias: bool = True) -> str:
        """A convolution alone."""
        layer = layers.Conv(self.shape[0], c2, k, padding=0, bias=bias, dims=2)
        self.assembly.append(name, "conv", layer)
        return self.current

    def add(self, name: str, *sources: str) -> str:
        """The sum of layers."""
        self.assembly.append(name, "add", layers.Add(), *sources)
        return self.current

    def concat(self, name: str, *sources: str) -> str:
        """The channels of layers side by side."""
        self.assembly.append(name, "concat", layers.Concat(), *sources)
        return self.current

    def pieces(self, name: str, *sizes: int) -> list[str]:
        """The channels here in pieces of these sizes."""
        source, begin, names = self.current, 0, []
        for index, size in enumerate(sizes):
            self.assembly.append(f"{name}.{index}", "split", layers.Slice(begin, begin + size), source)
            names.append(self.current)
            begin += size
        return names

    def permute(self, name: str, *order: int, takes: str = "") -> str:
        """The axes in another order."""
        self.assembly.append(name, "permute", layers.Permute(order), takes or self.current)
        return self.current

    def reshape(self, name: str, *shape: int, takes: str = "") -> str:
        """The same elements in another shape."""
        self.assembly.append(name, "reshape", layers.Reshape("reshape", shape), takes or self.current)
        return self.current

    def softmax(self, name: str) -> str:
        """A softmax along the last axis."""
        self.assembly.append(name, "softmax", layers.Activation("softmax", -1))
        return self.current


def _half(k: Pair, d: Pair) -> tuple[int, ...]:
    sizes = zip(per_axis("kernel_size", k, 2), per_axis("dilation", d, 2), strict=True)
    return tuple((size + (size - 1) * (rate - 1)) // 2 for size, rate in sizes)
