"""``convcost check``."""

import os
from typing import Any

import click

from convcost.annotations import annotated
from convcost.budget import FIGURES, LEAST, MOST, NO_BUDGET, Check, Limit, checks, whole_checks
from convcost.check_report import Checked, check_report
from convcost.cli import MISUSED
from convcost.cli.columns import column_keys, column_options, count_as_option
from convcost.cli.output import emit, format_for, output_options, say, write
from convcost.cli.sources import SOURCES, network_options, networks, overrides, problems
from convcost.cli.strict import FOUND, is_strict
from convcost.errors import ConvcostError
from convcost.evaluation import Evaluation, evaluate
from convcost.render import FORMATS
from convcost.units import amount

_HELP = {
    "params": "Learnable numbers, such as 3.6M.",
    "weight_bytes": "Bytes of the parameters at --dtype, such as 512KiB.",
    "macs": "Multiply-accumulates, such as 300M.",
    "flops": "2 x MACs.",
    "activations": "Elements of the outputs of convolutions and linear layers.",
    "peak_activations": "Elements that are live at once.",
    "peak_bytes": "Bytes that are live at once, at --dtype.",
    "receptive_field": "Input elements that an output sees, on its longest axis.",
    "layer_params": "Parameters of any layer.",
    "layer_macs": "MACs of any layer.",
    "layer_flops": "FLOPs of any layer.",
    "layer_activations": "Activations of any layer.",
}
# Every flag that sets a limit: what is limited, and which way.
_LIMITS = {f"--max-{what.replace('_', '-')}": (what, MOST) for what in FIGURES}
_LIMITS["--min-receptive-field"] = ("receptive_field", LEAST)


def limit_options(command: Any) -> Any:
    """``--max-macs`` and its like, a flag for every key of a budget."""
    for flag, (what, bound) in reversed(_LIMITS.items()):
        help_ = _HELP[what] if bound == MOST else "The least that an output may see, on its shortest axis."
        command = click.option(flag, metavar="N", help=help_)(command)
    return command


@click.command(
    "check", short_help="Budgets, for CI: what is over, by how much, and the layers behind it.", epilog=SOURCES
)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@limit_options
@click.option("--snapshot", metavar="FILE", help="Compare with the costs in FILE, which is committed beside the specs.")
@click.option("--update", is_flag=True, help="Write the costs of now to the file of --snapshot.")
@count_as_option
@click.option("--max-counted", metavar="N", help="The most that the convention of --count-as may count.")
@network_options
@column_options
@output_options
def command(
    specs: tuple[str, ...],
    count_as: str,
    max_counted: str | None,
    snapshot: str | None,
    update: bool,  # noqa: FBT001 - click calls by name
    set_: tuple[str, ...],
    input_: str | None,
    columns: str | None,
    dtype: str,
    format_: str | None,
    output: str | None,
    exact: bool,  # noqa: FBT001 - click calls by name
    **flags: str | None,
) -> int:
    """Check networks against their budgets, and the exit status tells: 0 all within, 1 something is not.

    \b
    convcost check nets/
    convcost check resnet18 --max-macs 2G --max-peak-bytes 4MiB --dtype int8
    convcost check nets/ --snapshot costs.json
    convcost check nets/ -f github

    A flag takes the place of what a spec's own `budget:` says of the same figure, in all of them. Files that
    cannot be read are reported, the others are still checked, and the exit status is 2.
    """  # noqa: D301 - click's \b keeps the lines
    if update and not snapshot:
        raise ConvcostError("--update writes the file of --snapshot", hint="add --snapshot FILE")
    given = _limits(flags)
    before = _before(snapshot, update=update) if snapshot is not None else None
    found, errors = networks(specs, overrides(set_, input_))
    for error in errors:
        say(error.shown())
    evaluations = tuple(map(evaluate, found))
    every = [check for evaluation in evaluations for check in checks(evaluation, given, dtype)]
    every = _with_counted(every, evaluations, count_as, max_counted)
    if snapshot is not None:
        every = [check for check in every if check.status != NO_BUDGET]
        every += _against(snapshot, before, evaluations, update=update, partial=bool(errors))
    elif all(check.status == NO_BUDGET for check in every) and not errors:
        _nothing(evaluations)
    if is_strict():
        every += [check for evaluation in evaluations for check in whole_checks(evaluation, "--strict")]
    checked = Checked(tuple(every), evaluations, problems(errors), dtype)
    _show(checked, column_keys(columns), format_, output, exact=exact)
    return MISUSED if errors else FOUND if checked.findings else 0


