"""Recovery of a stream whose checkpoint is lost: the committed offsets, read from the tables themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns.row_ids import log_row_id
from spark_jobs.errors import JobError
from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.sources.kinds import declared_kind
from spark_jobs.spec import Environment, Source, Spec
from spark_jobs.streaming.checkpoint import Checkpoint
from spark_jobs.tables import delta

_STREAMED = "^[0-9a-f-]{36}-[0-9]+$"  # the id of a query, and the number of a micro-batch
_STORED = "standing"  # names the file in the checkpoint, which must stay readable


@dataclass(frozen=True)
class CommittedOffsets:
    """The offsets of a topic whose messages are in the tables.

    Attributes:
        complete: by partition, the offset up to which every message is scored or in quarantine.
        partial: by partition, the last offset of the last micro-batch, which may be in only one of the two tables.
    """

    complete: Mapping[int, int] = field(default_factory=dict)
    partial: Mapping[int, int] = field(default_factory=dict)
    batch_id: str | None = None

    def is_behind(self, begin: Mapping[int, int]) -> bool:
        """Return whether a micro-batch that begins at these offsets is past all messages of the interrupted one."""
        return all(begin.get(partition, -1) > offset for partition, offset in self.partial.items())


def committed_offsets(spec: Spec, spark: SparkSession, env: Environment, source: Source) -> CommittedOffsets:
    """Return the offsets that earlier streams committed to the tables, for a stream without a checkpoint.

    Only logs such as topics number their rows; for other sources the result is empty.

    Raises:
        JobError: the source does not number its rows, and an earlier stream has written to the table.
    """
    log = _log_of(source)
    if log is None:
        _refuse_second_start(spec, spark, delta.table_path(env.root, prediction_table(spec)))
        return CommittedOffsets()
    tables = _streamed(spec, spark, env)
    last = _last_batch(spec, spark, env, log)
    complete = _ends([rows.where(F.col("_batch_id") != last) if last else rows for rows in tables], log)
    partial = _ends(tables, log)
    # If the only micro-batch was interrupted, its start is known only for a stream that reads from the beginning.
    return CommittedOffsets(partial | complete if spec.stream.start == "latest" else complete, partial, last)


def recovered_offsets(
    spec: Spec, spark: SparkSession, env: Environment, source: Source, checkpoint: Checkpoint
) -> CommittedOffsets:
    """Return the committed offsets with which the stream of this checkpoint started, read at its first start.

    Raises:
        JobError: as `committed_offsets`.
    """
    stored = checkpoint.load_or_compute(_STORED, lambda: asdict(committed_offsets(spec, spark, env, source)))
    # Former versions wrote `whole` and `some`.
    found = [stored.get(new, stored.get(old, {})) for new, old in (("complete", "whole"), ("partial", "some"))]
    complete, partial = ({int(partition): end for partition, end in one.items()} for one in found)
    return CommittedOffsets(complete, partial, stored.get("batch_id"))


def exclude_committed(messages: DataFrame, committed: CommittedOffsets, spec: Spec, env: Environment) -> DataFrame:
    """Return the messages without those of the last micro-batch that are in one of the tables.

    Args:
        messages: rows with `topic`, `partition` and `offset`.
    """
    last = F.col("_batch_id") == F.lit(committed.batch_id)
    known = [rows.where(last).select("place") for rows in _streamed(spec, messages.sparkSession, env)]
    return messages.join(reduce(DataFrame.union, known), log_row_id() == F.col("place"), "left_anti")


def _log_of(source: Source) -> str | None:
    kind = declared_kind(source)
    return kind.stream.log(source) if kind is not None and kind.stream is not None and kind.stream.log else None


def _streamed(spec: Spec, spark: SparkSession, env: Environment) -> list[DataFrame]:
    """Return the rows that streams wrote, as `place` and `_batch_id`, of each table that exists."""
    predictions = delta.table_path(env.root, prediction_table(spec))
    refused = delta.table_path(env.root, f"{spec.name}_quarantine")
    return [
        _of_streams(spark, path).select(F.col(column).alias("place"), "_batch_id")
        for path, column in ((predictions, "_row_id"), (refused, "_source"))
        if delta.exists(spark, path)
    ]


def _of_streams(spark: SparkSession, path: str) -> DataFrame:
    """Return the rows of a table that streams wrote."""
    return delta.read_table(spark, path).where(F.col("_batch_id").rlike(_STREAMED))


def _last_batch(spec: Spec, spark: SparkSession, env: Environment, topic: str) -> str | None:
    """Return the micro-batch whose predictions were written last; its quarantined rows are written after them."""
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
    """Return the last offset in any of the tables, by partition."""
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
            "Restore the checkpoint, set `stream.start: latest`, or name another `predictions.table`.",
        )
