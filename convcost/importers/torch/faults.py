"""Errors of the person's code, in one line: where it was, which operation it was, and what is known of it."""

import os
from pathlib import Path
from traceback import walk_tb
from typing import NamedTuple

import torch

from convcost.errors import ConvcostError
from convcost.importers.torch.operation import known_as


class Fault(NamedTuple):
    """An error of the person's code, the operation that it is of, if any, and the path of the module around it."""

    error: BaseException
    operation: str = ""
    path: str = ""


def fault_error(fault: Fault) -> ConvcostError:
    """What a person is told of it: ``models.py:12: `stem` cannot run: …``."""
    where = f"`{fault.path}`" if fault.path else "the module"
    what, hint = said(fault.error), _hint(fault.error)
    if hint and fault.operation:
        what = f"the operation `{known_as(fault.operation)}` is not possible"
    return ConvcostError(f"{_line(fault.error)}{where} cannot run: {what}", hint=hint)


_VALUES = "it asks for values of tensors, and a trace has shapes only"
# What is known of errors by words in their text.
_KNOWN = {
    "quantized::": "give the module before it is quantized",
    **dict.fromkeys(("does not require grad", "invalid gradient"), "a trace computes no gradients"),
    "fake impl": "PyTorch does not say of it which shapes it makes",
    "Meta kernel": "PyTorch does not say of it which shapes it makes",
    "'Meta' backend": "PyTorch does not say of it which shapes it makes",
    **dict.fromkeys(("meta tensor", "Meta tensor", "meta device type", "unallocated storage"), _VALUES),
    **dict.fromkeys(("data-dependent", "no data"), _VALUES),
}


def _hint(error: BaseException) -> str | None:
    text = str(error)
    return next((hint for words, hint in _KNOWN.items() if words in text), None)


def _line(error: BaseException) -> str:
    """The last line of the person's own code that an error came through."""
    lines = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    own = [(file, line) for file, line in lines if not file.startswith(_INNER)]
    return f"{Path(own[-1][0]).name}:{own[-1][1]}: " if own else ""


# Files of torch and ours, and code that is in no file.
_INNER = (f"{Path(torch.__file__).parent}{os.sep}", f"{Path(__file__).parents[2]}{os.sep}", "<")


def said(error: BaseException) -> str:
    """An error of the person's code: its type and the first line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {_shortened(lines[0])}" if lines else type(error).__name__


def _shortened(text: str) -> str:
    """A message, cut where it is very long."""
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."


_LONG = 240
