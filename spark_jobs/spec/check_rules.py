"""Rules for `checks` that the types of its keys cannot express, validated without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from spark_jobs.spec import constants
from spark_jobs.spec.checks import Between, Check, Compare, InSet, Matches, RowCount, Unique
from spark_jobs.spec.mistakes import SpecIssue, got
from spark_jobs.spec.models import Spec
from spark_jobs.spec.yaml12 import KeyPath


def broken_checks(spec: Spec) -> Iterator[SpecIssue]:
    """Yield an issue with its key path for every rule that `checks` violates."""
    for place, check in enumerate(spec.checks):
        at: KeyPath = ("checks", place)
        if check in spec.checks[:place]:
            yield SpecIssue(at, "repeats an earlier check.", "Remove the duplicate.")
        yield from _columns(check, at)
        match check:
            case Between() | RowCount():
                yield from _bounds(check, at)
            case InSet():
                yield from _list(check.values, (*at, "values"), "value")
            case Unique():
                yield from _list(check.columns, (*at, "columns"), "column")
            case Matches():
                yield from _pattern(check, at)
            case Compare() if check.column == check.other:
                yield SpecIssue(
                    (*at, "other"), f"names '{check.other}', the same column as `column`.", "Name another column."
                )


def _columns(check: Check, at: KeyPath) -> Iterator[SpecIssue]:
    for key in ("column", "other"):
        name = getattr(check, key, None)
        if isinstance(name, str) and name.casefold() in constants.RESERVED:
            yield SpecIssue((*at, key), f"names '{name}', a reserved output column.", "Name a column of the source.")


def _bounds(check: Between | RowCount, at: KeyPath) -> Iterator[SpecIssue]:
    low, high = check.min, check.max
    if low is None and high is None:
        yield SpecIssue(at, f"has `rule: {check.rule}` but neither `min` nor `max`.", "Set `min`, `max` or both.")
        return
    wrong = [key for key, bound in (("min", low), ("max", high)) if isinstance(bound, str) and not _is_moment(bound)]
    for key in wrong:
        text = f"must be a number or an ISO 8601 date or time such as 2020-01-31T08:00.{got(getattr(check, key))}"
        yield SpecIssue((*at, key), text, "Write numbers without quotes.")
    if wrong or low is None or high is None:
        return
    if isinstance(low, str) or isinstance(high, str):
        if not (isinstance(low, str) and isinstance(high, str)):
            yield SpecIssue((*at, "max"), "has another type than `min`.", "Use two numbers or two dates.")
        elif _is_later(low, high):
            yield _turned(at, low, high)
    elif low > high:
        yield _turned(at, low, high)


def _turned(at: KeyPath, low: object, high: object) -> SpecIssue:
    return SpecIssue(
        (*at, "max"), f"is {_shown(high)}, less than `min` ({_shown(low)}).", "No value can pass; swap the bounds."
    )


def _shown(bound: object) -> str:
    return f"{bound:.12g}" if isinstance(bound, float) else str(bound)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_later(low: str, high: str) -> bool:
    try:
        return datetime.fromisoformat(low) > datetime.fromisoformat(high)
    except TypeError:  # only one has a UTC offset: compare the dates
        return date.fromisoformat(low[:10]) > date.fromisoformat(high[:10])


def _list(names: Sequence[str], at: KeyPath, what: str) -> Iterator[SpecIssue]:
    if not names:
        yield SpecIssue(at, f"must list at least one {what}.", "")
    for index, name in enumerate(names):
        if name in names[:index]:
            yield SpecIssue((*at, index), f"lists the {what} '{name}' twice.", "Remove the duplicate.")


def _pattern(check: Matches, at: KeyPath) -> Iterator[SpecIssue]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), check.pattern)
    except pa.ArrowInvalid as error:
        cause = str(error).rpartition("error parsing")[2] or str(error)
        hint = f"RE2 reports: {cause.lstrip(' :')[:200]}. RE2 has no look-around and no back references."
        yield SpecIssue((*at, "pattern"), f"is not a valid RE2 regular expression.{got(check.pattern)}", hint)
