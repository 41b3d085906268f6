"""Products: linear layers where a side is learnt, matrix products and Einstein sums of activations, attention."""

from math import prod
from typing import Any

from convcost.errors import ConvcostError
from convcost.importers.torch.operation import Operation, Reader, Readers, known_as
from convcost.importers.torch.recorder import Recorder
from convcost.importers.torch.tensors import shape_of
from convcost.importers.torch.weighted import is_learnt, linear
from convcost.layers.activation import Activation
from convcost.layers.base import Layer, Shape
from convcost.layers.given import Given
from convcost.layers.product import Einsum, MatMul
from convcost.layers.traced import Learnt

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MATRIX = 2


def _linear(recorder: Recorder, operation: Operation) -> None:
    x, weight, bias = operation["input"], operation["weight"], operation["bias"]
    if is_learnt(recorder, weight):
        linear(recorder, operation, x, weight, bias, weight.shape[-1])
    else:
        product(recorder, operation, x, weight, flipped=weight.dim() == _MATRIX)
        _add(recorder, operation, bias)


def _add(recorder: Recorder, operation: Operation, bias: Any) -> None:
    """What is added to a product, unless it is a constant."""
    if bias is not None and not recorder.value(bias).is_constant:
        out = operation.out
        recorder.bind(out, recorder.place("add", Given("add", shape_of(out.shape)), [out, bias], out.shape))


def _mm(recorder: Recorder, operation: Operation) -> None:
    """A product of two, and what is added to it."""
    a, b = (operation[key] for key in _SIDES.get(operation.name, ("self", "mat2")))
    bias = operation["self" if operation.name in _ADDED else "bias"]
    if is_learnt(recorder, b) and _is_one_matrix(b):
        linear(recorder, operation, a, b, bias, b.shape[-2])
        return
    product(recorder, operation, a, b)
    _add(recorder, operation, bias)


_ADDED = ("addmm", "baddbmm", "addmv")
_SIDES = {
    "addmm": ("mat1", "mat2"),
    "baddbmm": ("batch1", "batch2"),
    "matmul": ("self", "other"),
    "addmv": ("mat", "vec"),
    "mv": ("self", "vec"),
    "dot": ("self", "tensor"),
    "vdot": ("self", "other"),
}


def _is_one_matrix(weight: Any) -> bool:
    """Whether a weight is a matrix, though it may be spread over leading axes."""
    leading = zip(weight.shape[:-2], weight.stride()[:-2], strict=True)
    return weight.dim() >= _MATRIX and all(size == 1 or not stride for size, stride in leading)


def product(recorder: Recorder, operation: Operation, a: Any, b: Any, *, flipped: bool = False) -> None:
    """The product of two tensors, (…, m, k) and (…, k, n), or of vectors; ``flipped`` where b is (n, k)."""
    out = operation.out
    macs = out.numel() * a.shape[-1]
    is_plain = not flipped and _fits((shape_of(a.shape), shape_of(b.shape)), shape_of(out.shape), macs)
    layer = MatMul() if is_plain else lambda: einsum(*_terms(a, b, flipped=flipped), (a, b))
    recorder.bind(out, recorder.place("matmul" if is_plain else "einsum", layer, [a, b], out.shape, macs=macs))


def _fits(sides: tuple[Shape, Shape], out: Shape, macs: int) -> bool:
    """Whether a plain matrix product makes this of two sides, whose axes may be left out as the batch is."""
    try:
        return MatMul().output_shape(*sides) == out and MatMul().macs(*sides) == macs
    except ConvcostError:
        return False


def _terms(a: Any, b: Any, *, flipped: bool = False) -> tuple[str, str, str]:
    """Letters for the axes of a product's sides and of what it makes; an axis of 1 beside a longer one has its own."""
    fresh = iter(_LETTERS)
    k = next(fresh)
    m = next(fresh) if a.dim() > 1 else ""
    n = next(fresh) if b.dim() > 1 else ""
    ones: tuple[list[str], list[str], list[str]] = ([], [], [])
    one, other = list(a.shape[:-2]), list(b.shape[:-2])
    axes = max(len(one), len(other))
    for axis in range(-axes, 0):
        letter = next(fresh)
        sizes = [side[axis] if len(side) >= -axis else 0 for side in (one, other)]
        for size, letters in zip(sizes, ones, strict=False):
            if size:
                letters.append(letter if size == max(sizes) else next(fresh))
        ones[2].append(letter)
    heads = ["".join(letters) for letters in ones]
    return heads[0] + m + k, heads[1] + (n + k if flipped else k + n), heads[2] + m + n


def einsum(a: str, b: str, out: str, sides: tuple[Any, Any]) -> Layer:
    """An Einstein sum, without the axes that are left out as the batch is."""
    terms = [
        term[1:] if side.dim() > 1 and side.shape[0] == 1 else term for term, side in zip((a, b), sides, strict=True)
    ]
    sizes = {x: n for term, side in zip((a, b), sides, strict=True) for x, n in zip(term, side.shape, strict=True)}
    if len(out) > 1 and sizes[out[0]] == 1:
        out = out[1:]
    return Einsum(f"{terms[0]},{terms[1]}->{out}")


