"""The peak of live activations over the execution order, in elements."""

from math import prod

from convcost.network import INPUT, Network, Shapes


def peak_activations(network: Network, known: Shapes) -> int:
    """The largest sum of live tensors while the nodes run one after another.

    While a node runs, its inputs, its output and everything still needed later are live. Norms,
    activations and views work in place where nobody else needs their input. The network's input counts.
    """
    last_use = {name: len(network.nodes) for name in network.outputs}
    for step, node in enumerate(network.nodes):
        for name in node.inputs:
            last_use[name] = max(last_use.get(name, step), step)
    live = {INPUT: prod(known[INPUT])}
    held = peak = live[INPUT]
    for step, node in enumerate(network.nodes):
        takes_over = node.layer.in_place and last_use[node.inputs[0]] == step
        if takes_over:
            live[node.name] = live.pop(node.inputs[0], 0)
        else:
            live[node.name] = prod(known[node.name])
            held += live[node.name]
        peak = max(peak, held)
        for name in {*node.inputs, node.name}:
            if last_use.get(name, step) <= step and name in live:
                held -= live.pop(name)
    return peak
