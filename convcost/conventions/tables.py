"""Pieces that several conventions share: weights for MACs, biases, norms and elements of the ledger."""

from collections.abc import Iterable

_PRODUCTS = ("conv", "conv_transpose", "linear", "matmul", "einsum")


def macs(each: int, kinds: Iterable[str] = _PRODUCTS) -> dict[str, int]:
    """The MACs of these kinds of layers, ``each`` so often."""
    return {f"{kind}.macs": each for kind in kinds}


BIASES = {"conv.biases": 1, "conv_transpose.biases": 1, "linear.biases": 1}


def norms(affine: int, plain: int, *kinds: str) -> dict[str, int]:
    """The elements of these norms, with a scale and a shift or without."""
    return {
        name: each
        for kind in kinds
        for name, each in ((f"{kind}_norm.elements", affine), (f"{kind}_norm.elements/plain", plain))
    }


def elements(each: int, *kinds: str, ways: tuple[str, ...] = ("",)) -> dict[str, int]:
    """The elements of these layers, in these ways of writing them; "" is the usual one."""
    return {f"{kind}.elements{f'/{way}' if way else ''}": each for kind in kinds for way in ways}


POOLS = ("max_pool", "avg_pool", "adaptive_max_pool", "adaptive_avg_pool", "global_avg_pool")


def pool_inputs(*ways: str) -> dict[str, int]:
    """The inputs of all pools once, in these ways of writing them; "" is the usual one."""
    return {f"{kind}.inputs{f'/{way}' if way else ''}": 1 for kind in POOLS for way in ways}
