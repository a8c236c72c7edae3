"""The rule `between`: a number, date or time within inclusive bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, WithJsonSchema

from spark_jobs.checks import RowCheck, Violation
from spark_jobs.checks.ranges import describe_range, format_bound, range_issues
from spark_jobs.spec.fields import ColumnName
from spark_jobs.spec.mistakes import SpecIssue, got

if TYPE_CHECKING:
    from pyspark.sql import Column

    from spark_jobs.checks.cells import Cell, ColumnReader

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADVICE = {
    "number": "Write numbers.",
    "date": "Write days, such as min: 2020-01-31.",
    "timestamp": "Write days or times, such as min: 2020-01-31T08:00:00.",
}
# Numbers stay numbers: the first matching type wins, so an int keeps all its digits.
_NUMBER_OR_TEXT = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})
_Bound = Annotated[int | float | str, Field(union_mode="left_to_right"), _NUMBER_OR_TEXT]


class Between(RowCheck):
    """A number, date or time within inclusive bounds; nulls pass."""

    rule: Literal["between"] = Field(description="The value is within `min` and `max`, both inclusive; nulls pass.")
    column: ColumnName = Field(description="The column to check.")
    min: _Bound | None = Field(default=None, description="The minimum: a number, or a date or time in ISO 8601.")
    max: _Bound | None = Field(default=None, description="The maximum: a number, or a date or time in ISO 8601.")

    def issues(self) -> Iterator[SpecIssue]:
        """Yield the mistakes in the bounds."""
        bounds = {"min": self.min, "max": self.max}
        wrong = [key for key, bound in bounds.items() if isinstance(bound, str) and not _is_moment(bound)]
        for key in wrong:
            text = f"must be a number or an ISO 8601 date or time such as 2020-01-31T08:00.{got(bounds[key])}"
            yield SpecIssue((key,), text, "Write numbers without quotes.")
        if not wrong:
            yield from range_issues(self.rule, self.min, self.max)

    def describe(self) -> str:
        """Return the column and its range."""
        return f"{self.column} {describe_range(self.min, self.max)}"

    def violation(self, columns: ColumnReader) -> Violation:
        """Return that the value is outside the bounds, which are compared in the column's type."""
        from pyspark.sql import functions as F

        is_moment = isinstance(self.min if self.min is not None else self.max, str)
        cell = columns.cell(self.column, "timestamp" if is_moment else "number")
        if cell.cells not in _ADVICE:
            cause = f"sets bounds, but '{self.column}' is read as {cell.words}."
            raise columns.mismatch(cause, "Use `rule: in` or `rule: matches`.")
        outside = F.lit(False)
        if self.min is not None:
            outside = outside | (cell.value < _literal(self.min, cell, columns))
        if self.max is not None:
            outside = outside | (cell.value > _literal(self.max, cell, columns))
        return Violation(outside, (self.column, " is ", cell.shown, f", {self._outside()}"))

    def _outside(self) -> str:
        if self.max is None:
            return f"less than {format_bound(self.min)}"
        if self.min is None:
            return f"more than {format_bound(self.max)}"
        return f"not between {format_bound(self.min)} and {format_bound(self.max)}"


CHECK = Between


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _literal(bound: float | str, cell: Cell, columns: ColumnReader) -> Column:
    try:
        return _number(bound, cell, columns) if cell.cells == "number" else _moment(bound, cell, columns.zone)
    except (ValueError, TypeError):
        cause = f"has the bound {bound}, but '{cell.name}' is read as {cell.words}."
        raise columns.mismatch(cause, _ADVICE[cell.cells]) from None


def _number(bound: float | str, cell: Cell, columns: ColumnReader) -> Column:
    """Return a numeric bound as a double, or in the column's type if a double may not hold it exactly."""
    from pyspark.sql import functions as F
    from pyspark.sql import types as T

    from spark_jobs.columns.exact import HELD, exact_literal

    if isinstance(bound, str):
        raise TypeError
    kind = columns.typed[cell.name]
    beyond = isinstance(bound, int) and abs(bound) >= HELD and isinstance(kind, T.NumericType)
    found = exact_literal(str(bound), kind) if beyond else None
    return F.lit(float(str(bound))) if found is None else found


def _moment(bound: float | str, cell: Cell, zone: str) -> Column:
    from pyspark.sql import functions as F

    if not isinstance(bound, str):
        raise TypeError
    if cell.cells == "date":
        return F.lit(date.fromisoformat(bound))
    moment = datetime.fromisoformat(bound)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
    return F.timestamp_micros(F.lit((moment - _EPOCH) // timedelta(microseconds=1)))
