"""A layer's config: what it says, checked where it is asked for."""

from collections.abc import Mapping
from typing import Any

from convcost.errors import ConvcostError, describe
from convcost.layers.base import LARGEST

# As many axes as numpy and torch allow.
MOST_AXES = 64
_REQUIRED: Any = object()


class Config:
    """The fields of a layer, a pooling or a model, by their Keras names."""

    def __init__(self, fields: Any) -> None:
        self.fields: Mapping[str, Any] = fields if isinstance(fields, dict) else {}

    def get(self, key: str, default: Any = None) -> Any:
        """A field as it is."""
        return self.fields.get(key, default)

    def whole(self, key: str, default: Any = _REQUIRED, least: int = 1) -> int:
        """A whole number."""
        found = self._field(key, default)
        if type(found) is not int or not least <= found <= LARGEST:
            raise self._error(key, f"a whole number from {least}")
        return found

    def sizes(self, key: str, dims: int, default: Any = _REQUIRED, least: int = 1) -> tuple[int, ...]:
        """A whole number for each axis; one stands for all."""
        found = self._field(key, default)
        sizes = (found,) * dims if type(found) is int else found
        fits = isinstance(sizes, list | tuple) and len(sizes) == dims
        if not fits or not all(type(size) is int and least <= size <= LARGEST for size in sizes):
            raise self._error(key, f"a whole number from {least}, or {dims} of them")
        return tuple(sizes)

    def pairs(self, key: str, dims: int) -> tuple[tuple[int, int], ...]:
        """What is added or taken off at both ends of each axis, in any of Keras' spellings."""
        found = self._field(key, _REQUIRED)
        items = [found] * dims if type(found) is int else found
        if dims == 1 and isinstance(items, list) and len(items) == len("ab"):
            items = [items]
        fits = isinstance(items, list | tuple) and len(items) == dims
        pairs: list[Any] = [(item, item) if type(item) is int else item for item in items] if fits else [()]
        if not all(isinstance(pair, list | tuple) and len(pair) == len("ab") for pair in pairs):
            raise self._error(key, f"a number, or two for each of {dims} axes")
        if not all(type(size) is int and 0 <= size <= LARGEST for pair in pairs for size in pair):
            raise self._error(key, f"a number, or two for each of {dims} axes")
        return tuple((first, last) for first, last in pairs)

    def axes(self, key: str, default: Any) -> tuple[int, ...]:
        """One axis, or several."""
        found = self._field(key, default)
        axes = found if isinstance(found, list | tuple) else (found,)
        if not 0 < len(axes) <= MOST_AXES or not all(type(axis) is int for axis in axes):
            raise self._error(key, "an axis, or a list of them")
        return tuple(axes)

    def word(self, key: str, default: str, known: tuple[str, ...] = ()) -> str:
        """A word, one of those that are known."""
        found = self._field(key, default)
        if not isinstance(found, str) or (known and found not in known):
            raise self._error(key, f"one of {', '.join(known)}" if known else "a word")
        return found

    def flag(self, key: str, default: bool) -> bool:  # noqa: FBT001
        """True or false."""
        found = self._field(key, default)
        if not isinstance(found, bool):
            raise self._error(key, "true or false")
        return found

    def layers(self) -> list[Mapping[str, Any]]:
        """The layers of a model."""
        found = self.fields.get("layers")
        if not isinstance(found, list) or not all(isinstance(layer, dict) for layer in found):
            raise ConvcostError("a model without `layers`: only functional and sequential models tell what they are")
        return found

    def _field(self, key: str, default: Any) -> Any:
        found = self.fields.get(key)
        if found is None and default is _REQUIRED:
            raise ConvcostError(f"there is no `{key}`")
        return default if found is None else found

    def _error(self, key: str, wanted: str) -> ConvcostError:
        return ConvcostError(f"`{key}` must be {wanted}, got `{describe(self.fields.get(key))}`")


def home_of(entry: Mapping[str, Any]) -> str:
    """The module of a class of Keras; nothing for a class of somebody's own."""
    # Those are registered as `package>name`, or have another module, or none; Keras 2 names none at all.
    module = str(entry.get("module", "keras"))
    if ">" in str(entry.get("registered_name") or ""):
        return ""
    return module if module.split(".", maxsplit=1)[0] in ("keras", "tf_keras") else ""
