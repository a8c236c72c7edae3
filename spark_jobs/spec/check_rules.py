"""What a check must be beyond the shape of its keys, as far as it can be seen without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from spark_jobs.spec import constants
from spark_jobs.spec.checks import Between, Check, Compare, InSet, Matches, RowCount, Unique
from spark_jobs.spec.mistakes import SpecIssue, got
from spark_jobs.spec.models import Spec
from spark_jobs.spec.yaml12 import KeyPath


def broken_checks(spec: Spec) -> Iterator[SpecIssue]:
    """Every rule that the checks break, each with its place."""
    for place, check in enumerate(spec.checks):
        at: KeyPath = ("checks", place)
        if check in spec.checks[:place]:
            yield SpecIssue(at, "says what an earlier check says.", "Keep it once.")
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
                yield SpecIssue((*at, "other"), f"names '{check.other}', as `column` does.", "Name another column.")


def _columns(check: Check, at: KeyPath) -> Iterator[SpecIssue]:
    for key in ("column", "other"):
        name = getattr(check, key, None)
        if isinstance(name, str) and name.casefold() in constants.RESERVED:
            yield SpecIssue((*at, key), f"names '{name}', a name that predictions use.", "Name a column of the source.")


def _bounds(check: Between | RowCount, at: KeyPath) -> Iterator[SpecIssue]:
    low, high = check.min, check.max
    if low is None and high is None:
        yield SpecIssue(at, f"says `rule: {check.rule}`, and neither `min` nor `max`.", "Give one of them, or both.")
        return
    wrong = [key for key, bound in (("min", low), ("max", high)) if isinstance(bound, str) and not _is_moment(bound)]
    for key in wrong:
        text = f"must be a number, or a day or time such as 2020-01-31T08:00.{got(getattr(check, key))}"
        yield SpecIssue((*at, key), text, "Write numbers without quotes.")
    if wrong or low is None or high is None:
        return
    if isinstance(low, str) or isinstance(high, str):
        if not (isinstance(low, str) and isinstance(high, str)):
            yield SpecIssue((*at, "max"), "is not of the same kind as `min`.", "Write two numbers, or two dates.")
        elif _is_later(low, high):
            yield _turned(at, low, high)
    elif low > high:
        yield _turned(at, low, high)


def _turned(at: KeyPath, low: object, high: object) -> SpecIssue:
    return SpecIssue(
        (*at, "max"), f"is {_shown(high)}, less than `min`, which is {_shown(low)}.", "Nothing could meet it."
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
    except TypeError:  # one has an offset and the other has none: only days can be told apart
        return date.fromisoformat(low[:10]) > date.fromisoformat(high[:10])


def _list(names: Sequence[str], at: KeyPath, what: str) -> Iterator[SpecIssue]:
    if not names:
        yield SpecIssue(at, f"must be a list of at least one {what}.", "")
    for index, name in enumerate(names):
        if name in names[:index]:
            yield SpecIssue((*at, index), f"names the {what} '{name}' a second time.", "Keep it once.")


def _pattern(check: Matches, at: KeyPath) -> Iterator[SpecIssue]:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), check.pattern)
    except pa.ArrowInvalid as error:
        cause = str(error).rpartition("error parsing")[2] or str(error)
        hint = f"RE2 says: {cause.lstrip(' :')[:200]}. It knows no look-around and no back references."
        yield SpecIssue((*at, "pattern"), f"is no regular expression of RE2.{got(check.pattern)}", hint)
