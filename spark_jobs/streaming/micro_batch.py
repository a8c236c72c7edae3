"""Scoring of one micro-batch: checked, scored and written like a batch, at most once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from spark_jobs.bundle import GRAPH, load_manifest
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.columns.row_ids import with_streamed_ids
from spark_jobs.errors import JobError
from spark_jobs.graph.score import graph_predictions, sending
from spark_jobs.plan import Plan
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import Alias, ModelVersion, resolve_version
from spark_jobs.scoring.batch import Batch, batch_of
from spark_jobs.scoring.score_batch import quarantine_batch, score_batch, stored_plan, target_of, training_domain_of
from spark_jobs.sources.corrupt_files import read_files
from spark_jobs.sources.file_streams import arrived
from spark_jobs.sources.kinds import find_kind
from spark_jobs.sources.source_kind import StreamReader
from spark_jobs.spec import Environment, Source, Spec
from spark_jobs.streaming.checkpoint import Checkpoint
from spark_jobs.streaming.recovery import CommittedOffsets, exclude_committed
from spark_jobs.streaming.stream_progress import BatchResult, StreamProgress
from spark_jobs.streaming.stream_sources import micro_batch_table
from spark_jobs.tables.delta import Txn
from spark_jobs.tables.prediction_rows import Destination
from spark_jobs.tables.predictions import append_predictions, rows_of_batch


class Stopping(Exception):
    """Signal that the stream is stopping; the next start processes this micro-batch."""


@dataclass(frozen=True)
class LoadedModel:
    """A loaded model version: its plan, its ONNX graph, the text that stands for null, and its training domain."""

    version: ModelVersion
    plan: Plan
    graph: bytes
    sentinel: str
    training_domain: TrainingDomain


@dataclass
class Scorer:
    """Scores each micro-batch with the version that is champion when the micro-batch begins."""

    spec: Spec
    spark: SparkSession
    env: Environment
    checkpoint: Checkpoint
    source: Source
    kind: str
    account: StreamProgress
    committed: CommittedOffsets = field(default_factory=CommittedOffsets)
    last: int = -1
    failure: Exception | None = None
    models: dict[int, LoadedModel] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, rows: DataFrame, number: int) -> None:
        """Score one micro-batch; the first failure is kept, because Spark reports it only inside its own message."""
        with self._busy:
            if self.stopping.is_set():
                raise Stopping
            try:
                model = self.model(self.checkpoint.pin_version(number, lambda: self.champion().version))
                for done in self._parts(rows, number, model):
                    self.account.add(done)
            except Exception as error:
                self.failure = error
                raise
            self.last = number

    def champion(self) -> ModelVersion:
        """Return the version that the champion alias points to now."""
        return self._look_up("champion")

    def model(self, number: int) -> LoadedModel:
        """Return a version, loaded once.

        Raises:
            JobError: the version has no graph.
        """
        if number not in self.models:
            self.models = {number: _loaded(self._look_up(number))}
        return self.models[number]

    def stop(self, until_written: Callable[[], None]) -> None:
        """Let the running micro-batch finish, call `until_written`, and start no other micro-batch."""
        self.stopping.set()
        with self._busy:
            until_written()

    @property
    def _reader(self) -> StreamReader:
        reader = find_kind(self.kind).stream
        assert reader is not None, "the stream is open"
        return reader

    def _look_up(self, which: Alias | int) -> ModelVersion:
        tracking = Tracking(self.spec.track.uri, self.env.root)
        return resolve_version(tracking, self.spec.track.register_as or self.spec.name, which)

    def _parts(self, rows: DataFrame, number: int, model: LoadedModel) -> list[BatchResult]:
        if find_kind(self.kind).is_files:
            return [self._file(path, number, model) for path in self.checkpoint.files(number)]
        return [self._rows(rows, number, model)]

    def _file(self, path: str, number: int, model: LoadedModel) -> BatchResult:
        """Score a file as a batch with the id that `score` would give it, so that the same content is scored once."""
        source = arrived(self.source, path, self.spark)
        table = read_files(source, source.files, self.spark, model.plan.names)
        batch = batch_of(table, model.plan, self.spec, model.training_domain)
        scored = score_batch(self.spec, self.spark, self.env, model.version, batch)
        rows = scored.rows
        return BatchResult(
            number, rows["read"], rows["scored"] - rows["duplicates"], rows["quarantined"], rows["duplicates"],
            scored.cells, scored.found,
        )  # fmt: skip

    def _rows(self, rows: DataFrame, number: int, model: LoadedModel) -> BatchResult:
        seen, messages = Observation(), Observation() if self._reader.table else None
        if self.committed.partial and not self.committed.is_behind(self.checkpoint.start_offsets(number)):
            rows = exclude_committed(rows, self.committed, self.spec, self.env)
        batch = self._batch(rows, number, model, seen, messages)
        batch.accept()
        target = target_of(self.spec, self.env, model.version, batch)
        written = self._append(batch, target, number, model)
        if written is None:
            return self._again(batch, target, number, rows.count())
        found: Mapping[str, Any] = seen.get
        refused = self._quarantine(batch, number, int(found["read"]) - written)
        told, beside = batch.found(seen=True), {} if messages is None else messages.get
        return BatchResult(
            number, int(found["read"]), written, refused, 0, told.lost, told, _age(found["newest"]), **beside
        )  # fmt: skip

    def _batch(
        self, rows: DataFrame, number: int, model: LoadedModel, seen: Observation, messages: Observation | None
    ) -> Batch:
        newest = F.max("timestamp") if self._reader.log else F.lit(None)
        counted = rows.observe(seen, F.count(F.lit(1)).alias("read"), newest.cast("timestamp").alias("newest"))
        batch_id = f"{self.checkpoint.query_id}-{number}"
        strict = self.spec.changes.added == "refuse"
        table = micro_batch_table(counted, self.source, self.kind, model.plan.names, batch_id, strict, messages)
        return replace(batch_of(table, model.plan, self.spec, model.training_domain), batch_id=batch_id)

    def _append(self, batch: Batch, target: Destination, number: int, model: LoadedModel) -> int | None:
        """Return the number of rows written; None if there was nothing to write or the rows are there already."""
        scored = graph_predictions(
            model.graph, model.plan, batch.rows, model.sentinel, batch.keep_valid, model.training_domain
        )
        once = Txn(f"{self.checkpoint.query_id}/predictions", number)
        with sending(self.spark, model.plan, model.training_domain):
            written = append_predictions(with_streamed_ids(scored, self.spec.key, number), target, once)
        return None if written is None else written.rows

    def _quarantine(self, batch: Batch, number: int, expected: int) -> int:
        if not expected:
            return 0
        once = Txn(f"{self.checkpoint.query_id}/quarantine", number)
        found = quarantine_batch(self.spec, self.env, batch, once)
        if found != expected:
            cause = f"Of micro-batch {number}, {expected:,} rows were not scored, but {found:,} are in quarantine."
            raise JobError(cause, "Start the stream again. If this error repeats, keep the checkpoint and report it.")
        return found

    def _again(self, batch: Batch, target: Destination, number: int, read: int) -> BatchResult:
        """Finish a micro-batch without rows to score, or one interrupted after its predictions were written."""
        known = rows_of_batch(self.spark, target)
        refused = batch.refused_count()
        self._quarantine(batch, number, refused)
        return BatchResult(number, read, known, refused, duplicates=known)


def _loaded(version: ModelVersion) -> LoadedModel:
    plan, graph = stored_plan(version), version.bundle / GRAPH
    if not graph.is_file():
        cause = f"Version {version.version} of '{version.name}' has no graph, but a stream is scored with the graph."
        raise JobError(cause, "Train without `graph: skip`.")
    sentinel = load_manifest(version.bundle).null_sentinel
    return LoadedModel(version, plan, graph.read_bytes(), sentinel, training_domain_of(version, plan))


def _age(newest: datetime | None) -> float | None:
    if newest is None:
        return None
    return (datetime.now(UTC) - newest.astimezone(UTC)).total_seconds()
