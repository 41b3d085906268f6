"""Example inputs as tensors on the meta device, and one sample of them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from convcost.errors import ConvcostError, describe
from convcost.importers.torch.run import trace_with_steps
from convcost.importers.torch.tensors import tensors_in
from convcost.network import Network

_META = torch.device("meta")


def sample(module: Any, shape: Sequence[int]) -> Any:
    """A sample of a shape, with a batch of 1 in front, of the type that the module computes with."""
    parameters = module.parameters() if isinstance(module, torch.nn.Module) else ()
    kinds = (parameter.dtype for parameter in parameters if parameter.is_floating_point())
    try:
        return torch.empty((1, *shape), dtype=next(kinds, None), device=_META)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ConvcostError(f"no input has the shape {describe(tuple(shape))}", field="input") from error


def network_of_one(module: Any, examples: Sequence[Any], name: str) -> Network:
    """The network of one sample of the batch that examples have in front.

    Where there are more, every product of the whole batch has to cost as much for each of them, or not to depend on
    it, as one of parameters: else the first axis is none.
    """
    first = next((tensor for tensor in _tensors(examples)), None)
    batch = int(first.shape[0]) if first is not None and first.dim() else 1

    def whole(tensor: Any) -> Any:
        return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=_META)

    def cut(tensor: Any) -> Any:
        made = whole(tensor)
        return made[:1] if batch != 1 and tensor.dim() and tensor.shape[0] == batch else made

    def run(made: Callable[[Any], Any]) -> tuple[Network, list[int]]:
        return trace_with_steps(module, [_as_tensors(module, example, made) for example in examples], {}, name)

    if batch == 1:
        return run(cut)[0]
    batched, many_steps = run(whole)
    try:
        network, steps = run(cut)
    except ConvcostError as error:
        raise _no_batch(f"{batch} can run, and one cannot: {error.message}") from error
    if many_steps != steps:
        raise _no_batch("a recurrent layer takes its steps along it")
    many, single = _products(batched), _products(network)
    alike = (macs in (one, batch * one) for macs, one in zip(many, single, strict=False))
    if len(many) != len(single) or not all(alike):
        raise _no_batch(
            f"{batch} cost {sum(many):,} MACs in {len(many)} products, one {sum(single):,} in {len(single)}"
        )
    return network


def _no_batch(why: str) -> ConvcostError:
    hint = "put a batch of 1 in front, or around the module one that has the batch there"
    return ConvcostError(f"the first axis of the inputs is no batch: {why}", hint=hint)


def _tensors(examples: Sequence[Any]) -> list[Any]:
    return list(tensors_in(list(examples)))


def _is_shape(example: Any) -> bool:
    return isinstance(example, list | tuple) and bool(example) and all(type(size) is int for size in example)


def _as_tensors(module: Any, example: Any, made: Callable[[Any], Any]) -> Any:
    """An example with its tensors on the meta device; a shape is one sample, and what is neither stays."""
    if isinstance(example, torch.Tensor):
        return made(example)
    if _is_shape(example):
        return sample(module, example)
    if isinstance(example, list | tuple):
        return type(example)(_as_tensors(module, item, made) for item in example)
    if isinstance(example, dict):
        return {key: _as_tensors(module, item, made) for key, item in example.items()}
    return example


def _products(network: Network) -> list[int]:
    """The MACs of each layer that has any."""
    from convcost.network import shapes

    known = shapes(network)
    every = (node.layer.macs(*(known[name] for name in node.inputs)) for node in network.nodes)
    return [macs for macs in every if macs]
