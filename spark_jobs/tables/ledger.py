"""The ledger: a Delta table with one row per job run, including failed runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.tables import delta
from spark_jobs.tables.locks import locked

TABLE = "ledger"


@dataclass(frozen=True, slots=True)
class Entry:
    """A job run: what it did, and how it ended.

    `started` and `ended` have a time zone. `note` is a remark for later readers, such as a forced promotion.
    """

    job: str
    name: str
    started: datetime
    ended: datetime
    status: str
    run_id: str | None = None
    batch_id: str | None = None
    model_version: int | None = None
    read: int | None = None
    written: int | None = None
    quarantined: int | None = None
    duplicates: int | None = None
    spec_hash: str | None = None
    error: str | None = None
    note: str | None = None
    reads: str | None = None


ABOUT = {
    "job": "The verb: train, score, promote …",
    "name": "The use case.",
    "started": "When the job began.",
    "ended": "When it ended.",
    "status": "done, failed, refused or rejected.",
    "run_id": "The MLflow run.",
    "batch_id": "The batch that was scored together.",
    "model_version": "The version that was created, used or promoted.",
    "read": "Rows read from the source.",
    "written": "Rows written.",
    "quarantined": "Rows put into quarantine.",
    "duplicates": "Rows that were already in the table, or are equal to another row.",
    "spec_hash": "SHA-256 of the spec.",
    "error": "The cause of a failure.",
    "note": "A remark, such as a forced promotion.",
    "reads": "What was read of a growing source, as JSON: its files, or its watermark.",
}
_TYPES = {"int": "bigint", "str": "string", "datetime": "timestamp"}


def record_entry(spark: SparkSession, root: str, entry: Entry) -> str:
    """Add a run to the ledger and return the ledger's path."""
    path = delta.table_path(root, TABLE)
    with locked(root, f"table-{TABLE}"):
        delta.append(_row(spark, entry), path, about={"job": entry.job, "name": entry.name}, verify=False)
    return path


def reads_so_far(spark: SparkSession, root: str, name: str, version: int) -> list[dict[str, Any]]:
    """Return what the successful scorings of a use case by a model version have read, the oldest first."""
    path = delta.table_path(root, TABLE)
    if not delta.exists(spark, path):
        return []
    rows = delta.read_table(spark, path)
    if "reads" not in rows.columns:
        return []
    done = (F.col("status") == "done") & (F.col("name") == name) & (F.col("model_version") == version)
    found = rows.where(done & F.col("reads").isNotNull()).orderBy("ended").select("reads").collect()
    return [json.loads(row[0]) for row in found]


def _row(spark: SparkSession, entry: Entry) -> DataFrame:
    # Literals over a range need no Python worker and no conversion of a list of rows.
    return spark.range(0, 1, 1, 1).select(
        *(_cell(getattr(entry, field.name), str(field.type), field.name) for field in fields(entry))
    )


def _cell(value: Any, kind: str, name: str) -> Column:
    stored = _TYPES[kind.split(" ")[0]]
    if isinstance(value, datetime):
        cell = F.timestamp_micros(F.lit(int(value.timestamp() * 1_000_000)))
    else:
        cell = F.lit(value).cast(stored)
    return cell.alias(name, metadata={"comment": ABOUT[name]})
