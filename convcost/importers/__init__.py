"""Models of other frameworks as networks. An importer reads structure and shapes, and knows no cost.

Each module here has ``read(source, options) -> tuple[Network, ...]`` and raises SpecError for what it cannot
read. What an importer does not know becomes an `Uncounted` layer.
"""

import os
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

from convcost.errors import ConvcostError
from convcost.layers.base import Shape
from convcost.network import Network


class Options(NamedTuple):
    """What a source leaves open: shapes of inputs (by name, or of the only one), dimensions, arguments, a scale."""

    input: Shape | None = None
    inputs: Mapping[str, Shape] = {}
    dims: Mapping[str, int] = {}
    kwargs: Mapping[str, Any] = {}
    scale: str | None = None


AS_IT_IS = Options()

# A file by its suffix; `package.module:callable` is PyTorch's, and a YAML file with a `backbone` Ultralytics'.
_SUFFIXES = {".onnx": "onnx", ".json": "keras", ".keras": "keras"}
_CALLABLE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")


def importer_of(source: str) -> str | None:
    """The importer that reads a source, or none: then it is a spec of the network language.

    >>> importer_of("model.onnx"), importer_of("torchvision.models:resnet50"), importer_of("net.yaml")
    ('onnx', 'torch', None)
    """
    suffix = os.path.splitext(source)[1].lower()  # noqa: PTH122 - pathlib costs a tenth of the start
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if suffix in (".yaml", ".yml") and _has_backbone(source):
        return "ultralytics"
    return "torch" if _CALLABLE.match(source) and not source.startswith("zoo:") else None


def _has_backbone(path: str) -> bool:
    """Whether a YAML file has a `backbone`, which no spec of the network language has."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return re.search(rb"^backbone[ \t]*:", file.read(_HEAD), re.MULTILINE) is not None
    except (OSError, ValueError):
        return False


# Bytes of a file in which its top-level keys are looked for.
_HEAD = 2**20


def read(source: str, importer: str, options: Options = AS_IT_IS) -> tuple[Network, ...]:
    """The networks of a source, read by an importer.

    Raises SpecError for what cannot be read, and ConvcostError where an extra is missing.
    """
    module = import_module(f"convcost.importers.{importer}")
    found: tuple[Network, ...] = module.read(source, options)
    return found


def missing(extra: str, package: str) -> ConvcostError:
    """The error of a package that is not installed: says what to install."""
    return ConvcostError(f"`{package}` is not installed", hint=f"pip install 'convcost[{extra}]'")
