"""The errors of convcost: what a person can mend, and what is a fault of ours."""

from typing import Any


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

    def shown(self) -> str:
        """As a person reads it on a terminal."""
        return f"error: {self}"


class InternalError(Exception):
    """A fault of convcost itself: two ways to the same number disagree, or a state that cannot be."""


# Characters of a value that an error shows.
_SHOWN = 60


def describe(value: Any) -> str:
    """A value as an error shows it: short, whatever it is."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**24:
        return "a number of more than 24 digits"
    text = "x".join(map(str, value)) if isinstance(value, tuple) and value else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
