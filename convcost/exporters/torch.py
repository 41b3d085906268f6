"""A network as PyTorch code: a module with as many parameters, the same shapes and the same MACs."""

import keyword
import re

from convcost.errors import ConvcostError
from convcost.exporters.phrase import Phrase
from convcost.exporters.phrases import phrase
from convcost.network import INPUT, Network, shapes

_RESERVED = {*keyword.kwlist, "self", "torch", "nn", "F", "x", "forward", "training", "super"}


def source(network: Network) -> str:
    """The code of a module that computes a network; raises ConvcostError, with the layer, for what has no words.

    It builds with torch alone, and takes a batch of the network's input. Dropouts act in training, as they do.
    """
    known = shapes(network)
    names = _Names()
    built, steps = [], []
    variables = {INPUT: "x"}
    last_use = {name: place for place, node in enumerate(network.nodes) for name in node.inputs}
    for place, node in enumerate(network.nodes):
        inputs = [variables[name] for name in node.inputs]
        try:
            words = phrase(node.layer, tuple(known[name] for name in node.inputs), known[node.name], node.written)
        except ConvcostError as error:
            raise ConvcostError(f"`{node.name}`: {error.message}") from None
        own = names.of(node.name)
        if words.built:
            built.append(f"self.{own} = {words.built}")
        # A value that nobody else needs is overwritten, so that straight code reads straight.
        first = node.inputs[0]
        straight = last_use[first] == place and first not in network.outputs and inputs[0] == "x"
        variables[node.name] = "x" if straight else own
        steps.append(f"{variables[node.name]} = {_called(words, inputs, own)}")
    outputs = ", ".join(variables[name] for name in network.outputs)
    return _CODE.format(
        name=network.name.replace("\\", "").replace('"', "'"),
        shape="×".join(map(str, network.input)),
        module=_class_name(network.name),
        built="\n        ".join(built or ["pass"]),
        steps="\n        ".join([*steps, f"return {outputs}"]),
    )


_CODE = '''"""{name}, for an input of {shape}, as convcost writes it."""

import torch
import torch.nn.functional as F
from torch import nn


class {module}(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        {built}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        {steps}
'''


def _called(words: Phrase, inputs: list[str], own: str) -> str:
    return words.called.replace("{self}", f"self.{own}").format(*inputs)


class _Names:
    """Names of layers as names of Python, each once."""

    def __init__(self) -> None:
        self.taken = set(_RESERVED)

    def of(self, name: str) -> str:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        if not plain.isidentifier():
            plain = f"_{plain}"
        number, found = 1, plain
        while found in self.taken:
            number += 1
            found = f"{plain}_{number}"
        self.taken.add(found)
        return found


def _class_name(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)
    found = "".join(word[0].upper() + word[1:] for word in words) or "Network"
    return found if found[0].isalpha() else f"Network{found}"
