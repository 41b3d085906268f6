"""``convcost sweep``."""

from collections.abc import Callable
from typing import Any

import click

from convcost.cli.columns import column_keys, count_as_option
from convcost.cli.lists import flags
from convcost.cli.strict import strict_option
from convcost.cli.sweep_output import output_options, show
from convcost.errors import ConvcostError, describe
from convcost.expressions import Expression, ExpressionError
from convcost.names import BY_NAME
from convcost.ordering import Key
from convcost.selection import Selection

LAYER_FIELDS = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "multiplier",
    "output_padding",
    "input_size",
)
_DEFAULTS = {"stride": "1", "padding": "same", "multiplier": "1", "output_padding": "0"}
_METAVARS = {"padding": "same,0,1,..."}


def _layer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [click.option("--kind", "--kinds", "kind", metavar="A,B:t=6,...", help="Kinds, or `all`.")]
    for name in LAYER_FIELDS:
        text = BY_NAME[name].help if name in BY_NAME else "input size; left out, there are no MACs"
        default = f" [default: {_DEFAULTS[name]}]" if name in _DEFAULTS else ""
        metavar = _METAVARS.get(name, "LIST")
        options.append(click.option(*flags(name), name, metavar=metavar, help=text[0].upper() + text[1:] + default))
    options += [
        click.option("--bias", is_flag=True, help="Count a bias in every convolution."),
        click.option("--dims", type=click.IntRange(1, 3), help="Spatial axes, where no flag has one value per axis."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command("sweep", short_help="A grid over a layer's flags or a network's vars, filtered and sorted.")
@click.argument("spec", required=False)
@_layer_options
@click.option("--set", "set_", metavar="VAR=LIST", multiple=True, help="Values of a var of SPEC; may be repeated.")
@click.option("--input", "input_", metavar="LIST", help="Inputs of SPEC, such as 3x128x128,3x224x224.")
@click.option("--where", metavar="CONDITION", help="Rows to keep: `params<50k and macs<10M`.")
@click.option("--sort", metavar="A,-B", multiple=True, help="Largest first; -macs: smallest first; or arithmetic.")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Show the first N rows only.")
@click.option("--fit", metavar="CONDITION", help="The largest value of SPEC's last --set that meets `macs<=300M`.")
@count_as_option
@strict_option
@output_options
@click.pass_context
def command(ctx: click.Context, /, spec: str | None, where: str | None, top: int | None, **given: Any) -> int:
    """Count every combination of the values of a layer's flags, or of a network's vars.

    \b
    convcost sweep --c1 64 --c2 64:512:64 -k 3,5,7 --size 14,28 --sort -macs --top 10
    convcost sweep --c1 64 --c2 64:512:64 -k 3 -g 1,2,4,8 --kind standard,separable,grouped
    convcost sweep zoo:mobilenet_v2 --set alpha=0.25,0.5,0.75,1.0 --input 3x128x128,3x224x224
    convcost sweep zoo:mobilenet_v2 --set alpha=0.1:2.0 --fit 'macs<=300M'

    A LIST is 3,5,7 or 64:512:64 (FIRST:LAST:STEP, ends included) or both, 16,32:128:32; in -p a colon
    stands between begin and end. The order of the flags is the order of nesting, the last varies fastest.
    Combinations that cannot be are counted and left out. SPEC is whatever eval takes; naming module:callable
    imports the module and runs its code.
    """  # noqa: D301 - click's \b keeps the lines
    order = tuple(key for text in given.pop("sort") for key in _keys(text))
    selection = Selection(condition("--where", where) if where is not None else None, order, top)
    asked = [name for name in ctx.params if given.get(name) not in (None, False, ())]
    layer = [name for name in asked if name in (*LAYER_FIELDS, "kind", "bias", "dims")]
    network = [name for name in asked if name in ("set_", "input_", "fit")]
    shown = {name: given[name] for name in ("format_", "output", "exact")}
    keys = column_keys(given["columns"])
    if spec is None:
        if network:
            raise ConvcostError(f"{_flag(network[0])} needs a SPEC", hint="a file, or a network of the zoo")
        from convcost.cli.sweep_layer import prepared

        sweep, plan = prepared(given, [name for name in layer if name not in ("bias", "dims")], selection, keys)
        return show(sweep, plan, selection, **shown)
    if layer:
        raise ConvcostError(f"{_flag(layer[0])} is a layer's flag, and `{spec}` is a network", hint="leave one out")
    from convcost.cli.sweep_network import run

    return run(spec, given, asked, selection, keys, shown)


def _flag(name: str) -> str:
    own = {"set_": "--set", "input_": "--input"}
    return own.get(name) or (flags(name)[0] if name in LAYER_FIELDS else f"--{name}")


def condition(flag: str, text: str, *, truth: bool = True) -> Expression:
    """A condition, or arithmetic to sort by; an error names the flag."""
    try:
        found = Expression(text, condition=truth)
        if truth:
            found.require_truth()
    except ExpressionError as error:
        hint = error.hint or "such as params<50k and macs<10M" * truth or None
        raise ConvcostError(f"{flag}: {error.message} in `{describe(text)}`", hint=hint) from None
    return found


def _keys(text: str) -> list[Key]:
    """What --sort says: names and arithmetic between commas that stand in no bracket."""
    found, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            found.append("")
        else:
            found[-1] += char
    return [_key(part.strip()) for part in found]


def _key(text: str) -> Key:
    """A minus before a name turns its order, of words too; before arithmetic it belongs to that."""
    name = text.removeprefix("-").strip()
    turned = text.startswith("-") and name.isidentifier()
    return Key(condition("--sort", name if turned else text, truth=False), text, turned=turned)
