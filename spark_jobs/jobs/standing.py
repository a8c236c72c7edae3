"""How far a topic was scored already, by the tables themselves."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.data import delta
from spark_jobs.errors import JobError
from spark_jobs.jobs.score import prediction_table
from spark_jobs.spec import Environment, Source, Spec


def last_offsets(spec: Spec, spark: SparkSession, env: Environment, source: Source) -> dict[int, int]:
    """By partition of the source's topic, the last offset that is scored or in quarantine.

    A stream that has lost its checkpoint goes on behind them, so that no message is scored twice. Other sources do
    not number their rows.

    Raises:
        JobError: an earlier stream from a source that does not number its rows has written to the table.
    """
    predictions = delta.table_path(env.root, prediction_table(spec))
    refused = delta.table_path(env.root, f"{spec.name}_quarantine")
    if source.topic is None:
        _refuse_second_start(spec, spark, predictions)
        return {}
    places = [
        delta.read(spark, path).select(F.col(column).alias("place"))
        for path, column in ((predictions, "_row_id"), (refused, "_source"))
        if delta.exists(spark, path)
    ]
    found: dict[int, int] = {}
    for rows in places:
        for partition, offset in _ends(rows, source.topic):
            found[partition] = max(found.get(partition, -1), offset)
    return found


def _ends(rows: DataFrame, topic: str) -> list[tuple[int, int]]:
    parts = F.split("place", "/")
    ours = rows.where(F.col("place").startswith(f"{topic}/") & (F.size(parts) == 3))
    partition, offset = parts[1].try_cast("int"), parts[2].try_cast("bigint")
    ends = ours.groupBy(partition.alias("partition")).agg(F.max(offset).alias("offset"))
    return [(int(row[0]), int(row[1])) for row in ends.collect() if row[0] is not None and row[1] is not None]


def _refuse_second_start(spec: Spec, spark: SparkSession, path: str) -> None:
    if spec.stream.start == "latest" or not delta.exists(spark, path):
        return
    streamed = delta.read(spark, path).where(F.col("_batch_id").rlike("^[0-9a-f-]{36}-[0-9]+$"))
    if not streamed.isEmpty():
        raise JobError(
            f"An earlier stream has written to {path}, and its checkpoint is gone: rows would be scored twice.",
            "Bring the checkpoint back, set `stream.start: latest`, or name another `predictions.table`.",
        )
