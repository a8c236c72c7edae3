"""Predictions tables: each row once per model version, with its lineage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.names import quoted
from spark_jobs.errors import DataError, JobError
from spark_jobs.tables import delta
from spark_jobs.tables.column_names import keep_names, property_of, renamed_columns, stored_names
from spark_jobs.tables.delta import needs_mapping
from spark_jobs.tables.locks import locked
from spark_jobs.tables.prediction_rows import ABOUT, Destination, cast_to_table_schema, kept_columns, table_rows

Outcome = Literal["written", "skipped_duplicate"]
_PROPERTIES = {
    # Only columns for lookups: statistics of every kept column cost more than the rest of the write.
    "delta.dataSkippingStatsColumns": "_row_id,_model_version,_batch_id,_scored_at",
    "delta.setTransactionRetentionDuration": "interval 30 days",
    # A checkpoint takes longer than a micro-batch, so not every tenth commit, as by default.
    "delta.checkpointInterval": "50",
}


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a write.

    Attributes:
        outcome: Whether rows were written, or the batch was already in the table.
        rows: The number of rows added or replaced.
        duplicates: The number of rows that were already in the table.
        version: The table's version after the write; None if nothing was committed.
        lost: By column, the number of values that became null or were rounded by a cast to the table's type.
        plain: Whether every scored row passed through one plain write, so that observed metrics cover all rows.
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
        """Return the number of rows of the batch, new or already in the table."""
        return self.rows + self.duplicates


@dataclass(frozen=True, slots=True)
class _ExistingRows:
    """Rows of this model version in the table: `mine` are of this batch, `others` of other batches."""

    mine: int = 0
    others: int = 0


def write_predictions(scored: DataFrame, target: Destination) -> Written:
    """Write a batch of predictions, so that each row is in the table once per model version.

    A batch that is already in the table is skipped without being scored. Rows that came with another batch are not
    added again. With a key, a row that has changed since is replaced.

    Args:
        scored: Rows with `_row` (a struct of the input columns), `prediction` and, for classification, `probabilities`,
            `probability` and `margin` as they apply.

    Raises:
        DataError: The table has another model's predictions, or a column to keep does not exist.
        JobError: Delta reported no error, but rows are missing.
    """
    _check_batch(target.batch_id)
    path = delta.table_path(target.root, target.table)
    with locked(target.root, f"table-{target.table}"):
        spark = scored.sparkSession
        table = delta.read_table(spark, path) if delta.exists(spark, path) else None
        existing = _ExistingRows() if table is None else _existing_rows(table, path, target)
        if existing.mine and not target.rescore:
            return Written("skipped_duplicate", 0, existing.mine, path)
        rows, target, lost = _rows(scored, table, path, target)
        return replace(_add(rows, path, target, existing), lost=lost)


def append_predictions(scored: DataFrame, target: Destination, once: delta.Txn) -> Written | None:
    """Append the predictions of a micro-batch; idempotent: a second write with the same transaction id is skipped.

    Args:
        scored: As for `write_predictions`, with `_row_id`, which identifies a row in the whole stream.

    Returns:
        The result, or None if nothing was committed: there were no rows, or they are already in the table.

    Raises:
        DataError: The table has another model's predictions, or a column to keep does not exist.
    """
    _check_batch(target.batch_id)
    path = delta.table_path(target.root, target.table)
    with locked(target.root, f"table-{target.table}"):
        table = delta.read_table(scored.sparkSession, path) if delta.exists(scored.sparkSession, path) else None
        if table is not None:
            _check_model(table, path, target)
        rows, target, lost = _rows(scored, table, path, target)
        commit = delta.append(
            rows, path, about=target.about, once=once, properties=_PROPERTIES, partition_by=target.partition_by
        )
    return None if commit is None else Written("written", commit.rows, 0, path, commit.version, lost, plain=True)


def rows_of_batch(spark: SparkSession, target: Destination) -> int:
    """Return the number of a batch's rows in the table."""
    path = delta.table_path(target.root, target.table)
    if not delta.exists(spark, path):
        return 0
    return _existing_rows(delta.read_table(spark, path), path, target).mine


def column_names(spark: SparkSession, root: str, table: str) -> dict[str, str]:
    """Return the renamed columns of a table: original name to stored name."""
    path = delta.table_path(root, table)
    return renamed_columns(delta.read_table(spark, path), path) if delta.exists(spark, path) else {}


def already_written(spark: SparkSession, target: Destination) -> Written | None:
    """Return the result of writing a batch that is already in the table; None if it must be scored.

    Raises:
        DataError: The table has another model's predictions.
    """
    path = delta.table_path(target.root, target.table)
    if target.rescore or not delta.exists(spark, path):
        return None
    mine = _existing_rows(delta.read_table(spark, path), path, target).mine
    return Written("skipped_duplicate", 0, mine, path) if mine else None


def _rows(
    scored: DataFrame, table: DataFrame | None, path: str, target: Destination
) -> tuple[DataFrame, Destination, dict[str, int]]:
    """Return the rows in the table's columns, the target with stored names, and the values lost by casts."""
    kept = kept_columns(scored, target)
    names = stored_names(table, path, target.names, needs_mapping(kept))
    stored = names.of(kept.names, ABOUT)
    rows, laid_out = table_rows(scored, target, names), tuple(stored[name] for name in target.partition_by)
    by_names = replace(target, partition_by=laid_out)
    if table is None:
        if renamed := property_of(stored):
            delta.create(rows, path, {**_PROPERTIES, **renamed}, laid_out)
        return rows, by_names, {}
    _check_layout(scored.sparkSession, path, target, stored)
    rows, lost = cast_to_table_schema(rows, table, target)
    if not names.exact:
        keep_names(scored.sparkSession, path, names, stored)
    own = {safe: name for name, safe in stored.items()}
    return rows, by_names, {own.get(name, name): count for name, count in lost.items()}


