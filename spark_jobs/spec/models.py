"""The spec, key by key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Task = Literal["regression", "binary", "multiclass"]
ColumnName = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Part(BaseModel):
    """One mapping of the spec: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Source(Part):
    """Where the rows come from and how they are read."""

    kind: Literal["csv", "json", "parquet", "delta", "table", "jdbc", "kafka"] | None = None
    path: str | None = None
    table: str | None = None
    names: tuple[str, ...] | None = Field(None, description="Column names of a file without a header.")
    options: dict[str, Any] = Field(default_factory=dict, description="Spark's reader options, and `decimal`.")
    null_values: tuple[str, ...] | None = Field(None, description="Marks of a missing value, as trimmed text.")


class Columns(Part):
    """What the user knows better about single columns than detection does."""

    ignore: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    order: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Levels of a column from low to high.")
    keep_leaks: bool = Field(False, description="Keep columns that look like copies of the target.")


class Split(Part):
    """Which rows test the model."""

    kind: Literal["hash", "time", "group", "column", "random"] = "hash"
    test: Share = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 42
    column: str | None = Field(None, description="The time, group or given column of the kinds that need one.")
    test_value: str | None = Field(None, description="Kind `column`: the value that marks a test row.")


class Duplicates(Part):
    """Rows that say the same thing twice."""

    by: Literal["all", "none"] | tuple[str, ...] = "all"
    order: str | None = Field(None, description="Of equal rows keep the first by this column.")


class Missing(Part):
    """What stands in for a value that is not there."""

    numeric: Literal["mean", "median", "mode", "drop"] | float = "median"
    categorical: Literal["label", "mode", "drop"] | Annotated[str, Field(min_length=1)] = "label"
    indicator: bool = False


class Outliers(Part):
    """What counts as an outlier, and what happens to it."""

    rule: Literal["none", "iqr", "zscore", "quantile"] = "none"
    factor: Annotated[float, Field(gt=0)] = 3.0
    action: Literal["clip", "null", "drop"] = "clip"
    lower: Annotated[float, Field(ge=0, lt=0.5)] = 0.01
    upper: Annotated[float, Field(gt=0.5, le=1)] = 0.99


class Clean(Part):
    """Row rules and repairs."""

    duplicates: Duplicates = Duplicates()
    missing: Missing = Missing()
    outliers: Outliers = Outliers()


class ColumnFeatures(Part):
    """How one column becomes features, where it differs from the rest."""

    categorical: str | None = None
    numeric: str | None = None
    missing: str | float | None = None
    date: str | None = None


class Features(Part):
    """How columns become numbers."""

    categorical: str = "auto"
    numeric: str = "auto"
    max_categories: Annotated[int, Field(ge=2, le=10_000)] = 100
    date: Literal["parts", "none"] = "parts"
    per_column: dict[str, ColumnFeatures] = Field(default_factory=dict)


class Model(Part):
    """The algorithm and its options; which options there are is known to the algorithm's own file."""

    kind: str = "linear"
    params: dict[str, Any] = Field(default_factory=dict)
    balance: bool = Field(False, description="Weigh classes inversely to their frequency.")


class Evaluate(Part):
    """What is measured on the test rows."""

    metrics: tuple[str, ...] = ()
    gate: dict[str, float] = Field(default_factory=dict)
    slices: tuple[str, ...] = ()
    threshold: str | None = Field(None, description="Binary: the metric whose best threshold is looked for.")


class Track(Part):
    """Where runs are logged and models registered."""

    uri: str = "sqlite"
    experiment: str | None = None
    register_as: str | None = Field(None, alias="register")


class Predictions(Part):
    """Where predictions go."""

    table: str | None = None
    keep: Literal["all"] | tuple[str, ...] = "all"


class Spec(Part):
    """One use case, from a table to predictions."""

    name: str
    source: Source
    target: ColumnName
    task: Task | None = None
    positive: str | bool | int | float | None = None
    weight: str | None = None
    key: tuple[str, ...] = ()
    timezone: str = "UTC"
    columns: Columns = Columns()
    split: Split = Split()
    clean: Clean = Clean()
    features: Features = Features()
    model: Model = Model()
    evaluate: Evaluate = Evaluate()
    graph: Literal["required", "skip"] = "required"
    track: Track = Track()
    predictions: Predictions = Predictions()


class Environment(Part):
    """Where and how to run: one file of conf/env."""

    name: str = "local"
    root: str = "./spark-jobs-data"
    master: str | None = "local[*]"
    memory: str = "4g"
    spark: dict[str, str] = Field(default_factory=dict)
