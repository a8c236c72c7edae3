"""The progress of a stream: its totals, and which micro-batches a row of the ledger has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from spark_jobs.streaming.stream_progress import BatchResult, StreamProgress

BATCHES = (
    BatchResult(0, read=10, scored=7, quarantined=2, duplicates=1, cells={"size": 2}, lag=1.5),
    BatchResult(1, read=5, scored=5, quarantined=0, cells={"size": 1, "rooms": 4}, lag=4.0, others=2, other="colour"),
    BatchResult(2, read=3, scored=0, quarantined=3, others=1, other="smell"),
)


@pytest.fixture
def written():
    return []


@pytest.fixture
def account(written):
    made = StreamProgress(written.append)
    for batch in BATCHES:
        made.add(batch)
    return made


def test_the_totals_are_the_sums_of_the_micro_batches(account):
    assert dict(account.totals) == {"read": 18, "scored": 12, "quarantined": 5, "duplicates": 1}
    assert dict(account.cells) == {"size": 3, "rooms": 4}
    assert (account.others, account.other) == (3, "colour")


def test_micro_batches_share_a_row_of_the_ledger_and_are_in_one_row_only(account, written):
    account.flush()
    account.flush()
    (row,) = written
    assert (row.first, row.last) == (0, 2)
    assert (row.read, row.scored, row.quarantined, row.duplicates) == (18, 12, 5, 1)
    assert "micro-batches 0 to 2" in row.note
    assert row.note.endswith("lag 4.0 s at most")
    account.add(BatchResult(3, read=1, scored=1, quarantined=0))
    account.flush()
    assert [(one.first, one.last, one.read) for one in written] == [(0, 2, 18), (3, 3, 1)]
    assert account.totals["read"] == 19


def test_a_micro_batch_that_ends_while_the_ledger_is_written_is_in_the_next_row():
    written = []

    def write(row):
        written.append(row)
        if len(written) == 1:
            account.add(BATCHES[1])

    account = StreamProgress(write)
    account.add(BATCHES[0])
    account.flush()
    account.flush()
    assert [(one.first, one.last, one.read) for one in written] == [(0, 0, 10), (1, 1, 5)]


def test_micro_batches_stay_for_the_next_try_where_the_ledger_cannot_be_written():
    failures = [OSError("the disk is full")]

    def write(row):
        if failures:
            raise failures.pop()
        written.append(row)

    written, account = [], StreamProgress(write)
    account.add(BATCHES[0])
    with pytest.raises(OSError, match="disk"):
        account.flush()
    account.flush()
    assert [one.read for one in written] == [10]


@pytest.mark.parametrize(("seconds", "due"), [(29, False), (31, True)])
def test_a_row_is_due_every_thirty_seconds(account, seconds, due):
    account.since = datetime.now(UTC) - timedelta(seconds=seconds)
    assert account.is_due is due
    account.flush()
    assert not account.is_due


def test_the_line_has_the_lag_of_the_newest_rows_and_what_waits_in_the_topic(account):
    account.see({"sources": []})
    assert account.told().startswith("12 rows, 5 in quarantine, ")
    assert account.told().endswith(", lag 4.0 s")

    class Source:
        metrics = {"maxOffsetsBehindLatest": "1200"}  # noqa: RUF012 - as Spark gives it

    account.see({"sources": [Source(), Source()]})
    assert account.told().endswith(", lag 4.0 s, 2,400 behind")
