"""Functional and sequential models, and those inside of them, as one network."""

from collections.abc import Mapping, Sequence
from typing import Any

from convcost.errors import ConvcostError, describe
from convcost.importers import Options
from convcost.importers.keras.builder import Builder, LayerError, Site
from convcost.importers.keras.config import MOST_AXES, Config
from convcost.importers.keras.graph import MODELS, Call, Graph, Recorded, graph_of, name_of
from convcost.importers.keras.kinds import ALWAYS_LAST, known
from convcost.layers import Given
from convcost.layers.base import Shape
from convcost.network import INPUT, Network

_DEEPEST = 32
# Of layers one behind the other nothing is on record.
_ALONE = Graph((), (), (), {}, {})
_FIRST = "channels_first"


def network_of(model: Mapping[str, Any], stem: str, source: str, options: Options) -> Network:
    """The network of a model."""
    config = Config(model["config"])
    last = not _channels_first(config.layers(), 0)
    starts = _starts(model)
    shapes = [_shape(name, shape, options, last=last, alone=len(starts) == 1) for name, shape in starts]
    run = _Model()
    builder = Builder(shapes[0], run.inside, last=last)
    ends = [INPUT]
    for (name, _), shape in zip(starts[1:], shapes[1:], strict=True):
        # A network has one input; the others stand beside it.
        ends.append(builder.put(name, "input", Given("input", shape), INPUT))
    outputs = run.model(builder, model, "", (), ends)
    name = config.get("name")
    assembly = builder.assembly
    title = describe(name) if isinstance(name, str) and name else stem
    ends = list(dict.fromkeys(outputs))
    return Network(title, shapes[0], tuple(assembly.nodes), tuple(ends), source, blocks=builder.blocks)


def _channels_first(layers: Sequence[Mapping[str, Any]], depth: int) -> bool:
    """Whether all layers of a model that say where channels are have them first."""
    said: set[str] = set()
    stack = [(layer, depth) for layer in layers]
    while stack:
        layer, level = stack.pop()
        config = layer.get("config")
        if isinstance(config, dict):
            said.add(str(config.get("data_format")))
            inner, wrapped = config.get("layers"), config.get("layer")
            items = [*(inner if isinstance(inner, list) else ()), wrapped]
            stack += [(item, level + 1) for item in items if isinstance(item, dict) and level < _DEEPEST]
    return said & {_FIRST, "channels_last"} == {_FIRST}


def _starts(model: Mapping[str, Any]) -> list[tuple[str, Recorded]]:
    """The names and shapes, with the batch, of a model's inputs."""
    config = Config(model["config"])
    layers = config.layers()
    if not layers:
        raise ConvcostError("the model has no layers")
    if model.get("class_name") == "Sequential":
        shape = _recorded(layers[0].get("config")) or _recorded(model["config"])
        if shape is None and layers[0].get("class_name") in MODELS:
            return _starts(layers[0])
        if shape is None:
            raise ConvcostError("the model has no input shape", hint="build it before it is written")
        return [(name_of(layers[0]), shape)]
    named = {name_of(layer): layer for layer in layers}
    found = []
    for tensor in graph_of(model["config"], layers).inputs:
        shape = _recorded(named.get(tensor.layer, {}).get("config"))
        if shape is None:
            raise ConvcostError(f"the input `{describe(tensor.layer)}` has no shape")
        found.append((tensor.layer, shape))
    if not found:
        raise ConvcostError("the model has no inputs")
    return found


def _recorded(config: Any) -> Recorded | None:
    for key in ("batch_shape", "batch_input_shape", "build_input_shape"):
        shape = config.get(key) if isinstance(config, dict) else None
        if isinstance(shape, list) and shape and all(size is None or type(size) is int for size in shape):
            return tuple(shape)
    return None


def _shape(name: str, recorded: Recorded, options: Options, *, last: bool, alone: bool) -> Shape:
    """The shape of an input: what is asked for, or what the file has."""
    if len(recorded) > MOST_AXES:
        raise ConvcostError(f"the input `{describe(name)}` has more than {MOST_AXES} axes")
    given = options.inputs.get(name) or (options.input if alone else None)
    if given is not None:
        if len(given) != len(recorded) - 1:
            raise ConvcostError(f"the input `{describe(name)}` has {len(recorded) - 1} axes, not {len(given)}")
        channels = recorded[-1] if last else recorded[1]
        if channels not in (None, given[0]):
            raise ConvcostError(
                f"the input `{describe(name)}` has {channels} channels, not {given[0]}",
                hint="channels come first here, as in 3x224x224",
            )
        return given
    sizes = [size for size in recorded[1:] if size is not None and size > 0]
    if len(sizes) < len(recorded) - 1:
        flag = "--input 3x224x224" if alone else f"--input {describe(name)}=3x224x224"
        shown = describe(list(recorded))
        raise ConvcostError(f"the input `{describe(name)}` leaves sizes open: {shown}", hint=f"give them: {flag}")
    if not sizes:
        raise ConvcostError(f"the input `{describe(name)}` has no axis but the batch")
    return (sizes[-1], *sizes[:-1]) if last and len(sizes) > 1 else tuple(sizes)


