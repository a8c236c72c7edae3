"""Row rules and repairs: duplicates, missing values, outliers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spark_jobs.spec.fields import ColumnName, ColumnNames, SpecModel


class Duplicates(SpecModel):
    """How duplicate rows are found and removed."""

    by: Literal["all", "none"] | ColumnNames = Field(
        default="all", description="Remove rows equal in `all` or the listed columns; `none` keeps duplicates."
    )
    order: ColumnName | None = Field(default=None, description="Of duplicate rows, keep the first by this column.")


class Missing(SpecModel):
    """How missing values are imputed."""

    numeric: Literal["mean", "median", "mode", "drop"] | float = Field(
        default="median", description="A statistic of the column, a number, or `drop` to exclude the row from training."
    )
    categorical: Literal["label", "mode", "drop"] | Annotated[str, Field(min_length=1)] = Field(
        default="label",
        description="`label` for a separate level, `mode`, `drop` to exclude the row from training, or a text.",
    )
    indicator: bool = Field(default=False, description="Add a 0/1 feature that marks missing values.")


class Outliers(SpecModel):
    """How outliers are detected and handled."""

    rule: Literal["none", "iqr", "zscore", "quantile"] = Field(
        default="none", description="The rule that detects outliers."
    )
    factor: Annotated[float, Field(gt=0)] = Field(
        default=3.0,
        description="The bound: IQRs beyond the quartiles (`iqr`) or standard deviations from the mean (`zscore`).",
    )
    action: Literal["clip", "null", "drop"] = Field(
        default="clip", description="Clip the value to the bound, make it null, or drop the row from training."
    )
    lower: Annotated[float, Field(ge=0, lt=0.5)] = Field(
        default=0.01, description="Rule `quantile`: the lower quantile."
    )
    upper: Annotated[float, Field(gt=0.5, le=1)] = Field(
        default=0.99, description="Rule `quantile`: the upper quantile."
    )


class Clean(SpecModel):
    """Duplicates, missing values and outliers."""

    duplicates: Duplicates = Field(default=Duplicates(), description="How duplicate rows are found and removed.")
    missing: Missing = Field(default=Missing(), description="How missing values are imputed.")
    outliers: Outliers = Field(default=Outliers(), description="How outliers are detected and handled.")
