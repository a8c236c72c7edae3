"""Ranges with an optional minimum and maximum: their description and their mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from spark_jobs.spec.mistakes import SpecIssue

Bound = float | str


def format_bound(bound: Bound | None) -> str:
    """Return a bound as the user wrote it: a whole float without its decimal point."""
    if isinstance(bound, float):
        return str(int(bound)) if bound == int(bound) and abs(bound) < 1e15 else str(bound)
    return str(bound)


def describe_range(low: Bound | None, high: Bound | None) -> str:
    """Return a range as text.

    >>> describe_range(None, 5.0), describe_range(1, 5)
    ('at most 5', 'between 1 and 5')
    """
    if high is None:
        return f"at least {format_bound(low)}"
    return f"at most {format_bound(high)}" if low is None else f"between {format_bound(low)} and {format_bound(high)}"


def range_issues(rule: str, low: Bound | None, high: Bound | None) -> Iterator[SpecIssue]:
    """Yield an issue if the keys `min` and `max` are both missing, differ in type or are in the wrong order.

    Args:
        rule: The name of the rule.
        low: The minimum: a number, or a date or time in ISO 8601.
        high: The maximum.
    """
    if low is None and high is None:
        yield SpecIssue((), f"has `rule: {rule}` but neither `min` nor `max`.", "Set `min`, `max` or both.")
    elif low is not None and high is not None and isinstance(low, str) != isinstance(high, str):
        yield SpecIssue(("max",), "has another type than `min`.", "Use two numbers or two dates.")
    elif low is not None and high is not None and _is_above(low, high):
        text = f"is {format_bound(high)}, less than `min` ({format_bound(low)})."
        yield SpecIssue(("max",), text, "No value can pass; swap the bounds.")


def _is_above(low: Bound, high: Bound) -> bool:
    if isinstance(low, str) and isinstance(high, str):
        return _is_later(low, high)
    return not isinstance(low, str) and not isinstance(high, str) and low > high


def _is_later(low: str, high: str) -> bool:
    try:
        return datetime.fromisoformat(low) > datetime.fromisoformat(high)
    except TypeError:  # only one has a UTC offset: compare the dates
        return date.fromisoformat(low[:10]) > date.fromisoformat(high[:10])
