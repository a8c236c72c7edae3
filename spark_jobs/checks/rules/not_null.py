"""The rule `not_null`: a value that is not null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from spark_jobs.checks import RowCheck, Violation
from spark_jobs.spec.fields import ColumnName

if TYPE_CHECKING:
    from spark_jobs.checks.cells import ColumnReader


class NotNull(RowCheck):
    """A value that is not null."""

    rule: Literal["not_null"] = Field(description="The value is not null.")
    column: ColumnName = Field(description="The column to check.")

    def describe(self) -> str:
        """Return the column."""
        return f"{self.column} not null"

    def violation(self, columns: ColumnReader) -> Violation:
        """Return that the value is null."""
        return Violation(columns.cell(self.column).value.isNull(), (self.column, " is null"))


CHECK = NotNull
