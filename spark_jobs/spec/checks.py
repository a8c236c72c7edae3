"""What data to be scored must meet, as typed rules: nothing that is written here ever becomes SQL text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from spark_jobs.spec.fields import ColumnName, ColumnNames, Scalar, SpecModel

Severity = Literal["warn", "quarantine", "fail"]
Judgement = Literal["warn", "fail"]
# A number stays one: the first that fits is taken, and a whole one keeps its digits.
_NUMBER_OR_TEXT = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})
Bound = Annotated[int | float | str, Field(union_mode="left_to_right"), _NUMBER_OR_TEXT]


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Values = Annotated[tuple[Scalar, ...], BeforeValidator(_listed)]


class RowCheck(SpecModel):
    """A rule that each row meets or not."""

    severity: Severity = Field(
        default="quarantine",
        description="Count rows that break it, put them into quarantine, or refuse the whole batch.",
    )


class TableCheck(SpecModel):
    """A rule that a batch as a whole meets or not."""

    severity: Judgement = Field(default="fail", description="Say so, or refuse the whole batch.")


class Between(RowCheck):
    """A number, date or time within bounds; a missing value meets it."""

    rule: Literal["between"] = Field(description="Within bounds, both included.")
    column: ColumnName = Field(description="The column.")
    min: Bound | None = Field(default=None, description="The least value: a number, or a day or time in ISO 8601.")
    max: Bound | None = Field(default=None, description="The greatest value: a number, or a day or time in ISO 8601.")


class InSet(RowCheck):
    """A value of a list; a missing value meets it."""

    rule: Literal["in"] = Field(
        description="One of a list of values, compared as text; in a column of numbers as numbers."
    )
    column: ColumnName = Field(description="The column.")
    values: Values = Field(description="The values.")


class NotNull(RowCheck):
    """A value that is there."""

    rule: Literal["not_null"] = Field(description="Not missing.")
    column: ColumnName = Field(description="The column.")


class Matches(RowCheck):
    """A text that matches a regular expression as a whole; a missing value meets it."""

    rule: Literal["matches"] = Field(description="Matches a regular expression, by an engine whose time is linear.")
    column: ColumnName = Field(description="The column.")
    pattern: Annotated[str, Field(min_length=1, max_length=1000)] = Field(
        description="An RE2 expression: no look-around, no back references."
    )


class Unique(RowCheck):
    """A combination of values that no earlier row of the batch has."""

    rule: Literal["unique"] = Field(description="No two rows of a batch have the same values.")
    columns: ColumnNames = Field(description="The columns that together are unique.")


class Compare(RowCheck):
    """Two columns in an order; a missing value meets it."""

    rule: Literal["compare"] = Field(description="One column against another.")
    column: ColumnName = Field(description="The left column.")
    is_: Literal["<", "<=", "==", "!=", ">=", ">"] = Field(alias="is", description="How the left stands to the right.")
    other: ColumnName = Field(description="The right column.")


class RowCount(TableCheck):
    """How many rows a batch has."""

    rule: Literal["row_count"] = Field(description="The number of rows of a batch.")
    min: Annotated[int, Field(ge=0)] | None = Field(default=None, description="The fewest rows.")
    max: Annotated[int, Field(ge=0)] | None = Field(default=None, description="The most rows.")


class NullRate(TableCheck):
    """How much of a column is missing."""

    rule: Literal["null_rate"] = Field(description="The share of missing values of a column in a batch.")
    column: ColumnName = Field(description="The column.")
    max: Annotated[float, Field(ge=0, le=1)] = Field(description="The largest share.")


class Fresh(TableCheck):
    """How old the newest row of a batch is; times more than a day ahead do not count."""

    rule: Literal["fresh"] = Field(
        description="The newest time in a column is not too long ago; times more than a day ahead do not count."
    )
    column: ColumnName = Field(description="A column of dates or times.")
    max_hours: Annotated[float, Field(gt=0)] = Field(description="The largest age in hours.")


Check = Annotated[
    Between | InSet | NotNull | Matches | Unique | Compare | RowCount | NullRate | Fresh,
    Field(discriminator="rule"),
]
Checks = Annotated[tuple[Check, ...], BeforeValidator(_listed)]


class Changes(SpecModel):
    """What happens where data to be scored has another shape than the training's; a missing used column is refused."""

    added: Literal["keep", "ignore", "refuse"] = Field(
        default="keep",
        description="A column that training did not know: keep it, leave it out, or refuse.",
    )
    type: Literal["cast", "quarantine", "refuse"] = Field(
        default="cast",
        description="A cell that does not read as its column's type: make it missing, put its row into quarantine, "
        "or refuse the batch.",
    )
