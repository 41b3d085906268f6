"""What products make, without running them: a tensor on the meta device of the right size and type."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from convcost.importers.torch.operation import Operation

_META = torch.device("meta")
_MATRIX = 2
_ADDED = ("addmm", "baddbmm")


def row(size: Iterable[int], like: Any) -> Any:
    """A tensor of a size, its last axis the innermost."""
    return torch.empty(tuple(size), dtype=like.dtype, device=_META)


def spread(*shapes: Iterable[int]) -> tuple[int, ...] | None:
    """The shape of several that are spread over one another."""
    sizes = [tuple(shape)[::-1] for shape in shapes]
    made = []
    for axis in range(max(map(len, sizes))):
        found = {size[axis] for size in sizes if axis < len(size)} - {1}
        if len(found) > 1:
            return None
        made.append(found.pop() if found else 1)
    return tuple(made[::-1])


def _linear(operation: Operation) -> Any:
    x, weight = operation["input"], operation["weight"]
    fits = weight.dim() == _MATRIX and x.dim() and x.shape[-1] == weight.shape[-1] and x.dtype == weight.dtype
    return row((*x.shape[:-1], weight.shape[0]), x) if fits else None


def _matmul(operation: Operation) -> Any:
    a, b = operation.args[-2:] if operation.name in _ADDED else operation.args[:2]
    if min(a.dim(), b.dim()) < _MATRIX or a.shape[-1] != b.shape[-2] or a.dtype != b.dtype:
        return None
    lead = spread(a.shape[:-2], b.shape[:-2])
    return None if lead is None else row((*lead, a.shape[-2], b.shape[-1]), a)


def _attention(operation: Operation) -> Any:
    q, k, v = (operation[key] for key in ("query", "key", "value"))
    fits = q.shape[-1] == k.shape[-1] and k.shape[-2] == v.shape[-2] and q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    return row((*q.shape[:-1], v.shape[-1]), q) if fits else None


def _grouped(operation: Operation) -> Any:
    """Matrices side by side, one for each group of rows or columns: groups stand in front where a side has them."""
    a, b, ends = operation["self"], operation["mat2"], operation["offs"]
    rows, columns = a.shape[-2], b.shape[-1]
    if a.dim() == b.dim():
        groups = a.shape[0] if a.dim() > _MATRIX else ends.numel()
        return row((groups, rows, columns), a)
    return row((rows, columns), a)


PRODUCTS: Mapping[str, Callable[[Operation], Any]] = {
    "linear": _linear,
    **dict.fromkeys(("matmul", "mm", "bmm", *_ADDED), _matmul),
    "scaled_dot_product_attention": _attention,
    "_grouped_mm": _grouped,
}
