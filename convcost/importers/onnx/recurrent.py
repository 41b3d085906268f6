"""`LSTM`, `GRU` and `RNN` as what they compute: a product with the inputs, and one with the state, at each step."""

from convcost import layers
from convcost.errors import ConvcostError
from convcost.importers.onnx.call import Call, known
from convcost.importers.onnx.graph import Graph
from convcost.importers.onnx.shared import again
from convcost.layers.given import Given

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_DIRECTIONS = 2


def recurrent(graph: Graph, call: Call) -> None:
    """x, w, r, and biases, lengths, first states and peepholes; what is made are all states, and the last.

    MACs are weights times steps times directions' own; gates and states are elementwise, and have none.
    """
    shape, w, r = call.shape(), call[1], call[2]
    turned = bool(call.get("layout", 0))
    steps, batch = (shape[1], shape[0]) if turned else (shape[0], shape[1])
    directions, wide, inner = known(w)
    hidden = wide // _GATES[call.op]
    if known(r) != (directions, wide, hidden) or directions > _DIRECTIONS or shape[2] != inner:
        raise ConvcostError(f"weights of {known(w)} and {known(r)} for an input of {shape}")
    name = graph.name(call)
    node = graph.bring(call, call[0], (steps * batch, inner))
    # Both directions see the inputs, and so are one layer on them; each has a state of its own.
    sources = [_linear(graph, f"{name}.input", layers.Linear(inner, directions * wide), node, own=graph.takes(w))]
    own = graph.takes(r)
    sources += graph.rest(w, r, call.maybe(3), call.maybe(7))
    for _ in range(directions):
        state = graph.names.free(f"{name}.state")
        graph.assembly.append(state, "state", Given("state", (steps * batch, hidden)), node)
        sources.append(_linear(graph, f"{state}.linear", layers.Linear(hidden, wide), state, own=own))
    every = (batch, steps, directions, hidden) if turned else (steps, directions, batch, hidden)
    last = (batch, directions, hidden) if turned else (directions, batch, hidden)
    kind = call.op.lower()
    graph.give(call, kind, tuple(sources), every)
    for index in (1, 2):
        if index < len(call.outputs) and call.outputs[index]:
            graph.give(call, kind, (name,), last, index)


def _linear(graph: Graph, name: str, layer: layers.Linear, source: str, *, own: bool) -> str:
    name = graph.names.free(name)
    graph.assembly.append(name, "linear", layer if own else again(layer), source)
    return name
