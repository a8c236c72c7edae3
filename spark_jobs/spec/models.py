"""The spec, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from spark_jobs.notebook_html import notebook_table
from spark_jobs.spec.checks import Changes, Checks
from spark_jobs.spec.cleaning import Clean, Duplicates, Missing, Outliers
from spark_jobs.spec.environment import Environment
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
from spark_jobs.spec.names import ExperimentName, SafeName, named_part, safe_name
from spark_jobs.spec.sources import Source
from spark_jobs.spec.streams import Stream

__all__ = [
    "Changes",
    "Clean",
    "ColumnFeatures",
    "Columns",
    "Duplicates",
    "Environment",
    "Evaluate",
    "Features",
    "Missing",
    "Model",
    "Outliers",
    "Predictions",
    "Source",
    "Spec",
    "SpecModel",
    "Split",
    "Stream",
    "Task",
    "Track",
]


class Columns(SpecModel):
    """What the user knows better about single columns than detection does."""

    ignore: ColumnNames = Field(default=(), description="Columns the model must not see.")
    numeric: ColumnNames = Field(default=(), description="Columns read as numbers.")
    categorical: ColumnNames = Field(
        default=(), description="Columns read as categories, even where they look like numbers."
    )
    date: ColumnNames = Field(default=(), description="Columns read as dates or times.")
    text: ColumnNames = Field(default=(), description="Columns of free text; left out until there is a text step.")
    order: Levels = Field(default_factory=dict, description="Levels of a column from low to high.")
    keep_leaks: bool = Field(default=False, description="Keep columns that look like copies of the target.")


class Split(SpecModel):
    """Which rows test the model."""

    kind: Literal["hash", "time", "group", "column", "random"] = Field(
        default="hash", description="By a hash of the row, by time, by group, by a column that says so, or at random."
    )
    test: Share = Field(default=0.2, description="The share of rows that test the model.")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        default=42, description="Makes the split and the training repeatable."
    )
    column: ColumnName | None = Field(
        default=None, description="The time, group or given column of the kinds that need one."
    )
    test_value: Scalar | None = Field(default=None, description="Kind `column`: the value that marks a test row.")


class ColumnFeatures(SpecModel):
    """How one column becomes features, where it differs from the rest."""

    categorical: str | None = Field(default=None, description="Its encoding: one of `features.categorical`.")
    numeric: str | None = Field(default=None, description="Its scaling: one of `features.numeric`.")
    missing: str | float | None = Field(default=None, description="What stands in for its missing values.")
    date: str | None = Field(default=None, description="What a date becomes: `parts` or `none`.")


PerColumn = Annotated[dict[ColumnName, ColumnFeatures], BeforeValidator(with_text_keys)]


class Features(SpecModel):
    """How columns become numbers."""

    categorical: str = Field(default="auto", description="How categories are encoded: auto, one_hot, label or target.")
    numeric: str = Field(
        default="auto", description="How numbers are scaled: auto, standard, min_max, robust, max_abs, none."
    )
    max_categories: Annotated[int, Field(ge=2, le=10_000)] = Field(
        default=100, description="Levels kept by one-hot and label encoding; the rest becomes one level."
    )
    date: Literal["parts", "none"] = Field(default="parts", description="What a date becomes: its parts, or nothing.")
    per_column: PerColumn = Field(default_factory=dict, description="Choices for single columns.")


class Model(SpecModel):
    """The algorithm and its options; which options there are is known to the algorithm's own file."""

    kind: str = Field(default="linear", description="The algorithm family.")
    params: dict[str, Any] = Field(
        default_factory=dict, description="Options of the algorithm: Spark's names, or XGBoost's."
    )
    balance: bool = Field(default=False, description="Weigh classes inversely to their frequency.")


class Evaluate(SpecModel):
    """What is measured on the test rows."""

    metrics: Texts = Field(default=(), description="The metrics to show first; default: those of the task.")
    gate: dict[str, float] = Field(default_factory=dict, description="A bound by metric that a champion must meet.")
    slices: ColumnNames = Field(default=(), description="Columns by whose values the metrics are shown apart.")
    threshold: Text | None = Field(default=None, description="Binary: the metric whose best threshold is looked for.")


class Track(SpecModel):
    """Where runs are logged and models registered."""

    uri: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        default="sqlite", description="MLflow's tracking address, or `sqlite` for a file under the root."
    )
    experiment: ExperimentName | None = Field(
        default=None, description="MLflow's experiment; default: the spec's name."
    )
    register_as: SafeName | None = Field(
        default=None, alias="register", description="The registered model's name; default: the spec's name."
    )


