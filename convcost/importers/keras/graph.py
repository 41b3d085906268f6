"""The graph of a functional model: which call of which layer takes what, in an order in which it can run."""

from collections import Counter
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from convcost.errors import ConvcostError, describe

FUNCTIONAL = ("Functional", "Model")
MODELS = (*FUNCTIONAL, "Sequential")
# A shape with the batch, as the file records it; None is open.
Recorded = tuple[int | None, ...]
Shapes = dict[tuple[str, int], dict[int, Recorded]]


class Tensor(NamedTuple):
    """An output: the layer's name, which of its calls, which of the outputs."""

    layer: str
    call: int
    output: int


class Call(NamedTuple):
    """A call of a layer and the tensors that it takes; ``words`` say of each in which argument, by name or number."""

    entry: Mapping[str, Any]
    layer: str
    number: int
    takes: tuple[Tensor, ...]
    words: tuple[str, ...] = ()


class Graph(NamedTuple):
    """Calls in an order in which they can run, the tensors of the model's inputs and outputs, and shapes on record.

    These are by layer and call, and then by the number of the output; ``taken`` is how many outputs somebody takes.
    """

    calls: tuple[Call, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    recorded: Shapes
    taken: Mapping[tuple[str, int], int]


def graph_of(config: Mapping[str, Any], layers: list[Mapping[str, Any]]) -> Graph:
    """The graph of a functional model's config. Raises ConvcostError for one that cannot run."""
    recorded: Shapes = {}
    calls: dict[tuple[str, int], Call] = {}
    for entry in layers:
        name = name_of(entry)
        nodes = entry.get("inbound_nodes") or ()
        for number, node in enumerate(nodes if isinstance(nodes, list) else ()):
            found = list(_arguments(node, recorded))
            takes, words = tuple(tensor for _, tensor in found), tuple(word for word, _ in found)
            calls[name, number] = Call(entry, name, number, takes, words)
        if not nodes:
            calls[name, 0] = Call(entry, name, 0, ())
    inputs, outputs = (tuple(_references(config.get(key))) for key in ("input_layers", "output_layers"))
    calls, outputs = _counted_from_0(calls, outputs)
    taken: dict[tuple[str, int], int] = {}
    for tensor in (*outputs, *(tensor for call in calls.values() for tensor in call.takes)):
        if not 0 <= tensor.output < _MOST_OUTPUTS:
            raise ConvcostError(f"there is no output {describe(tensor.output)} of `{describe(tensor.layer)}`")
        taken[tensor.layer, tensor.call] = max(taken.get((tensor.layer, tensor.call), 1), tensor.output + 1)
    return Graph(_ordered(calls), inputs, outputs, recorded, taken)


_MOST_OUTPUTS = 1000
Calls = dict[tuple[str, int], Call]


def _counted_from_0(calls: Calls, outputs: tuple[Tensor, ...]) -> tuple[Calls, tuple[Tensor, ...]]:
    """References to models inside of the model, as if their calls were counted from 0.

    A functional model has a call more, of its own making: Keras 3 counts it in the outputs, Keras 2 everywhere.
    """
    numbers = Counter(call.layer for call in calls.values() if call.entry.get("class_name") in MODELS)
    if all(isinstance(node, dict) for call in calls.values() for node in call.entry.get("inbound_nodes") or ()):
        later = {call.layer for call in calls.values() if call.entry.get("class_name") in FUNCTIONAL}
        return calls, tuple(_earlier(tensor, later) for tensor in outputs)
    every = (*outputs, *(tensor for call in calls.values() for tensor in call.takes))
    later = {tensor.layer for tensor in every if tensor.call == numbers.get(tensor.layer)}
    moved = {
        key: call._replace(takes=tuple(_earlier(tensor, later) for tensor in call.takes)) for key, call in calls.items()
    }
    return moved, tuple(_earlier(tensor, later) for tensor in outputs)


def _earlier(tensor: Tensor, later: set[str]) -> Tensor:
    return tensor._replace(call=max(0, tensor.call - 1)) if tensor.layer in later else tensor


def name_of(entry: Mapping[str, Any]) -> str:
    """A layer's name."""
    config = entry.get("config")
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    if not isinstance(name, str) or not name:
        raise ConvcostError(f"a layer `{describe(entry.get('class_name'))}` has no name")
    return name


def _arguments(node: Any, recorded: Shapes) -> Iterator[tuple[str, Tensor]]:
    """The tensors in the arguments of a call and the arguments' names: numbers for those that are given in order."""
    named = node.get("kwargs") if isinstance(node, dict) else None
    ordered = node.get("args") if isinstance(node, dict) else node
    for number, value in enumerate(ordered if isinstance(ordered, list) else ()):
        yield from _tensors(value, recorded, f"{number}")
    for word, value in (named if isinstance(named, dict) else {}).items():
        # What says which steps count for nothing comes along by itself, and is no input.
        if word != "mask":
            yield from _tensors(value, recorded, word)


def _tensors(node: Any, recorded: Shapes, word: str) -> Iterator[tuple[str, Tensor]]:
    """The tensors in an argument, in Keras 3's form or as lists [layer, call, output, arguments by their names]."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__" and isinstance(node.get("config"), dict):
            tensor = _tensor(node["config"].get("keras_history"))
            shape = node["config"].get("shape")
            if isinstance(shape, list) and all(size is None or type(size) is int for size in shape):
                recorded.setdefault((tensor.layer, tensor.call), {})[tensor.output] = tuple(shape)
            yield word, tensor
        else:
            for key in sorted(node):
                yield from _tensors(node[key], recorded, key)
    elif isinstance(node, list):
        if _is_reference(node):
            yield word, _tensor(node[:3])
            node = node[3:]
        for item in node:
            yield from _tensors(item, recorded, word)


def _references(found: Any) -> Iterator[Tensor]:
    """The tensors that a model's inputs or outputs name, however they are nested; of a dictionary in its keys' order.

    That is the order in which Keras takes and numbers them, whatever the file's is.
    """
    if isinstance(found, dict):
        found = [found[key] for key in sorted(found)]
    if isinstance(found, list):
        if _is_reference(found):
            yield _tensor(found[:3])
        else:
            for item in found:
                yield from _references(item)


_PARTS = 3


def _is_reference(found: list[Any]) -> bool:
    return len(found) >= _PARTS and isinstance(found[0], str) and type(found[1]) is int and type(found[2]) is int


def _tensor(found: Any) -> Tensor:
    if not isinstance(found, list) or len(found) != _PARTS or not _is_reference(found):
        raise ConvcostError(f"no tensor is `{describe(found)}`")
    return Tensor(*found)


def _ordered(calls: dict[tuple[str, int], Call]) -> tuple[Call, ...]:
    """Calls in the file's order, each behind those whose outputs it takes."""
    keys = [*calls]
    place = {key: index for index, key in enumerate(keys)}
    waits: list[int] = []
    followers: dict[int, list[int]] = {}
    for index, call in enumerate(calls.values()):
        sources = {(tensor.layer, tensor.call) for tensor in call.takes}
        lost = next((source for source in sources if source not in calls), None)
        if lost is not None:
            taken = f"call {describe(lost[1])} of `{describe(lost[0])}`, which is no layer of the model"
            raise ConvcostError(f"`{describe(call.layer)}` takes {taken}")
        waits.append(len(sources))
        for source in sources:
            followers.setdefault(place[source], []).append(index)
    ready = [index for index, number in enumerate(waits) if not number]
    heapify(ready)
    found = []
    while ready:
        index = heappop(ready)
        found.append(calls[keys[index]])
        for follower in followers.get(index, ()):
            waits[follower] -= 1
            if not waits[follower]:
                heappush(ready, follower)
    if len(found) < len(calls):
        circle = [keys[index][0] for index, number in enumerate(waits) if number]
        raise ConvcostError(f"layers take each other's outputs in a circle: {describe(', '.join(circle))}")
    return tuple(found)
