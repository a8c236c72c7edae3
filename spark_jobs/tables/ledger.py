"""The ledger: one row per run of a job, also of one that failed."""

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
    """What a run of a job did and how it ended.

    `started` and `ended` are instants (with a zone). `note` says what a person should find later, such as a promotion
    by force.
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
    "batch_id": "What was scored together.",
    "model_version": "The version that was made, used or promoted.",
    "read": "Rows read from the source.",
    "written": "Rows written.",
    "quarantined": "Rows put into quarantine.",
    "duplicates": "Rows that were there already, or said the same as another.",
    "spec_hash": "SHA-256 of the spec.",
    "error": "The cause of a failure.",
    "note": "What else should be known.",
    "reads": "What was read of a source that grows, as JSON: its files, or how far its watermark had come.",
}
_TYPES = {"int": "bigint", "str": "string", "datetime": "timestamp"}


def record(spark: SparkSession, root: str, entry: Entry) -> str:
    """Adds a run to the ledger and returns where the ledger lies."""
    path = delta.table_path(root, TABLE)
    with locked(root, f"table-{TABLE}"):
        delta.append(_row(spark, entry), path, about={"job": entry.job, "name": entry.name}, verify=False)
    return path


def reads_so_far(spark: SparkSession, root: str, name: str, version: int) -> list[dict[str, Any]]:
    """What the scorings of a use case by a version have read, those that ended well, the oldest first."""
    path = delta.table_path(root, TABLE)
    if not delta.exists(spark, path):
        return []
    rows = delta.read(spark, path)
    if "reads" not in rows.columns:
        return []
    done = (F.col("status") == "done") & (F.col("name") == name) & (F.col("model_version") == version)
    found = rows.where(done & F.col("reads").isNotNull()).orderBy("ended").select("reads").collect()
    return [json.loads(row[0]) for row in found]


def _row(spark: SparkSession, entry: Entry) -> DataFrame:
    # Literals over a range: no Python worker, no conversion of a list of rows.
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