def _is_plain_einsum(operation: Operation) -> bool:
    """Whether an equation is one product that uses every letter: nothing is summed before, nothing only multiplied."""
    operands = operation["tensors"]
    left, arrow, out = operation["equation"].replace(" ", "").partition("->")
    terms = left.split(",")
    if len(operands) != _MATRIX or not arrow or not out.isalpha() or not all(map(str.isalpha, terms)):
        return False
    if any(len(set(term)) < len(term) for term in (*terms, out)):
        return False
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        if any(sizes.setdefault(x, n) != n for x, n in zip(term, operand.shape, strict=False)):
            return False
    both, all_ = set(terms[0]) & set(terms[1]), set(terms[0]) | set(terms[1])
    return bool(both - set(out)) and all_ - both <= set(out)


def _einsum(recorder: Recorder, operation: Operation) -> None:
    left, _, out = operation["equation"].replace(" ", "").partition("->")
    a, b = operation["tensors"]
    terms = left.split(",")
    sizes = {x: n for term, side in zip(terms, (a, b), strict=True) for x, n in zip(term, side.shape, strict=True)}
    layer = lambda: einsum(terms[0], terms[1], out, (a, b))
    made = operation.out
    recorder.bind(made, recorder.place("einsum", layer, [a, b], made.shape, macs=prod(sizes.values())))


def _attention(recorder: Recorder, operation: Operation) -> None:
    """Attention as its two products, the softmax between them, and a mask that depends on anything."""
    q, k, v = (operation[key] for key in ("query", "key", "value"))
    out, mask = operation.out, operation["attn_mask"]
    lead = tuple(out.shape[:-2])
    size = (*lead, q.shape[-2], k.shape[-2])
    keys, values = (_spread(recorder, side, lead) for side in (k, v))
    letters = _LETTERS[4 : 4 + len(lead)]
    dropped = len(size) > 1 and size[0] == 1
    head = letters[1:] if dropped else letters
    scores = prod(size)
    found = recorder.place("einsum", Einsum(f"{head}ac,{head}bc->{head}ab"), [q, keys], size, macs=scores * q.shape[-1])
    if mask is not None and not recorder.value(mask).is_constant:
        found = recorder.place("add", Given("add", recorder.shape(found)), [found, mask], size)
    found = recorder.place("softmax", Activation("softmax", -1), [found], size)
    found = recorder.place("matmul", MatMul(), [found, values], out.shape, macs=scores * v.shape[-1])
    recorder.bind(out, found)


def _spread(recorder: Recorder, side: Any, lead: tuple[int, ...]) -> Any:
    """Keys or values for all heads of the queries, where they have fewer."""
    if tuple(side.shape[:-2]) == lead:
        return side
    size = (*lead, *side.shape[-2:])
    shape = shape_of(size)
    return recorder.place("repeat", Given("repeat", shape), [side], size)


def _grouped(recorder: Recorder, operation: Operation) -> None:
    """Products of groups of rows, each with its own matrix, as experts have: every row or column is in one group."""
    a, b, out = operation["self"], operation["mat2"], operation.out
    groups = out.shape[0] if a.dim() == b.dim() == _MATRIX else 1
    macs = out.numel() * a.shape[-1] // groups
    _plain_product(recorder, operation, [a, b], macs)


def _affine_grid(recorder: Recorder, operation: Operation) -> None:
    """Positions of a map times a matrix: each coordinate is a sum over the axes and one."""
    out = operation.out
    _plain_product(recorder, operation, [operation["theta"]], out.numel() * (out.shape[-1] + 1))


def _plain_product(recorder: Recorder, operation: Operation, sides: list[Any], macs: int) -> None:
    """A product that is no layer's: with as many weights as those sides have that are learnt."""
    learnt = [side for side in sides if is_learnt(recorder, side)]
    taken = [side for side in sides if side is sides[0] or side not in learnt]
    out, kind = operation.out, known_as(operation.name)
    layer = Learnt(kind, shape_of(out.shape), sum(side.numel() for side in learnt), macs)
    recorder.bind(out, recorder.place(kind, layer, taken, out.shape, learnt, macs))


_ATTENTION = (
    *("scaled_dot_product_attention", "_scaled_dot_product_attention_math"),
    *("_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention"),
    *("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_cudnn_attention"),
)
READERS: Readers = {
    "linear": Reader(_linear, counts=True),
    **dict.fromkeys(("mm", "bmm", "addmm", "baddbmm", "matmul", "_scaled_mm", "_int_mm"), Reader(_mm, counts=True)),
    "_grouped_mm": Reader(_grouped, counts=True),
    "affine_grid_generator": Reader(_affine_grid),
    **dict.fromkeys(("mv", "addmv", "dot", "vdot"), Reader(_mm)),
    "einsum": Reader(_einsum, counts=True, takes=_is_plain_einsum),
    **dict.fromkeys(_ATTENTION, Reader(_attention, counts=True)),
}
