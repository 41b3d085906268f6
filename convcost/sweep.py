"""`sweep`: a grid over the flags of one convolution, counted block by block."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from convcost.comparison import options_of
from convcost.composition import Composition
from convcost.costs import Cost, total
from convcost.costs import cost as cost_of
from convcost.errors import ConvcostError
from convcost.grid import Axis, Block, Grid
from convcost.kinds import KINDS
from convcost.lanes import Column, Store, explore, store_for
from convcost.names import BY_NAME
from convcost.network import Network, Shapes, nodes_of, shapes
from convcost.rows import Choice, Request
from convcost.selection import LEFT_OUT, Invalid, Part, Selection
from convcost.symbols.axis import Axis as UnknownSize

if TYPE_CHECKING:
    from convcost.conventions import Convention

# What the rows of single kinds take, and who takes it where no kind was asked for.
TAKEN_BY = {
    "groups": "grouped",
    "dilation": "dilated",
    "multiplier": "separable",
    "output_padding": "transposed",
}
FIELDS = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "multiplier",
    "output_padding",
)
COUNTS = ("params", "weights", "biases", "macs", "flops", "activations")
SIZED = ("macs", "flops", "activations")
# Combinations that are counted together: their columns stay in the processor's cache.
BLOCK = 65_536


class LayerSweep(NamedTuple):
    """A grid over a convolution: the axes that vary, and what is the same for all combinations.

    ``convention`` is what it is counted by beside MACs, if anything.
    """

    axes: tuple[Axis, ...]
    fixed: Mapping[str, Any]
    dims: int
    bias: bool
    convention: "Convention | None" = None

    @property
    def grid(self) -> Grid:
        """Every combination."""
        return Grid(self.axes, ignored)

    @property
    def sized(self) -> bool:
        """Whether input sizes were given, and so MACs are known."""
        return any(axis.name == "input_size" for axis in self.axes) or bool(self.fixed.get("input_size"))

    def names(self) -> tuple[str, ...]:
        """The names that conditions may use."""
        known = {name: None for field in (*FIELDS, "input_size") for name in _spellings(field)}
        counts = [name for name in COUNTS if self.sized or name not in SIZED]
        counts += ["counted"] if self.convention else []
        return (*known, *counts, "kind", "bias", "same", "valid", *KINDS)

    @property
    def steps(self) -> int:
        """All steps through the grid."""
        return self.grid.steps

    def store(self) -> Store:
        """What this many combinations are best kept in."""
        return store_for(self.steps)

    def parts(self, selection: Selection, store: Store) -> Iterator[tuple[list[Part], int]]:
        """Slice by slice the rows that stay, and the steps through the grid that were done."""
        for piece in self.grid.slices(store, BLOCK):
            parts = [part for block in piece.blocks for part in self._counted(block, selection, store)]
            yield parts, piece.steps

    def _counted(self, block: Block, selection: Selection, store: Store) -> Iterator[Part]:
        def body(numbers: Mapping[str, Any]) -> Any:
            request, choice = self._request(block.fixed, numbers)
            try:
                row = row_of(request, choice, self.convention)
            except ConvcostError as error:
                return Invalid(error.message)
            return selection.judge(row, _scope(row, request, choice))

        for where, row in explore(body, block.columns, store, block.sizes):
            size = block.size if where is None else len(where)
            if isinstance(row, Invalid):
                selection.note(row.message, size)
            elif row is LEFT_OUT:
                selection.excluded += size
            else:
                yield Part(row, size, _inside(block.places, where, store))

    def _request(self, fixed: Mapping[str, Any], numbers: Mapping[str, Any]) -> tuple[Request, Choice]:
        """The convolution of some lanes, and the kind that takes its place."""
        found = {**self.fixed, **fixed, **{name: value for name, value in numbers.items() if "." not in name}}
        for name in ("kernel_size", "stride", "dilation", "output_padding", "input_size"):
            if name in numbers:
                found[name] = (numbers[name],) * self.dims
            elif f"{name}.0" in numbers:
                found[name] = tuple(numbers[f"{name}.{axis}"] for axis in range(self.dims))
        choice = found.pop("kind")
        return Request(**found, dims=self.dims, bias=self.bias), choice


def ignored(choice: Choice) -> frozenset[str]:
    """The fields that a kind does not take, and those that were given with it."""
    own = KINDS[choice.kind].options
    taken = {name for name in TAKEN_BY if name in own and name not in choice.options}
    # As in `compare`, -g is the grouped row's alone: other kinds have groups of their own.
    return frozenset(TAKEN_BY) - (taken if choice.kind == "grouped" else taken - {"groups"})


def row_of(request: Request, choice: Choice, convention: "Convention | None" = None) -> dict[str, Any]:
    """One row: what was asked for, and what it costs. Raises ConvcostError for what cannot be.

    The numbers may be `Lanes`. Without an input size what needs one is None. What a ``convention`` counts is there
    where one is given.
    """
    options = options_of(request, choice)
    kernel = request.input_size if choice.kind == "global_depthwise" else request.kernel_size
    composition = KINDS[choice.kind].build(
        request.in_channels,
        request.out_channels,
        kernel,
        stride=request.stride,
        padding=request.padding,
        bias=request.bias,
        dims=request.dims,
        **options,
    )
    network, known = _traced(composition, request)
    counted, output = _counts(composition, request, network, known)
    given = {name: options.pop(name, None) for name in TAKEN_BY}
    per_axis = {name: _per_axis(given[name], request.dims) for name in ("dilation", "output_padding")}
    return {
        "kind": choice.kind,
        "options": options,
        "in_channels": request.in_channels,
        "out_channels": request.out_channels,
        "kernel_size": request.kernel_size,
        "stride": request.stride,
        "padding": request.padding,
        **given,
        **per_axis,
        "bias": request.bias,
        "input_size": request.input_size,
        "output": output,
        "params": counted.params,
        "weights": counted.weights,
        "biases": counted.biases,
        "macs": None if output is None else counted.macs,
        "flops": None if output is None else counted.flops,
        "activations": None if output is None else counted.activations,
        **(_counted(convention, network, known) if convention and output is not None else {}),
    }


def _counted(convention: "Convention", network: Network, known: Shapes) -> Mapping[str, Any]:
    from convcost.sweep_counting import counted_row

    return {"counted": counted_row(convention, network, known)}


def _per_axis(value: Any, dims: int) -> Any:
    return value if value is None or isinstance(value, tuple) else (value,) * dims


def _traced(composition: Composition, request: Request) -> tuple[Network, Shapes]:
    """The parts behind an input of the size given or, where none is, of an unknown one."""
    entry: Any = request.input_size or (UnknownSize(),) * request.dims
    network = Network(composition.kind, (request.in_channels, *entry), nodes_of(composition))
    return network, shapes(network)


def _counts(composition: Composition, request: Request, network: Network, known: Shapes) -> tuple[Cost, Any]:
    """The costs of all parts and the output, as far as they are known."""
    if request.input_size is None:
        return Cost(composition.weights, composition.biases), None
    parts = (cost_of(node.layer, *(known[name] for name in node.inputs)) for node in network.nodes)
    return total(parts), known[network.outputs[0]]


def _scope(row: Mapping[str, Any], request: Request, choice: Choice) -> Callable[[], dict[str, Any]]:
    """The names of conditions. Of a value for each axis the largest counts; what a kind does not take is 1 or 0."""

    def make() -> dict[str, Any]:
        plain = {"dilation": 1, "groups": 1, "multiplier": 1, "output_padding": 0}
        found: dict[str, Any] = {name: name for name in (*KINDS, "same", "valid")}
        for field in (*FIELDS, "input_size"):
            value = plain.get(field) if row[field] is None else row[field]
            if value is not None:
                found.update(dict.fromkeys(_spellings(field), _largest(value)))
        found |= {name: row[name] for name in (*COUNTS, "counted") if row.get(name) is not None}
        return {**found, "kind": choice.kind, "bias": request.bias}

    return make


def _largest(value: Any) -> Any:
    return max(map(_largest, value)) if isinstance(value, tuple) else value


def _spellings(field: str) -> tuple[str, ...]:
    return (field, BY_NAME[field].letter) if field in BY_NAME else (field, "size")


def _inside(places: Column | None, where: Column | None, store: Store) -> Column | None:
    return where if places is None else places if where is None else store.take(places, where, None)
