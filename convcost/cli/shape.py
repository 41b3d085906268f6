"""The flags that describe one convolution, and the request they make."""

from collections.abc import Callable
from typing import Any

import click

from convcost.cli.values import axes_of, padding, per_axis, require_axes, whole
from convcost.errors import ConvcostError
from convcost.layers.base import count
from convcost.layers.base import per_axis as on_each_axis
from convcost.names import BY_NAME, NOTATIONS
from convcost.rows import Request

_FLAGS: dict[str, tuple[str, ...]] = {
    "in_channels": ("--c1", "--in-channels"),
    "out_channels": ("--c2", "--out-channels"),
    "kernel_size": ("-k", "--kernel-size"),
    "stride": ("-s", "--stride"),
    "padding": ("-p", "--padding"),
    "dilation": ("-d", "--dilation"),
    "groups": ("-g", "--groups"),
    "multiplier": ("-m", "--multiplier"),
    "output_padding": ("--op", "--output-padding"),
    "input_size": ("--size", "--input-size"),
}
_SINGLE = ("in_channels", "out_channels", "groups", "multiplier")
_METAVARS = {**dict.fromkeys(_SINGLE, "N"), "padding": "P|same|valid"}
_DEFAULTS = {"stride": "1", "padding": "same", "multiplier": "1", "output_padding": "0"}
_NOTES = {
    "kernel_size": ", such as 3 or 3x5",
    "padding": ", such as 1, 1x2 or 1:2x0:1",
    "dilation": "; taken by the dilated row alone [default: 2]",
    "groups": "; taken by the grouped row alone [default: the smallest above 1 that divides --c1 and --c2]",
    "output_padding": "; taken by the transposed row alone",
}


def shape_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--c1 --c2 -k`` and the rest, and what goes with them."""
    options = [_option(name) for name in _FLAGS]
    options += [
        click.option("--bias/--no-bias", default=False, help="Count a bias in every convolution."),
        click.option("--dims", type=click.IntRange(1, 3), help="Spatial axes, where no flag has one value per axis."),
        click.option(
            "--notation",
            type=click.Choice(NOTATIONS),
            default="paper",
            help="Closed forms in M, N, Dk (paper) or c1, c2, k (letters).",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _option(name: str) -> Callable[..., Any]:
    field = BY_NAME.get(name)
    text = field.help if field else "input size, one number or one per axis; left out, MACs stay symbolic"
    default: dict[str, Any] = {"default": _DEFAULTS[name], "show_default": True} if name in _DEFAULTS else {}
    return click.option(
        *_FLAGS[name],
        name,
        required=name in ("in_channels", "out_channels", "kernel_size"),
        metavar=_METAVARS.get(name, "N[xN...]"),
        help=text[0].upper() + text[1:] + _NOTES.get(name, "") + ".",
        **default,
    )


def flag(field: str | None) -> str | None:
    """The flag of a field."""
    if field in ("columns", "baseline"):
        return f"--{field}"
    return _FLAGS[field][0] if field in _FLAGS else None


def request(*, bias: bool, dims: int | None, notation: str, **texts: str | None) -> Request:
    """The request that the flags make; an error names the flag."""
    read: dict[str, Any] = {}
    for name, text in texts.items():
        parse = padding if name == "padding" else whole if name in _SINGLE else per_axis
        read[name] = None if text is None else parse(_FLAGS[name][0], text)
    deciding = ("kernel_size", "input_size", "stride", "dilation", "padding")
    axes, reason = axes_of(dims, ((_FLAGS[name][0], read[name]) for name in deciding))
    require_axes(_FLAGS["padding"][0], read["padding"], axes, reason)
    for name in ("kernel_size", "stride", "dilation", "output_padding", "input_size"):
        if read[name] is not None:
            require_axes(_FLAGS[name][0], read[name], axes, reason)
            read[name] = on_each_axis(name, read[name], axes, 0 if name == "output_padding" else 1)
    for name in _SINGLE:
        if read[name] is not None:
            count(name, read[name])
    return Request(**read, dims=axes, bias=bias, notation=notation)


def with_flag(error: ConvcostError) -> ConvcostError:
    """The same error, with the flag of the field at fault before it."""
    name = flag(error.field)
    if name is None or error.message.startswith(name):
        return error
    return ConvcostError(f"{name}: {error.message}", field=error.field, hint=error.hint)
