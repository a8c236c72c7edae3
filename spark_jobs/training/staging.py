"""Staging: the source parsed, typed and hashed once, stored as Parquet under safe names during a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns.casts import NOTHING, ColumnHints, canonical_cells, typed
from spark_jobs.columns.names import UNREAD_KEY, col
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.plan import LearningTask
from spark_jobs.runtime.timestamps import microsecond_timestamps
from spark_jobs.spec import Spec
from spark_jobs.training.labels import label

# Column names that do not collide with the user's.
LABEL, WEIGHT, HASH, NUMBER = "⟨label⟩", "⟨weight⟩", "⟨hash⟩", "⟨number⟩"
_SAFE = {LABEL: "label", WEIGHT: "weight", HASH: "hash", NUMBER: "number", UNREAD_KEY: "unread_key"}


def identity(spec: Spec, types: Mapping[str, ColumnType]) -> list[str]:
    """Return the columns that identify a row: the key, or without one all features."""
    apart = {spec.target, spec.weight, *spec.columns.ignore}
    return list(spec.key) or [name for name, kind in types.items() if name not in apart and kind.kind != "unsupported"]


def compared_columns(spec: Spec, types: Mapping[str, ColumnType]) -> list[str]:
    """Return the columns in which duplicates are equal: those that the spec names, or all that are not ignored.

    Raises:
        DataError: a column that the spec names does not exist.
    """
    asked = spec.clean.duplicates.by
    if isinstance(asked, str):
        return [name for name in types if name not in spec.columns.ignore]
    for name in asked:
        if name not in types:
            raise DataError(f"`clean.duplicates.by`: the source has no column '{name}'.", did_you_mean(name, types))
    return list(asked)


def tells_duplicates(spec: Spec, types: Mapping[str, ColumnType]) -> bool:
    """Return whether duplicates always share their `⟨hash⟩`; they do not if they may differ in an ignored key."""
    return spec.clean.duplicates.by == "all" and set(identity(spec, types)) <= set(compared_columns(spec, types))


def stage(
    rows: DataFrame,
    spec: Spec,
    types: Mapping[str, ColumnType],
    problem: LearningTask | None,
    path: Path,
    seen: ColumnHints = NOTHING,
) -> None:
    """Write every row of a source: typed columns, hash, number, weight and, if there is a target, label.

    Args:
        problem: the learning task; None without a target.
        seen: what the profile knows about all cells.
    """
    values = typed(rows, list(types.values()), spec.timezone, seen, spec.key)
    columns = [col(name).alias(f"x{position}") for position, name in enumerate(types)]
    compared = [types[name] for name in identity(spec, types)]
    beside = {
        HASH: F.xxhash64(F.lit(0), *canonical_cells(values, compared, spec.timezone, seen)),
        NUMBER: F.monotonically_increasing_id(),
        LABEL: _label(spec, types, problem, values),
        WEIGHT: col(spec.weight).cast("double") if spec.weight else F.lit(1.0),
    }
    if UNREAD_KEY in values.columns:
        beside[UNREAD_KEY] = col(UNREAD_KEY)
    named = [value.alias(_SAFE[name]) for name, value in beside.items()]
    with microsecond_timestamps(rows.sparkSession):
        values.select(*columns, *named).write.mode("overwrite").parquet(str(path))


def _label(spec: Spec, types: Mapping[str, ColumnType], problem: LearningTask | None, values: DataFrame) -> Column:
    if problem is None or spec.target not in types:
        return F.lit(None).cast("double")
    return label(problem, types[spec.target], spec.timezone, values.schema[spec.target].dataType)


def is_staged(path: Path) -> bool:
    """Return whether a staging is complete."""
    return (path / "_SUCCESS").is_file()


def staged_rows(spark: SparkSession, path: Path, names: Sequence[str]) -> DataFrame:
    """Return the staged rows under the user's names, with `⟨label⟩`, `⟨weight⟩`, `⟨hash⟩` and `⟨number⟩`.

    `UNREAD_KEY` is added if the types of the key columns may not hold every cell of the key.
    """
    rows = spark.read.parquet(str(path))
    columns = [F.col(f"x{position}").alias(name) for position, name in enumerate(names)]
    beside = [F.col(safe).alias(name) for name, safe in _SAFE.items() if safe in rows.columns]
    return rows.select(*columns, *beside)
