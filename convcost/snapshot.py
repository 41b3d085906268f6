"""A snapshot: what networks cost, as a file to be committed, one line for each total and each layer.

It holds no version of convcost: it differs only where costs do. Networks stand in the order of their names, layers in
the order of their network, and layers without parameters and MACs are left out. What is not counted is listed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from convcost.budget import CHANGED, GONE, NEW, OK, SAME, UPDATED, Check
from convcost.errors import ConvcostError, describe
from convcost.evaluation import Evaluation
from convcost.partial import Uncounted, kinds_text

SCHEMA_VERSION = 1
TOTALS = ("params", "macs", "activations", "peak_activations")
OF_LAYERS = ("params", "macs")
# Of a file that may be a snapshot; one that is longer ends in the middle, and is none.
MOST_BYTES = 2**26


class Entry(NamedTuple):
    """A network in a snapshot: its input, its totals, the params and MACs of each layer, and what is not counted."""

    input: tuple[int, ...]
    totals: Mapping[str, int]
    layers: Mapping[str, Mapping[str, int]]
    uncounted: Uncounted


Snapshot = dict[str, Entry]


def taken(evaluations: Iterable[Evaluation]) -> Snapshot:
    """The snapshot of networks, by their names.

    Raises ConvcostError where two that differ have one name.
    """
    found: Snapshot = {}
    sources: dict[str, str] = {}
    for evaluation in evaluations:
        network = evaluation.network
        entry = _entry(evaluation)
        if found.setdefault(network.name, entry) != entry:
            both = f"{sources[network.name]} and {network.source}"
            hint = "give one of them another `name:`"
            raise ConvcostError(f"two networks are named `{describe(network.name)}` ({both})", hint=hint)
        sources.setdefault(network.name, network.source)
    return dict(sorted(found.items()))


def _entry(evaluation: Evaluation) -> Entry:
    total = evaluation.total
    layers = {name: {"params": cost.params, "macs": cost.macs} for name, cost in evaluation.costs.items()}
    return Entry(
        tuple(evaluation.network.input),
        {
            "params": total.params,
            "macs": total.macs,
            "activations": total.activations,
            "peak_activations": evaluation.peak_activations,
        },
        {name: counts for name, counts in layers.items() if any(counts.values())},
        evaluation.uncounted,
    )


def written(snapshot: Snapshot) -> str:
    """The snapshot as JSON, ending in one newline."""
    networks = [f"    {_text(name)}: {_network_text(entry)}" for name, entry in snapshot.items()]
    return f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "networks": {_block(networks, "  ")}\n}}\n'


def _network_text(entry: Entry) -> str:
    layers = [f"        {_text(name)}: {_text(counts)}" for name, counts in entry.layers.items()]
    lines = [f'      "input": {_text(entry.input)}']
    lines += [f'      "{key}": {number}' for key, number in entry.totals.items()]
    lines += [f'      "uncounted": {_text(entry.uncounted)}'] if entry.uncounted else []
    return _block([*lines, f'      "layers": {_block(layers, "      ")}'], "    ")


def _block(lines: list[str], indent: str) -> str:
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}" if lines else "{}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def read(data: bytes, path: str) -> Snapshot:
    """The snapshot that a file holds.

    Raises ConvcostError that names the file and the place, where it is no snapshot.
    """
    try:
        whole = json.loads(data, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}:{error.colno}"
        raise ConvcostError(f"{place}: no JSON: {error.msg[:1].lower()}{error.msg[1:]}", hint=_ANEW) from None
    except ConvcostError as error:
        raise ConvcostError(f"{path}: {error.message}", hint=_ANEW) from None
    except ValueError as error:
        raise ConvcostError(f"{path}: no JSON: {describe(error)}", hint=_ANEW) from None
    try:
        return dict(sorted(_networks(whole)))
    except ConvcostError as error:
        raise ConvcostError(f"{path}: {error.message}", hint=error.hint or _ANEW) from None


_ANEW = "--snapshot takes a file that --update wrote; where it is spoilt, remove it and write it anew"


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that stands in it twice, as after a bad merge, is an error."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ConvcostError(f"the key `{describe(key)}` stands twice")
        found[key] = value
    return found


def _networks(whole: Any) -> Iterator[tuple[str, Entry]]:
    if not isinstance(whole, dict) or not {"schema_version", "networks"} <= set(whole):
        raise ConvcostError("no snapshot of convcost")
    if whole["schema_version"] != SCHEMA_VERSION:
        version = describe(whole["schema_version"])
        raise ConvcostError(f"schema_version {version}, this convcost reads {SCHEMA_VERSION}", hint="another version")
    for name, entry in _object(whole["networks"], "networks").items():
        place = f"networks.{describe(name)}"
        shape = _object(entry, place).get("input")
        if not isinstance(shape, list) or not shape or not all(type(size) is int for size in shape):
            raise ConvcostError(f"{place}.input must be a list of whole numbers")
        layers = _object(entry.get("layers"), f"{place}.layers").items()
        each = {layer: _counts(counts, OF_LAYERS, f"{place}.layers.{describe(layer)}") for layer, counts in layers}
        missing = _object(entry.get("uncounted", {}), f"{place}.uncounted")
        uncounted = _counts(missing, tuple(missing), f"{place}.uncounted")
        yield name, Entry(tuple(shape), _counts(entry, TOTALS, place), each, uncounted)


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConvcostError(f"{place} must be an object")
    return value


def _counts(value: Any, keys: tuple[str, ...], place: str) -> dict[str, int]:
    entry = _object(value, place)
    for key in keys:
        if type(entry.get(key)) is not int or entry[key] < 0:
            raise ConvcostError(f"{place}.{key} must be a whole number")
    return {key: entry[key] for key in keys}


def compared(
    before: Snapshot, evaluations: tuple[Evaluation, ...], path: str, *, update: bool = False, partial: bool = False
) -> list[Check]:
    """What differs from a snapshot, network by network; one line for a network where nothing does.

    ``update``: the differences are being written, and are no findings. ``partial``: some networks could not be read,
    and so none is known to be gone.
    """
    by_name = {evaluation.network.name: evaluation.network for evaluation in evaluations}
    now = taken(evaluations)
    found: list[Check] = []
    for name in sorted({*now, *before}):
        network = by_name.get(name)
        check = Check(name, network.source if network else "", "snapshot", OK, bound=SAME, set_by=path)
        if network is None:
            found += (
                []
                if partial
                else [check._replace(what="network", status=GONE, note="not among the networks that were read")]
            )
        elif name not in before:
            found.append(check._replace(what="network", status=NEW))
        else:
            found += _changes(before[name], now[name], check, network.lines) or [check]
    return [check._replace(status=UPDATED) if check.finding and update else check for check in found]


def _changes(was: Entry, now: Entry, check: Check, lines: Mapping[str, int]) -> list[Check]:
    found = []
    if was.input != now.input:
        note = f"the input was {_sizes(was.input)} and is {_sizes(now.input)}"
        found.append(check._replace(what="input", status=CHANGED, note=note))
    if was.uncounted != now.uncounted:
        before, after = (kinds_text(entry.uncounted) or "nothing" for entry in (was, now))
        note = f"what is not counted was {before}, and is {after}"
        found.append(check._replace(what="uncounted", status=CHANGED, note=note))
    found += _differences(was.totals, now.totals, check)
    for name in (*now.layers, *(name for name in was.layers if name not in now.layers)):
        of_layer = check._replace(layer=name, layer_line=lines.get(name, 0))
        found += _differences(was.layers.get(name, {}), now.layers.get(name, {}), of_layer)
    return found


def _differences(was: Mapping[str, int], now: Mapping[str, int], check: Check) -> list[Check]:
    """A check for each count that differs; a layer that is only on one side has no counts on the other."""
    status = NEW if not was else CHANGED if now else GONE
    return [
        check._replace(what=key, status=status, limit=was.get(key), found=now.get(key))
        for key in {**was, **now}
        if was.get(key, 0) != now.get(key, 0)
    ]


def _sizes(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
