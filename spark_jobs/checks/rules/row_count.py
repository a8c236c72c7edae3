"""The rule `row_count`: the number of rows of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from spark_jobs.checks import BatchCheck
from spark_jobs.checks.ranges import describe_range, range_issues
from spark_jobs.spec.mistakes import SpecIssue

if TYPE_CHECKING:
    from pyspark.sql import Column

    from spark_jobs.checks.cells import ColumnReader


class RowCount(BatchCheck):
    """The number of rows of a batch."""

    column_keys = ()

    rule: Literal["row_count"] = Field(description="The batch has at least `min` and at most `max` rows.")
    min: Annotated[int, Field(ge=0)] | None = Field(default=None, description="The minimum number of rows.")
    max: Annotated[int, Field(ge=0)] | None = Field(default=None, description="The maximum number of rows.")

    def issues(self) -> Iterator[SpecIssue]:
        """Yield the mistakes in the bounds."""
        return range_issues(self.rule, self.min, self.max)

    def describe(self) -> str:
        """Return the range."""
        return f"rows {describe_range(self.min, self.max)}"

    def metric(self, columns: ColumnReader) -> Column:
        """Return the number of rows."""
        from pyspark.sql import functions as F

        return F.count(F.lit(1))

    def failure(self, metric: int | None, rows: int) -> str | None:
        """Return the number of rows if it is outside the bounds."""
        few = self.min is not None and rows < self.min
        many = self.max is not None and rows > self.max
        return f"the batch has {rows:,} rows" if few or many else None


CHECK = RowCount
