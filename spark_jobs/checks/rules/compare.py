"""The rule `compare`: a comparison of two columns of a row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from spark_jobs.checks import RowCheck, Violation
from spark_jobs.spec.fields import ColumnName
from spark_jobs.spec.mistakes import SpecIssue

if TYPE_CHECKING:
    from spark_jobs.checks.cells import ColumnReader

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


class Compare(RowCheck):
    """A comparison of two columns of a row; nulls pass."""

    column_keys = ("column", "other")

    rule: Literal["compare"] = Field(description="`column` compared with `other` by the operator `is`; nulls pass.")
    column: ColumnName = Field(description="The left-hand column.")
    is_: Literal["<", "<=", "==", "!=", ">=", ">"] = Field(alias="is", description="The comparison operator.")
    other: ColumnName = Field(description="The right-hand column.")

    def issues(self) -> Iterator[SpecIssue]:
        """Yield an issue if both columns are the same."""
        if self.column == self.other:
            yield SpecIssue(("other",), f"names '{self.other}', the same column as `column`.", "Name another column.")

    def describe(self) -> str:
        """Return the comparison."""
        return f"{self.column} {self.is_} {self.other}"

    def violation(self, columns: ColumnReader) -> Violation:
        """Return that the comparison is false."""
        left, right = columns.cell(self.column), columns.cell(self.other)
        if left.cells != right.cells:
            cause = f"compares '{left.name}', read as {left.words}, with '{right.name}', read as {right.words}."
            raise columns.mismatch(cause, "Compare columns of the same type.")
        holds = _OPERATORS[self.is_](left.value, right.value)
        reason = (self.column, " is ", left.shown, f", not {self.is_} {self.other}, which is ", right.shown)
        return Violation(~holds, reason)


CHECK = Compare
