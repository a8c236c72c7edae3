"""The rule `in`: a value from a list."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.checks import RowCheck, Violation
from spark_jobs.checks.lists import list_issues
from spark_jobs.errors import format_list
from spark_jobs.spec.fields import ColumnName, Scalar, as_tuple
from spark_jobs.spec.mistakes import SpecIssue

if TYPE_CHECKING:
    from pyspark.sql import Column

    from spark_jobs.checks.cells import ColumnReader


class InSet(RowCheck):
    """A value from a list; nulls pass."""

    rule: Literal["in"] = Field(
        description="The value is in `values`; compared as numbers in a numeric column, else as text. Nulls pass."
    )
    column: ColumnName = Field(description="The column to check.")
    values: Annotated[tuple[Scalar, ...], BeforeValidator(as_tuple)] = Field(description="The allowed values.")

    def issues(self) -> Iterator[SpecIssue]:
        """Yield an issue for an empty list or a repeated value."""
        return list_issues("values", self.values, "value")

    def describe(self) -> str:
        """Return the column and its values."""
        return f"{self.column} one of {format_list(self.values)}"

    def violation(self, columns: ColumnReader) -> Violation:
        """Return that the value is not in the list."""
        cell = columns.cell(self.column)
        values = [value.strip(BLANKS) for value in self.values]
        if cell.cells == "number":
            found = cell.value.isin(self._numbers(values, columns))
        else:
            folded = [value.casefold() if cell.cells == "boolean" else value for value in values]
            found = cell.value.cast("string").isin(folded)
        return Violation(~found, (self.column, " is ", cell.shown, f", not one of {format_list(values)}"))

    def _numbers(self, values: list[str], columns: ColumnReader) -> list[Column]:
        """Return the values that the column's type can hold, in that type, so that 1 and 1.0 are equal."""
        from spark_jobs.columns.exact import exact_literal

        if not all(map(_is_finite, values)):
            cause = f"lists {format_list(values)}, but '{self.column}' is read as numbers."
            raise columns.mismatch(cause, "List numbers, or name the column in `columns.categorical` and train again.")
        kind = columns.typed[self.column]
        return [one for one in (exact_literal(value, kind) for value in values) if one is not None]


CHECK = InSet


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
