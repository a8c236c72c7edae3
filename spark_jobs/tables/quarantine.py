"""The quarantine: refused rows as read, with their reasons, until a replay scores them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.runtime.timestamps import microsecond_timestamps
from spark_jobs.tables import delta
from spark_jobs.tables.locks import locked

ABOUT = {
    "_raw": "The row as read: a line of text, or its cells as JSON; null for a corrupt file.",
    "_reasons": "Why it was refused.",
    "_source": "Where it came from: a file, or topic/partition/offset.",
    "_batch_id": "The batch that was read together; one input has one batch id.",
    "_form": "The columns and types of a row stored as JSON; null for a line of text.",
    "_refused_id": "The row's id in this table.",
    "_replayed": "The batch whose replay scored the row; null until then.",
}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The result of writing a batch of refused rows: the number of its rows in the table, and the table's path."""

    outcome: Literal["written", "skipped_duplicate"]
    rows: int
    location: str


def write_quarantine(
    malformed: DataFrame, root: str, name: str, batch_id: str, once: delta.Txn | None = None
) -> Quarantined:
    """Write refused rows into `<name>_quarantine`; idempotent: the rows of a batch are written once.

    Args:
        malformed: Rows with `_raw`, `_reasons`, `_source` and, optionally, `_form`.
        root: The folder or URL that has the tables.
        once: The transaction id of a micro-batch of a stream; None for a batch.

    Raises:
        JobError: Delta reported no error, but rows are missing.
    """
    spark, table, path = malformed.sparkSession, f"{name}_quarantine", quarantine_path(root, name)
    nothing = F.lit(None).cast("string")
    given: dict[str, Column] = {
        "_raw": F.col("_raw"),
        "_reasons": F.col("_reasons"),
        "_source": F.col("_source"),
        "_batch_id": F.lit(batch_id),
        "_form": F.col("_form") if "_form" in malformed.columns else nothing,
        # Not a UUID: Spark puts its seed into the generated code, which Java would compile again for each batch.
        "_refused_id": F.concat(F.lit(f"{batch_id}-"), F.monotonically_increasing_id().cast("string")),
        "_replayed": nothing,
    }
    told = malformed.select(*(cell.alias(name, metadata={"comment": ABOUT[name]}) for name, cell in given.items()))
    with locked(root, f"table-{table}"):
        there = 0 if once is not None else quarantined_rows(spark, root, name, batch_id)
        if there:
            return Quarantined("skipped_duplicate", there, path)
        commit = delta.append(told, path, about={"batch_id": batch_id}, once=once or f"{table}/{batch_id}")
        if commit is not None:
            return Quarantined("written", commit.rows, path)
        return Quarantined("skipped_duplicate", quarantined_rows(spark, root, name, batch_id), path)


def quarantine_path(root: str, name: str) -> str:
    """Return the path of a use case's quarantine."""
    return delta.table_path(root, f"{name}_quarantine")


def quarantined_rows(spark: SparkSession, root: str, name: str, batch_id: str) -> int:
    """Return the number of a batch's rows in quarantine, replayed or not."""
    path = quarantine_path(root, name)
    if not delta.exists(spark, path):
        return 0
    return delta.read_table(spark, path).where(F.col("_batch_id") == batch_id).count()


def quarantined_batches(spark: SparkSession, root: str, name: str) -> list[str]:
    """Return up to 100 batches with rows in quarantine, those with the most rows first."""
    path = quarantine_path(root, name)
    if not delta.exists(spark, path):
        return []
    counts = delta.read_table(spark, path).groupBy("_batch_id").count().orderBy(F.desc("count"), "_batch_id")
    return [row[0] for row in counts.limit(100).collect()]


def waiting_rows(spark: SparkSession, root: str, name: str, batch_id: str) -> DataFrame:
    """Return a batch's rows in quarantine that no replay has scored, with all columns of the table."""
    rows = delta.read_table(spark, quarantine_path(root, name))
    lacking = {column: F.lit(None).cast("string") for column in ABOUT if column not in rows.columns}
    return rows.withColumns(lacking).where((F.col("_batch_id") == batch_id) & F.col("_replayed").isNull())


def mark_replayed(ids: DataFrame, root: str, name: str, batch_id: str, replay: str) -> None:
    """Record that the batch `replay` scored the rows `ids` (`_refused_id`) of a batch."""
    from delta.tables import DeltaTable

    table = f"{name}_quarantine"
    on = (F.col("t._batch_id") == batch_id) & (F.col("t._refused_id") == F.col("s._refused_id"))
    with locked(root, f"table-{table}"), microsecond_timestamps(ids.sparkSession):
        into = DeltaTable.forPath(ids.sparkSession, quarantine_path(root, name)).alias("t")
        into.merge(ids.alias("s"), on).whenMatchedUpdate(set={"_replayed": F.lit(replay)}).execute()
