"""Norms. Moving statistics, and means and variances that a model is given, are no parameters."""

from math import prod

from convcost import layers
from convcost.importers.keras.builder import Builder, Site
from convcost.layers.base import Layer
from convcost.layers.traced import Learnt


def batch(b: Builder, site: Site) -> None:
    """Batch norm, over the channels as a rule."""
    channels = b.shape[0]
    places = [b.axis(axis, len(b.shape)) for axis in site.config.axes("axis", -1)]
    if places == [0]:
        _affine(b, site, "batch_norm", layers.BatchNorm(channels), layers.BatchNorm(channels, affine=False))
    else:
        _other(b, site, "batch_norm", prod(b.shape[place] for place in places))


def layer(b: Builder, site: Site) -> None:
    """Layer norm, over the channels or all that follows an axis."""
    shape = b.shape
    places = sorted(b.axis(axis, len(shape)) for axis in site.config.axes("axis", -1))
    if site.config.get("rms_scaling"):
        # It has a scale and no shift, whatever is said of them.
        b.put(site.name, "rms_norm", Learnt("rms_norm", shape, prod(shape[place] for place in places)))
    elif places == [0] and len(shape) > 1:
        normed = (layers.LayerNorm(shape[0], affine, channels_first=True) for affine in (True, False))
        _affine(b, site, "layer_norm", *normed)
    elif places == [*range(places[0], len(shape))] and site.config.flag("scale", default=True) == site.config.flag(
        "center", default=True
    ):
        b.put(site.name, "layer_norm", layers.LayerNorm(shape[places[0] :], site.config.flag("scale", default=True)))
    else:
        _other(b, site, "layer_norm", prod(shape[place] for place in places))


def group(b: Builder, site: Site) -> None:
    """Group norm; with -1 groups, one for each channel."""
    channels = b.shape[0]
    (place,) = [b.axis(axis, len(b.shape)) for axis in site.config.axes("axis", -1)][:1]
    groups = site.config.get("groups", 32)
    if place:
        _other(b, site, "group_norm", b.shape[place])
        return
    number = channels if groups == -1 else site.config.whole("groups", 32)
    normed = (layers.GroupNorm(channels, affine, number) for affine in (True, False))
    _affine(b, site, "group_norm", *normed)


def rms(b: Builder, site: Site) -> None:
    """RMS norm: a factor for each element along its axes."""
    places = [b.axis(axis, len(b.shape)) for axis in site.config.axes("axis", -1)]
    b.put(site.name, "rms_norm", Learnt("rms_norm", b.shape, prod(b.shape[place] for place in places)))


def _affine(b: Builder, site: Site, kind: str, both: Layer, none: Layer) -> None:
    """A norm with scale and shift, with neither, or with one of them: then a factor for each channel stands behind."""
    scale, center = site.config.flag("scale", default=True), site.config.flag("center", default=True)
    b.put(site.name, kind, both if scale and center else none)
    if scale != center:
        b.put(f"{site.name}.{'scale' if scale else 'shift'}", "scale", layers.Scale(b.shape[0]))


def _other(b: Builder, site: Site, kind: str, elements: int) -> None:
    """A norm along other axes, with so many scales and shifts."""
    numbers = site.config.flag("scale", default=True) + site.config.flag("center", default=True)
    b.put(site.name, kind, Learnt(kind, b.shape, numbers * elements))
