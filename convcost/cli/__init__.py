"""The command line: flags in, a report out. No arithmetic is done here."""

import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from convcost import __version__
from convcost.errors import ConvcostError

# Name: (module of this package, what it is for). Help imports none of the modules.
COMMANDS = {
    "compare": ("compare", "Every kind of convolution side by side, for one shape."),
    "explain": ("explain", "One kind in depth: formula, the numbers put in, result."),
    "eval": ("evaluate", "Networks: what each layer costs, and the totals."),
    "check": ("check", "Budgets, for CI: what is over, by how much, and the layers behind it."),
    "diff": ("diff", "Two networks, layer by layer and in total."),
    "whatif": ("whatif", "A network against a rewritten self: other kinds, widths, input."),
    "zoo": ("zoo", "The networks that come with convcost, and their published figures."),
    "sweep": ("sweep", "A grid over a layer's flags or a network's vars, filtered and sorted."),
    "convert": ("convert", "Models of frameworks as YAML, and networks as PyTorch code."),
    "reconcile": ("reconcile", "Every counter's number for a network, taken apart; who gives a quoted one."),
    "conventions": ("conventions", "How counters count: what, in which unit, with which mistakes."),
    "schema": ("schema", "The JSON Schema of the network language, for editors."),
}

MISUSED, OURS = 2, 70


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"convcost.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from convcost.names import closest

            guess = closest(args[0], list(COMMANDS))
            hint = f"did you mean `{guess}`?" if guess else f"the commands are {', '.join(COMMANDS)}"
            raise click.UsageError(f"no such command `{args[0]}`: {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit status: 0 done; 1 a finding; 2 usage, or input that cannot be read; 70 a fault of convcost.",
)
@click.version_option(__version__, message="convcost %(version)s")
def cli() -> None:
    """What a convolution costs, and why: parameters, MACs and output sizes, exact, with the formula beside."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command; its exit status tells how it went, and no traceback reaches a person."""
    if sys.stdout is None:
        _fail("error: stdout is closed", MISUSED)
    try:
        status = cli.main(arguments, prog_name="convcost", standalone_mode=False)
        sys.stdout.flush()
    except ConvcostError as error:
        _fail(error.shown(), MISUSED)
    except click.exceptions.NoArgsIsHelpError as error:
        _fail(error.format_message(), MISUSED)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "convcost"
        _fail(f"error: {error.format_message()}\nSee `{command} --help`.", MISUSED)
    except click.ClickException as error:
        _fail(f"error: {error.format_message()}", MISUSED)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read us has had enough; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (RecursionError, MemoryError):
        _fail("error: the input is too large or too deep for this machine", MISUSED)
    except Exception as fault:  # noqa: BLE001 - a person gets one line, whatever went wrong
        _fail(_fault_text(fault), OURS)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(text: str, status: int) -> NoReturn:
    from convcost.cli.output import say

    say(text)
    sys.exit(status)


def _fault_text(fault: Exception) -> str:
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119
    return (
        f"convcost {__version__} failed: {type(fault).__name__}{place}: {fault}\n"
        "This is a fault of convcost, not of your input. Please report it with the command that you ran."
    )
