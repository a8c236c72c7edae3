"""The models of a spec: one class for each section."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from spark_jobs.notebook_html import flat_rows, notebook_table
from spark_jobs.spec import constants
from spark_jobs.spec.checks import Changes, Checks
from spark_jobs.spec.cleaning import Clean
from spark_jobs.spec.fields import (
    ColumnName,
    ColumnNames,
    Levels,
    Scalar,
    Share,
    SpecModel,
    Task,
    Text,
    Texts,
    with_text_keys,
)
from spark_jobs.spec.learning import Model, Tune
from spark_jobs.spec.names import ExperimentName, SafeName, named_part, safe_name
from spark_jobs.spec.sources import Source as Source
from spark_jobs.spec.sources import location_of
from spark_jobs.spec.streams import Stream as Stream


class Columns(SpecModel):
    """Corrections of the detected column types."""

    ignore: ColumnNames = Field(default=(), description="Columns that the model does not use.")
    numeric: ColumnNames = Field(default=(), description="Columns read as numbers.")
    categorical: ColumnNames = Field(
        default=(), description="Columns read as categories, even where they look like numbers."
    )
    date: ColumnNames = Field(default=(), description="Columns read as dates or times.")
    text: ColumnNames = Field(default=(), description="Columns of free text; not used as features yet.")
    order: Levels = Field(default_factory=dict, description="Ordinal columns: the levels of each, from low to high.")
    keep_leaks: bool = Field(
        default=False, description="Keep columns that look like near-copies of the target (target leakage)."
    )


class Split(SpecModel):
    """How rows are split into training and test rows."""

    kind: Literal["hash", "time", "group", "column", "random"] = Field(
        default="hash",
        description="How test rows are chosen: by a hash of the row, the newest by time, by group, by a column's "
        "value, or at random.",
    )
    test: Share = Field(default=0.2, description="The share of test rows, between 0 and 1.")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        default=42, description="The random seed, which makes the split and the training repeatable."
    )
    column: ColumnName | None = Field(default=None, description="The column of the kinds `time`, `group` and `column`.")
    test_value: Scalar | None = Field(default=None, description="Kind `column`: the value that marks a test row.")


class ColumnFeatures(SpecModel):
    """Feature settings of one column, which override `features`."""

    categorical: str | None = Field(default=None, description="Its encoding: one of `features.categorical`.")
    numeric: str | None = Field(default=None, description="Its scaling: one of `features.numeric`.")
    steps: dict[str, str] = Field(default_factory=dict, description="Its further steps, as in `features.steps`.")
    missing: str | float | None = Field(
        default=None, description="How its missing values are imputed: a value of `clean.missing`."
    )
    date: Literal["parts", "none"] | None = Field(default=None, description="What a date becomes, as `features.date`.")


PerColumn = Annotated[dict[ColumnName, ColumnFeatures], BeforeValidator(with_text_keys)]


class Features(SpecModel):
    """How columns become numeric features."""

    categorical: str = Field(default="auto", description="How categories are encoded; `auto` suits the algorithm.")
    numeric: str = Field(default="auto", description="How numbers are scaled; `auto` suits the algorithm.")
    steps: dict[str, str] = Field(
        default_factory=dict, description="Steps of numbers before scaling that other packages add, by role."
    )
    max_categories: Annotated[int, Field(ge=2, le=10_000)] = Field(
        default=100,
        description="The most frequent levels that one-hot and label encoding keep; the rest share one level.",
    )
    date: Literal["parts", "none"] = Field(default="parts", description="What a date becomes: its parts, or nothing.")
    per_column: PerColumn = Field(default_factory=dict, description="Settings for single columns.")


class Evaluate(SpecModel):
    """How the model is evaluated on the test rows."""

    metrics: Texts = Field(default=(), description="The metrics to report first; default: the metrics of the task.")
    gate: dict[str, float] = Field(
        default_factory=dict, description="Promotion gate: a bound for each metric that a champion must meet."
    )
    slices: ColumnNames = Field(
        default=(), description="Columns to slice by: metrics are also reported for each of their values."
    )
    threshold: Text | None = Field(
        default=None, description="Binary: choose the probability threshold that maximizes this metric."
    )


class Track(SpecModel):
    """Where runs are logged and models are registered."""

    uri: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        default="sqlite", description="MLflow's tracking URI, or `sqlite` for a database file under the root folder."
    )
    experiment: ExperimentName | None = Field(
        default=None, description="The MLflow experiment; default: the spec's name."
    )
    register_as: SafeName | None = Field(
        default=None, alias="register", description="The registered model's name; default: the spec's name."
    )


class Predictions(SpecModel):
    """The table of predictions."""

    table: SafeName | None = Field(default=None, description="The Delta table; default: <name>_predictions.")
    keep: Literal["all"] | ColumnNames = Field(
        default="all", description="The input columns to keep with each prediction."
    )
    names: Literal["safe", "exact"] = Field(
        default="safe",
        description="Column names of a new table: `safe` writes `_` for blanks and `,;{}()=`, which many readers do "
        "not support; `exact` keeps every name by Delta's column mapping.",
    )
    partition_by: ColumnNames = Field(
        default=(), description="Kept columns of low cardinality by which a new table is partitioned."
    )


Positive = Annotated[str, Field(max_length=1000)] | bool | int | float


class Spec(SpecModel):
    """One use case, from a source table to predictions."""

    model_config = ConfigDict(json_schema_extra={"required": ["source", "target"]})

    name: SafeName = Field(
        description="The name of the model, its tables and bundles; default: the file's or table's name."
    )
    source: Source = Field(description="Where rows come from; `source: path` is shorthand for `{path: path}`.")
    target: ColumnName = Field(description="The column to predict.")
    task: Task | None = Field(default=None, description="The learning task; inferred from the target by default.")
    positive: Positive | None = Field(
        default=None, description="Binary: the positive class, as text; default: the rarer label."
    )
    weight: ColumnName | None = Field(default=None, description="A column of row weights.")
    key: ColumnNames = Field(default=(), description="The columns that identify a row, if any.")
    timezone: str = Field(default="UTC", description="The IANA time zone of the source's local times.")
    columns: Columns = Field(default=Columns(), description="Corrections of the detected column types.")
    split: Split = Field(default=Split(), description="How rows are split into training and test rows.")
    clean: Clean = Field(default=Clean(), description="Duplicates, missing values, outliers.")
    features: Features = Field(default=Features(), description="How columns become numeric features.")
    model: Model = Field(default=Model(), description="The algorithm and its options.")
    tune: Tune | None = Field(
        default=None, description="Search for the best settings; default: none, except for `model.kind: auto`."
    )
    evaluate: Evaluate = Field(default=Evaluate(), description="Metrics, slices and the promotion gate.")
    checks: Checks = Field(default=(), description="Checks that data to be scored must pass.")
    changes: Changes = Field(default=Changes(), description="How scoring handles a schema that differs from training.")
    graph: Literal["required", "skip"] = Field(
        default="required",
        description="`required`: the model must compile to an ONNX graph, which serving needs; `skip`: no graph.",
    )
    track: Track = Field(default=Track(), description="Where runs are logged and models registered.")
    predictions: Predictions = Field(default=Predictions(), description="The table of predictions.")
    stream: Stream = Field(default=Stream(), description="How a stream is scored.")

    @model_validator(mode="before")
    @classmethod
    def _name_it(cls, given: object) -> object:
        """Name an unnamed spec after its source."""
        if not isinstance(given, Mapping) or given.get("name") is not None:
            return given
        return {**given, "name": safe_name(location_of(given.get("source")) or "")}

    @classmethod
    def from_yaml(cls, path: str | PathLike[str]) -> Spec:
        """Read a spec from its YAML file.

        Raises:
            SpecError: every mistake in the spec's own keys, each with file, line and key. `check` and every job also
                validate the options of algorithms, feature steps and checks.

        Example:
            Spec.from_yaml("conf/flights.yml").target
        """
        spec: Spec = _loading().load_spec(fspath(path))[0]
        return spec

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spec:
        """Make a spec of plain data, by the rules of a file.

        Args:
            data: what a YAML or JSON file holds.

        Raises:
            SpecError: every mistake in the spec's own keys. `check` and every job also validate the options of
                algorithms, feature steps and checks.

        Example:
            Spec.from_dict({"source": "data/flights.csv", "target": "arr_delay"})
        """
        spec: Spec = _loading().parse(data)
        return spec

    def to_yaml(self, path: str | PathLike[str] | None = None) -> str:
        """Write the spec as YAML, every key written out; `from_yaml` reads the same spec.

        Args:
            path: the file to write, whose folder exists; None writes none.

        Returns:
            The YAML text.

        Example:
            spec.to_yaml("conf/flights.yml")
        """
        text: str = _loading().dump(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def _repr_html_(self) -> str:
        """Show the keys that differ from their defaults as a table in a notebook."""
        data = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return notebook_table(f"Spec {self.name}", ("key", "value"), flat_rows(data))

    @property
    def search(self) -> Tune | None:
        """How settings are searched for; None if the spec's settings are used as they are."""
        return self.tune or (Tune() if self.model.kind == constants.AUTO else None)

    @property
    def made_from(self) -> str | None:
        """The location that the name was derived from, if it had to be changed to be a safe name; else None."""
        location = location_of(self.source) or ""
        made = self.name == safe_name(location) and self.name != named_part(location)
        return location if made else None


def _loading() -> ModuleType:
    """The module that reads and writes specs. It builds `Spec` and imports this one, which so must not import it."""
    return import_module("spark_jobs.spec.loading")
