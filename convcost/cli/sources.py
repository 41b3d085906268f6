"""What SPEC arguments mean: files, folders, patterns, and ``-`` for standard input."""

import os
import sys

from convcost.network import Network
from convcost.problems import Problem, SpecError
from convcost.specs.document import MOST_BYTES
from convcost.specs.read import load, loads

_SUFFIXES = (".yaml", ".yml")


def networks(specs: tuple[str, ...]) -> tuple[list[Network], list[SpecError]]:
    """All networks that can be read, in order, and the errors of the rest."""
    found: list[Network] = []
    errors: list[SpecError] = []
    for spec in specs:
        for path in _files(spec):
            try:
                found += loads(_stdin(), "-") if path == "-" else load(path)
            except SpecError as error:
                errors.append(error)
    return found, errors


def _stdin() -> bytes:
    if sys.stdin is None:
        raise SpecError((Problem("-: standard input is closed", "-"),))
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def _files(spec: str) -> list[str]:
    if spec == "-" or os.path.isfile(spec):  # noqa: PTH113 - pathlib costs a tenth of the start
        return [spec]
    from glob import glob
    from pathlib import Path

    if os.path.isdir(spec):  # noqa: PTH112
        inside = (file for file in Path(spec).rglob("*") if file.suffix in _SUFFIXES and file.is_file())
        return sorted(map(str, inside)) or [spec]
    if "\0" not in spec and any(char in spec for char in "*?["):
        return sorted(glob(spec, recursive=True)) or [spec]  # noqa: PTH207 - the pattern may be absolute
    return [spec]


def problems(errors: list[SpecError]) -> tuple[Problem, ...]:
    """All problems of several errors."""
    return tuple(problem for error in errors for problem in error.problems)
