"""Row rules and repairs: duplicates, missing values, outliers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spark_jobs.spec.fields import ColumnName, ColumnNames, SpecModel


class Duplicates(SpecModel):
    """Rows that say the same thing twice."""

    by: Literal["all", "none"] | ColumnNames = Field(
        default="all", description="Rows equal in all columns, in the listed ones, or `none` to keep them."
    )
    order: ColumnName | None = Field(default=None, description="Of equal rows keep the first by this column.")


class Missing(SpecModel):
    """What stands in for a value that is not there."""

    numeric: Literal["mean", "median", "mode", "drop"] | float = Field(
        default="median", description="A statistic of the column, a number, or `drop` to leave the row out of training."
    )
    categorical: Literal["label", "mode", "drop"] | Annotated[str, Field(min_length=1)] = Field(
        default="label", description="`label` for a level of its own, `mode`, `drop`, or a text."
    )
    indicator: bool = Field(default=False, description="Add a column that says where the value was missing.")


class Outliers(SpecModel):
    """What counts as an outlier, and what happens to it."""

    rule: Literal["none", "iqr", "zscore", "quantile"] = Field(default="none", description="What counts as an outlier.")
    factor: Annotated[float, Field(gt=0)] = Field(
        default=3.0, description="How many IQRs beyond the quartiles, or standard deviations from the mean."
    )
    action: Literal["clip", "null", "drop"] = Field(
        default="clip", description="Move it to the bound, make it missing, or leave the row out of training."
    )
    lower: Annotated[float, Field(ge=0, lt=0.5)] = Field(default=0.01, description="Rule `quantile`: the lower bound.")
    upper: Annotated[float, Field(gt=0.5, le=1)] = Field(default=0.99, description="Rule `quantile`: the upper bound.")


class Clean(SpecModel):
    """Row rules and repairs."""

    duplicates: Duplicates = Field(default=Duplicates(), description="Rows that say the same thing twice.")
    missing: Missing = Field(default=Missing(), description="What stands in for a value that is not there.")
    outliers: Outliers = Field(default=Outliers(), description="What counts as an outlier, and what happens to it.")
