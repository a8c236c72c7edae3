"""What a stream that was cut off wrote, and no row of the ledger tells."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.data import delta
from spark_jobs.data.ledger import TABLE
from spark_jobs.jobs.score import prediction_table
from spark_jobs.jobs.stream_account import Span
from spark_jobs.spec import Environment, Spec


def untold(spec: Spec, spark: SparkSession, env: Environment, query_id: str, now: Span) -> tuple[int, int]:
    """The rows of a stream's earlier micro-batches that are scored, and those in quarantine, but told by no ledger.

    `now` are the micro-batches that are about to be told.
    """
    ours, one = F.col("_batch_id").startswith(f"{query_id}-"), F.count(F.lit(1))
    (scored,) = _sums(spark, env, prediction_table(spec), ours, one)
    (refused,) = _sums(spark, env, f"{spec.name}_quarantine", ours, one)
    new = F.sum(F.col("written") - F.coalesce("duplicates", F.lit(0)))
    told = _sums(spark, env, TABLE, F.col("batch_id").startswith(f"{query_id}-"), new, F.sum("quarantined"))
    written, quarantined = told if len(told) == 2 else (0, 0)
    return (
        max(scored - written - (now.scored - now.duplicates), 0),
        max(refused - quarantined - now.quarantined, 0),
    )


def _sums(spark: SparkSession, env: Environment, table: str, ours: Any, *sums: Any) -> list[int]:
    path = delta.table_path(env.root, table)
    if not delta.exists(spark, path):
        return [0]
    return [int(value or 0) for value in delta.read(spark, path).where(ours).agg(*sums).collect()[0]]
