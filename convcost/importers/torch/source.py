"""Modules from the names that people give: ``package.module:callable``, called with their arguments."""

import os
import sys
import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from convcost.errors import ConvcostError
from convcost.importers.torch.faults import said

_META = torch.device("meta")


def module_of(source: str, kwargs: Mapping[str, Any]) -> Any:
    """The module that a source names. The word `None` is Python's.

    Raises ConvcostError: the person's code may fail in any way.
    """
    found = _named(*source.split(":", 1))
    if isinstance(found, torch.nn.Module):
        return found
    if not callable(found):
        raise ConvcostError(f"`{source}` is no callable", hint="name what makes the module, or a module")
    made = _called(source, found, {key: None if value == "None" else value for key, value in kwargs.items()})
    if not isinstance(made, torch.nn.Module):
        raise ConvcostError(f"`{source}` made a {type(made).__name__}, and no torch.nn.Module")
    return made


def _named(name: str, attributes: str) -> Any:
    """What stands under a name in a Python module, which is looked for in the working directory last."""
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        found: Any = import_module(name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        hint = f"is `{missing}` installed?" if missing else None
        raise ConvcostError(f"`{name}` cannot be imported: {said(error)}", hint=hint) from error
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            from convcost.names import closest

            guess = closest(attribute, [word for word in dir(found) if not word.startswith("_")])
            hint = f"did you mean `{guess}`?" if guess else None
            raise ConvcostError(f"`{name}` has no `{attributes}`", hint=hint)
        found = getattr(found, attribute)
    return found


def _called(source: str, maker: Any, kwargs: dict[str, Any]) -> Any:
    """What a callable makes, with weights that hold no memory if it can do so."""
    try:
        return _made_empty(maker, kwargs)
    except OSError as error:
        raise _failed(source, kwargs, error) from error
    except (Exception, SystemExit):  # noqa: S110 - what fails without memory is tried with it
        pass
    try:
        return maker(**kwargs)
    except (Exception, SystemExit) as error:
        raise _failed(source, kwargs, error) from error


def _made_empty(maker: Any, kwargs: dict[str, Any]) -> Any:
    with warnings.catch_warnings(), _Empty():
        # A state that is loaded goes nowhere, and torch says so for each of its tensors.
        warnings.filterwarnings("ignore", message=".*no-op")
        return maker(**kwargs)


def _failed(source: str, kwargs: Mapping[str, Any], error: BaseException) -> ConvcostError:
    """What a person is told of a callable that makes nothing; weights that it fetches are not needed."""
    shown = ", ".join(f"{key}={value!r}" for key, value in kwargs.items())
    hint = "weights are not needed, such as --kwargs weights=None" if isinstance(error, OSError) else None
    return ConvcostError(f"`{source}({shown})` failed: {said(error)}", hint=hint)


class _Empty(TorchFunctionMode):  # type: ignore[misc]  # torch is not known to the type checker
    """Puts what is made empty on the meta device, as the weights of all layers are; all else has its values.

    Constructors ask for values, such as those of a schedule of drop rates, so that not all can be there.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one function."""
        del types
        kwargs = dict(kwargs or {})
        if func is torch.empty and kwargs.get("device") is None:
            kwargs["device"] = _META
        if getattr(func, "__name__", "") in _FILLS and args and getattr(args[0], "is_meta", False):
            return args[0]
        return func(*args, **kwargs)


# What only fills a tensor with values: there are none to be had, and torch would load its compiler for them.
_FILLS = frozenset(
    (
        *("normal_", "uniform_", "bernoulli_", "random_", "exponential_", "log_normal_", "cauchy_", "geometric_"),
        *("fill_", "zero_", "erfinv_", "mul_", "add_", "sub_", "div_", "clamp_", "copy_"),
    )
)
