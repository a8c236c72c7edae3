"""A stream's rows of the ledger, those too that a stream which was cut off had no time to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.spec import Environment, Spec, spec_hash
from spark_jobs.streaming.checkpoint import Checkpoint
from spark_jobs.streaming.stream_progress import BatchRange
from spark_jobs.tables import delta
from spark_jobs.tables.ledger import TABLE, Entry, record


@dataclass
class StreamLedger:
    """Writes down what micro-batches came to, and first what no row of the ledger tells of earlier ones."""

    spec: Spec
    spark: SparkSession
    env: Environment
    checkpoint: Checkpoint
    is_complete: bool = False

    def tell(self, span: BatchRange) -> None:
        """Adds a row for micro-batches."""
        if span.first > 0:
            self.complete(span)
        self._record(span)

    def complete(self, now: BatchRange | None = None) -> None:
        """Adds a row for what the tables hold of earlier micro-batches, and the ledger does not, once a run.

        `now` are micro-batches that are about to be told.
        """
        if self.is_complete or self.checkpoint.query_id is None:
            return
        scored, refused = self._untold(now)
        if scored or refused:
            note = "micro-batches of a run that was cut off"
            self._record(BatchRange(0, 0, datetime.now(UTC), scored + refused, scored, refused, 0, note))
        self.is_complete = True

    def _record(self, span: BatchRange) -> None:
        entry = Entry(
            "stream", self.spec.name, span.started, datetime.now(UTC), "done",
            batch_id=f"{self.checkpoint.query_id}-{span.first}", read=span.read, written=span.scored,
            quarantined=span.quarantined, duplicates=span.duplicates, spec_hash=spec_hash(self.spec), note=span.note,
        )  # fmt: skip
        record(self.spark, self.env.root, entry)

    def _untold(self, now: BatchRange | None) -> tuple[int, int]:
        # What comes after these micro-batches may be written at this moment, and will be told in its turn.
        number = F.substring_index("_batch_id", "-", -1).try_cast("bigint")
        counted = F.count(F.lit(1)) if now is None else F.count_if(number <= F.lit(now.last))
        (scored,) = self._sums(prediction_table(self.spec), "_batch_id", counted)
        (refused,) = self._sums(f"{self.spec.name}_quarantine", "_batch_id", counted)
        new = F.sum(F.col("written") - F.coalesce("duplicates", F.lit(0)))
        written, quarantined = self._sums(TABLE, "batch_id", new, F.sum("quarantined"))
        if now is not None:
            written, quarantined = written + now.scored - now.duplicates, quarantined + now.quarantined
        return max(scored - written, 0), max(refused - quarantined, 0)

    def _sums(self, table: str, batch_id: str, *sums: Column) -> list[int]:
        """Over the rows of this stream in a table, if that is there."""
        path = delta.table_path(self.env.root, table)
        if not delta.exists(self.spark, path):
            return [0] * len(sums)
        ours = delta.read(self.spark, path).where(F.col(batch_id).startswith(f"{self.checkpoint.query_id}-"))
        return [int(value or 0) for value in ours.agg(*sums).collect()[0]]
