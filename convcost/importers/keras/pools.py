"""Pools, and what changes the size of a map."""

from convcost import layers
from convcost.importers.keras.builder import Builder, Site
from convcost.importers.keras.convolutions import same
from convcost.layers.resize import MODES


def pool(b: Builder, site: Site, dims: int) -> None:
    """A max or average pool; the average is of what lies inside."""
    config = site.config
    kernel = config.sizes("pool_size", dims, 2)
    stride = config.sizes("strides", dims, kernel)
    fill = config.word("padding", "valid", ("valid", "same")) == "same"
    pads = same(b.shape, kernel, stride, (1,) * dims) if fill else ((0, 0),) * dims
    if site.word.startswith("Max"):
        b.put(site.name, "max_pool", layers.MaxPool(kernel, stride, pads))
    else:
        b.put(site.name, "avg_pool", layers.AvgPool(kernel, stride, pads, count_include_pad=not fill))


def overall(b: Builder, site: Site) -> None:
    """The average or the largest of each channel."""
    keeps = site.config.flag("keepdims", default=False)
    name = site.name if keeps else f"{site.name}.pool"
    if "Max" in site.word:
        b.put(name, "adaptive_max_pool", layers.AdaptiveMaxPool(1))
    else:
        b.put(name, "global_avg_pool", layers.GlobalAvgPool())
    if not keeps:
        b.put(f"{site.name}.flatten", "flatten", layers.Flatten())
        b.blocks[site.name] = "global_max_pool" if "Max" in site.word else "global_avg_pool"


def adaptive(b: Builder, site: Site, dims: int) -> None:
    """A pool to a given size."""
    size = site.config.sizes("output_size", dims)
    if "Max" in site.word:
        b.put(site.name, "adaptive_max_pool", layers.AdaptiveMaxPool(size))
    else:
        b.put(site.name, "adaptive_avg_pool", layers.AdaptiveAvgPool(size))


def pad(b: Builder, site: Site, dims: int) -> None:
    """Zeros around each axis."""
    b.put(site.name, "pad", layers.Pad(site.config.pairs("padding", dims)))


def crop(b: Builder, site: Site, dims: int) -> None:
    """Elements taken off each axis."""
    b.put(site.name, "crop", layers.Crop(site.config.pairs("cropping", dims)))


def upsample(b: Builder, site: Site, dims: int) -> None:
    """Upsampling by whole factors."""
    factors = site.config.sizes("size", dims, 2)
    mode = site.config.word("interpolation", "nearest")
    if mode in MODES:
        b.put(site.name, "upsample", layers.Upsample(factors if len(set(factors)) > 1 else factors[0], mode=mode))
    else:
        shape = tuple(size * factor for size, factor in zip(b.shape[1:], factors, strict=True))
        b.given(site.name, "upsample", (b.shape[0], *shape))


def resize(b: Builder, site: Site) -> None:
    """A map of a given size: resized, or cropped."""
    size = (site.config.whole("height"), site.config.whole("width"))
    mode = site.config.word("interpolation", "bilinear")
    if site.word == "Resizing" and mode in MODES:
        b.put(site.name, "upsample", layers.Upsample(size=size, mode=mode))
    else:
        b.given(site.name, site.word.lower(), (b.shape[0], *size))