def _add(rows: DataFrame, path: str, target: Destination, existing: _ExistingRows) -> Written:
    if target.key and existing.others and not target.rescore:
        return _merge(rows, path, target)
    fresh = rows.join(_ids_of_others(rows, path, target), "_row_id", "left_anti") if existing.others else rows
    once = None if target.rescore else f"{target.model}/{target.version}/{target.batch_id}"
    batch = f"_model_version = {target.version} AND _batch_id = '{target.batch_id}'"
    over = batch if target.rescore and existing.mine else None
    commit = delta.append(
        fresh,
        path,
        about=target.about,
        once=once,
        replace=over,
        properties=_PROPERTIES,
        partition_by=target.partition_by,
    )
    if commit is None:
        ended = _uncommitted(fresh, path, target)
        # All rows came with other batches, so there is nothing to add.
        return replace(ended, duplicates=rows.count()) if existing.others and not ended.duplicates else ended
    read = rows.count() if existing.others else commit.rows
    outcome: Outcome = "written" if commit.rows or over or not read else "skipped_duplicate"
    plain = not existing.others and bool(commit.rows)
    return Written(outcome, commit.rows, read - commit.rows, path, commit.version, plain=plain)


def _merge(rows: DataFrame, path: str, target: Destination) -> Written:
    ours = ("_run_id", "_batch_id", "_scored_at")
    compared = [one.name for one in rows.schema if one.name not in ours and not isinstance(one.dataType, T.MapType)]
    same = " AND ".join(f"t.{quoted(name)} <=> s.{quoted(name)}" for name in compared)
    on = f"t._row_id = s._row_id AND t._model_version = {target.version} AND s._model_version = {target.version}"
    commit = delta.merge(rows, path, on, f"NOT ({same})", target.about)
    read = rows.count()
    if commit is None:
        there = delta.read_table(rows.sparkSession, path).where(F.col("_model_version") == target.version)
        if not rows.join(there, "_row_id", "left_anti").isEmpty():
            raise JobError(f"Delta reported no error, but rows are missing in {path}.", "Run the same command again.")
        return Written("skipped_duplicate" if read else "written", 0, read, path)
    changed = commit.rows + int(commit.metrics.get("numTargetRowsUpdated", "0"))
    outcome: Outcome = "written" if changed or not read else "skipped_duplicate"
    return Written(outcome, changed, read - changed, path, commit.version)


def _uncommitted(fresh: DataFrame, path: str, target: Destination) -> Written:
    """Return the result if nothing was committed: there were no rows, or Delta knows the batch's transaction id.

    The batch was then written by another process, or its rows were deleted since.
    """
    mine = _existing_rows(delta.read_table(fresh.sparkSession, path), path, target).mine
    if not mine and not fresh.isEmpty():
        raise JobError(
            f"Batch {target.batch_id} was written to {path} before, but its rows were deleted.",
            "Write it again with --rescore.",
        )
    return Written("skipped_duplicate" if mine else "written", 0, mine, path)


def _check_layout(spark: SparkSession, path: str, target: Destination, stored: Mapping[str, str]) -> None:
    if not target.partition_by:
        return
    found = delta.partition_columns(spark, path)
    if [name.casefold() for name in found] != [stored[name].casefold() for name in target.partition_by]:
        raise DataError(
            f"The table '{target.table}' is partitioned by {', '.join(found) or 'no column'}, "
            f"not by {', '.join(target.partition_by)}.",
            "Remove `predictions.partition_by`, or set `predictions.table` to another name.",
        )


def _check_model(table: DataFrame, path: str, target: Destination) -> None:
    if any(about.get("model") == target.model for about in delta.recent_commits(path)):
        return  # a table has one model, so reading a row is not needed
    first = table.select("_model_name").limit(1).collect()
    if first and first[0][0] != target.model:
        raise DataError(
            f"The table '{target.table}' has predictions of the model '{first[0][0]}', not of '{target.model}'.",
            "Set `predictions.table` to another name.",
        )


def _existing_rows(table: DataFrame, path: str, target: Destination) -> _ExistingRows:
    _check_model(table, path, target)
    mine = F.count_if(F.col("_batch_id") == target.batch_id)
    found: Any = table.where(F.col("_model_version") == target.version).agg(F.count(F.lit(1)), mine).first()
    return _ExistingRows(int(found[1]), int(found[0]) - int(found[1]))


def _ids_of_others(rows: DataFrame, path: str, target: Destination) -> DataFrame:
    of_version = F.col("_model_version") == target.version
    return (
        delta.read_table(rows.sparkSession, path)
        .where(of_version & (F.col("_batch_id") != target.batch_id))
        .select("_row_id")
    )


def _check_batch(batch_id: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,200}", batch_id):
        raise JobError(f"'{batch_id}' is not a valid batch id.", "Use up to 200 letters, digits and `_.:-`.")
