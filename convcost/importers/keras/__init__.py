"""Models of Keras: the JSON of `to_json()`, or the config.json in a `.keras` file. Keras itself is not needed."""

import os
from typing import Any

from convcost.errors import ConvcostError, describe
from convcost.importers import AS_IT_IS, Options
from convcost.importers.keras.archive import model_of, parsed
from convcost.importers.keras.model import network_of
from convcost.network import Network
from convcost.problems import Problem, SpecError


def read(source: str, options: Options = AS_IT_IS) -> tuple[Network, ...]:
    """The network of a file. Sizes that it leaves open come from ``options``.

    Raises SpecError for what is no such file, a model that is neither functional nor sequential, and a graph that
    cannot run.
    """
    try:
        return (_network(model_of(source), source, options),)
    except ConvcostError as error:
        raise SpecError((Problem(f"{source}: {error.message}", source, hint=error.hint or ""),)) from None


def loads(data: "bytes | str", name: str = "<text>", options: Options = AS_IT_IS) -> tuple[Network, ...]:
    """The network of a JSON text; errors as for `read`.

    >>> layer = '{"class_name": "Conv2D", "config": {"name": "c", "filters": 8, "kernel_size": 3}}'
    >>> start = '{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, 9, 9, 3]}}'
    >>> text = f'{{"class_name": "Sequential", "config": {{"name": "tiny", "layers": [{start}, {layer}]}}}}'
    >>> (network,) = loads(text)
    >>> network.name, network.input, [node.name for node in network.nodes]
    ('tiny', (3, 9, 9), ['c'])
    """
    try:
        return (_network(parsed(data), name, options),)
    except ConvcostError as error:
        raise SpecError((Problem(f"{name}: {error.message}", name, hint=error.hint or ""),)) from None


def _network(model: Any, source: str, options: Options) -> Network:
    if not isinstance(model, dict) or not isinstance(model.get("config"), dict):
        raise ConvcostError("no model of Keras: there is no `config`", hint="write model.to_json() into a file")
    if model.get("class_name") not in ("Functional", "Sequential", "Model") and "layers" not in model["config"]:
        raise ConvcostError(
            f"`{describe(model.get('class_name'))}` is a class of somebody's own, and its file holds no layers",
            hint="only functional and sequential models tell what they are",
        )
    stem = os.path.splitext(os.path.basename(source))[0]  # noqa: PTH119, PTH122
    try:
        return network_of(model, stem, source, options)
    except RecursionError:
        raise ConvcostError("the model is nested too deeply") from None
