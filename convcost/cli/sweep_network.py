"""The flags of a sweep over a network's vars and inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from convcost.cli.lists import Span as Range
from convcost.cli.lists import texts
from convcost.cli.output import say
from convcost.cli.sources import Replaced, files, networks, overrides, set_value
from convcost.cli.sweep_output import show
from convcost.errors import ConvcostError, describe
from convcost.expressions import Expression, ExpressionError
from convcost.network import Network
from convcost.report import Column
from convcost.report import columns as columns_of
from convcost.selection import Selection
from convcost.specs.header import Overrides
from convcost.sweep_network import CHECKS, INPUT, Fit, NetworkSweep, Read, Span, column_of
from convcost.sweep_report import NETWORK_COUNTS, Counted, Plan, counted_by, shown_columns

_FINDING = 1
_USUAL = ("network", "input", "params", "macs", "activations")


def run(
    spec: str,
    given: Mapping[str, Any],
    asked: list[str],
    selection: Selection,
    keys: tuple[str, ...],
    shown: Mapping[str, Any],
) -> int:
    """Sweep a network and write what comes of it; 1 where nothing fits."""
    axes: dict[str, Any] = {}
    for name in asked:
        if name == "set_":
            for text in given["set_"]:
                _add_var(axes, text)
        elif name == "input_":
            axes[INPUT] = [_shape(item) for item in texts("--input", given["input_"])]
    fit = _fit(given["fit"], axes, selection) if given["fit"] is not None else None
    axes = {name: found.values() if isinstance(found, Range) else found for name, found in axes.items()}
    if not axes and fit is None:
        raise ConvcostError("nothing varies", hint="add --set alpha=0.5,1.0 or --input 3x128x128,3x224x224")
    counted = counted_by(given["count_as"])
    sweep = NetworkSweep(_reader(spec), axes, fit, counted.convention if counted else None)
    status = show(sweep, _plan(spec, sweep, selection, keys, counted), selection, **shown)
    if sweep.unmet and fit:
        say(f"{fit.condition.text}: no value of {fit.name} fits, in {sweep.unmet:,} of {sweep.steps:,}")
        return _FINDING
    return status


def _add_var(axes: dict[str, Any], text: str) -> None:
    name, equals, listed = (part.strip() for part in text.partition("="))
    if not (name and equals and listed):
        hint = "values are like alpha=0.25,0.5,1.0, a range is like alpha=0.1:2.0"
        raise ConvcostError(f"--set must be like alpha=0.5,1.0, got `{describe(text)}`", hint=hint)
    if name in axes:
        raise ConvcostError(f"--set {name} stands twice", hint="write its values with commas between them")
    if name == INPUT:
        raise ConvcostError("--set: `input` is no var", hint="use --input 3x128x128,3x224x224")
    items = texts(f"--set {name}", listed)
    if len(items) == 1 and ":" in listed:
        axes[name] = Range(f"--set {name}", listed)
        return
    values: list[Any] = []
    for item in items:
        values += Range(f"--set {name}", item).values() if ":" in item else [set_value(name, item)]
    # 1 and true are equal, and are not the same value of a var.
    axes[name] = [value for _, value in dict.fromkeys((type(value), value) for value in values)]


def _shape(text: str) -> Any:
    return overrides((), text).overrides.input


def _fit(text: str, axes: dict[str, Any], selection: Selection) -> Fit:
    """The var to fit, the last of --set, is taken out of the axes."""
    if selection.where or selection.order or selection.top:
        raise ConvcostError("--fit finds one value: it takes no --where, --sort or --top", hint="put it into --fit")
    names = [name for name in axes if name != INPUT]
    if not names:
        raise ConvcostError("--fit needs a var to change", hint="add --set alpha=0.1:2.0, or with a step 0.1:2.0:0.05")
    try:
        condition = Expression(text, condition=True)
    except ExpressionError as error:
        raise ConvcostError(f"--fit: {error.message} in `{describe(text)}`", hint=error.hint) from None
    name = names[-1]
    found = axes.pop(name)
    if isinstance(found, Range) and found.step is None:
        return Fit(name, condition, Span(found.first, found.last))
    values = found.values() if isinstance(found, Range) else found
    if not all(isinstance(value, int | float) for value in values):
        raise ConvcostError(f"--fit: the values of --set {name} are no numbers", hint="the largest is looked for")
    return Fit(name, condition, sorted(values, reverse=True))


def _reader(spec: str) -> Read:
    """What builds the networks of the spec."""
    return lambda values, shape: _raised(*networks((spec,), Replaced(Overrides(values, shape))))


def _raised(found: list[Network], errors: Sequence[ConvcostError]) -> list[Network]:
    if errors:
        raise errors[0]
    return found


def _plan(spec: str, sweep: NetworkSweep, selection: Selection, keys: tuple[str, ...], counted: Counted | None) -> Plan:
    fit = sweep.fit
    names = [*(name for name in sweep.axes if name != INPUT), *([fit.name] if fit else [])]
    own = tuple(Column(column_of(name), name, "text") for name in names)
    counts = (*NETWORK_COUNTS, *([counted.column] if counted else []))
    columns = (*columns_of("network source"), *own, *columns_of("input"), *counts, *columns_of("uncounted"))
    # A convention's count, and the mark of partial rows, are there whatever else is asked for.
    added = (*(("counted",) if counted else ()), "uncounted")
    several = len(files(spec)) > 1
    asked = ("source", *keys) if several and keys else keys
    used = {
        name.text
        for key in (selection.where, *selection.order, fit.condition if fit else None)
        if key
        for name in key.names
    }
    usual = {*_USUAL, *(column.key for column in own), *used, *added, *(["source"] if several else [])}
    return Plan(
        title=f"Largest {fit.name} of {spec} with {fit.condition.text}"
        if fit
        else f"Sweep of {spec} over {', '.join(sweep.axes)}",
        columns=columns,
        shown=shown_columns(asked, columns, usual, added),
        keys=("network", "source", "vars", "input", *(column.key for column in counts), "complete", "uncounted"),
        combinations=sweep.steps,
        words=(*_words(fit), *(counted.words if counted else ())),
        data={
            "source": spec,
            "axes": [*sweep.axes],
            "where": selection.where.text if selection.where else None,
            "sort": [key.text for key in selection.order],
            "top": selection.top,
            "fit": _fit_data(fit),
            **(counted.data if counted else {}),
        },
        marks=() if {"uncounted", "all"} & {*keys} else ("uncounted",),
    )


def _fit_data(fit: Fit | None) -> Mapping[str, Any] | None:
    if fit is None:
        return None
    bisected = isinstance(fit.among, Span)
    return {
        "var": fit.name,
        "condition": fit.condition.text,
        "method": "bisection" if bisected else "every value from the largest down",
        "resolution": float(fit.among.resolution) if isinstance(fit.among, Span) else None,
    }


def _words(fit: Fit | None) -> tuple[str, ...]:
    """How the largest value was looked for, and what that takes for granted."""
    if fit is None:
        return ()
    if isinstance(fit.among, Span):
        return (
            (
                f"{fit.name} was searched from {fit.among.first} to {fit.among.last} in steps of {fit.among.resolution}"
                f" by bisection, which takes for granted that what is over stays over for larger values; up"
                f" to {CHECKS} of these were tried."
            ),
        )
    return (f"Every value of {fit.name} was tried from the largest down, so none that is larger fits.",)
