"""A comparison as a report: the columns of its table, its caption, its JSON."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod
from typing import Any

from convcost.closed_forms import Closed
from convcost.comparison import Comparison
from convcost.composition import Part
from convcost.kinds import KINDS
from convcost.layers.base import Pads, text_pads
from convcost.layers.conv import Convolution
from convcost.names import POSITIONS, both_names
from convcost.report import (
    CONVENTION,
    CONVENTION_TEXT,
    OF_CLOSED_FORMS,
    Cell,
    Column,
    Formula,
    Report,
    Size,
    choose_columns,
)
from convcost.report import columns as columns_of
from convcost.rows import Request, Row
from convcost.units import bytes_of, times

COLUMNS = columns_of(
    "kind output padding params weights weights_formula macs flops closed_form params_ratio fewer macs_closed_form"
    " macs_ratio receptive_field activations weight_bytes activation_bytes macs_per_byte"
)
DEFAULT_COLUMNS = ("kind", "output", "params", "macs", "closed_form", "params_ratio", "fewer")


def report(comparison: Comparison, *, columns: tuple[str, ...] = (), dtype: str = "fp32") -> Report:
    """The comparison as a table; ``columns`` are keys of `COLUMNS`, none for the usual ones, ``all`` for all."""
    chosen = _columns(columns, comparison)
    keys = [*(column.key for column in chosen), "note"]
    rows = [{key: _CELLS[key](row, dtype) for key in keys} for row in comparison.rows]
    noted = [(row.choice.label, row.note) for row in comparison.rows if row.note]
    return Report(
        title=f"{_layer_text(comparison.request)}: kinds of convolution compared",
        columns=(*_named(chosen, comparison), *columns_of("note")),
        rows=tuple(rows),
        caption=caption(comparison, dtype, chosen),
        legend=legend(comparison),
        notes=tuple(noted),
        data=lambda: _json(comparison),
    )


def _columns(keys: tuple[str, ...], comparison: Comparison) -> tuple[Column, ...]:
    """The columns asked for; with the usual ones also the ratio of MACs, where it is not that of the params."""
    ratios = [row for row in comparison.rows if row.macs_ratio is not None]
    unlike = not comparison.request.bias and any(row.macs_ratio != row.params_ratio for row in ratios)
    return choose_columns(keys, COLUMNS, (*DEFAULT_COLUMNS, "macs_ratio") if unlike else DEFAULT_COLUMNS)


def _named(columns: tuple[Column, ...], comparison: Comparison) -> tuple[Column, ...]:
    """The columns with heads that name the baseline, and say what closed forms leave out where there is a bias."""
    words = {"baseline": comparison.baseline.choice.label, "of": " of weights" if comparison.request.bias else ""}
    return tuple(column._replace(head=column.head.format(**words)) for column in columns)


def _size(size: Any) -> Size | None:
    return None if size is None else Size(size)


def _output(row: Row, dtype: str) -> Cell:
    del dtype
    if row.composition is None:
        return None
    output = row.traced.output
    return Size(output) if row.known else Size((output[0], *POSITIONS[len(output) - 1]))


def _formula(closed: Closed | None) -> Formula | None:
    return None if closed is None else Formula(closed.text(), closed.latex())


def _counted(pick: Callable[[Row], Cell]) -> Callable[[Row, str], Cell]:
    """A cell that needs the row to be built."""
    return lambda row, _: None if row.composition is None else pick(row)


def _sized(pick: Callable[[Row, str], Cell]) -> Callable[[Row, str], Cell]:
    """A cell that needs an input size."""
    return lambda row, dtype: None if row.total is None else pick(row, dtype)


def _macs(row: Row) -> Cell:
    return row.total.macs if row.total else _formula(row.macs_formula)


def _flops(row: Row) -> Cell:
    return row.total.flops if row.total else _formula(row.macs_formula * 2 if row.macs_formula else None)


def _macs_per_byte(row: Row, dtype: str) -> Fraction | None:
    """MACs for each byte of parameters, inputs and outputs of the convolutions."""
    if row.total is None:
        return None
    names = [part.name for part in row.convolutions]
    moved = sum(prod(row.traced.inputs(name)[0]) + prod(row.traced.shapes[name]) for name in names)
    return Fraction(row.total.macs, bytes_of(row.params + moved, dtype))


_CELLS: dict[str, Callable[[Row, str], Cell]] = {
    "kind": lambda row, _: row.choice.label,
    "output": _output,
    "padding": _counted(lambda row: text_pads(_pads(row))),
    "params": _counted(lambda row: row.params),
    "weights": _counted(lambda row: row.composition.weights if row.composition else None),
    "weights_formula": _counted(lambda row: _formula(row.weights)),
    "macs": _counted(_macs),
    "flops": _counted(_flops),
    "closed_form": lambda row, _: _formula(row.closed_form),
    "params_ratio": lambda row, _: row.params_ratio,
    "fewer": lambda row, _: None if row.params_ratio is None else times(row.params_ratio),
    "macs_closed_form": lambda row, _: _formula(row.macs_closed_form),
    "macs_ratio": lambda row, _: row.macs_ratio,
    "receptive_field": lambda row, _: _size(row.receptive_field),
    "activations": _sized(lambda row, _: row.total.activations if row.total else None),
    "weight_bytes": lambda row, dtype: bytes_of(row.params, dtype) if row.composition else None,
    "activation_bytes": _sized(lambda row, dtype: bytes_of(row.total.activations, dtype) if row.total else None),
    "macs_per_byte": _macs_per_byte,
    "note": lambda row, _: row.note,
}


def _pads(row: Row) -> Pads:
    """The pads in effect: on each side the most that any of its convolutions has."""
    padded = [part.layer.padding for part in row.convolutions if isinstance(part.layer, Convolution)]
    return tuple((max(begin for begin, _ in axis), max(end for _, end in axis)) for axis in zip(*padded, strict=True))


def _layer_text(request: Request) -> str:
    kernel = "×".join(map(str, request.kernel_size)) if request.dims > 1 else f"kernel {request.kernel_size[0]}"
    return f"{request.in_channels}→{request.out_channels}, {kernel}"


def caption(
    comparison: Comparison, dtype: str = "fp32", columns: tuple[Column, ...] = (), row: Row | None = None
) -> tuple[str, ...]:
    """What was compared, and by which conventions; pads are the standard convolution's, or a row's."""
    from convcost import __version__

    request = comparison.request
    size = "×".join(map(str, request.input_size)) if request.input_size else "not given (MACs in output positions)"
    pads = text_pads(_pads(row or comparison.standard))
    padding = f"{request.padding} (pads {pads})" if isinstance(request.padding, str) else pads
    stride = "×".join(map(str, request.stride if len(set(request.stride)) > 1 else request.stride[:1]))
    bias = "with bias" if request.bias else "no bias"
    around = f"padding {padding}{_others_text(row)}, {bias}; input size {size}."
    lines = [
        f"Convolution {_layer_text(request)}, stride {stride}, {around}",
        f"Ratios are to {comparison.baseline.choice.label}; closed forms are of the weights"
        + (", params and their ratio include the bias." if request.bias else "."),
        CONVENTION_TEXT,
    ]
    if any(column.key.endswith(("bytes", "_byte")) for column in columns):
        lines.append(f"Bytes at {dtype}; moved are the params, inputs and outputs of each convolution, once.")
    return (*lines, f"convcost {__version__}.")


def _others_text(row: Row | None) -> str:
    """Dilation and output padding of a row that stands alone, where it has any."""
    layers = [part.layer for part in row.convolutions if isinstance(part.layer, Convolution)] if row else []
    text = ""
    for name, plain in (("dilation", 1), ("output_padding", 0)):
        found = next((value for layer in layers if (value := getattr(layer, name)) != (plain,) * len(value)), None)
        text += f", {name.replace('_', ' ')} {'×'.join(map(str, found))}" if found else ""
    return text


def legend(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """The symbols: what each stands for, and where its numbers differ, in which rows."""
    fields: dict[str, str] = {}
    numbers: dict[str, dict[int | str, list[str]]] = {}
    for row in comparison.rows:
        dilation = row.composition.options.get("dilation") if row.composition else None
        if dilation:
            fields["d"] = both_names("dilation")
            size = "×".join(map(str, dilation)) if len(set(dilation)) > 1 else str(dilation[0])
            numbers.setdefault("d", {}).setdefault(size, []).append(row.choice.label)
        for name, value in row.letters.values.items():
            fields[name] = row.letters.fields[name]
            numbers.setdefault(name, {}).setdefault(value, []).append(row.choice.label)
    return tuple((name, f"{fields[name]} = {_values_text(found)}") for name, found in numbers.items())


def _values_text(found: Mapping[int | str, list[str]]) -> str:
    if len(found) == 1:
        return str(next(iter(found)))
    return " or ".join(f"{value} ({', '.join(labels)})" for value, labels in found.items())


def head_json(comparison: Comparison) -> dict[str, Any]:
    """The convention, and the convolution that was described, as JSON holds them."""
    request = comparison.request
    padding = request.padding if isinstance(request.padding, str) else _pads(comparison.standard)
    baseline = comparison.baseline.choice.label
    return {
        "convention": {**CONVENTION, **OF_CLOSED_FORMS, "bias": request.bias, "baseline": baseline},
        "layer": {
            "in_channels": request.in_channels,
            "out_channels": request.out_channels,
            "kernel_size": request.kernel_size,
            "stride": request.stride,
            "padding": padding,
            "dilation": request.dilation,
            "groups": request.groups,
            "bias": request.bias,
            "input_size": request.input_size,
        },
    }


def _json(comparison: Comparison) -> Mapping[str, Any]:
    return {"command": "compare", **head_json(comparison), "rows": [json_row(row) for row in comparison.rows]}


def json_row(row: Row) -> dict[str, Any]:
    """A row by the JSON contract."""
    known = row.total
    built = row.composition
    return {
        "kind": row.choice.kind,
        "options": {} if built is None else built.options,
        "meaning": KINDS[row.choice.kind].meaning,
        "params": None if built is None else row.params,
        "weights": None if built is None else built.weights,
        "biases": None if built is None else built.biases,
        "weights_formula": str(row.weights) if row.weights is not None else None,
        "macs": known.macs if known else None,
        "flops": known.flops if known else None,
        "macs_formula": str(row.macs_formula) if row.macs_formula is not None else None,
        "output": row.traced.output if known else None,
        "padding": None if built is None else _pads(row),
        "activations": known.activations if known else None,
        "receptive_field": row.receptive_field,
        "note": row.note,
        "params_ratio": _json_ratio(row.closed_form, row.params_ratio),
        "macs_ratio": _json_ratio(row.macs_closed_form, row.macs_ratio),
        "parts": [_json_part(row, part) for part in (built.parts if built else ())],
    }


def _json_ratio(closed: Closed | None, exact: Fraction | None) -> dict[str, Any]:
    return {
        "closed_form": str(closed) if closed is not None else None,
        "exact": str(exact) if exact is not None else None,
        "value": float(exact) if exact is not None else None,
    }


def _json_part(row: Row, part: Part) -> dict[str, Any]:
    known = row.known
    return {
        "name": part.name,
        "kind": part.kind,
        "params": part.layer.weights + part.layer.biases,
        "weights": part.layer.weights,
        "biases": part.layer.biases,
        "macs": known.cost(part.name).macs if known else None,
        "output": known.shapes[part.name] if known else None,
    }
