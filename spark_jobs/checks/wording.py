"""Short descriptions of checks for reports and messages."""

from __future__ import annotations

from spark_jobs.errors import format_list
from spark_jobs.spec.checks import Between, Check, Compare, Fresh, InSet, Matches, NotNull, NullRate, RowCount, Unique


def describe_check(check: Check) -> str:
    """Return a check as a short text.

    >>> describe_check(RowCount(rule="row_count", min=10))
    'rows at least 10'
    """
    match check:
        case Between():
            return f"{check.column} {_range(check.min, check.max)}"
        case InSet():
            return f"{check.column} one of {format_list(check.values)}"
        case NotNull():
            return f"{check.column} not null"
        case Matches():
            return f"{check.column} matches {check.pattern}"
        case Unique():
            return f"{format_list(check.columns)} unique"
        case Compare():
            return f"{check.column} {check.is_} {check.other}"
        case RowCount():
            return f"rows {_range(check.min, check.max)}"
        case NullRate():
            return f"{check.column} null in at most {100 * check.max:g} %"
        case Fresh():
            return f"newest {check.column} at most {check.max_hours:g} hours old"


def checked_columns(check: Check) -> tuple[str, ...]:
    """Return the columns that a check reads."""
    match check:
        case Unique():
            return check.columns
        case Compare():
            return (check.column, check.other)
        case RowCount():
            return ()
    return (check.column,)


def format_bound(bound: float | str | None) -> str:
    """Return a bound as the user wrote it: a whole float without its decimal point."""
    if isinstance(bound, float):
        return str(int(bound)) if bound == int(bound) and abs(bound) < 1e15 else str(bound)
    return str(bound)


def _range(low: float | str | None, high: float | str | None) -> str:
    if high is None:
        return f"at least {format_bound(low)}"
    return f"at most {format_bound(high)}" if low is None else f"between {format_bound(low)} and {format_bound(high)}"
