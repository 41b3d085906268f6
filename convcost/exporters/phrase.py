"""What a layer is in PyTorch's code."""

from typing import Any, NamedTuple


class Phrase(NamedTuple):
    """``built`` is what a module keeps, or nothing; ``called`` the expression over ``{0}``, ``{1}`` and ``{self}``."""

    called: str
    built: str = ""


def module(name: str, *values: Any, before: str = "{0}", after: str = "", **named: Any) -> Phrase:
    """A module of torch.nn with these arguments, and its call."""
    arguments = ", ".join([*map(repr, values), *(f"{key}={value!r}" for key, value in named.items())])
    return Phrase(f"{{self}}({before}){after}", f"nn.{name}({arguments})")
