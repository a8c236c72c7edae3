"""The rule `null_rate`: the share of nulls in a column of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from spark_jobs.checks import BatchCheck
from spark_jobs.formatting import format_percent
from spark_jobs.spec.fields import ColumnName

if TYPE_CHECKING:
    from pyspark.sql import Column

    from spark_jobs.checks.cells import ColumnReader


class NullRate(BatchCheck):
    """The share of nulls in a column of a batch."""

    rule: Literal["null_rate"] = Field(description="At most the share `max` of the column's values in a batch is null.")
    column: ColumnName = Field(description="The column to check.")
    max: Annotated[float, Field(ge=0, le=1)] = Field(description="The largest allowed share of nulls, from 0 to 1.")

    def describe(self) -> str:
        """Return the column and the largest share."""
        return f"{self.column} null in at most {100 * self.max:g} %"

    def metric(self, columns: ColumnReader) -> Column:
        """Return the number of nulls."""
        from pyspark.sql import functions as F

        return F.count_if(columns.cell(self.column).value.isNull())

    def failure(self, metric: int | None, rows: int) -> str | None:
        """Return the share of nulls if it is too large."""
        nulls = metric or 0
        share = nulls / rows if rows else 0.0
        return f"{nulls:,} of {rows:,} are null ({format_percent(share)})" if share > self.max else None


CHECK = NullRate
