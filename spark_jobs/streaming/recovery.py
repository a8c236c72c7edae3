"""What an earlier stream has dealt with, by the tables themselves, where its checkpoint is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.errors import JobError
from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.sources.kinds.kafka import place_of_message
from spark_jobs.spec import Environment, Source, Spec
from spark_jobs.tables import delta

_STREAMED = "^[0-9a-f-]{36}-[0-9]+$"  # the id of a query, and the number of a micro-batch


@dataclass(frozen=True)
class CommittedOffsets:
    """How far the messages of a topic are in the tables.

    By partition, every message up to `complete` is scored or in quarantine. After it comes `batch_id`, the last
    micro-batch, which may be in only one of the two tables; `partial` is where it ends.
    """

    complete: Mapping[int, int] = field(default_factory=dict)
    partial: Mapping[int, int] = field(default_factory=dict)
    batch_id: str | None = None

    def is_behind(self, begin: Mapping[int, int]) -> bool:
        """Whether a micro-batch that begins at these offsets has nothing of the one that may have been cut off."""
        return all(begin.get(partition, -1) > offset for partition, offset in self.partial.items())


def committed_offsets(spec: Spec, spark: SparkSession, env: Environment, source: Source) -> CommittedOffsets:
    """How far a stream without a checkpoint finds its topic scored. Other sources do not number their rows.

    Raises:
        JobError: an earlier stream from a source that does not number its rows has written to the table.
    """
    if source.topic is None:
        _refuse_second_start(spec, spark, delta.table_path(env.root, prediction_table(spec)))
        return CommittedOffsets()
    tables = _streamed(spec, spark, env)
    last = _last_batch(spec, spark, env, source.topic)
    complete = _ends([rows.where(F.col("_batch_id") != last) if last else rows for rows in tables], source.topic)
    partial = _ends(tables, source.topic)
    # Where the first micro-batch is the last one too, only a stream from the very beginning knows where it began.
    return CommittedOffsets(partial | complete if spec.stream.start == "latest" else complete, partial, last)


def exclude_committed(messages: DataFrame, committed: CommittedOffsets, spec: Spec, env: Environment) -> DataFrame:
    """The messages (`topic`, `partition`, `offset`) but those of the last micro-batch that are dealt with."""
    last = F.col("_batch_id") == F.lit(committed.batch_id)
    known = [rows.where(last).select("place") for rows in _streamed(spec, messages.sparkSession, env)]
    return messages.join(reduce(DataFrame.union, known), place_of_message() == F.col("place"), "left_anti")


def _streamed(spec: Spec, spark: SparkSession, env: Environment) -> list[DataFrame]:
    """Of each table that is there, what streams put into it: `place` and `_batch_id`."""
    predictions = delta.table_path(env.root, prediction_table(spec))
    refused = delta.table_path(env.root, f"{spec.name}_quarantine")
    return [
        _of_streams(spark, path).select(F.col(column).alias("place"), "_batch_id")
        for path, column in ((predictions, "_row_id"), (refused, "_source"))
        if delta.exists(spark, path)
    ]


def _of_streams(spark: SparkSession, path: str) -> DataFrame:
    """The rows of a table that came by streams."""
    return delta.read(spark, path).where(F.col("_batch_id").rlike(_STREAMED))


def _last_batch(spec: Spec, spark: SparkSession, env: Environment, topic: str) -> str | None:
    """The micro-batch whose predictions were written last: only after them its poison is."""
    path = delta.table_path(env.root, prediction_table(spec))
    if not delta.exists(spark, path):
        return None
    found = (
        _of_streams(spark, path)
        .where(F.col("_row_id").startswith(f"{topic}/"))
        .agg(F.max_by("_batch_id", "_scored_at"))
        .first()
    )
    return None if found is None else found[0]


def _ends(tables: Sequence[DataFrame], topic: str) -> dict[int, int]:
    """By partition, the last offset in any of the tables."""
    found: dict[int, int] = {}
    parts = F.split("place", "/")
    partition, offset = parts[1].try_cast("int"), parts[2].try_cast("bigint")
    for rows in tables:
        ours = rows.where(F.col("place").startswith(f"{topic}/") & (F.size(parts) == 3))
        ends = ours.groupBy(partition.alias("partition")).agg(F.max(offset).alias("offset")).dropna()
        for row in ends.collect():
            found[row[0]] = max(found.get(row[0], -1), row[1])
    return found


def _refuse_second_start(spec: Spec, spark: SparkSession, path: str) -> None:
    if spec.stream.start == "latest" or not delta.exists(spark, path):
        return
    if not _of_streams(spark, path).isEmpty():
        raise JobError(
            f"An earlier stream has written to {path}, and its checkpoint is gone: rows would be scored twice.",
            "Bring the checkpoint back, set `stream.start: latest`, or name another `predictions.table`.",
        )
