"""The flags of a sweep over one convolution, and the grid they make."""

from typing import Any

from convcost.cli.lists import axes_in, checked, field, flags, letter
from convcost.cli.values import kinds as read_kinds
from convcost.errors import ConvcostError
from convcost.grid import Axis
from convcost.layers.base import text_pads
from convcost.rows import Choice
from convcost.selection import Selection
from convcost.sweep import SIZED, TAKEN_BY, LayerSweep, ignored
from convcost.sweep_report import LAYER_COLUMNS, Counted, Plan, counted_by, shown_columns

_USUAL = {"stride": "1", "padding": "same"}
_NEEDED = ("in_channels", "out_channels", "kernel_size")


def prepared(
    given: dict[str, Any], asked: list[str], selection: Selection, keys: tuple[str, ...]
) -> tuple[LayerSweep, Plan]:
    """The sweep that the flags describe, and what it shows."""
    missing = next((name for name in _NEEDED if name not in asked), None)
    if missing:
        example = "convcost sweep --c1 64 --c2 64:512:64 -k 3,5,7"
        raise ConvcostError(f"{flags(missing)[0]} is missing", hint=f"a grid over a layer is like {example}")
    texts = {**_USUAL, **{name: given[name] for name in asked if name != "kind"}}
    read = {name: field(name, text) for name, text in texts.items()}
    dims, reason = axes_in(given["dims"], read)
    values: dict[str, Any] = {name: checked(name, found, dims, reason) for name, found in read.items()}
    chosen = _kinds(given["kind"], asked)
    _require_takers(chosen, asked)
    if "input_size" not in asked and any(choice.kind == "global_depthwise" for choice in chosen):
        raise ConvcostError("--kind: global_depthwise is as large as its input", hint="add --size")
    nested = asked if "kind" in asked else ["kind", *asked]
    axes = [Axis(name, chosen if name == "kind" else values[name], name in ("kind", "padding")) for name in nested]
    varied = tuple(axis for axis in axes if len(axis.values) > 1 or axis.name in ("kind", *TAKEN_BY))
    fixed = {name: found[0] for name, found in values.items() if name not in {axis.name for axis in varied}}
    counted = counted_by(given["count_as"])
    if counted and "input_size" not in asked:
        raise ConvcostError("--count-as: nothing is counted without an input size", hint="add --size")
    sweep = LayerSweep(varied, fixed, dims, given["bias"], counted.convention if counted else None)
    _require_names(sweep, selection)
    return sweep, _plan(sweep, selection, keys, counted)


def _kinds(text: str | None, asked: list[str]) -> tuple[Choice, ...]:
    """The kinds asked for; else those that take the flags that were given, or a standard convolution."""
    if text is not None:
        found = {choice.label: choice for choice in read_kinds("--kind", text)}
        return tuple(found.values())
    taking = tuple(Choice(kind) for name, kind in TAKEN_BY.items() if name in asked)
    return taking or (Choice("standard"),)


def _require_takers(chosen: tuple[Choice, ...], asked: list[str]) -> None:
    for name, kind in TAKEN_BY.items():
        if name in asked and all(name in ignored(choice) for choice in chosen):
            kinds = ", ".join(choice.label for choice in chosen)
            raise ConvcostError(f"{flags(name)[0]} is taken by none of the kinds ({kinds})", hint=f"add {kind}")


def _require_names(sweep: LayerSweep, selection: Selection) -> None:
    where = (selection.where,) if selection.where else ()
    for flag, expressions in (("--where", where), ("--sort", selection.order)):
        for expression in expressions:
            lost = [name.text for name in expression.names if name.text in SIZED and not sweep.sized]
            if lost:
                raise ConvcostError(f"{flag}: `{lost[0]}` is not known without an input size", hint="add --size")
            try:
                expression.require(sweep.names())
            except ConvcostError as error:
                raise ConvcostError(f"{flag}: {error.message}", hint=error.hint) from None


def _plan(sweep: LayerSweep, selection: Selection, keys: tuple[str, ...], counted: Counted | None) -> Plan:
    columns = (*LAYER_COLUMNS, *([counted.column] if counted else []))
    names = [axis.name for axis in sweep.axes]
    usual = {"kind", *names, "params", *(("output", "macs") if sweep.sized else ())}
    used = {name.text for key in (selection.where, *selection.order) if key for name in key.names}
    usual |= (used | {"counted"}) & {column.key for column in columns}
    letters = [letter(axis.name) for axis in sweep.axes if len(axis.values) > 1]
    combinations = sweep.grid.combinations
    return Plan(
        title=f"Sweep over {', '.join(letters)}" if letters else "Sweep of one combination",
        columns=columns,
        shown=shown_columns(keys, columns, usual, ("counted",) if counted else ()),
        keys=tuple(column.key for column in columns),
        combinations=combinations,
        words=(_fixed_text(sweep), *(counted.words if counted else ())),
        data={
            "layer": {name: sweep.fixed.get(name) for name in _LAYER} | {"bias": sweep.bias},
            "axes": [axis.name for axis in sweep.axes if len(axis.values) > 1],
            "where": selection.where.text if selection.where else None,
            "sort": [key.text for key in selection.order],
            "top": selection.top,
            **(counted.data if counted else {}),
        },
    )


_LAYER = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "input_size")


def _fixed_text(sweep: LayerSweep) -> str:
    """What is the same in all rows."""
    said = []
    for name in _LAYER:
        if name in sweep.fixed:
            value = sweep.fixed[name]
            shown = value if isinstance(value, str) else text_pads(value) if name == "padding" else _text(value)
            said.append(f"{letter(name)} = {shown}")
    bias = "with bias" if sweep.bias else "no bias"
    return f"In all rows: {', '.join([*said, bias])}."


def _text(value: Any) -> str:
    sizes = value if isinstance(value, tuple) else (value,)
    return "×".join(map(str, sizes)) if len(set(sizes)) > 1 else str(sizes[0])
