"""PyTorch modules as networks: run once on the meta device, and seen at the dispatcher.

No weights are made, nothing is computed, no GPU is used. Naming a module runs its code; nothing else is imported.
"""

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any

from convcost.errors import ConvcostError
from convcost.importers import Options, missing
from convcost.network import Network
from convcost.problems import Problem, SpecError


def read(source: str, options: Options) -> tuple[Network, ...]:
    """The network of ``package.module:callable``, called with ``options.kwargs``, for inputs of ``options``.

    ``input`` is the shape of the only input, ``inputs`` those of several by the names that `forward` has for
    them, all without the batch; they have the type of the module's parameters. Raises SpecError for what cannot be
    imported, made or run, and ConvcostError where PyTorch is not installed.
    """
    _require_torch()
    try:
        with redirect_stdout(sys.stderr):  # what the person's code prints is no part of a report
            return (_traced(source, options),)
    except ConvcostError as error:
        raise SpecError((Problem(f"{source}: {error.message}", source, hint=error.hint or ""),)) from error


def _traced(source: str, options: Options) -> Network:
    from convcost.importers.torch.examples import sample
    from convcost.importers.torch.run import trace
    from convcost.importers.torch.source import module_of
    from convcost.importers.torch.state import traceable

    module = traceable(module_of(source, options.kwargs))
    inputs = [sample(module, options.input)] if options.input is not None else []
    named = {name: sample(module, shape) for name, shape in options.inputs.items()}
    if not inputs and not named:
        raise ConvcostError("a module does not say its input", hint="give its shape, such as --input 3x224x224")
    return trace(module, inputs, named, _called(source, options.kwargs), source)


def from_torch(module: Any, *example_inputs: Any) -> Network:
    """The network of a module as it runs for these inputs: tensors with a batch in front, or shapes without.

    One sample is counted, whatever the batch. The module stays as it is, on any device. Raises ConvcostError where
    it cannot run, or does not cost as much for each sample of the batch.
    """
    _require_torch()
    from convcost.importers.torch.examples import network_of_one
    from convcost.importers.torch.state import traceable

    if not example_inputs:
        raise ConvcostError("a module does not say its input", hint="give a tensor, or a shape without the batch")
    module = traceable(module)
    return network_of_one(module, example_inputs, type(module).__name__)


def _called(source: str, kwargs: Mapping[str, Any]) -> str:
    """A name that tells a callable's networks apart: ``create_model(model_name=resnet18)``."""
    given = ", ".join(f"{key}={value}" for key, value in kwargs.items())
    name = source.rpartition(":")[2]
    return f"{name}({given})" if given else name


def _require_torch() -> None:
    try:
        import torch as torch
    except ImportError as error:
        raise missing("torch", "torch") from error
