"""Rows as the table of predictions keeps them: what identifies each, what is kept of it, and where it came from."""

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
    "_row_id": "What identifies the row: its key, or the hash of its cells and an occurrence number.",
    "prediction": "What the model predicts: a number, or the label.",
    "probabilities": "The probability of each label.",
    "probability": "The probability of the positive label.",
    "margin": "The distance from the boundary between the classes; positive for the positive label.",
    "_model_name": "The registered model's name.",
    "_model_version": "The registered model's version.",
    "_run_id": "The MLflow run that trained the model.",
    "_batch_id": "What was scored together; one input has one batch id.",
    "_scored_at": "When the row was scored.",
}
_OUTPUTS = ("prediction", "probabilities", "probability", "margin")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where predictions go and what they are of.

    `batch_id` names the input by its content: one input has one id wherever it lies. `keep` names the input columns to
    keep beside the prediction. With `rescore` the rows of this batch and version are replaced. `is_unique` says whether
    no two rows are alike, in key or cells; None where nobody has looked. A table that is made is laid out by the values
    of `partition_by`, and names its columns by `names`.
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
        """What is kept with the commit."""
        return {"model": self.model, "model_version": self.version, "batch_id": self.batch_id, "run_id": self.run_id}


def kept_columns(scored: DataFrame, target: Destination) -> T.StructType:
    """The input columns that the table keeps, with their types.

    Raises:
        DataError: a column of the key or to keep is not there, or has the name of one of ours.
    """
    kind = scored.schema["_row"].dataType
    assert isinstance(kind, T.StructType)
    return T.StructType([kind[name] for name in _kept(kind, target)])


def check_kept(names: Sequence[str], keep: Literal["all"] | Sequence[str]) -> Sequence[str]:
    """Return the columns to keep.

    Raises:
        DataError: one has the name of a column of predictions.
    """
    kept = names if keep == "all" else keep
    taken = [name for name in kept if name.casefold() in ABOUT]
    if taken:
        raise DataError(
            f"The column '{taken[0]}' has the name of a column of predictions.",
            "Rename it, or list the columns to keep in `predictions.keep`.",
        )
    return kept


def table_rows(scored: DataFrame, target: Destination, names: StoredNames) -> DataFrame:
    """Scored rows (`_row`, and `_row_id` where that is known) in the table's columns.

    Raises:
        DataError: a column of the key or to keep is not there, or has the name of one of ours.
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
            raise DataError(f"The column '{name}' of the key or to keep is not in the data.", did_you_mean(name, names))
    return check_kept(names, target.keep)


def _told(column: Column, name: str) -> Column:
    return column.alias(name, metadata={"comment": ABOUT[name]})


def _stored(column: Column, kind: T.DataType, names: StoredNames, name: str, stored: str) -> Column:
    """A kept column as the table has it; the comment of a renamed one is its own name."""
    safe = names.type_of(kind)
    column = column.cast("string") if isinstance(kind, T.NullType) else column if safe == kind else column.cast(safe)
    return column.alias(stored, metadata={"comment": name}) if name != stored else column.alias(stored)


def cast_to_table_schema(rows: DataFrame, table: DataFrame, target: Destination) -> tuple[DataFrame, dict[str, int]]:
    """The rows with the table's types where they differ, and the values that this makes null or rounds."""
    known = {field.name.casefold(): field.dataType for field in table.schema}
    differing = [field for field in rows.schema if _differs(known.get(field.name.casefold()), field.dataType)]
    if not differing:
        return rows, {}
    for ours in differing:
        if ours.name in ABOUT:
            stored, new = known[ours.name].simpleString(), ours.dataType.simpleString()
            raise DataError(
                f"The table '{target.table}' holds `{ours.name}` as {stored}, this model gives {new}.",
                "Set `predictions.table` to another name.",
            )
    cast = {field.name: col(field.name).try_cast(known[field.name.casefold()]) for field in differing}
    counts = [F.count_if(col(field.name).isNotNull() & _changes(cast[field.name], field)) for field in differing]
    found: Any = rows.agg(*counts).first()
    return rows.withColumns(cast), {name: int(lost) for name, lost in zip(cast, found, strict=True) if lost}


def _changes(value: Column, field: T.StructField) -> Column:
    """Whether a value that was cast is null, or another number than it was."""
    if not isinstance(field.dataType, T.NumericType):
        return value.isNull()
    return ~value.try_cast(field.dataType).eqNullSafe(col(field.name))


def _differs(stored: T.DataType | None, new: T.DataType) -> bool:
    """Whether a value must be cast; what may be null inside of it is no difference."""
    return stored is not None and stored.simpleString() != new.simpleString()
