"""A check in words: its figures in a unit of their own, who sets the limit, and what is behind it."""

from convcost.budget import LEAST, SAME, Check, Part
from convcost.units import Unit, column_unit, quotient, significant


def set_by(check: Check) -> str:
    """The flag, the file, or the line of the spec that sets the limit."""
    return check.set_by or (f"{check.source}:{check.line}" if check.line else "")


def written(check: Check, *, exact: bool = False) -> tuple[str | None, str | None, str | None]:
    """The limit, what was found and the difference, in one unit; exact where the two would look equal in it."""
    figures = [number for number in (check.limit, check.found) if number is not None]
    unit = None if exact else column_unit(figures, of_bytes=check.what.endswith("_bytes"))
    if len({_scaled(number, unit) for number in figures}) < len(set(figures)):
        unit = None
    limit, found, difference = (
        _scaled(number, unit) if number is not None else None for number in (check.limit, check.found, check.difference)
    )
    if difference and check.difference is not None:
        sign = "+" if check.bound == SAME and check.difference > 0 else ""
        part = f" ({sign}{percent(check)})" if check.ratio is not None else ""
        difference = f"{sign}{difference}{part}"
    return limit, found, difference


def _scaled(number: int, unit: Unit | None) -> str:
    return f"{quotient(number, unit.size)} {unit.name}" if unit else f"{number:,}"


def percent(check: Check) -> str | None:
    """The difference in percent of the limit."""
    return f"{significant(100 * check.ratio)} %" if check.ratio is not None else None


def what_text(check: Check) -> str:
    """What is limited, and that it is a least where it is one."""
    return f"{check.what} (at least)" if check.bound == LEAST else check.what


# Tensors that a note names.
_NAMED = 3


def remark(check: Check) -> str:
    """What is behind a figure, and what there is to know of its limit; empty where there is nothing."""
    said = [check.note] if check.note else []
    if check.peak_at:
        rest = len(check.parts) - _NAMED
        more = f" and {rest:,} more" if rest > 0 else ""
        named = ", ".join(_part(check, part) for part in check.parts[:_NAMED])
        said.append(f"the peak is at `{check.peak_at}`{_line(check.layer_line)}; live then: {named}{more}")
    elif check.parts:
        said.append("heaviest layers: " + ", ".join(_part(check, part) for part in check.parts))
    if check.replaced:
        said.append(f"{check.set_by} takes the place of the spec's {check.replaced.most:,}{_line(check.replaced.line)}")
    return "; ".join(said)


def _part(check: Check, part: Part) -> str:
    share = f" ({significant(100 * part.amount / check.found)} %)" if check.found else ""
    return f"{part.name} {part.amount:,}{share}"


def _line(line: int) -> str:
    return f" (line {line})" if line else ""
