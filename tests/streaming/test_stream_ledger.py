"""The ledger rows of a stream that was killed before it could write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from spark_jobs.spec import Environment, parse
from spark_jobs.streaming.checkpoint import Checkpoint
from spark_jobs.streaming.stream_ledger import StreamLedger
from spark_jobs.streaming.stream_progress import BatchRange
from spark_jobs.tables import delta
from spark_jobs.tables.ledger import Entry, record_entry

QUERY, OTHER = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(spark, tmp_path):
    """Of 7 scored and 3 refused rows of micro-batches 0 to 2, the ledger has 4 and 1; another stream has 5 more."""
    env = Environment(root=str(tmp_path / "root"))
    scored = [0, 0, 0, 1, 1, 2, 2]
    tables = {
        "houses_predictions": [*(f"{QUERY}-{number}" for number in scored), *[f"{OTHER}-0"] * 5],
        "houses_quarantine": [f"{QUERY}-0", f"{QUERY}-1", f"{QUERY}-2"],
    }
    for name, ids in tables.items():
        rows = spark.createDataFrame([(one,) for one in ids], "_batch_id string").coalesce(1)
        rows.write.format("delta").save(delta.table_path(env.root, name))
    entry = Entry("stream", "houses", NOW, NOW, "done", batch_id=f"{QUERY}-0", written=5, duplicates=1, quarantined=1)
    record_entry(spark, env.root, entry)
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    checkpoint.folder.mkdir()
    (checkpoint.folder / "metadata").write_text(json.dumps({"id": QUERY}))
    spec = parse({"name": "houses", "source": "x.csv", "target": "price"})
    return StreamLedger(spec, spark, env, checkpoint)


def added(ledger):
    """What the ledger has got beside the row of the fixture: read, written, quarantined and the note."""
    rows = delta.read_table(ledger.spark, delta.table_path(ledger.env.root, "ledger")).where("started > '2026-01-02'")
    return [tuple(row) for row in rows.orderBy("ended").select("read", "written", "quarantined", "note").collect()]


def test_a_row_for_what_was_not_recorded_is_added_once(ledger):
    ledger.complete()
    ledger.complete()
    assert added(ledger) == [(5, 3, 2, "micro-batches of an interrupted run")]


def test_the_micro_batches_that_are_about_to_be_recorded_are_not_counted_twice(ledger):
    began = datetime(2026, 2, 1, tzinfo=UTC)
    ledger.tell(BatchRange(2, 2, began, read=3, scored=2, quarantined=1, duplicates=0, note="micro-batches 2 to 2"))
    assert sorted(added(ledger)) == [
        (2, 1, 1, "micro-batches of an interrupted run"),
        (3, 2, 1, "micro-batches 2 to 2"),
    ]


def test_a_new_stream_has_nothing_to_add(ledger):
    (ledger.checkpoint.folder / "metadata").unlink()
    ledger.complete()
    assert added(ledger) == []
