"""Findings as GitHub's workflow commands, which show them on the lines of a pull request.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from convcost.budget import LEAST, NEW, NO_BUDGET, OVER, PARTIAL, SAME, UNDER, UNKNOWN, Check
from convcost.check_report import Checked
from convcost.check_words import remark, written
from convcost.evaluation import Evaluation
from convcost.partial import kinds_text
from convcost.problems import Problem


class Annotation(NamedTuple):
    """A message for a place, whose lines and columns count from 1 (0: unknown).

    Its level is ``error``, ``warning`` or ``notice``.
    """

    level: str
    title: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    def command(self) -> str:
        """The line that GitHub reads."""
        place = (("file", self.file), ("line", self.line), ("col", self.column), ("title", self.title))
        properties = ",".join(f"{key}={_property(str(value))}" for key, value in place if value)
        return f"::{self.level} {properties}::{_message(self.message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def annotated(checked: Checked, workspace: str = "") -> str:
    """A command for each finding and each problem, and the summary as a line of the log.

    What several layers of one line are over, and all that differs of one network, is one command: GitHub shows ten
    of a step. Files are named from ``workspace``, the folder of the repository, where there is one.
    """
    found = [_of_problem(problem, workspace) for problem in checked.errors]
    found += [_of_checks(group, workspace) for group in _groups(checked.checks)]
    known = {(check.network, check.source) for check in checked.checks if check.status == PARTIAL}
    found += [
        _of_partial(evaluation, workspace)
        for evaluation in checked.evaluations
        if evaluation.uncounted and (evaluation.network.name, evaluation.network.source) not in known
    ]
    return "\n".join([*(annotation.command() for annotation in found), f"convcost: {checked.summary}", ""])


def _groups(checks: Iterable[Check]) -> list[list[Check]]:
    """Findings that stand in one place, and networks without a budget."""
    groups: dict[tuple[str | int, ...], list[Check]] = {}
    for check in checks:
        if check.finding or check.status == NO_BUDGET:
            place = () if check.bound == SAME else (check.what, check.bound, check.layer_line)
            groups.setdefault((check.network, check.source, *place), []).append(check)
    return list(groups.values())


def _of_checks(group: list[Check], workspace: str) -> Annotation:
    first = group[0]
    file = file_of(first.source or first.set_by, workspace)
    if first.status == NO_BUDGET:
        return Annotation("notice", "convcost: no budget", f"{first.network}: no budget, nothing was checked", file)
    if first.bound == SAME:
        message = "\n".join(said(check) for check in group)
        return Annotation("error", f"convcost: differs from {first.set_by}", message, file)
    line = (first.layer_line if first.layer else 0) or first.line
    message = "\n".join(said(check) for check in group)
    title = f"convcost: {first.what} {_TITLES.get(first.status, first.status)}"
    return Annotation("error", title, message, file, line if file else 0)


def _of_partial(evaluation: Evaluation, workspace: str) -> Annotation:
    network = evaluation.network
    message = f"{network.name}: not counted: {kinds_text(evaluation.uncounted)}"
    return Annotation("warning", "convcost: partial", message, file_of(network.source, workspace))


_TITLES = {OVER: "over budget", UNDER: "under the least"}


def said(check: Check) -> str:
    """The finding and what is behind it."""
    return "; ".join(filter(None, (sentence(check), remark(check))))


def sentence(check: Check) -> str:
    """A finding in full, with exact integers."""
    what = f"{check.what} of `{check.layer}`" if check.layer else check.what
    if check.status == UNKNOWN:
        return f"{check.network}: {what} is not known, and its limit of {check.limit:,} cannot be checked"
    if check.status == PARTIAL:
        return f"{check.network}: the {what} is partial"
    limit, found, difference = written(check, exact=True)
    if check.bound == SAME and check.status == NEW and not check.layer:
        return f"{check.network}: new, not in {check.set_by}"
    if check.bound == SAME:
        change = f": was {limit or 'nothing'}, is {found or 'nothing'}" if limit or found else ""
        return f"{check.network}: {what} {check.status}{change}{f', {difference}' if difference else ''}"
    side = "under the least of" if check.bound == LEAST else "over the budget of"
    return f"{check.network}: {what} is {found}, {side} {limit} by {difference}"


def _of_problem(problem: Problem, workspace: str) -> Annotation:
    message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    title = "convcost: cannot be read"
    return Annotation("error", title, message, file_of(problem.source, workspace), problem.line, problem.column)


def file_of(source: str, workspace: str) -> str:
    """A file as GitHub names it, from the root of the repository; empty for what is no file.

    >>> file_of("zoo:resnet18", ""), file_of("models:net", ""), file_of("nets/tiny.yaml", "")
    ('', '', 'nets/tiny.yaml')
    """
    if source == "-" or (":" in source and not os.path.exists(source)):  # noqa: PTH110 - pathlib costs a tenth of the start
        return ""
    if not workspace:
        return source.replace(os.sep, "/")
    root, path = os.path.realpath(workspace), os.path.realpath(source)
    inside = path.startswith(os.path.join(root, ""))  # noqa: PTH118 - pathlib costs a tenth of the start
    return (os.path.relpath(path, root) if inside else path).replace(os.sep, "/")
