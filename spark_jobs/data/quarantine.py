"""Rows that could not be read, kept as they came with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.data import delta
from spark_jobs.data.lock import locked

ABOUT = {
    "_raw": "The row as it came.",
    "_reasons": "Why it was not taken.",
    "_source": "The file it came from.",
    "_batch_id": "What was read together; one input has one batch id.",
}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """How a batch of refused rows ended: the rows of the batch in the table, and where that is."""

    outcome: Literal["written", "skipped_duplicate"]
    rows: int
    location: str


def write_quarantine(
    malformed: DataFrame, root: str, name: str, batch_id: str, once: delta.Once | None = None
) -> Quarantined:
    """Puts refused rows (`_raw`, `_reasons`, `_source`) into `<name>_quarantine`, those of a batch once.

    `once` is for the micro-batches of a stream, which are numbered.

    Raises:
        JobError: rows did not arrive.
    """
    table = f"{name}_quarantine"
    path = delta.table_path(root, table)
    rows = malformed.select("_raw", "_reasons", "_source", F.lit(batch_id).alias("_batch_id"))
    told = rows.select(*(F.col(column).alias(column, metadata={"comment": text}) for column, text in ABOUT.items()))
    with locked(root, f"table-{table}"):
        there = _rows_of(malformed, path, batch_id)
        if there:
            return Quarantined("skipped_duplicate", there, path)
        commit = delta.append(told, path, about={"batch_id": batch_id}, once=once or f"{table}/{batch_id}")
        if commit is not None:
            return Quarantined("written", commit.rows, path)
        return Quarantined("skipped_duplicate", _rows_of(malformed, path, batch_id), path)


def _rows_of(malformed: DataFrame, path: str, batch_id: str) -> int:
    spark = malformed.sparkSession
    if not delta.exists(spark, path):
        return 0
    return delta.read(spark, path).where(F.col("_batch_id") == batch_id).count()
