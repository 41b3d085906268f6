"""Conventions: how counters count, each a table of weights over the ledger, with its version and its source."""

from convcost.conventions import functionals, graphs, hooks
from convcost.conventions.convention import Convention, Rule
from convcost.errors import ConvcostError, describe
from convcost.names import closest

__all__ = ["CONVENTIONS", "DEFAULT", "Convention", "Rule", "find"]

DEFAULT = "paper"

CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        graphs.PAPER,
        graphs.TORCH,
        graphs.FVCORE,
        hooks.PTFLOPS,
        graphs.PTFLOPS_ATEN,
        hooks.THOP,
        hooks.ULTRALYTICS_THOP,
        hooks.TORCHINFO,
        graphs.TORCHPROFILE,
        functionals.CALFLOPS,
        functionals.CALFLOPS_MACS_ONLY,
        functionals.DEEPSPEED,
        functionals.DEEPSPEED_MACS_ONLY,
        graphs.TENSORFLOW,
    )
}


def find(name: str) -> Convention:
    """The convention of a name; raises ConvcostError for a name that is none.

    >>> find("fvcore").weight("batch_norm.elements")
    2
    """
    if name not in CONVENTIONS:
        guess = closest(name, CONVENTIONS)
        hint = f"did you mean `{guess}`?" if guess else f"they are {', '.join(CONVENTIONS)}"
        raise ConvcostError(f"no convention `{describe(name)}`", hint=hint)
    return CONVENTIONS[name]
