"""What SPEC arguments mean: files, folders, patterns, networks of the zoo, models of frameworks, standard input."""

import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple

import click

from convcost import zoo
from convcost.cli.strict import noted, strict_option
from convcost.cli.values import whole
from convcost.errors import ConvcostError, describe
from convcost.layers.base import Shape
from convcost.names import closest
from convcost.network import Network
from convcost.problems import Problem, SpecError
from convcost.specs.document import MOST_BYTES
from convcost.specs.header import AS_WRITTEN, Overrides
from convcost.specs.read import load, loads
from convcost.specs.values import shape_of

_SUFFIXES = (".yaml", ".yml")
# The last words of the help of every command that reads networks.
SOURCES = (
    "A network is a file of the network language, a folder of .yaml files, a pattern, a name of the zoo, - for standard"
    " input, or a model of a framework: .onnx, .json, .keras, an Ultralytics .yaml, or module:callable of PyTorch."
    " Naming module:callable imports the module and runs its code."
)


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--set --input --strict``, and what models of frameworks leave open, for commands that read networks."""

    @wraps(command)
    def reading(*arguments: Any, dim: tuple[str, ...], kwargs: tuple[str, ...], scale: str | None, **rest: Any) -> Any:
        click.get_current_context().meta[_OPEN] = (dim, kwargs, scale)
        return command(*arguments, **rest)

    shape = "Input instead of the spec's, such as 3x192x192; NAME=SHAPE where a model has several."
    named = strict_option(reading)
    for option in reversed(
        (
            click.option(
                "--set", "set_", metavar="VAR=VALUE", multiple=True, help="A var of the spec; may be repeated."
            ),
            click.option("--input", "input_", metavar="SHAPE", help=shape),
            click.option("--dim", metavar="NAME=N", multiple=True, help="A dimension that an ONNX file leaves open."),
            click.option(
                "--kwargs", metavar="KEY=VALUE", multiple=True, help="An argument of a module:callable, which is run."
            ),
            click.option("--scale", metavar="LETTER", help="Of an Ultralytics YAML: n, s, m, l or x."),
        )
    ):
        named = option(named)
    return named


# What --dim, --kwargs and --scale say, in click's context.
_OPEN = "convcost.open"


class Replaced(NamedTuple):
    """What a person puts in place of a source's own: for specs, and for models of frameworks by name."""

    overrides: Overrides = AS_WRITTEN
    inputs: Mapping[str, Shape] = {}


NOTHING = Replaced()


def overrides(set_: tuple[str, ...], input_: str | None) -> Replaced:
    """``--set`` and ``--input``."""
    given: dict[str, Any] = {}
    for name, value in pairs("--set", set_, "alpha=0.75"):
        given[name] = set_value(name, value)
    if input_ is None or "=" not in input_:
        return Replaced(Overrides(given, _shape(input_) if input_ is not None else None))
    shapes = pairs("--input", tuple(input_.split(",")), "x=3x224x224")
    return Replaced(Overrides(given), {name: _shape(text) for name, text in shapes})