# The other formats are every report's.
next(option for option in command.params if option.name == "format_").type = click.Choice([*FORMATS, "github"])


def _with_counted(
    every: list[Check], evaluations: tuple[Evaluation, ...], count_as: str, most: str | None
) -> list[Check]:
    """The checks with what --count-as counts beside --max-counted, which need each other."""
    if not count_as and most is None:
        return every
    if not count_as or most is None:
        raise ConvcostError(
            "--count-as NAME and --max-counted N go together", hint="`convcost conventions` lists names"
        )
    from convcost.counted_budget import counted_check

    try:
        limit = amount(most)
    except ConvcostError as error:
        raise ConvcostError(f"--max-counted {error.message}", hint=error.hint) from None
    every = [check for check in every if check.status != NO_BUDGET]
    return every + [counted_check(one, count_as, limit, "--max-counted") for one in evaluations]


def _limits(flags: dict[str, str | None]) -> list[Limit]:
    """The limits that flags set."""
    found = []
    for flag, (what, bound) in _LIMITS.items():
        text = flags[flag[2:].replace("-", "_")]
        if text is None:
            continue
        try:
            found.append(Limit(what, amount(text), flag, bound=bound))
        except ConvcostError as error:
            raise ConvcostError(f"{flag} {error.message}", hint=error.hint) from None
    return found


def _before(path: str, *, update: bool) -> Any:
    """The snapshot as it is; None where there is none and it is to be written."""
    from convcost.snapshot import MOST_BYTES, read

    if path == "-":
        raise ConvcostError("--snapshot takes a file, not standard input")
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs a tenth of the start
            return read(file.read(MOST_BYTES), path)
    except FileNotFoundError:
        if update:
            return None
        raise ConvcostError(f"--snapshot {path}: no such file", hint="write it with --update") from None
    except ConvcostError as error:
        raise ConvcostError(f"--snapshot {error.message}", hint=error.hint) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConvcostError(f"--snapshot {path}: {reason}") from None


def _against(
    path: str, before: Any, evaluations: tuple[Evaluation, ...], *, update: bool, partial: bool
) -> list[Check]:
    """What differs from the snapshot; with ``update`` it is written, unless networks would be lost from it."""
    from convcost.snapshot import compared, taken, written

    if update and partial:
        say(f"error: --snapshot {path} is not written, for not every spec can be read")
        update = False
    found = compared(before or {}, evaluations, path, update=update, partial=partial)
    if update:
        try:
            write(written(taken(evaluations)), path)
        except ConvcostError as error:
            raise ConvcostError(error.message.replace("-o ", "--snapshot ", 1), hint=error.hint) from None
    return found


def _nothing(evaluations: tuple[Evaluation, ...]) -> None:
    """A check of nothing is no check that passed."""
    whom = ", ".join(evaluation.network.source for evaluation in evaluations)
    hint = "write `budget: {macs: 300M}` in the spec, or give --max-macs 300M or --snapshot FILE"
    raise ConvcostError(f"nothing to check: no budget in {whom}", hint=hint)


def _show(checked: Checked, columns: tuple[str, ...], format_: str | None, output: str | None, *, exact: bool) -> None:
    if format_ == "github":
        write(annotated(checked, os.environ.get("GITHUB_WORKSPACE", "")), output)
        return
    chosen = format_for(format_, output)
    machine = chosen in ("csv", "tsv", "json")
    try:
        report = check_report(checked, columns, machine=machine, exact=exact)
    except ConvcostError as error:
        raise ConvcostError(f"--columns: {error.message}", hint=error.hint) from None
    if checked.checks or chosen == "json":
        emit(report, format_, output, exact=exact)
