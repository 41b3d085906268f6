"""What SPEC arguments mean: files, folders, patterns, networks of the zoo, and ``-`` for standard input."""

import os
import re
import sys
from collections.abc import Callable
from typing import Any

import click

from convcost import zoo
from convcost.errors import ConvcostError, describe
from convcost.names import closest
from convcost.network import Network
from convcost.problems import Problem, SpecError
from convcost.specs.document import MOST_BYTES
from convcost.specs.header import AS_WRITTEN, Overrides
from convcost.specs.read import load, loads
from convcost.specs.values import shape_of

_SUFFIXES = (".yaml", ".yml")


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--set --input``, for every command that reads networks."""
    for option in reversed(
        (
            click.option(
                "--set", "set_", metavar="VAR=VALUE", multiple=True, help="A var of the spec; may be repeated."
            ),
            click.option("--input", "input_", metavar="SHAPE", help="Input instead of the spec's, such as 3x192x192."),
        )
    ):
        command = option(command)
    return command


def overrides(set_: tuple[str, ...], input_: str | None) -> Overrides:
    """``--set`` and ``--input``."""
    given: dict[str, Any] = {}
    for text in set_:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ConvcostError(f"--set must be like alpha=0.75, got `{describe(text)}`")
        if name in given:
            raise ConvcostError(f"--set {name} stands twice", hint="leave one out")
        given[name] = set_value(name, value)
    try:
        shape = shape_of(input_) if input_ is not None else None
    except ConvcostError as error:
        raise ConvcostError(error.message.replace("`input`", "--input"), hint=error.hint) from None
    return Overrides(given, shape)


def set_value(name: str, text: str) -> Any:
    """The value of a var: a number, true or false, arithmetic such as 3/4, or a word."""
    from convcost.expressions import Expression, ExpressionError

    try:
        return Expression(text).value({})
    except ExpressionError as error:
        if _WORD.match(text):
            return text
        raise ConvcostError(f"--set {name}: {error.message} in `{describe(text)}`", hint=error.hint) from None


_WORD = re.compile(r"[A-Za-z_][\w.]*$", re.ASCII)


def networks(specs: tuple[str, ...], replaced: Overrides = AS_WRITTEN) -> tuple[list[Network], list[SpecError]]:
    """All networks that can be read, in order, and the errors of the rest."""
    found: list[Network] = []
    errors: list[SpecError] = []
    for spec in specs:
        for path in _files(spec):
            try:
                found += loads(_stdin(), "-", replaced) if path == "-" else _load(path, replaced)
            except SpecError as error:
                errors.append(error)
    return found, errors


def one_network(spec: str, replaced: Overrides = AS_WRITTEN) -> Network:
    """The one network that a SPEC means; raises ConvcostError where it cannot be read, or means several."""
    found, errors = networks((spec,), replaced)
    if errors:
        raise errors[0]
    if len(found) != 1:
        names = ", ".join(network.name for network in found[:5])
        raise ConvcostError(
            f"{spec} means {len(found)} networks, one is wanted", hint=names or "no .yaml file is in it"
        )
    return found[0]


def _load(path: str, replaced: Overrides) -> tuple[Network, ...]:
    if os.path.lexists(path) or path.startswith(zoo.PREFIX):
        return load(path, replaced)
    known = zoo.names()
    if path in known:
        return load(zoo.PREFIX + path, replaced)
    guess = closest(path, known) if os.sep not in path else None
    hint = f"did you mean `{guess}` of the zoo?" if guess else "no file, and no network of the zoo"
    raise SpecError((Problem(f"{path}: no such file or directory", path, hint=hint),))


def _stdin() -> bytes:
    if sys.stdin is None:
        raise SpecError((Problem("-: standard input is closed", "-"),))
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def _files(spec: str) -> list[str]:
    if spec == "-" or os.path.isfile(spec):  # noqa: PTH113 - pathlib costs a tenth of the start
        return [spec]
    if os.path.isdir(spec):  # noqa: PTH112
        from pathlib import Path

        inside = (file for file in Path(spec).rglob("*") if file.suffix in _SUFFIXES and file.is_file())
        return sorted(map(str, inside)) or [spec]
    if "\0" not in spec and any(char in spec for char in "*?["):
        from glob import glob

        return sorted(glob(spec, recursive=True)) or [spec]  # noqa: PTH207 - the pattern may be absolute
    return [spec]


def problems(errors: list[SpecError]) -> tuple[Problem, ...]:
    """All problems of several errors."""
    return tuple(problem for error in errors for problem in error.problems)