class _Model:
    """Runs models, those inside of others in their place."""

    def __init__(self) -> None:
        self.ran: set[tuple[str, ...]] = set()
        self.depth = 0

    def model(
        self, builder: Builder, model: Mapping[str, Any], prefix: str, path: tuple[str, ...], takes: Sequence[str]
    ) -> list[str]:
        """The ends of a model's outputs."""
        config = Config(model.get("config"))
        layers = config.layers()
        builder.spend(len(layers))
        if model.get("class_name") == "Sequential":
            return self._sequential(builder, layers, prefix, path, takes)
        graph = graph_of(config.fields, layers)
        if len(graph.inputs) != len(takes):
            raise ConvcostError(f"a model of {len(graph.inputs)} inputs takes {len(takes)}")
        ends: dict[tuple[str, int], Sequence[str]] = {}
        for tensor, name in zip(graph.inputs, takes, strict=True):
            ends[tensor.layer, tensor.call] = (name,)
        for call in graph.calls:
            if (call.layer, call.number) not in ends and call.takes:
                sources = tuple(_end(ends, tensor.layer, tensor.call, tensor.output) for tensor in call.takes)
                ends[call.layer, call.number] = self._call(builder, call, prefix, path, sources, graph)
        return [_end(ends, *tensor) for tensor in graph.outputs] or [builder.current]

    def inside(self, builder: Builder, entry: Mapping[str, Any], site: Site) -> Sequence[str]:
        """The ends of a layer that another one, at ``site``, holds and runs."""
        call = Call(entry, name_of(entry), 0, ())
        return self._call(builder, call, f"{site.name}.", site.own, (builder.current,), _ALONE)

    def _sequential(
        self,
        builder: Builder,
        layers: Sequence[Mapping[str, Any]],
        prefix: str,
        path: tuple[str, ...],
        takes: Sequence[str],
    ) -> list[str]:
        ends = list(takes)
        for layer in layers:
            if layer.get("class_name") != "InputLayer":
                call = Call(layer, name_of(layer), 0, ())
                ends = list(self._call(builder, call, prefix, path, tuple(ends[:1]), _ALONE))
        return ends

    def _call(
        self,
        builder: Builder,
        call: Call,
        prefix: str,
        path: tuple[str, ...],
        takes: tuple[str, ...],
        graph: Graph,
    ) -> Sequence[str]:
        """The ends of a call's outputs."""
        shared, key = call.entry.get("shared_object_id"), (call.layer, call.number)
        name = f"{prefix}{call.layer}" if call.number == 0 else f"{prefix}{call.layer}.{call.number + 1}"
        site = Site(
            name,
            describe(call.entry.get("class_name")),
            Config(call.entry.get("config")),
            takes,
            tuple(graph.recorded.get((tensor.layer, tensor.call), {}).get(tensor.output) for tensor in call.takes),
            graph.recorded.get(key, {}),
            graph.taken.get(key, 1),
            call.words,
            # What an archive numbers alike is one layer, wherever it stands.
            (*path, call.layer) if shared is None else (f"{shared}",),
        )
        again, builder.again = builder.again, builder.again or site.own in self.ran
        self.depth += 1
        try:
            ends = self._ends(builder, site, call.entry)
        except LayerError:
            raise
        except ConvcostError as error:
            raise LayerError(f"`{describe(name)}` ({site.word}): {error.message}", hint=error.hint) from None
        finally:
            builder.again = again
            self.depth -= 1
        self.ran.add(site.own)
        return ends

    def _ends(self, builder: Builder, site: Site, entry: Mapping[str, Any]) -> Sequence[str]:
        # The layers of a model count one more than the model.
        if self.depth - 1 > _DEEPEST:
            raise ConvcostError(f"models stand in one another deeper than {_DEEPEST} levels")
        builder.start(site)
        if site.word in MODELS:
            builder.blocks[site.name] = site.word
            return self.model(builder, entry, f"{site.name}.", site.own, site.takes)
        build = known(entry)
        # Where a layer has its channels elsewhere than its model, what it does here is another thing.
        format_ = site.config.get("data_format", "channels_last" if site.word in ALWAYS_LAST else None)
        elsewhere = format_ is not None and (format_ == _FIRST) == builder.last
        # Weights of low rank beside the layer's own (LoRA) are on no line of its config.
        if build is None or elsewhere or site.config.get("lora_rank"):
            return builder.unknown(site)
        return build(builder, site) or (builder.current,)


def _end(ends: Mapping[tuple[str, int], Sequence[str]], layer: str, call: int, index: int) -> str:
    found = ends.get((layer, call), ())
    if not 0 <= index < len(found):
        raise ConvcostError(f"there is no output {index} of `{describe(layer)}`")
    return found[index]