def pairs(flag: str, texts: tuple[str, ...], example: str) -> list[tuple[str, str]]:
    """``NAME=VALUE`` of a flag that may be repeated, each name once."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ConvcostError(f"{flag} must be like {example}, got `{describe(text)}`")
        if name in found:
            raise ConvcostError(f"{flag} {name} stands twice", hint="leave one out")
        found[name] = value
    return [*found.items()]


def _shape(text: str) -> Shape:
    try:
        return shape_of(text)
    except ConvcostError as error:
        raise ConvcostError(error.message.replace("`input`", "--input"), hint=error.hint) from None


def set_value(name: str, text: str, flag: str = "--set") -> Any:
    """The value of a var: a number, true or false, arithmetic such as 3/4, or a word."""
    from convcost.expressions import Expression, ExpressionError

    try:
        return Expression(text).value({})
    except ExpressionError as error:
        if _WORD.match(text):
            return text
        raise ConvcostError(f"{flag} {name}: {error.message} in `{describe(text)}`", hint=error.hint) from None


_WORD = re.compile(r"[A-Za-z_][\w.]*$", re.ASCII)


def networks(specs: tuple[str, ...], replaced: Replaced = NOTHING) -> tuple[list[Network], list[SpecError]]:
    """All networks that can be read, in order, and the errors of the rest."""
    found: list[Network] = []
    errors: list[SpecError] = []
    for spec in specs:
        try:
            paths = files(spec)
        except SpecError as error:
            errors.append(error)
            continue
        for path in paths:
            try:
                found += _read(path, replaced)
            except SpecError as error:
                errors.append(error)
    noted(found)
    return found, errors


def one_network(spec: str, replaced: Replaced = NOTHING) -> Network:
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


def _read(path: str, replaced: Replaced) -> tuple[Network, ...]:
    framework = importer(path)
    if framework is not None:
        return _imported(path, framework, replaced)
    if replaced.inputs:
        raise ConvcostError("--input NAME=SHAPE is for models of frameworks", hint="a spec has one input: 3x224x224")
    if path == "-":
        return loads(_stdin(), "-", replaced.overrides)
    if os.path.lexists(path) or path.startswith(zoo.PREFIX):
        return load(path, replaced.overrides)
    known = zoo.names()
    if path in known:
        return load(zoo.PREFIX + path, replaced.overrides)
    guess = closest(path, known) if os.sep not in path else None
    hint = (
        f"did you mean `{guess}` of the zoo?" if guess else "`convcost zoo` lists the networks that come with convcost"
    )
    raise SpecError((Problem(f"{path}: no such file or directory", path, hint=hint),))


def importer(path: str) -> str | None:
    """The importer of a source, where there are importers; none for specs."""
    try:
        from convcost.importers import importer_of
    except ImportError:
        return None
    return importer_of(path)


def _imported(path: str, framework: str, replaced: Replaced) -> tuple[Network, ...]:
    from convcost import importers

    if replaced.overrides.vars:
        raise ConvcostError(f"--set: {path} has no vars", hint="convert it to YAML first: convcost convert")
    context = click.get_current_context(silent=True)
    dim, kwargs, scale = context.meta.get(_OPEN, ((), (), None)) if context else ((), (), None)
    dims = {name: whole(f"--dim {name}", value) for name, value in pairs("--dim", dim, "N=1")}
    arguments = {
        name: set_value(name, value, "--kwargs") for name, value in pairs("--kwargs", kwargs, "width_mult=0.5")
    }
    options = importers.Options(replaced.overrides.input, replaced.inputs, dims, arguments, scale)
    return importers.read(path, framework, options)


def _stdin() -> bytes:
    """Standard input, which is read once however often a command builds the network."""
    if sys.stdin is None:
        raise SpecError((Problem("-: standard input is closed", "-"),))
    context = click.get_current_context(silent=True)
    kept = context.meta if context else {}
    if _STDIN not in kept:
        kept[_STDIN] = sys.stdin.buffer.read(MOST_BYTES + 1)
    data: bytes = kept[_STDIN]
    return data


# What was read, in click's context.
_STDIN = "convcost.stdin"


def files(spec: str) -> list[str]:
    """The files that a SPEC means; itself where it is none."""
    if spec == "-" or os.path.isfile(spec):  # noqa: PTH113 - pathlib costs a tenth of the start
        return [spec]
    if os.path.isdir(spec):  # noqa: PTH112
        from pathlib import Path

        inside = (file for file in Path(spec).rglob("*") if file.suffix in _SUFFIXES and file.is_file())
        found = sorted(map(str, inside))
        if not found:
            raise SpecError((Problem(f"{spec}: no .yaml file is in this folder", spec),))
        return found
    if "\0" not in spec and any(char in spec for char in "*?["):
        from glob import glob

        return sorted(glob(spec, recursive=True)) or [spec]  # noqa: PTH207 - the pattern may be absolute
    return [spec]


def problems(errors: list[SpecError]) -> tuple[Problem, ...]:
    """All problems of several errors."""
    return tuple(problem for error in errors for problem in error.problems)
