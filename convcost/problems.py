"""What is wrong in a file, with its place, shown as a compiler shows it."""

from typing import NamedTuple

from convcost.characters import width
from convcost.errors import ConvcostError


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
        """The problem as people read it: message, place, the line itself, and what to do."""
        head = f"error: {self.message}"
        if not self.line:
            return head + (f" ({self.hint})" if self.hint else "")
        gutter = " " * len(str(self.line))
        text, caret = _window(self.excerpt, self.column, self.length)
        lines = [head, f"{gutter}--> {self.source}:{self.line}:{self.column}", f"{gutter} |"]
        lines += [f"{self.line} | {text}", f"{gutter} | {caret} {self.hint}".rstrip()]
        return "\n".join(lines)


class SpecError(ConvcostError):
    """A network spec that cannot be read, with all of its problems in the order of their places."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (not problem.line, problem.line, problem.column)))
        super().__init__("; ".join(problem.message for problem in self.problems))

    def shown(self) -> str:
        """Every problem in its frame."""
        return "\n\n".join(problem.frame() for problem in self.problems)

    __str__ = shown


_WINDOW = 96


def _window(line: str, column: int, length: int) -> tuple[str, str]:
    """The part of a long line around a column, and the carets below it."""
    line = "".join(char if char.isprintable() else " " for char in line)
    start = max(0, column - 1 - _WINDOW // 2) if len(line) > _WINDOW else 0
    shown = line[start : start + _WINDOW]
    lead, trail = "..." * (start > 0), "..." * (start + _WINDOW < len(line))
    before, marked = shown[: column - 1 - start], shown[column - 1 - start :][:length]
    return lead + shown + trail, " " * (len(lead) + width(before)) + "^" * max(1, width(marked))
