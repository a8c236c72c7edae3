"""Checks of a whole batch (`row_count`, `null_rate`, `fresh`): what to measure and when a measurement fails."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.checks.cells import WORDS, ColumnReader
from spark_jobs.columns.current_time import current_timestamp
from spark_jobs.errors import DataError
from spark_jobs.formatting import format_percent
from spark_jobs.spec.checks import Fresh, NullRate, RowCount, TableCheck

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


def batch_metric(check: TableCheck, place: int, columns: ColumnReader) -> Column:
    """Return the aggregate that a batch check compares with its limit.

    Args:
        check: the batch check.
        place: its position in `checks`, for messages.
        columns: the columns of the rows.

    Returns:
        A `bigint` aggregate: the number of rows (`row_count`), the number of nulls (`null_rate`), or the newest date or
        time in microseconds since the epoch (`fresh`).

    Raises:
        DataError: the column does not exist, or `fresh` names a column without dates or times.
    """
    match check:
        case NullRate():
            return F.count_if(columns.cell(check.column).value.isNull())
        case Fresh():
            cell = columns.cell(check.column, "timestamp")
            if cell.cells not in ("date", "timestamp"):
                said = f"`checks[{place}]` needs dates or times, but '{check.column}' is read as {WORDS[cell.cells]}."
                raise DataError(said, "Name a column of dates or times.")
            return _newest(cell.value, cell.cells == "date")
    return F.count(F.lit(1))


def _newest(value: Column, is_date: bool) -> Column:
    """Return the newest value, ignoring values more than a day in the future.

    Without the limit, a single mistyped year would make any batch look fresh. A day covers differences between clocks
    and between time zones.
    """
    reached = F.unix_micros(current_timestamp(value)) + _DAY
    moment = F.unix_date(value).cast("bigint") * _DAY if is_date else F.unix_micros(value)
    return F.max(F.when(moment <= reached, moment))


def breach(check: TableCheck, measured: int | None, rows: int) -> str | None:
    """Return how a batch fails a check, or None if it passes.

    Args:
        check: the batch check.
        measured: the value of its `batch_metric`; None if there was nothing to aggregate.
        rows: the number of rows in the batch.
    """
    found = measured or 0
    match check:
        case RowCount():
            few = check.min is not None and found < check.min
            many = check.max is not None and found > check.max
            return f"the batch has {found:,} rows" if few or many else None
        case NullRate():
            share = found / rows if rows else 0.0
            return f"{found:,} of {rows:,} are null ({format_percent(share)})" if share > check.max else None
        case Fresh():
            return _stale(check, measured)
    raise AssertionError(check)


def _stale(check: Fresh, newest: int | None) -> str | None:
    if newest is None:
        return "no value up to now"
    hours = (datetime.now(UTC).timestamp() * 1_000_000 - newest) / _HOUR
    if hours <= check.max_hours:
        return None
    shown = datetime.fromtimestamp(newest / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"the newest value is {shown}, {hours:,.1f} hours ago"
