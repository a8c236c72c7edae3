"""How a stream ends: by itself, by a failure, or by Ctrl-C after its current micro-batch."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from spark_jobs.spec import Environment, Source, Spec
from spark_jobs.streaming.checkpoint import Checkpoint
from spark_jobs.streaming.micro_batch import Scorer, Stopping
from spark_jobs.streaming.query import watch_query
from spark_jobs.streaming.stream_progress import BatchResult, StreamProgress


class Query:
    """As much of a streaming query as is watched; it runs until it is stopped or has run for its seconds."""

    def __init__(self, seconds: float = 60, failure: Exception | None = None) -> None:
        self.end = time.monotonic() + seconds
        self.failure = failure
        self.stopped_at: float | None = None
        self.lastProgress = {"sources": []}

    @property
    def isActive(self) -> bool:
        return self.stopped_at is None and time.monotonic() < self.end

    def stop(self) -> None:
        self.stopped_at = self.stopped_at or time.monotonic()

    def exception(self) -> Exception | None:
        return self.failure


@pytest.fixture
def scorer(tmp_path):
    source = Source(path="x.csv")
    spec = Spec(name="houses", source=source, target="y")
    (tmp_path / "commits").mkdir()
    checkpoint, written = Checkpoint(tmp_path), []
    return Scorer(spec, None, Environment(), checkpoint, source, "csv", StreamProgress(written.append))


def test_a_stream_that_ends_by_itself_is_over(scorer):
    watch_query(Query(seconds=0.1), scorer)


def test_the_failure_that_ended_a_stream_is_raised(scorer):
    with pytest.raises(OSError, match="the broker is gone"):
        watch_query(Query(seconds=0, failure=OSError("the broker is gone")), scorer)


def test_the_failure_of_a_micro_batch_is_raised_instead_of_what_spark_makes_of_it(scorer):
    scorer.failure = ValueError("a column is missing")
    with pytest.raises(ValueError, match="a column is missing"):
        watch_query(Query(seconds=0, failure=OSError("Py4JException: a column is missing")), scorer)


def test_a_ledger_that_cannot_be_written_stops_the_stream(scorer):
    def fail(row):
        raise OSError("the disk is full")

    scorer.account = StreamProgress(fail, since=datetime.now(UTC) - timedelta(seconds=31))
    scorer.account.add(BatchResult(0, 1, 1, 0))
    query = Query()
    with pytest.raises(OSError, match="the disk is full"):
        watch_query(query, scorer)
    assert query.stopped_at is not None


def test_ctrl_c_stops_the_stream_after_spark_has_committed_the_micro_batch(scorer):
    scorer.last, query, committed_at = 3, Query(), []

    def commit():
        committed_at.append(time.monotonic())
        (scorer.checkpoint.folder / "commits" / "3").write_text("v1\n{}")

    threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
    threading.Timer(1.5, commit).start()
    watch_query(query, scorer)
    assert scorer.stopping.is_set()
    assert committed_at[0] < query.stopped_at < committed_at[0] + 5


def test_after_ctrl_c_no_other_micro_batch_is_scored(scorer):
    scorer.stop(lambda: None)
    with pytest.raises(Stopping):
        scorer(None, 4)
    assert scorer.last == -1
    assert scorer.failure is None
