"""The table of predictions: each row once a model version, and where it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.data import delta
from spark_jobs.data.lock import locked
from spark_jobs.data.names import col, quoted
from spark_jobs.data.row_ids import with_row_ids
from spark_jobs.errors import DataError, JobError, did_you_mean

Outcome = Literal["written", "skipped_duplicate"]
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
_PROPERTIES = {
    # Statistics of what is looked up only: those of every kept column cost more than the rest of the write.
    "delta.dataSkippingStatsColumns": "_row_id,_model_version,_batch_id,_scored_at",
    "delta.setTransactionRetentionDuration": "interval 30 days",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where predictions go and what they are of.

    `batch_id` names the input by its content: one input has one id wherever it lies. `keep` names the input columns to
    keep beside the prediction. With `rescore` the rows of this batch and version are replaced. `unlike` says that no
    two rows are known to be alike, in key or cells.
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
    unlike: bool = False

    @property
    def about(self) -> dict[str, object]:
        """What is kept with the commit."""
        return {"model": self.model, "model_version": self.version, "batch_id": self.batch_id, "run_id": self.run_id}


@dataclass(frozen=True, slots=True)
class Written:
    """How a write ended: rows added or replaced, rows that were there already, and columns whose type was cast.

    `lost` has, by column, the values that became null because the table keeps the column as another type. `plain` is
    true where every row that was scored passed through one plain write, so that what was observed of them is known.
    """

    outcome: Outcome
    rows: int
    duplicates: int
    location: str
    version: int | None = None
    lost: Mapping[str, int] = field(default_factory=dict)
    plain: bool = False

    @property
    def scored(self) -> int:
        """The rows of the batch, new or there already."""
        return self.rows + self.duplicates


@dataclass(frozen=True, slots=True)
class _Standing:
    """Rows of this model version in the table: of this batch, and of others."""

    mine: int = 0
    others: int = 0


def write_predictions(scored: DataFrame, target: Target) -> Written:
    """Adds a batch of predictions to its table, so that each row is there once a model version.

    `scored` has `_row` (a struct of the input columns), `prediction`, and for classes `probabilities`, `probability`
    and `margin` as they apply. A batch that is there already is skipped without being scored. Rows that came with
    another batch are not added again; with a key, a row that changed since is replaced.

    Raises:
        DataError: the table holds another model's predictions, or a column to keep is not there.
        JobError: rows did not arrive.
    """
    _check_batch(target.batch_id)
    path = delta.table_path(target.root, target.table)
    with locked(target.root, f"table-{target.table}"):
        spark = scored.sparkSession
        if not delta.exists(spark, path):
            return _add(_table_rows(scored, target), path, target, _Standing())
        table = delta.read(spark, path)
        standing = _standing(table, target)
        if standing.mine and not target.rescore:
            return Written("skipped_duplicate", 0, standing.mine, path)
        rows, lost = _fitting(_table_rows(scored, target), table, target)
        return replace(_add(rows, path, target, standing), lost=lost)


def already_written(spark: SparkSession, target: Target) -> Written | None:
    """How writing this batch would end, if it is in the table already; None where it has to be scored.

    Raises:
        DataError: the table holds another model's predictions.
    """
    path = delta.table_path(target.root, target.table)
    if target.rescore or not delta.exists(spark, path):
        return None
    mine = _standing(delta.read(spark, path), target).mine
    return Written("skipped_duplicate", 0, mine, path) if mine else None


def _add(rows: DataFrame, path: str, target: Target, standing: _Standing) -> Written:
    if target.key and standing.others and not target.rescore:
        return _merge(rows, path, target)
    fresh = rows.join(_ids_of_others(rows, path, target), "_row_id", "left_anti") if standing.others else rows
    once = None if target.rescore else f"{target.model}/{target.version}/{target.batch_id}"
    over = _batch_sql(target) if target.rescore and standing.mine else None
    commit = delta.append(fresh, path, about=target.about, once=once, replace=over, properties=_PROPERTIES)
    if commit is None:
        return _uncommitted(fresh, path, target)
    read = rows.count() if standing.others else commit.rows
    outcome: Outcome = "written" if commit.rows or over or not read else "skipped_duplicate"
    plain = not standing.others and bool(commit.rows)
    return Written(outcome, commit.rows, read - commit.rows, path, commit.version, plain=plain)


def _merge(rows: DataFrame, path: str, target: Target) -> Written:
    ours = ("_run_id", "_batch_id", "_scored_at")
    compared = [name for name in rows.columns if name not in ours and not _is_map(rows, name)]
    same = " AND ".join(f"t.{quoted(name)} <=> s.{quoted(name)}" for name in compared)
    on = f"t._row_id = s._row_id AND t._model_version = {target.version} AND s._model_version = {target.version}"
    commit = delta.merge(rows, path, on, f"NOT ({same})", target.about)
    read = rows.count()
    if commit is None:
        there = delta.read(rows.sparkSession, path).where(F.col("_model_version") == target.version)
        if not rows.join(there, "_row_id", "left_anti").isEmpty():
            raise JobError(f"Delta reported no error, but rows did not reach {path}.", "Run the same command again.")
        return Written("skipped_duplicate" if read else "written", 0, read, path)
    changed = commit.rows + int(commit.metrics.get("numTargetRowsUpdated", "0"))
    outcome: Outcome = "written" if changed or not read else "skipped_duplicate"
    return Written(outcome, changed, read - changed, path, commit.version)


def _uncommitted(fresh: DataFrame, path: str, target: Target) -> Written:
    """Nothing was committed: no rows, or Delta knows the batch. Somebody else wrote it, or its rows were deleted."""
    mine = _standing(delta.read(fresh.sparkSession, path), target).mine
    if not mine and not fresh.isEmpty():
        raise JobError(
            f"Batch {target.batch_id} was written to {path} before and its rows are gone.",
            "Write it again with --rescore.",
        )
    return Written("skipped_duplicate" if mine else "written", 0, mine, path)


def _table_rows(scored: DataFrame, target: Target) -> DataFrame:
    kind = scored.schema["_row"].dataType
    assert isinstance(kind, T.StructType)
    kept = _kept(kind, target)
    outputs = [name for name in _OUTPUTS if name in scored.columns]
    lineage = {
        "_model_name": F.lit(target.model),
        "_model_version": F.lit(target.version),
        "_run_id": F.lit(target.run_id),
        "_batch_id": F.lit(target.batch_id),
        "_scored_at": F.current_timestamp(),
    }
    return with_row_ids(scored, target.key, target.unlike).select(
        _told(F.col("_row_id"), "_row_id"),
        *(_storable(F.col("_row").getField(name), kind[name].dataType).alias(name) for name in kept),
        *(_told(F.col(name), name) for name in outputs),
        *(_told(column, name) for name, column in lineage.items()),
    )


def _kept(kind: T.StructType, target: Target) -> Sequence[str]:
    names = kind.fieldNames()
    for name in (*target.key, *(() if target.keep == "all" else target.keep)):
        if name not in names:
            raise DataError(f"The column '{name}' of the key or to keep is not in the data.", did_you_mean(name, names))
    kept = names if target.keep == "all" else target.keep
    taken = [name for name in kept if name.casefold() in ABOUT]
    if taken:
        raise DataError(
            f"The column '{taken[0]}' has the name of a column of predictions.", "Rename it, or leave it out of `keep`."
        )
    return kept


def _told(column: Column, name: str) -> Column:
    return column.alias(name, metadata={"comment": ABOUT[name]})


def _storable(column: Column, kind: T.DataType) -> Column:
    return column.cast("string") if isinstance(kind, T.NullType) else column


def _standing(table: DataFrame, target: Target) -> _Standing:
    first = table.select("_model_name").limit(1).collect()
    if first and first[0][0] != target.model:
        raise DataError(
            f"The table '{target.table}' holds predictions of the model '{first[0][0]}', not of '{target.model}'.",
            "Set `predictions.table` to another name.",
        )
    mine = F.count_if(F.col("_batch_id") == target.batch_id)
    found: Any = table.where(F.col("_model_version") == target.version).agg(F.count(F.lit(1)), mine).first()
    return _Standing(int(found[1]), int(found[0]) - int(found[1]))


def _fitting(rows: DataFrame, table: DataFrame, target: Target) -> tuple[DataFrame, dict[str, int]]:
    """The rows with the table's types where they differ, and the values that this loses."""
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
    counts = [F.count_if(col(name).isNotNull() & value.isNull()) for name, value in cast.items()]
    found: Any = rows.agg(*counts).first()
    return rows.withColumns(cast), {name: int(lost) for name, lost in zip(cast, found, strict=True) if lost}


def _differs(stored: T.DataType | None, new: T.DataType) -> bool:
    """Whether a value must be cast; what may be null inside of it is no difference."""
    return stored is not None and stored.simpleString() != new.simpleString()


def _ids_of_others(rows: DataFrame, path: str, target: Target) -> DataFrame:
    of_version = F.col("_model_version") == target.version
    return (
        delta.read(rows.sparkSession, path)
        .where(of_version & (F.col("_batch_id") != target.batch_id))
        .select("_row_id")
    )


def _batch_sql(target: Target) -> str:
    return f"_model_version = {target.version} AND _batch_id = '{target.batch_id}'"


def _check_batch(batch_id: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,200}", batch_id):
        raise JobError(f"'{batch_id}' cannot be a batch id.", "Use letters, digits and `_.:-`.")


def _is_map(rows: DataFrame, name: str) -> bool:
    return isinstance(rows.schema[name].dataType, T.MapType)
