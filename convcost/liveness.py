"""Which activations are live at each step of the execution order, in elements."""

from math import prod

from convcost.network import INPUT, Network, Shapes


def live_activations(network: Network, known: Shapes) -> dict[str, int]:
    """The sum of live tensors while each node runs, one after another, by the node's name.

    While a node runs, its inputs, its output and everything still needed later are live. Norms and
    activations work in place where nobody else needs their input; views (flatten, slices) keep alive the
    tensor that they look at, and need none of their own. The network's input counts, under its name.
    """
    last_use = dict.fromkeys(network.outputs, len(network.nodes))
    for step, node in enumerate(network.nodes):
        for name in node.inputs:
            last_use[name] = max(last_use.get(name, step), step)
    # For each node the tensor that its output lies in, by the node that made it; and when that is done with.
    tensor = {INPUT: INPUT}
    until = {INPUT: last_use.get(INPUT, 0)}
    held = prod(known[INPUT])
    live = {INPUT: held}
    for step, node in enumerate(network.nodes):
        before = tensor[node.inputs[0]]
        if node.layer.is_view or (node.layer.in_place and until[before] == step):
            tensor[node.name] = before
        else:
            tensor[node.name] = node.name
            held += prod(known[node.name])
        own = tensor[node.name]
        until[own] = max(until.get(own, step), last_use.get(node.name, step))
        live[node.name] = held
        done = {tensor[name] for name in (*node.inputs, node.name)}
        held -= sum(prod(known[name]) for name in done if until[name] == step)
    return live
