"""The errors of convcost: what a person can mend, and what is a fault of ours."""

from typing import Any, NamedTuple


class ConvcostError(ValueError):
    """Input that cannot be used: says which field, which value, and what would do.

    ``field`` is the long name of the field at fault (``in_channels``), where one is; ``hint`` is how
    to mend it. Who read the field knows the place (a flag, a line of a file) and adds it.
    """

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InternalError(Exception):
    """A fault of convcost itself: two ways to the same number disagree, or a state that cannot be."""


class Problem(NamedTuple):
    """One thing wrong in a file, with its place; lines and columns count from 1, 0 is unknown."""

    message: str
    source: str
    line: int = 0
    column: int = 0
    length: int = 1
    excerpt: str = ""
    hint: str = ""

    def frame(self) -> str:
        """The problem as a compiler shows it: message, place, the line itself, and what to do."""
        head = f"error: {self.message}"
        if not self.line:
            return head + (f" ({self.hint})" if self.hint else "")
        gutter = " " * len(str(self.line))
        text, caret = _window(self.excerpt, self.column, self.length)
        lines = [head, f"{gutter}--> {self.source}:{self.line}:{self.column}", f"{gutter} |"]
        lines += [f"{self.line} | {text}", f"{gutter} | {caret} {self.hint}".rstrip()]
        return "\n".join(lines)


class SpecError(ConvcostError):
    """A network spec that cannot be read, with all of its problems."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("; ".join(problem.message for problem in self.problems))

    def __str__(self) -> str:
        return "\n\n".join(problem.frame() for problem in self.problems)


_WINDOW = 96


def _window(line: str, column: int, length: int) -> tuple[str, str]:
    """The part of a long line around a column, and the carets below it."""
    line = "".join(char if char.isprintable() else " " for char in line)
    start = max(0, column - 1 - _WINDOW // 2) if len(line) > _WINDOW else 0
    shown = line[start : start + _WINDOW]
    lead, trail = "..." * (start > 0), "..." * (start + _WINDOW < len(line))
    offset = len(lead) + column - 1 - start
    carets = max(1, min(length, len(shown) - (column - 1 - start)))
    return lead + shown + trail, " " * offset + "^" * carets


def describe(value: Any) -> str:
    """A value as an error shows it: short, whatever it is."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**24:
        return "a number of more than 24 digits"
    text = "x".join(map(str, value)) if isinstance(value, tuple) and value else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
