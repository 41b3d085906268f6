"""A bar on stderr for what takes longer than a second, where a person can see it."""

import sys
import time
from collections.abc import Iterator
from typing import Any, Self

_PATIENCE = 1.0
_PAUSE = 0.2
_WIDTH = 30


class Progress:
    """How much of a number of steps is done; the bar is wiped when it ends, however it ends."""

    def __init__(self, steps: int, hint: str = "") -> None:
        self.steps, self.done, self.hint = max(1, steps), 0, hint
        self._start = time.monotonic()
        self._next = self._start + _PATIENCE
        self._shown = False
        self._seen = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def advance(self, steps: int) -> None:
        """Some steps more are done."""
        self.done += steps
        now = time.monotonic()
        if self._seen and now >= self._next:
            self._next = now + _PAUSE
            self._shown = True
            sys.stderr.write("\r" + self._line(now - self._start) + "\x1b[K")
            sys.stderr.flush()

    def _line(self, passed: float) -> str:
        part = min(1.0, self.done / self.steps)
        bar = "#" * int(part * _WIDTH)
        left = passed / part - passed if part else 0.0
        return f"[{bar:{_WIDTH}}] {part:4.0%} of {self.steps:,}, {left:,.0f} s left{self.hint}"

    def wipe(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def quiet_on_tty(self, rows: Iterator[Any], output: str | None) -> Iterator[Any]:
        """Rows that go to the terminal themselves show how far it is: no bar between them."""
        if not output and sys.stdout is not None and sys.stdout.isatty():
            self._seen = False
        return rows
