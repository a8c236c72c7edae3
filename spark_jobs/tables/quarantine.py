"""Rows that were not taken, kept as they came with the reasons, until they are taken after all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.runtime.timestamps import microsecond_timestamps
from spark_jobs.tables import delta
from spark_jobs.tables.locks import locked

ABOUT = {
    "_raw": "The row as it came: a line of text, or its cells as JSON; null for a file that cannot be read.",
    "_reasons": "Why it was not taken.",
    "_source": "Where it came from: a file, or topic/partition/offset.",
    "_batch_id": "What was read together; one input has one batch id.",
    "_form": "The columns and types of a row kept as JSON; null for a line of text.",
    "_refused_id": "What identifies the row here.",
    "_replayed": "The batch by which it was scored after all; null until then.",
}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """How a batch of refused rows ended: the rows of the batch in the table, and where that is."""

    outcome: Literal["written", "skipped_duplicate"]
    rows: int
    location: str


def write_quarantine(
    malformed: DataFrame, root: str, name: str, batch_id: str, once: delta.Txn | None = None
) -> Quarantined:
    """Puts refused rows (`_raw`, `_reasons`, `_source`, `_form`) into `<name>_quarantine`, those of a batch once.

    `once` is for the micro-batches of a stream, which are numbered.

    Raises:
        JobError: rows did not arrive.
    """
    spark, table, path = malformed.sparkSession, f"{name}_quarantine", quarantine_path(root, name)
    nothing = F.lit(None).cast("string")
    given: dict[str, Column] = {
        "_raw": F.col("_raw"),
        "_reasons": F.col("_reasons"),
        "_source": F.col("_source"),
        "_batch_id": F.lit(batch_id),
        "_form": F.col("_form") if "_form" in malformed.columns else nothing,
        # Not a UUID, whose seed Spark writes into the code for these rows: Java would compile it anew for each batch.
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
    """Where the refused rows of a use case lie."""
    return delta.table_path(root, f"{name}_quarantine")


def quarantined_rows(spark: SparkSession, root: str, name: str, batch_id: str) -> int:
    """How many rows of a batch are in quarantine, scored after all or not."""
    path = quarantine_path(root, name)
    if not delta.exists(spark, path):
        return 0
    return delta.read(spark, path).where(F.col("_batch_id") == batch_id).count()


def quarantined_batches(spark: SparkSession, root: str, name: str) -> list[str]:
    """The batches of which there are rows in quarantine, those with most rows first."""
    path = quarantine_path(root, name)
    if not delta.exists(spark, path):
        return []
    counts = delta.read(spark, path).groupBy("_batch_id").count().orderBy(F.desc("count"), "_batch_id")
    return [row[0] for row in counts.limit(100).collect()]


def waiting_rows(spark: SparkSession, root: str, name: str, batch_id: str) -> DataFrame:
    """The rows of a batch that are in quarantine and were not scored since, in all of the table's columns."""
    rows = delta.read(spark, quarantine_path(root, name))
    lacking = {column: F.lit(None).cast("string") for column in ABOUT if column not in rows.columns}
    return rows.withColumns(lacking).where((F.col("_batch_id") == batch_id) & F.col("_replayed").isNull())


def mark_replayed(ids: DataFrame, root: str, name: str, batch_id: str, replay: str) -> None:
    """Writes down by which batch rows (`_refused_id`) of a batch were scored after all."""
    from delta.tables import DeltaTable

    table = f"{name}_quarantine"
    on = (F.col("t._batch_id") == batch_id) & (F.col("t._refused_id") == F.col("s._refused_id"))
    with locked(root, f"table-{table}"), microsecond_timestamps(ids.sparkSession):
        into = DeltaTable.forPath(ids.sparkSession, quarantine_path(root, name)).alias("t")
        into.merge(ids.alias("s"), on).whenMatchedUpdate(set={"_replayed": F.lit(replay)}).execute()
