"""What a value must be, and values that wait for the scope of their line."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from convcost.assembly import NORMS
from convcost.errors import ConvcostError, describe
from convcost.expressions import Expression, ExpressionError
from convcost.layers.base import LARGEST, count
from convcost.names import suggestion
from convcost.specs import language
from convcost.specs.document import Place
from convcost.specs.language import Key

# What a number, a truth value or a word must be, by what its key holds; the check raises ConvcostError.
WANTED = {
    language.COUNT: "a whole number",
    language.PER_AXIS: "a whole number",
    language.PADDING: "a number, `same` or `valid`",
    language.FLAG: "true or false",
    language.RATE: "a number",
    language.FACTOR: "a number",
    language.SIZES: "a whole number",
    language.SPAN: "a whole number",
    language.PART: "a number",
    language.SHARED: "true, false or `weights`",
}
_NAMES = (language.NAME, language.NAMES)
# What a var or a parameter may give as a list.
_LISTS = (language.PER_AXIS, language.PADDING, language.FACTOR, language.SIZES, language.VALUE)
WHOLE = (language.COUNT, language.PER_AXIS, language.PADDING, language.SIZES, language.SPAN)
WORDS = {
    language.NORM: ("none", *NORMS),
    language.ACT: ("none", *language.ACTIVATIONS),
    language.PADDING: ("same", "valid"),
    language.PART: ("none",),
    language.SHARED: ("weights",),
    **language.CHOICES,
}


class MisfitError(ConvcostError):
    """What an expression comes to does not fit; ``place`` is where it is written."""

    def __init__(self, error: ConvcostError, place: Place) -> None:
        super().__init__(error.message, field=error.field, hint=error.hint)
        self.place = place


class Later(NamedTuple):
    """A value that is computed when its line is built."""

    expression: Expression
    name: str
    key: Key
    place: Place

    def settle(self, scope: Mapping[str, Any]) -> Any:
        """The value in a scope; raises MisfitError, with the field, where it does not fit."""
        try:
            return self._settled(scope)
        except ConvcostError as error:
            raise MisfitError(error, self.place) from None

    def _settled(self, scope: Mapping[str, Any]) -> Any:
        try:
            found = self.expression.value(scope)
        except ExpressionError as error:
            raise ConvcostError(
                f"`{self.name}`: {error.message} in `{self.expression.text}`", field=self.name, hint=error.hint
            ) from None
        if self.key.holds in _NAMES and not isinstance(found, str | tuple):
            # A layer may be called as a number is that the spec has.
            return self.expression.text
        if isinstance(found, tuple) and self.key.holds not in _LISTS:
            shown = describe(list(found))
            message = f"`{self.name}` takes one value, `{self.expression.text}` is the list {shown}"
            raise ConvcostError(message, field=self.name)
        items = found if isinstance(found, tuple) else (found,)
        for item in items:
            check(self.name, item, self.key, f", `{self.expression.text}` is `{describe(item)}`")
        whole = tuple(map(_whole, items)) if self.key.holds in (*WHOLE, language.PART) else items
        return whole if isinstance(found, tuple) else whole[0]


def settle(value: Any, scope: Mapping[str, Any]) -> Any:
    """A value with everything settled that waited for the scope."""
    if isinstance(value, Later):
        return value.settle(scope)
    if type(value) is not tuple:
        return value
    found = tuple(settle(item, scope) for item in value)
    for item, settled in zip(value, found, strict=True):
        if isinstance(item, Later) and isinstance(settled, tuple):
            error = ConvcostError(f"`{item.name}` takes one value in a list, got {describe(list(settled))}")
            raise MisfitError(error, item.place)
    return found


def waits(value: Any) -> bool:
    """Whether anything of a value has to be settled."""
    return isinstance(value, Later) or (type(value) is tuple and any(map(waits, value)))


def check(name: str, found: Any, key: Key, but: str = "") -> None:
    """Raise ConvcostError for a value that its key does not take; ``but`` says what was computed."""
    holds = key.holds
    if holds in WORDS and isinstance(found, str):
        _check_word(name, found, WORDS[holds], holds)
    elif holds in _TEXTS:
        if not isinstance(found, str):
            raise ConvcostError(f"`{name}` must be a word{but or _got(found)}", field=name)
    elif holds in _TRUTHS:
        if not isinstance(found, bool):
            raise ConvcostError(f"`{name}` must be true or false{but or _got(found)}", field=name)
    elif holds in WHOLE:
        _check_whole(name, found, key, but)
    elif holds != language.VALUE:
        _check_number(name, found, holds, but)


def _got(found: Any) -> str:
    return f", got `{describe(str(found).lower() if isinstance(found, bool) else found)}`"


_TEXTS = (*language.CHOICES, language.NORM, language.ACT, language.TEXT, language.NAME, language.NAMES)
_TRUTHS = (language.FLAG, language.CONDITION, language.SHARED)


def _check_whole(name: str, found: Any, key: Key, but: str) -> None:
    if found is None and key.holds == language.SIZES:
        return
    if isinstance(found, float) and not (but and float(found).is_integer()):
        raise ConvcostError(f"`{name}` must be a whole number{but or f', got `{found}`'}", field=name, hint=_ROUND)
    if but and isinstance(found, str | bool):
        raise ConvcostError(f"`{name}` must be a whole number{but}", field=name)
    count(name, _whole(found), 0 if key.holds == language.PADDING else key.least)


def _check_number(name: str, found: Any, holds: str, but: str) -> None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ConvcostError(f"`{name}` must be a number{but or _got(found)}", field=name)
    if holds == language.RATE and not 0 <= found <= 1:
        raise ConvcostError(f"`{name}` must be between 0 and 1{but or _got(found)}", field=name)
    if holds == language.PART and not (0 < found < 1 or (1 <= found <= LARGEST and found == int(found))):
        raise ConvcostError(f"`{name}` must be channels, or a part between 0 and 1{but or _got(found)}", field=name)


_ROUND = "round8(…), floor(…) or ceil(…) make it whole"


def _check_word(name: str, found: str, known: tuple[str, ...], holds: str) -> None:
    if found in known:
        return
    if holds in WANTED:
        hint = f"did you mean `{found.lower()}`?" if found.lower() in known else None
        message = f"`{name}` must be {WANTED[holds]}, got `{describe(found)}`"
    else:
        hint = suggestion(found, known, f"one of {', '.join(known)}")
        message = f"`{name}` cannot be `{describe(found)}`"
    raise ConvcostError(message, field=name, hint=hint)


def _whole(number: Any) -> Any:
    """32.0 as 32; what is no number as it is."""
    return int(number) if isinstance(number, float) and number.is_integer() else number
