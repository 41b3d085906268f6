"""Arithmetic that people write: ``round8(32*alpha)``, ``c1 // 4``, ``params < 50k and macs < 10M``.

One small parser for specs, rules and conditions. There is no `eval`, no attribute and no name outside the
scope that is handed in; lengths, depths and sizes are bounded.
"""

from collections.abc import Mapping
from typing import Any

from convcost.expressions.parser import Parser
from convcost.expressions.tree import DECISIONS, Call, ExpressionError, Name, Tree, Value, compute, round8, unknown

__all__ = ["Expression", "ExpressionError", "Name", "Tree", "Value", "round8"]


class Expression:
    """An expression that was read, and can be computed for the names of a scope.

    A ``condition`` has comparisons, ``and``, ``or`` and ``not``, and units (``50k``, ``10M``, ``256Ki``).
    Raises ExpressionError for what is none.

    >>> Expression("round8(32*alpha)").value({"alpha": 0.75})
    24
    >>> Expression("params < 50k and g == 1", condition=True).value({"params": 49_999, "g": 1})
    True
    """

    __slots__ = ("names", "text", "tree")

    def __init__(self, text: str, *, condition: bool = False) -> None:
        self.text = text
        parser = Parser(text, condition=condition)
        self.tree = parser.whole()
        self.names = tuple(parser.names)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def require(self, known: "tuple[str, ...] | Mapping[str, Any]") -> None:
        """Raise ExpressionError for a name that is not known."""
        for name in self.names:
            if name.text not in known:
                raise unknown(name, tuple(known))

    def value(self, scope: Mapping[str, Value]) -> Value:
        """The value in a scope; raises ExpressionError for what cannot be computed."""
        return compute(self.tree, scope)

    def require_truth(self) -> None:
        """Raise ExpressionError where the value is a number, and so decides nothing."""
        decides = isinstance(self.tree, bool) or (isinstance(self.tree, Call) and self.tree.word in DECISIONS)
        if not decides:
            raise ExpressionError(f"`{self.text}` is a number, and no condition", 0, len(self.text), "compare it")
