"""What names of the ledger are called in a sentence."""

_KINDS = {
    "batch_norm": "batch-norm",
    "layer_norm": "layer-norm",
    "group_norm": "group-norm",
    "instance_norm": "instance-norm",
    "local_response_norm": "local-response-norm",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "leaky-ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "max_pool": "max-pool",
    "avg_pool": "average-pool",
    "adaptive_avg_pool": "adaptive-average-pool",
    "adaptive_max_pool": "adaptive-max-pool",
    "global_avg_pool": "global-average-pool",
    "log_softmax": "log-softmax",
}
_WHOLE = {
    "conv_transpose.output_macs": "MACs of transposed convolutions over output positions",
    "linear.params": "parameters of linear layers",
    "add.elements": "element additions",
    "mul.elements": "element products",
    "upsample.elements": "upsampled elements",
    "upsample.inputs": "inputs of upsampling",
    "upsample.positions": "output positions of upsampling",
    "upsample.layers": "upsampling layers",
    "local_response_norm.padded": "padded elements of local response norms",
}
_QUANTITIES = {
    "biases": "bias additions",
    "params": "parameters",
    "windows": "window elements",
    "averaged": "averaged elements",
}
_CASES = {
    "plain": "without scale and shift",
    "function": "as functions",
    "operator": "as operators",
    "subclass": "in subclasses",
    "same": "padded by the word same",
    "grouped": "of grouped convolutions",
    "size": "to a size",
    "1d": "1-D",
    "3d": "3-D",
}
# Kinds of layers that have MACs.
_PRODUCTS = {
    "conv": "convolutions",
    "conv/grouped": "grouped convolutions",
    "conv_transpose": "transposed convolutions",
    "linear": "linear layers",
    "matmul": "matrix products",
    "einsum": "Einstein sums",
}


def stem(name: str) -> str:
    """What a name of the ledger is called, whatever its cases.

    >>> stem("batch_norm.elements/plain"), stem("conv.biases"), stem("global_avg_pool.inputs")
    ('batch-norm elements', 'bias additions', 'global-average-pool inputs')
    """
    plain = name.partition("/")[0]
    kind, _, quantity = plain.partition(".")
    if plain in _WHOLE:
        return _WHOLE[plain]
    if quantity == "macs":
        return "MACs"
    if quantity == "biases":
        return _QUANTITIES[quantity]
    return f"{_KINDS.get(kind, kind)} {_QUANTITIES.get(quantity, quantity)}"


def cases(name: str) -> str:
    """The cases of a name, in words.

    >>> cases("relu.elements/function"), cases("upsample.elements/bilinear/size")
    ('as functions', 'bilinear, to a size')
    """
    return ", ".join(_CASES.get(case, case) for case in name.split("/")[1:])


def producers(names: list[str]) -> str:
    """The kinds of layers whose MACs these names are.

    >>> producers(["conv.macs", "linear.macs"])
    'convolutions and linear layers'
    """
    found: dict[str, None] = {}
    for name in names:
        kind = name.partition(".")[0]
        found[_PRODUCTS.get(f"{kind}/grouped" if "/grouped" in name else kind, kind)] = None
    first, last = list(found)[:-1], list(found)[-1]
    return f"{', '.join(first)} and {last}" if first else last


def label(name: str) -> str:
    """A name of the ledger in words, with its cases."""
    said, own = stem(name), cases(name)
    said = f"{said} of {producers([name])}" if said in ("MACs", "bias additions") else said
    own = own if "grouped" not in said else cases(name.replace("/grouped", ""))
    return f"{said} ({own})" if own else said
