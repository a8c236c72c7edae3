"""Ledger rows of a stream, including those that an interrupted stream did not get to write."""

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
from spark_jobs.tables.ledger import TABLE, Entry, record_entry


@dataclass
class StreamLedger:
    """Writes ledger rows for micro-batches, after adding what the ledger lacks of earlier ones."""

    spec: Spec
    spark: SparkSession
    env: Environment
    checkpoint: Checkpoint
    is_complete: bool = False

    def tell(self, span: BatchRange) -> None:
        """Add a ledger row for micro-batches."""
        if span.first > 0:
            self.complete(span)
        self._record(span)

    def complete(self, now: BatchRange | None = None) -> None:
        """Add a ledger row for earlier micro-batches that are in the tables but not in the ledger, once per run.

        Args:
            now: micro-batches whose ledger row is about to be written.
        """
        if self.is_complete or self.checkpoint.query_id is None:
            return
        scored, refused = self._untold(now)
        if scored or refused:
            note = "micro-batches of an interrupted run"
            self._record(BatchRange(0, 0, datetime.now(UTC), scored + refused, scored, refused, 0, note))
        self.is_complete = True

    def _record(self, span: BatchRange) -> None:
        entry = Entry(
            "stream", self.spec.name, span.started, datetime.now(UTC), "done",
            batch_id=f"{self.checkpoint.query_id}-{span.first}", read=span.read, written=span.scored,
            quarantined=span.quarantined, duplicates=span.duplicates, spec_hash=spec_hash(self.spec), note=span.note,
        )  # fmt: skip
        record_entry(self.spark, self.env.root, entry)

    def _untold(self, now: BatchRange | None) -> tuple[int, int]:
        # Later micro-batches may be being written at this moment; they get a ledger row of their own.
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
        """Return sums over this stream's rows in a table; zeros if the table does not exist."""
        path = delta.table_path(self.env.root, table)
        if not delta.exists(self.spark, path):
            return [0] * len(sums)
        ours = delta.read_table(self.spark, path).where(F.col(batch_id).startswith(f"{self.checkpoint.query_id}-"))
        return [int(value or 0) for value in ours.agg(*sums).collect()[0]]
