"""The rule `matches`: a text that matches a regular expression in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from spark_jobs.checks import RowCheck, Violation
from spark_jobs.spec.fields import ColumnName
from spark_jobs.spec.mistakes import SpecIssue, got

if TYPE_CHECKING:
    from spark_jobs.checks.cells import ColumnReader


class Matches(RowCheck):
    """A text that matches a regular expression in full; nulls pass."""

    raw_keys = ("column",)

    rule: Literal["matches"] = Field(
        description="The whole text matches `pattern`. RE2 evaluates it in linear time. Nulls pass."
    )
    column: ColumnName = Field(description="The column to check.")
    pattern: Annotated[str, Field(min_length=1, max_length=1000)] = Field(
        description="An RE2 regular expression: no look-around, no back references."
    )

    def issues(self) -> Iterator[SpecIssue]:
        """Yield an issue if the pattern is not RE2."""
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            pc.match_substring_regex(pa.array([""]), self.pattern)
        except pa.ArrowInvalid as error:
            cause = str(error).rpartition("error parsing")[2] or str(error)
            hint = f"RE2 reports: {cause.lstrip(' :')[:200]}. RE2 has no look-around and no back references."
            yield SpecIssue(("pattern",), f"is not a valid RE2 regular expression.{got(self.pattern)}", hint)

    def describe(self) -> str:
        """Return the column and the pattern."""
        return f"{self.column} matches {self.pattern}"

    def violation(self, columns: ColumnReader) -> Violation:
        """Return that the text does not match."""
        from spark_jobs.checks.patterns import matches_pattern

        text = columns.raw(self.column)
        reason = (self.column, " is ", text.shown, f", which does not match {self.pattern}")
        return Violation(~matches_pattern(text.value, self.pattern), reason)


CHECK = Matches
