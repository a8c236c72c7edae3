"""The rows of a training as a batch, so that `run` scores the source without reading it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs.columns.names import UNREAD_KEY, col
from spark_jobs.plan import Plan
from spark_jobs.scoring.batch import Batch, batch_id, batch_of
from spark_jobs.spec import Spec
from spark_jobs.spec.checks import Changes
from spark_jobs.training.prepare import Prepared
from spark_jobs.training.staging import staged_rows, tells_duplicates


def training_batch(spec: Spec, spark: SparkSession, prepared: Prepared, plan: Plan, folder: Path) -> Batch:
    """Return the rows staged for training as a batch.

    If the spec has checks, the source is read again, since quarantined rows keep their raw values.

    Args:
        spec: The spec.
        spark: The session.
        prepared: The prepared rows of the training.
        plan: The plan of the training.
        folder: The folder of the staged rows.
    """
    inspected = prepared.inspected
    if spec.checks or spec.changes != Changes():
        return batch_of(inspected.table, plan, spec)
    table, names = inspected.table, list(inspected.types)
    rows = staged_rows(spark, folder / "rows", names)
    rows = rows.select(*[col(name) for name in rows.columns if name in (*names, UNREAD_KEY)])
    batch = Batch(rows, batch_id(table), table.reading.location, table.malformed, table.malformed_count)
    # Rows with the same key are duplicates whatever they hold; rows with the same features may differ in other columns.
    is_unique = prepared.is_unique or (False if spec.key and tells_duplicates(spec, inspected.types) else None)
    return replace(batch, is_unique=is_unique, records=prepared.counts["read"])
