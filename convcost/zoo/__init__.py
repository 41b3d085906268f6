"""Networks that come with convcost: one YAML file each, named as people call them."""

import os

from convcost.errors import ConvcostError, describe
from convcost.names import closest

PREFIX = "zoo:"
_FOLDER = os.path.dirname(__file__)  # noqa: PTH120 - pathlib costs a tenth of the start


def names() -> tuple[str, ...]:
    """The names of all networks, in order."""
    return tuple(sorted(name.removesuffix(".yaml") for name in os.listdir(_FOLDER) if name.endswith(".yaml")))  # noqa: PTH208


def path(name: str) -> str:
    """The file of a network; raises ConvcostError for a name that is none."""
    name = name.removeprefix(PREFIX)
    known = names()
    if name not in known:
        guess = closest(name, known)
        hint = f"did you mean `{guess}`?" if guess else "`convcost zoo` lists them"
        raise ConvcostError(f"no network `{describe(name)}` in the zoo", hint=hint)
    return os.path.join(_FOLDER, f"{name}.yaml")  # noqa: PTH118
