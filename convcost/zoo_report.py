"""`zoo`: the networks that come with convcost, with what their papers print beside what is counted."""

from collections.abc import Mapping
from typing import Any

from convcost.evaluation import Evaluation
from convcost.report import CONVENTION, CONVENTION_TEXT, Cell, Report, Size, choose_columns
from convcost.report import columns as columns_of

_COLUMNS = columns_of("network input params macs published_params published_macs paper source note")
_DEFAULT = ("network", "params", "macs", "published_params", "published_macs", "paper")


def zoo_report(evaluations: Mapping[str, Evaluation], columns: tuple[str, ...] = ()) -> Report:
    """Networks by their names in the zoo, a row for each."""
    from convcost import __version__

    rows = tuple(_row(name, evaluation) for name, evaluation in evaluations.items())
    chosen = choose_columns(columns, _COLUMNS, _DEFAULT)
    return Report(
        title="Networks of the zoo",
        columns=chosen,
        rows=rows,
        caption=(
            f"`convcost eval NAME` shows one, `convcost zoo --show NAME` its YAML. {CONVENTION_TEXT}",
            f"convcost {__version__}.",
        ),
        notes=tuple((str(row["network"]), str(row["note"])) for row in rows if row["note"]),
        data=lambda: {
            "command": "zoo",
            "convention": CONVENTION,
            "networks": [_json(name, evaluation) for name, evaluation in evaluations.items()],
        },
    )


def _row(name: str, evaluation: Evaluation) -> Mapping[str, Cell]:
    published = evaluation.network.about["published"]
    return {
        "network": name,
        "input": Size(evaluation.network.input),
        "params": evaluation.total.params,
        "macs": evaluation.total.macs,
        "published_params": published.get("params"),
        "published_macs": published.get("macs"),
        "paper": evaluation.network.about["source"].partition(", http")[0],
        "source": evaluation.network.about["source"],
        "note": published.get("note"),
    }


def _json(name: str, evaluation: Evaluation) -> Mapping[str, Any]:
    network = evaluation.network
    return {
        "name": name,
        "title": network.name,
        "source": network.about["source"],
        "input": network.input,
        "params": evaluation.total.params,
        "macs": evaluation.total.macs,
        "published": network.about["published"],
        "vars": network.about["vars"],
    }
