"""stream: score arriving rows in micro-batches, each row exactly once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from spark_jobs import progress
from spark_jobs.errors import JobError
from spark_jobs.jobs.result import Result
from spark_jobs.jobs.summary import named_lines
from spark_jobs.registry.tracking import Tracking, preload
from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.sources.table_reader import kind_of_source
from spark_jobs.spec import Environment, Source, Spec
from spark_jobs.streaming.checkpoint import Checkpoint, checkpoint_of
from spark_jobs.streaming.micro_batch import Scorer
from spark_jobs.streaming.recovery import CommittedOffsets, committed_offsets
from spark_jobs.streaming.stream_ledger import StreamLedger
from spark_jobs.streaming.stream_progress import SUMMED, StreamProgress
from spark_jobs.streaming.stream_sources import open_source_stream, translate_errors
from spark_jobs.tables.delta import table_path
from spark_jobs.tables.locks import locked
from spark_jobs.tables.predictions import column_names

_TICK = 0.5
_PATIENCE = 20.0  # seconds to wait for Spark to commit a finished micro-batch


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Score arriving rows until stopped, or until all available rows are scored (`available_now`, `once`)."""
    preload(Tracking(spec.track.uri, env.root))
    checkpoint = checkpoint_of(spec.stream.checkpoint, env.root, spec.name)
    source = spec.stream.source or spec.source
    with _alone(env, spec.name):
        checkpoint.check_compatible(*_asked(spec, source))
        ledger = StreamLedger(spec, spark, env, checkpoint, is_complete=checkpoint.last_planned is None)
        account = StreamProgress(ledger.tell)
        scorer = Scorer(spec, spark, env, checkpoint, source, kind_of_source(source, spark), account)
        with progress.phase("finding the model"):
            version = scorer.champion().version
            scorer.model(version)
        scorer.committed = _committed(spec, spark, env, source, checkpoint)
        with progress.phase("streaming"), translate_errors(source):
            _watch(_started(spec, source, spark, checkpoint, scorer), scorer, checkpoint)
        account.flush()
        ledger.complete()
    return _result(spec, env, scorer, version)


def _committed(
    spec: Spec, spark: SparkSession, env: Environment, source: Source, checkpoint: Checkpoint
) -> CommittedOffsets:
    kept = checkpoint.load_or_compute("standing", lambda: asdict(committed_offsets(spec, spark, env, source)))
    found = [kept.get(new, kept.get(old, {})) for new, old in (("complete", "whole"), ("partial", "some"))]
    complete, partial = ({int(partition): end for partition, end in one.items()} for one in found)
    return CommittedOffsets(complete, partial, kept.get("batch_id"))


@contextmanager
def _alone(env: Environment, name: str) -> Iterator[None]:
    """Ensure that only one stream of this name runs under the root folder."""
    held = False
    try:
        with locked(env.root, f"stream-{name}", seconds=1.0):
            held = True
            yield
    except JobError as error:
        if held:
            raise
        cause = f"Another stream of '{name}' is running under {env.root}."
        raise JobError(cause, "Stop it first: only one process may use a stream's checkpoint.") from error


def _asked(spec: Spec, source: Source) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    said = spec.model_dump(mode="json", by_alias=True)
    fixed = {
        "source": source.model_dump(mode="json", exclude_none=True),
        "target": spec.target,
        "key": spec.key,
        "predictions": said["predictions"],
        "track.register": spec.track.register_as or spec.name,
    }
    return fixed, {"checks": said["checks"], "changes": said["changes"]}


def _started(spec: Spec, source: Source, spark: SparkSession, checkpoint: Checkpoint, scorer: Scorer) -> StreamingQuery:
    writer = open_source_stream(source, spec.stream, spark, scorer.committed.complete).writeStream.foreachBatch(scorer)
    writer = writer.option("checkpointLocation", str(checkpoint.folder))
    match spec.stream.trigger:
        case "available_now":
            return writer.trigger(availableNow=True).start()
        case "once":
            return writer.trigger(once=True).start()
        case interval:
            return writer.trigger(processingTime=_spelled(interval)).start()


def _spelled(interval: str) -> str:
    number = interval.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = interval.removeprefix(number).strip()
    return f"{number} {'milliseconds' if unit == 'ms' else 'minutes' if unit.startswith('min') else 'seconds'}"


def _watch(query: StreamingQuery, scorer: Scorer, checkpoint: Checkpoint) -> None:
    """Wait for the stream to end; on Ctrl-C or SIGTERM, stop it after the current micro-batch."""
    over = threading.Event()
    # Only the other thread calls Spark: a signal during a py4j call would corrupt the connection.
    threading.Thread(target=_follow, args=(query, scorer, over), name="stream", daemon=True).start()
    try:
        while not over.wait(_TICK):
            pass
    except KeyboardInterrupt:
        progress.note("Stopping after this micro-batch; press Ctrl-C again to stop at once.")
        scorer.stop(lambda: _until_written(checkpoint, scorer, over))
        query.stop()
        over.wait(_PATIENCE)
    if scorer.failure is not None:
        raise scorer.failure
    failed = None if scorer.stopping.is_set() else query.exception()
    if failed is not None:
        raise failed


def _follow(query: StreamingQuery, scorer: Scorer, over: threading.Event) -> None:
    with suppress(Exception):  # if Spark is gone, the stream has ended
        while query.isActive:
            scorer.account.see(query.lastProgress)
            if scorer.account.is_due:
                _flush(query, scorer)
            over.wait(_TICK)
        scorer.account.see(query.lastProgress)
    over.set()


def _flush(query: StreamingQuery, scorer: Scorer) -> None:
    """Write the progress to the ledger; stop the stream if that fails."""
    try:
        scorer.account.flush()
    except Exception as error:
        scorer.failure = scorer.failure or error
        query.stop()
        raise


def _until_written(checkpoint: Checkpoint, scorer: Scorer, over: threading.Event) -> None:
    """Wait until Spark has committed the last scored micro-batch, which it does after `foreachBatch` returns."""
    ticks = int(_PATIENCE / _TICK)
    while (
        ticks
        and not over.is_set()
        and (checkpoint.last_committed if checkpoint.last_committed is not None else -1) < scorer.last
    ):
        over.wait(_TICK)
        ticks -= 1


def _result(spec: Spec, env: Environment, scorer: Scorer, version: int) -> Result:
    account, model = scorer.account, scorer.model(next(iter(scorer.models), version)).version
    rows = {name: account.totals[name] for name in SUMMED}
    names = column_names(scorer.spark, env.root, prediction_table(spec))
    tables = [prediction_table(spec), *([f"{spec.name}_quarantine"] if rows["quarantined"] else []), "ledger"]
    others = f"{account.others:,} messages have keys that are not columns, such as '{account.other}'; they are ignored"
    return Result(
        job="stream",
        run_id=model.run_id,
        model={"name": model.name, "version": model.version, "alias": "champion"},
        rows=rows,
        cells=dict(account.cells),
        tables={name: table_path(env.root, name) for name in tables},
        bundle=str(model.bundle),
        seconds=progress.seconds(),
        extra=account.found.extra()
        | ({"other_keys": account.others} if account.others else {})
        | ({"column_names": names} if names else {}),
        summary=(
            f"{spec.name}: {rows['scored']:,} rows scored from the stream, last by version {model.version}.",
            f"  quarantine  {rows['quarantined']:,} rows",
            *account.found.lines(),
            *([f"  keys      {others}"] if account.others else []),
            *named_lines(names),
            f"  table     {table_path(env.root, prediction_table(spec))}",
        ),
    )
