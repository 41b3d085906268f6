"""What rows are sorted by: numbers from the largest, words from A, the other way round behind a minus."""

from collections.abc import Mapping
from typing import Any

from convcost.expressions import Expression, Name


class Key:
    """An expression to sort by. The smallest of its values comes first; ``turned`` is for a minus before a name."""

    __slots__ = ("expression", "text", "turned")

    def __init__(self, expression: Expression, text: str = "", *, turned: bool = False) -> None:
        self.expression, self.text, self.turned = expression, text or expression.text, turned

    @property
    def names(self) -> tuple[Name, ...]:
        """The names that a scope has to give."""
        return self.expression.names

    def require(self, known: tuple[str, ...]) -> None:
        """Raise ExpressionError for a name that is not known."""
        self.expression.require(known)

    def value(self, scope: Mapping[str, Any]) -> Any:
        """What a row is sorted by; raises ExpressionError for what cannot be computed."""
        found = self.expression.value(scope)
        if isinstance(found, str):
            return Word(found, turned=self.turned)
        return found if self.turned else -found


class Word:
    """A word in an order, behind all numbers."""

    __slots__ = ("text", "turned")

    def __init__(self, text: str, *, turned: bool = False) -> None:
        self.text, self.turned = text, turned

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Word) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Word):
            return False
        return other.text < self.text if self.turned else self.text < other.text

    def __gt__(self, other: Any) -> bool:
        return not isinstance(other, Word) or other < self
