"""``--strict``: a network that is not counted whole makes the exit status 1, in every command that reads networks."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from convcost.network import Network

FOUND = 1
# In click's context: whether a network that was read is not counted whole.
_PARTIAL = "convcost.partial"


def strict_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--strict``, and what it does when the command has said all."""

    @wraps(command)
    def judged(*arguments: Any, strict: bool, **rest: Any) -> int:
        status: int | None = command(*arguments, **rest)
        partial = click.get_current_context().meta.get(_PARTIAL, False)
        return status or (FOUND if strict and partial else 0)

    return click.option("--strict", is_flag=True, help="Exit status 1 where something is not counted.")(judged)


def is_strict() -> bool:
    """Whether the command that runs was given --strict."""
    return bool(click.get_current_context().params.get("strict"))


def noted(found: Sequence[Network]) -> None:
    """Every network that is read comes by here, so that no command has to ask what is not counted in it."""
    context = click.get_current_context(silent=True)
    if context and any(not node.layer.is_counted for network in found for node in network.nodes):
        context.meta[_PARTIAL] = True
