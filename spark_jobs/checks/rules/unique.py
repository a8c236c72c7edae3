"""The rule `unique`: a combination of values that no other row of the batch has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from spark_jobs.checks import RowCheck, Violation
from spark_jobs.checks.lists import list_issues
from spark_jobs.errors import format_list
from spark_jobs.spec.fields import ColumnNames
from spark_jobs.spec.mistakes import SpecIssue

if TYPE_CHECKING:
    from spark_jobs.checks.cells import ColumnReader


class Unique(RowCheck):
    """A combination of values that no earlier row of the batch has."""

    column_keys = ("columns",)

    rule: Literal["unique"] = Field(description="No two rows of a batch have the same values in `columns`.")
    columns: ColumnNames = Field(description="The columns whose combination must be unique.")

    def issues(self) -> Iterator[SpecIssue]:
        """Yield an issue for an empty list or a repeated column."""
        return list_issues("columns", self.columns, "column")

    def describe(self) -> str:
        """Return the columns."""
        return f"{format_list(self.columns)} unique"

    def violation(self, columns: ColumnReader) -> Violation:
        """Return that a row is not the first by content hash among those with the same values, none of them null."""
        from pyspark.sql import Window
        from pyspark.sql import functions as F

        from spark_jobs.columns.names import col
        from spark_jobs.columns.row_ids import row_hash

        cells = [columns.cell(name).value for name in self.columns]
        is_whole = reduce(and_, [cell.isNotNull() for cell in cells])
        content = row_hash(columns.typed, col)
        # Without their hash, all rows with a null would land in one partition.
        spread = F.when(~is_whole, content)
        number = F.row_number().over(Window.partitionBy(*cells, spread).orderBy(content))
        return Violation(is_whole & (number > 1), (f"another row has the same {format_list(self.columns)}",))


CHECK = Unique
