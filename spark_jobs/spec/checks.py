"""Data checks as typed rules; no value written here ever becomes SQL text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from spark_jobs.spec.fields import ColumnName, ColumnNames, Scalar, SpecModel

Severity = Literal["warn", "quarantine", "fail"]
Judgement = Literal["warn", "fail"]
# Numbers stay numbers: the first matching type wins, so an int keeps all its digits.
_NUMBER_OR_TEXT = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})
Bound = Annotated[int | float | str, Field(union_mode="left_to_right"), _NUMBER_OR_TEXT]


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Values = Annotated[tuple[Scalar, ...], BeforeValidator(_listed)]


class RowCheck(SpecModel):
    """A check that each row passes or fails."""

    severity: Severity = Field(
        default="quarantine",
        description="What happens to rows that fail: `warn` counts them, `quarantine` sets them aside, `fail` refuses "
        "the whole batch.",
    )


class TableCheck(SpecModel):
    """A check that a batch passes or fails as a whole."""

    severity: Judgement = Field(default="fail", description="`warn` reports a failed check, `fail` refuses the batch.")


class Between(RowCheck):
    """A number, date or time within inclusive bounds; nulls pass."""

    rule: Literal["between"] = Field(description="The value is within `min` and `max`, both inclusive; nulls pass.")
    column: ColumnName = Field(description="The column to check.")
    min: Bound | None = Field(default=None, description="The minimum: a number, or a date or time in ISO 8601.")
    max: Bound | None = Field(default=None, description="The maximum: a number, or a date or time in ISO 8601.")


class InSet(RowCheck):
    """A value from a list; nulls pass."""

    rule: Literal["in"] = Field(
        description="The value is in `values`; compared as numbers in a numeric column, else as text. Nulls pass."
    )
    column: ColumnName = Field(description="The column to check.")
    values: Values = Field(description="The allowed values.")


class NotNull(RowCheck):
    """A value that is not null."""

    rule: Literal["not_null"] = Field(description="The value is not null.")
    column: ColumnName = Field(description="The column to check.")


class Matches(RowCheck):
    """A text that matches a regular expression in full; nulls pass."""

    rule: Literal["matches"] = Field(
        description="The whole text matches `pattern`. RE2 evaluates it in linear time. Nulls pass."
    )
    column: ColumnName = Field(description="The column to check.")
    pattern: Annotated[str, Field(min_length=1, max_length=1000)] = Field(
        description="An RE2 regular expression: no look-around, no back references."
    )


class Unique(RowCheck):
    """A combination of values that no earlier row of the batch has."""

    rule: Literal["unique"] = Field(description="No two rows of a batch have the same values in `columns`.")
    columns: ColumnNames = Field(description="The columns whose combination must be unique.")


class Compare(RowCheck):
    """A comparison of two columns of a row; nulls pass."""

    rule: Literal["compare"] = Field(description="`column` compared with `other` by the operator `is`; nulls pass.")
    column: ColumnName = Field(description="The left-hand column.")
    is_: Literal["<", "<=", "==", "!=", ">=", ">"] = Field(alias="is", description="The comparison operator.")
    other: ColumnName = Field(description="The right-hand column.")


class RowCount(TableCheck):
    """The number of rows of a batch."""

    rule: Literal["row_count"] = Field(description="The batch has at least `min` and at most `max` rows.")
    min: Annotated[int, Field(ge=0)] | None = Field(default=None, description="The minimum number of rows.")
    max: Annotated[int, Field(ge=0)] | None = Field(default=None, description="The maximum number of rows.")


class NullRate(TableCheck):
    """The share of nulls in a column of a batch."""

    rule: Literal["null_rate"] = Field(description="At most the share `max` of the column's values in a batch is null.")
    column: ColumnName = Field(description="The column to check.")
    max: Annotated[float, Field(ge=0, le=1)] = Field(description="The largest allowed share of nulls, from 0 to 1.")


class Fresh(TableCheck):
    """The age of a batch's newest row; times more than one day in the future are ignored."""

    rule: Literal["fresh"] = Field(
        description="The newest time in the column is at most `max_hours` old; times more than one day in the future "
        "are ignored."
    )
    column: ColumnName = Field(description="A column of dates or times.")
    max_hours: Annotated[float, Field(gt=0)] = Field(description="The maximum age, in hours.")


Check = Annotated[
    Between | InSet | NotNull | Matches | Unique | Compare | RowCount | NullRate | Fresh,
    Field(discriminator="rule"),
]
Checks = Annotated[tuple[Check, ...], BeforeValidator(_listed)]


class Changes(SpecModel):
    """How scoring handles a schema that differs from training; a batch without a used column is always refused."""

    added: Literal["keep", "ignore", "refuse"] = Field(
        default="keep",
        description="A column that the training data did not have: keep it, leave it out, or refuse the batch.",
    )
    type: Literal["cast", "quarantine", "refuse"] = Field(
        default="cast",
        description="A value that does not parse as its column's type: `cast` makes it null, `quarantine` sets its row "
        "aside, `refuse` refuses the batch.",
    )
