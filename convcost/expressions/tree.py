"""What an expression is made of, and how it is computed."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, describe
from convcost.names import row, suggestion

Value = int | float | bool | str

LARGEST = 10**24


class ExpressionError(ConvcostError):
    """What is wrong in an expression, with where it starts in the text and how long it is."""

    def __init__(self, message: str, start: int = 0, length: int = 1, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.start, self.length = start, length


def round8(value: float) -> int:
    """The nearest multiple of 8, at least 8 and never under 90 % of the value.

    In floats, as the MobileNets compute it. Source: ``make_divisible`` of the TensorFlow models.

    >>> round8(32 * 0.75), round8(11), round8(3)
    (24, 16, 8)
    """
    nearest = max(8, int(value + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * value else nearest


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (lambda *numbers: min(numbers), 1, 20),
    "max": (lambda *numbers: max(numbers), 1, 20),
    "ceil": (math.ceil, 1, 1),
    "floor": (math.floor, 1, 1),
    "round": (round, 1, 1),
    "round8": (round8, 1, 1),
}


def _divide(a: float, b: float) -> float:
    """Exact where whole numbers divide."""
    return a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else a / b


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


# Operator or function, its operands, and where it stands; or a name; or a constant.
class Call(NamedTuple):
    """An operation on parts of the expression."""

    word: str
    operands: "tuple[Tree, ...]"
    start: int


class Name(NamedTuple):
    """A name that the scope has to give."""

    text: str
    start: int


Tree = Call | Name | int | float | bool


# Operators whose value is true or false.
DECISIONS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")


def unknown(name: Name, known: tuple[str, ...]) -> ExpressionError:
    """The error of a name that is none of the known."""
    if name.text in FUNCTIONS:
        hint = f"it is a function: {name.text}(…)"
    else:
        listed = f"known here: {row(known)}" if known else "no name is known here"
        hint = suggestion(name.text, (*known, *FUNCTIONS), listed)
    return ExpressionError(f"unknown name `{describe(name.text)}`", name.start, len(name.text), hint)


def compute(tree: Tree, scope: Mapping[str, Value]) -> Value:
    """The value of a tree for the names of a scope; raises ExpressionError."""
    if isinstance(tree, Name):
        if tree.text not in scope:
            raise unknown(tree, tuple(scope))
        return scope[tree.text]
    if not isinstance(tree, Call):
        return tree
    if tree.word in ("and", "or", "not"):
        return _logic(tree, scope)
    operands = [compute(part, scope) for part in tree.operands]
    for operand in operands:
        if not is_number(operand) and not (isinstance(operand, str | bool) and tree.word in ("==", "!=")):
            raise ExpressionError(f"`{tree.word}` needs numbers, got {_shown(operand)}", tree.start, len(tree.word))
    try:
        found = FUNCTIONS[tree.word][0](*operands) if tree.word in FUNCTIONS else _OPERATORS[tree.word](*operands)
    except ZeroDivisionError:
        raise ExpressionError("a division by zero", tree.start, len(tree.word)) from None
    except (OverflowError, ValueError):
        raise ExpressionError("the result is too large", tree.start, len(tree.word)) from None
    if not isinstance(found, bool) and not -LARGEST <= found <= LARGEST:
        raise ExpressionError("the result is too large", tree.start, len(tree.word))
    return found  # type: ignore[no-any-return]


def is_number(value: Value) -> bool:
    """Whether a value is a number, which a truth value is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "a list" if isinstance(value, tuple) else f"`{describe(value)}`"


def _logic(tree: Call, scope: Mapping[str, Value]) -> bool:
    truths = (_truth(compute(part, scope), tree) for part in tree.operands)
    return not next(truths) if tree.word == "not" else all(truths) if tree.word == "and" else any(truths)


def _truth(value: Value, tree: Call) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"`{tree.word}` needs conditions, got {_shown(value)}", tree.start, len(tree.word))
    return value
