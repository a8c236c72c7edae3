"""The rule `fresh`: the age of a batch's newest row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from spark_jobs.checks import BatchCheck
from spark_jobs.spec.fields import ColumnName

if TYPE_CHECKING:
    from pyspark.sql import Column

    from spark_jobs.checks.cells import ColumnReader

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


class Fresh(BatchCheck):
    """The age of a batch's newest row; times more than one day in the future are ignored."""

    rule: Literal["fresh"] = Field(
        description="The newest time in the column is at most `max_hours` old; times more than one day in the future "
        "are ignored."
    )
    column: ColumnName = Field(description="A column of dates or times.")
    max_hours: Annotated[float, Field(gt=0)] = Field(description="The maximum age, in hours.")

    def describe(self) -> str:
        """Return the column and the maximum age."""
        return f"newest {self.column} at most {self.max_hours:g} hours old"

    def metric(self, columns: ColumnReader) -> Column:
        """Return the newest date or time up to a day from now, in microseconds since the epoch.

        Without that limit, a single mistyped year would make any batch look fresh. A day covers differences between
        clocks and between time zones.
        """
        from pyspark.sql import functions as F

        from spark_jobs.columns.current_time import current_timestamp

        cell = columns.cell(self.column, "timestamp")
        if cell.cells not in ("date", "timestamp"):
            cause = f"needs dates or times, but '{self.column}' is read as {cell.words}."
            raise columns.mismatch(cause, "Name a column of dates or times.")
        limit = F.unix_micros(current_timestamp(cell.value)) + _DAY
        is_date = cell.cells == "date"
        moment = F.unix_date(cell.value).cast("bigint") * _DAY if is_date else F.unix_micros(cell.value)
        return F.max(F.when(moment <= limit, moment))

    def failure(self, metric: int | None, rows: int) -> str | None:
        """Return the newest value and its age if that is too high, or that there is no value."""
        if metric is None:
            return "no value up to now"
        hours = (datetime.now(UTC).timestamp() * 1_000_000 - metric) / _HOUR
        if hours <= self.max_hours:
            return None
        shown = datetime.fromtimestamp(metric / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"the newest value is {shown}, {hours:,.1f} hours ago"


CHECK = Fresh
