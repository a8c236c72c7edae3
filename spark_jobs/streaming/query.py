"""The streaming query: started with the spec's trigger, and watched until it ends or is stopped."""

from __future__ import annotations

import threading
from contextlib import suppress

from pyspark.sql.streaming.query import StreamingQuery

from spark_jobs import progress
from spark_jobs.streaming.micro_batch import Scorer
from spark_jobs.streaming.stream_sources import open_source_stream

_TICK = 0.5
_PATIENCE = 20.0  # seconds to wait for Spark to commit a finished micro-batch


def start_query(scorer: Scorer) -> StreamingQuery:
    """Start the query that passes each micro-batch of the scorer's source to the scorer."""
    stream = scorer.spec.stream
    rows = open_source_stream(scorer.source, stream, scorer.spark, scorer.committed.complete)
    writer = rows.writeStream.foreachBatch(scorer).option("checkpointLocation", str(scorer.checkpoint.folder))
    match stream.trigger:
        case "available_now":
            return writer.trigger(availableNow=True).start()
        case "once":
            return writer.trigger(once=True).start()
        case interval:
            return writer.trigger(processingTime=_interval_of_spark(interval)).start()


def _interval_of_spark(interval: str) -> str:
    number = interval.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = interval.removeprefix(number).strip()
    return f"{number} {'milliseconds' if unit == 'ms' else 'minutes' if unit.startswith('min') else 'seconds'}"


def watch_query(query: StreamingQuery, scorer: Scorer) -> None:
    """Wait for the stream to end; on Ctrl-C or SIGTERM, stop it after the current micro-batch.

    Raises:
        Exception: the failure that ended the stream.
    """
    over = threading.Event()
    # Only the other thread calls Spark: a signal during a py4j call would corrupt the connection.
    threading.Thread(target=_follow, args=(query, scorer, over), name="stream", daemon=True).start()
    try:
        while not over.wait(_TICK):
            pass
    except KeyboardInterrupt:
        progress.note("Stopping after this micro-batch; press Ctrl-C again to stop at once.")
        scorer.stop(lambda: _until_committed(scorer, over))
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


def _until_committed(scorer: Scorer, over: threading.Event) -> None:
    """Wait until Spark has committed the last scored micro-batch, which it does after `foreachBatch` returns."""
    for _ in range(int(_PATIENCE / _TICK)):
        committed = scorer.checkpoint.last_committed
        if over.is_set() or (-1 if committed is None else committed) >= scorer.last:
            return
        over.wait(_TICK)
