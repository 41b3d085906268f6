"""``convcost`` and ``python -m convcost``: the command line as a process of its own."""

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

# A run builds its tables once and ends: looking for cycles while modules load is a twentieth of the start.
gc.set_threshold(100_000)

from convcost.cli import main  # noqa: E402 - behind the threshold


def run() -> NoReturn:
    """Run the command line and end the process, leaving its memory to the system.

    Taking every module apart first would be a fifth of a short run, and there is nothing left to save.
    """
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    run()
