"""Rows of a predictions table: their id, the input columns they keep, the outputs and the lineage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.current_time import current_timestamp
from spark_jobs.columns.names import UNREAD_KEY, col
from spark_jobs.columns.row_ids import with_row_ids
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.tables.column_names import StoredNames

ABOUT: dict[str, str] = {
    "_row_id": "The row's id: its key, or the hash of its cells and an occurrence number.",
    "prediction": "The model's prediction: a number, or the label.",
    "probabilities": "The probability of each label.",
    "probability": "The probability of the positive label.",
    "margin": "The distance from the boundary between the classes; positive for the positive label.",
    "_model_name": "The registered model's name.",
    "_model_version": "The registered model's version.",
    "_run_id": "The MLflow run that trained the model.",
    "_batch_id": "The batch that was scored together; one input has one batch id.",
    "_scored_at": "When the row was scored.",
}
_OUTPUTS = ("prediction", "probabilities", "probability", "margin")


@dataclass(frozen=True, slots=True)
class Destination:
    """The target of a write: the table, and the model and batch of the predictions.

    Attributes:
        root: The folder or URL that has the tables.
        run_id: The MLflow run that trained the model.
        batch_id: A fingerprint of the input's content, independent of its path.
        key: The columns that identify a row; if empty, the row's content does.
        keep: The input columns to keep in the table.
        rescore: Whether to replace the rows of this batch and version.
        is_unique: Whether all rows differ in their key or, without one, in their cells; None if unknown.
        partition_by: The partition columns, if the table is created.
        names: How a created table names its columns: "safe" for every Delta reader, or "exact".
    """

    root: str
    table: str
    model: str
    version: int
    run_id: str
    batch_id: str
    key: tuple[str, ...] = ()
    keep: Literal["all"] | tuple[str, ...] = "all"
    rescore: bool = False
    is_unique: bool | None = None
    partition_by: tuple[str, ...] = ()
    names: Literal["safe", "exact"] = "safe"

    @property
    def about(self) -> dict[str, object]:
        """Return the metadata to store with the commit."""
        return {"model": self.model, "model_version": self.version, "batch_id": self.batch_id, "run_id": self.run_id}


def kept_columns(scored: DataFrame, target: Destination) -> T.StructType:
    """Return the input columns that the table keeps, with their types.

    Raises:
        DataError: A key or kept column does not exist, or has the name of an output column.
    """
    kind = scored.schema["_row"].dataType
    assert isinstance(kind, T.StructType)
    return T.StructType([kind[name] for name in _kept(kind, target)])


def check_kept(names: Sequence[str], keep: Literal["all"] | Sequence[str]) -> Sequence[str]:
    """Return the input columns to keep.

    Raises:
        DataError: One has the name of an output column.
    """
    kept = names if keep == "all" else keep
    taken = [name for name in kept if name.casefold() in ABOUT]
    if taken:
        raise DataError(
            f"The column '{taken[0]}' has the name of an output column.",
            "Rename it, or list the columns to keep in `predictions.keep`.",
        )
    return kept


def table_rows(scored: DataFrame, target: Destination, names: StoredNames) -> DataFrame:
    """Return scored rows in the table's columns.

    Args:
        scored: Rows with the struct `_row`, the outputs and, if known, `_row_id`.
        names: The names under which the table stores the columns.

    Raises:
        DataError: A key or kept column does not exist, or has the name of an output column.
    """
    kept = kept_columns(scored, target)
    stored = names.of(kept.names, ABOUT)
    outputs = [name for name in _OUTPUTS if name in scored.columns]
    lineage = {
        "_model_name": F.lit(target.model),
        "_model_version": F.lit(target.version),
        "_run_id": F.lit(target.run_id),
        "_batch_id": F.lit(target.batch_id),
        "_scored_at": current_timestamp(F.col("prediction")),
    }
    known = "_row_id" in scored.columns
    return (scored if known else with_row_ids(scored, target.key, target.is_unique)).select(
        _told(F.col("_row_id"), "_row_id"),
        *(_stored(F.col("_row").getField(one.name), one.dataType, names, one.name, stored[one.name]) for one in kept),
        *(_told(F.col(name), name) for name in outputs),
        *(_told(column, name) for name, column in lineage.items()),
    )


def _kept(kind: T.StructType, target: Destination) -> Sequence[str]:
    names = [name for name in kind.fieldNames() if name != UNREAD_KEY]
    for name in (*target.key, *target.partition_by, *(() if target.keep == "all" else target.keep)):
        if name not in names:
            raise DataError(f"The key or kept column '{name}' is not in the data.", did_you_mean(name, names))
    return check_kept(names, target.keep)


def _told(column: Column, name: str) -> Column:
    return column.alias(name, metadata={"comment": ABOUT[name]})


def _stored(column: Column, kind: T.DataType, names: StoredNames, name: str, stored: str) -> Column:
    """Return a kept column as the table stores it; the comment of a renamed column is its original name."""
    safe = names.type_of(kind)
    column = column.cast("string") if isinstance(kind, T.NullType) else column if safe == kind else column.cast(safe)
    return column.alias(stored, metadata={"comment": name}) if name != stored else column.alias(stored)


def cast_to_table_schema(rows: DataFrame, table: DataFrame, target: Destination) -> tuple[DataFrame, dict[str, int]]:
    """Cast rows to the table's types.

    Returns:
        The rows, and by column the number of values that the cast makes null or rounds.

    Raises:
        DataError: An output column has another type in the table.
    """
    known = {field.name.casefold(): field.dataType for field in table.schema}
    differing = [field for field in rows.schema if _differs(known.get(field.name.casefold()), field.dataType)]
    if not differing:
        return rows, {}
    for ours in differing:
        if ours.name in ABOUT:
            stored, new = known[ours.name].simpleString(), ours.dataType.simpleString()
            raise DataError(
                f"The table '{target.table}' stores `{ours.name}` as {stored}, but this model returns {new}.",
                "Set `predictions.table` to another name.",
            )
    cast = {field.name: col(field.name).try_cast(known[field.name.casefold()]) for field in differing}
    counts = [F.count_if(col(field.name).isNotNull() & _changes(cast[field.name], field)) for field in differing]
    found: Any = rows.agg(*counts).first()
    return rows.withColumns(cast), {name: int(lost) for name, lost in zip(cast, found, strict=True) if lost}


def _changes(value: Column, field: T.StructField) -> Column:
    """Return a condition: the cast value is null, or a different number."""
    if not isinstance(field.dataType, T.NumericType):
        return value.isNull()
    return ~value.try_cast(field.dataType).eqNullSafe(col(field.name))


def _differs(stored: T.DataType | None, new: T.DataType) -> bool:
    """Return whether a value must be cast; nullability inside a nested type does not count."""
    return stored is not None and stored.simpleString() != new.simpleString()
