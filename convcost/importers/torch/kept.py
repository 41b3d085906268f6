"""Operations whose results are as long as values say: here they are as long as they may be.

So a detector runs on to its end; each of them is listed as not counted, and what runs behind it is counted for the
most that may be kept.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from convcost.importers.torch.operation import Operation, from_batch

_META = torch.device("meta")


# Elements of which the positions are written out; those of more have no values.
_MOST = 2**22


def _nonzero(operation: Operation) -> Any:
    """The positions of all elements, which are known: what is chosen by them has known sizes too."""
    x = operation.first
    if x.numel() > _MOST:
        return torch.empty((x.numel(), x.dim()), dtype=torch.int64, device=_META)
    return torch.ones(x.shape, dtype=torch.bool).nonzero()


def _boxes(operation: Operation) -> Any:
    return torch.arange(operation.first.shape[0])


def _numbers(*size: int) -> Any:
    return torch.empty(size, dtype=torch.int64, device=_META)


def _masked_select(operation: Operation) -> Any:
    size = torch.broadcast_shapes(operation.first.shape, operation["mask"].shape)
    return torch.empty(size.numel(), dtype=operation.first.dtype, device=_META)


def _unique(operation: Operation) -> Any:
    """All different: the elements or slices, which of them each was, and how often each is there."""
    x, dim = operation.first, operation["dim"]
    if dim is None:
        return torch.empty(x.numel(), dtype=x.dtype, device=_META), _numbers(*x.shape), _numbers(x.numel())
    length = x.shape[from_batch(dim, x.dim())]
    return torch.empty(x.shape, dtype=x.dtype, device=_META), _numbers(length), _numbers(length)


KEPT: Mapping[str, Callable[[Operation], Any]] = {
    "nonzero": _nonzero,
    "masked_select": _masked_select,
    **dict.fromkeys(("_unique2", "unique_dim", "unique_consecutive"), _unique),
    "torchvision.nms": _boxes,
}
