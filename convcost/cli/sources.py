"""What SPEC arguments mean: files, folders, patterns, and ``-`` for standard input."""

import sys
from glob import glob
from pathlib import Path

from convcost.errors import Problem, SpecError
from convcost.network import Network
from convcost.specs.read import load, loads

_SUFFIXES = (".yaml", ".yml")


def networks(specs: tuple[str, ...]) -> tuple[list[Network], list[SpecError]]:
    """All networks that can be read, in order, and the errors of the rest."""
    found: list[Network] = []
    errors: list[SpecError] = []
    for spec in specs:
        for path in _files(spec):
            try:
                found += loads(sys.stdin.buffer.read(), "-") if path == "-" else load(path)
            except SpecError as error:
                errors.append(error)
    return found, errors


def _files(spec: str) -> list[str]:
    if spec == "-":
        return [spec]
    path = Path(spec)
    try:
        if path.is_dir():
            inside = sorted(str(file) for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
            return inside or [spec]
        if not path.exists() and any(char in spec for char in "*?["):
            return sorted(glob(spec, recursive=True)) or [spec]  # noqa: PTH207 - the pattern may be absolute
    except (OSError, ValueError):
        pass
    return [spec]


def problems(errors: list[SpecError]) -> tuple[Problem, ...]:
    """All problems of several errors."""
    return tuple(problem for error in errors for problem in error.problems)
