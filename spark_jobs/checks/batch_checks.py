"""Rules that a batch as a whole meets or not: what is counted for them, and what that says."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.checks.cells import WORDS, Columns
from spark_jobs.columns.current_time import current_timestamp
from spark_jobs.errors import DataError
from spark_jobs.spec.checks import Fresh, NullRate, RowCount, TableCheck

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


def measure(check: TableCheck, place: int, columns: Columns) -> Column:
    """The number that a rule of the whole batch is about: rows, missing cells, or the newest moment in microseconds.

    Raises:
        DataError: the rule does not fit the rows.
    """
    match check:
        case NullRate():
            return F.count_if(columns.cell(check.column).value.isNull())
        case Fresh():
            cell = columns.cell(check.column, "timestamp")
            if cell.cells not in ("date", "timestamp"):
                said = f"`checks[{place}]` asks how new '{check.column}' is, which is read as {WORDS[cell.cells]}."
                raise DataError(said, "Name a column of dates or times.")
            return _newest(cell.value, cell.cells == "date")
    return F.count(F.lit(1))


def _newest(value: Column, is_date: bool) -> Column:
    """The newest moment that is not ahead of now by more than a day: one mistaken year would make all look new.

    A day is what clocks and zones may differ by.
    """
    reached = F.unix_micros(current_timestamp(value)) + _DAY
    moment = F.unix_date(value).cast("bigint") * _DAY if is_date else F.unix_micros(value)
    return F.max(F.when(moment <= reached, moment))


def breach(check: TableCheck, measured: int | None, rows: int) -> str | None:
    """What is wrong with a batch of so many rows, or None where it meets the rule."""
    found = measured or 0
    match check:
        case RowCount():
            few = check.min is not None and found < check.min
            many = check.max is not None and found > check.max
            return f"there are {found:,} rows" if few or many else None
        case NullRate():
            share = found / rows if rows else 0.0
            return f"{found:,} of {rows:,} are missing ({100 * share:.2g} %)" if share > check.max else None
        case Fresh():
            return _stale(check, measured)
    raise AssertionError(check)


def _stale(check: Fresh, newest: int | None) -> str | None:
    if newest is None:
        return "there is none up to now"
    hours = (datetime.now(UTC).timestamp() * 1_000_000 - newest) / _HOUR
    if hours <= check.max_hours:
        return None
    shown = datetime.fromtimestamp(newest / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"the newest is of {shown}, {hours:,.1f} hours ago"
