"""From the text of an expression to its tree: recursive descent within bounds."""

import re
from collections.abc import Callable
from typing import NamedTuple

from convcost.errors import describe
from convcost.expressions.tree import FUNCTIONS, LARGEST, Call, ExpressionError, Name, Tree, Value
from convcost.names import suggestion

MOST_CHARACTERS = 500
DEEPEST = 40

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?P<suffix>(?:[kKMGT]i?)?)(?![A-Za-z_0-9.])"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<operator>\*\*|//|<=|>=|==|!=|[-+*/%()<>=,]))"
)
_SUFFIXES = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SUFFIXES |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=", "=")
_WORDS = ("and", "or", "not", "true", "false")


class Token(NamedTuple):
    """A number, a name, an operator or the end, with its place in the text."""

    kind: str
    text: str
    start: int
    value: Value = 0


class Parser:
    """Recursive descent over the tokens, within a bound of depth."""

    def __init__(self, text: str, *, condition: bool) -> None:
        if len(text) > MOST_CHARACTERS:
            raise ExpressionError(f"an expression of more than {MOST_CHARACTERS} characters")
        self.condition = condition
        self.names: dict[Name, None] = {}
        self.tokens = _tokens(text, units=condition)
        self.next = 0
        self.depth = 0

    @property
    def _token(self) -> Token:
        return self.tokens[self.next]

    def _take(self, *words: str) -> Token | None:
        """The next token where it is one of these words."""
        token = self._token
        if token.kind == "number" or token.text not in words:
            return None
        self.next += 1
        return token

    def whole(self) -> Tree:
        """The tree of the whole text."""
        if self._token.kind == "end":
            raise ExpressionError("an empty expression")
        tree = self._either()
        if self._token.kind != "end":
            raise self._surprise()
        return tree

    def _either(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError(f"nested deeper than {DEEPEST} levels", self._token.start)
        tree = self._chain(self._both, ("or",) if self.condition else ())
        self.depth -= 1
        return tree

    def _both(self) -> Tree:
        return self._chain(self._negation, ("and",) if self.condition else ())

    def _negation(self) -> Tree:
        if self.condition and (token := self._take("not")):
            return Call("not", (self._deeper(self._negation),), token.start)
        return self._comparison()

    def _comparison(self) -> Tree:
        left = self._sum()
        if self.condition and (token := self._take(*_COMPARISONS)):
            return Call("==" if token.text == "=" else token.text, (left, self._sum()), token.start)
        return left

    def _sum(self) -> Tree:
        return self._chain(self._product, ("+", "-"))

    def _product(self) -> Tree:
        return self._chain(self._signed, ("*", "/", "//", "%"))

    def _chain(self, part: Callable[[], Tree], words: tuple[str, ...]) -> Tree:
        """Parts between operators that bind alike, to the left; the tree grows by one level for each."""
        tree, length = part(), 0
        while words and (token := self._take(*words)):
            length += 1
            if length > DEEPEST:
                raise ExpressionError(f"more than {DEEPEST} operations in a row", token.start)
            tree = Call(token.text, (tree, part()), token.start)
        return tree

    def _signed(self) -> Tree:
        if token := self._take("-"):
            return Call("-", (0, self._deeper(self._signed)), token.start)
        if self._take("+"):
            return self._deeper(self._signed)
        return self._atom()

    def _deeper(self, part: Callable[[], Tree]) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError(f"nested deeper than {DEEPEST} levels", self._token.start)
        tree = part()
        self.depth -= 1
        return tree

    def _atom(self) -> Tree:
        token = self._token
        self.next += 1
        if token.kind == "number":
            return token.value  # type: ignore[return-value]  # a number
        if token.kind == "name" and token.text in ("true", "false"):
            return token.text == "true"
        if token.kind == "name" and token.text not in _WORDS:
            if self._take("("):
                return self._call(token)
            name = Name(token.text, token.start)
            self.names[name] = None
            return name
        if token.text == "(" and token.kind == "operator":
            tree = self._either()
            self._close()
            return tree
        self.next -= 1
        raise self._surprise()

    def _call(self, token: Token) -> Tree:
        if token.text not in FUNCTIONS:
            hint = suggestion(token.text, FUNCTIONS, f"the functions are {', '.join(FUNCTIONS)}")
            raise ExpressionError(f"no function `{describe(token.text)}`", token.start, len(token.text), hint)
        operands = [self._either()]
        while self._take(","):
            operands.append(self._either())
        self._close()
        _, least, most = FUNCTIONS[token.text]
        if not least <= len(operands) <= most:
            takes = f"{least} number" if most == 1 else f"{least} to {most} numbers"
            raise ExpressionError(f"`{token.text}` takes {takes}, got {len(operands)}", token.start, len(token.text))
        return Call(token.text, tuple(operands), token.start)

    def _close(self) -> None:
        if not self._take(")"):
            if self._token.kind == "end":
                hint = "in flow style an expression with a comma needs quotes"
                raise ExpressionError("a bracket is not closed", self._token.start, 1, hint)
            raise self._surprise()

    def _surprise(self) -> ExpressionError:
        token = self._token
        if token.kind == "end":
            return ExpressionError("the expression ends too soon", token.start)
        hint = (_HINTS_OF_CONDITIONS if self.condition else _HINTS).get(token.text)
        return ExpressionError(f"`{token.text}` cannot stand here", token.start, len(token.text), hint)


_POWERS = {"**": "there are no powers: write a product"}
_HINTS = _POWERS | dict.fromkeys((*_COMPARISONS, "and", "or", "not"), "a number is wanted here, not a condition")
_HINTS_OF_CONDITIONS = _POWERS | dict.fromkeys(_COMPARISONS, "two numbers are compared by one of < <= > >= == !=")
_NO_NUMBER = re.compile(r"\.?[0-9][\w.]*")


def _tokens(text: str, *, units: bool) -> list[Token]:
    found = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            start = len(text) - len(text[place:].lstrip())
            if number := _NO_NUMBER.match(text, start):
                raise ExpressionError(f"`{describe(number[0])}` is no number", start, len(number[0]))
            raise ExpressionError(f"`{describe(text[start : start + 1])}` cannot stand in an expression", start)
        kind = match.lastgroup if match.lastgroup != "suffix" else "number"
        start = match.start(kind or 0)
        if kind == "number":
            suffix = match["suffix"]
            if suffix and not units:
                raise ExpressionError(f"`{match['number']}{suffix}` is no number", start, match.end() - start)
            found.append(Token("number", match[0].strip(), start, _number(match["number"], suffix, start)))
        else:
            found.append(Token(str(kind), match[0].strip(), start))
        place = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _number(text: str, suffix: str, start: int) -> int | float:
    """A whole number where it is one, however it is written."""
    if text.isdecimal() and text[0] == "0" and len(text) > 1:
        raise ExpressionError(
            f"`{text}` is read differently by different tools", start, len(text), f"write {int(text)}"
        )
    if len(text) > len(str(LARGEST)):
        raise ExpressionError("a number of too many digits", start, len(text))
    number: int | float = int(text) if text.isdecimal() else float(text)
    if suffix:
        number *= _SUFFIXES[suffix]
    if number > LARGEST:
        raise ExpressionError("a number that is too large", start, len(text))
    return int(number) if (suffix or "e" in text.lower()) and number == int(number) else number