class Predictions(SpecModel):
    """Where predictions go."""

    table: SafeName | None = Field(default=None, description="The Delta table; default: <name>_predictions.")
    keep: Literal["all"] | ColumnNames = Field(default="all", description="Input columns kept beside the prediction.")
    names: Literal["safe", "exact"] = Field(
        default="safe",
        description="How a new table names columns: `safe` writes `_` for blanks and `,;{}()=`, which many readers "
        "cannot take, `exact` keeps every name by Delta's column mapping.",
    )
    partition_by: ColumnNames = Field(
        default=(), description="Kept columns of few values by which a new table's files are laid out."
    )


Positive = Annotated[str, Field(max_length=1000)] | bool | int | float


class Spec(SpecModel):
    """One use case, from a table to predictions."""

    model_config = ConfigDict(json_schema_extra={"required": ["source", "target"]})

    name: SafeName = Field(description="Names the model, its tables and bundles; default: the file's or table's name.")
    source: Source = Field(description="Where the rows come from; `source: path` is short for `{path: path}`.")
    target: ColumnName = Field(description="The column to predict.")
    task: Task | None = Field(
        default=None, description="What kind of prediction; guessed from the target where left out."
    )
    positive: Positive | None = Field(default=None, description="Binary: the event, as text; default: the rarer label.")
    weight: ColumnName | None = Field(default=None, description="A column of row weights.")
    key: ColumnNames = Field(default=(), description="The columns that identify a row, where there are such.")
    timezone: str = Field(default="UTC", description="The zone of the source's local times, by its IANA name.")
    columns: Columns = Field(default=Columns(), description="What is known about single columns.")
    split: Split = Field(default=Split(), description="Which rows test the model.")
    clean: Clean = Field(default=Clean(), description="Duplicates, missing values, outliers.")
    features: Features = Field(default=Features(), description="How columns become numbers.")
    model: Model = Field(default=Model(), description="The algorithm and its options.")
    evaluate: Evaluate = Field(default=Evaluate(), description="What is measured, and what the gate asks.")
    checks: Checks = Field(default=(), description="What data to be scored must meet, rule by rule.")
    changes: Changes = Field(
        default=Changes(), description="What happens where data to be scored has another shape than the training's."
    )
    graph: Literal["required", "skip"] = Field(
        default="required", description="Whether the model must compile to a graph; without one it cannot be served."
    )
    track: Track = Field(default=Track(), description="Where runs are logged and models registered.")
    predictions: Predictions = Field(default=Predictions(), description="Where predictions go.")
    stream: Stream = Field(default=Stream(), description="How a stream is scored.")

    @model_validator(mode="before")
    @classmethod
    def _name_it(cls, given: object) -> object:
        """A spec without a name is called after its source."""
        if not isinstance(given, Mapping) or given.get("name") is not None:
            return given
        source = given.get("source")
        location = source if isinstance(source, str) else _location(source)
        return {**given, "name": safe_name(location if isinstance(location, str) else "")}

    @classmethod
    def from_yaml(cls, path: str | PathLike[str]) -> Spec:
        """Read a spec from its YAML file.

        Args:
            path: the file.

        Raises:
            SpecError: every mistake that can be seen without data, each with file, line and key.

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
            SpecError: every mistake that can be seen without data.

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
        return notebook_table(f"Spec {self.name}", ("key", "value"), _flat(data))

    @property
    def made_from(self) -> str | None:
        """What the name was made from, where that could not be a name itself."""
        location = str(_location(self.source) or "")
        made = self.name == safe_name(location) and self.name != named_part(location)
        return location if made else None


def _flat(data: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    """Each value of nested mappings with the path of its key."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", ", ".join(map(str, value)) if isinstance(value, list) else value


def _loading() -> ModuleType:
    """The module that reads and writes specs. It builds `Spec` and imports this one, which so must not import it."""
    return import_module("spark_jobs.spec.loading")


def _location(source: object) -> object:
    if isinstance(source, Mapping):
        if source.get("topic") is not None:
            return source["topic"]
        if source.get("table") is not None or source.get("kind") == "table":
            table = source.get("table") or source.get("path")
            return table.replace("`", "").replace(".", "/").rpartition("/")[2] if isinstance(table, str) else None
        return source.get("path")
    return next((found for key in ("table", "topic", "path") if (found := getattr(source, key, None))), None)
