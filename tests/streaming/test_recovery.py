"""Where a stream goes on whose checkpoint is lost, as its tables say it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from spark_jobs.errors import JobError
from spark_jobs.spec import Environment, parse
from spark_jobs.streaming.checkpoint import Checkpoint
from spark_jobs.streaming.recovery import (
    CommittedOffsets,
    committed_offsets,
    exclude_committed,
    recovered_offsets,
)

FIRST, SECOND = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"


def spec_of(source, **stream):
    return parse({"name": "houses", "source": "x.csv", "target": "price", "stream": {"source": source, **stream}})


TOPIC = {"kind": "kafka", "servers": "b:9092", "topic": "t"}


def test_a_micro_batch_is_past_the_interrupted_one_where_every_partition_is():
    committed = CommittedOffsets({0: 9, 1: 4}, {0: 12, 1: 4}, "x")
    assert committed.is_behind({0: 13, 1: 5})
    assert not committed.is_behind({0: 12, 1: 5})
    assert not committed.is_behind({0: 13})
    assert CommittedOffsets().is_behind({})


@pytest.mark.parametrize("names", [("complete", "partial"), ("whole", "some")])
def test_a_stream_goes_on_with_the_offsets_of_its_first_start(tmp_path, names):
    """A checkpoint as this version and as the former one wrote it; the tables are not asked again."""
    checkpoint = Checkpoint(tmp_path)
    (tmp_path / "offsets").mkdir()
    (tmp_path / "offsets" / "0").write_text("v1\n{}")
    (tmp_path / "spark_jobs").mkdir()
    stored = {names[0]: {"0": 9}, names[1]: {"0": 12}, "batch_id": f"{FIRST}-7"}
    (tmp_path / "spark_jobs" / "standing.json").write_text(json.dumps(stored))
    spec = spec_of(TOPIC)
    found = recovered_offsets(spec, None, Environment(), spec.stream.source, checkpoint)
    assert found == CommittedOffsets({0: 9}, {0: 12}, f"{FIRST}-7")


def test_a_checkpoint_of_a_version_that_stored_no_offsets_has_none(tmp_path):
    (tmp_path / "offsets").mkdir()
    (tmp_path / "offsets" / "0").write_text("v1\n{}")
    spec = spec_of(TOPIC)
    assert recovered_offsets(spec, None, Environment(), spec.stream.source, Checkpoint(tmp_path)) == CommittedOffsets()


@pytest.fixture
def tables(spark, tmp_path):
    """Predictions and a quarantine as two streams left them: the second was killed between the two tables.

    The first stream scored 0/0 to 0/3 and 1/0, and refused 0/4. The last micro-batch scored 0/5 and 1/1; its refused
    rows are not written. A batch scored a file and a message far ahead.
    """
    root = tmp_path / "root"
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    scored = [
        *((f"t/0/{offset}", f"{FIRST}-0", early) for offset in range(4)),
        ("t/1/0", f"{FIRST}-1", early),
        ("t/0/5", f"{SECOND}-0", late),
        ("t/1/1", f"{SECOND}-0", late),
        ("t/2/8", f"{SECOND}-0", late),
        ("other/0/77", f"{FIRST}-2", early),
        ("t/0/99", "the batch of a file", late),
        ("some key", "the batch of a file", late),
    ]
    refused = [("t/0/4", f"{FIRST}-1"), ("a.csv", "the batch of a file")]
    write = {
        "houses_predictions": (scored, "_row_id string, _batch_id string, _scored_at timestamp"),
        "houses_quarantine": (refused, "_source string, _batch_id string"),
    }
    for name, (rows, schema) in write.items():
        spark.createDataFrame(rows, schema).coalesce(1).write.format("delta").save(str(root / "tables" / name))
    return Environment(root=str(root))


@pytest.mark.parametrize(
    ("start", "complete"),
    [
        ("earliest", {0: 4, 1: 0}),
        ("latest", {0: 4, 1: 0, 2: 8}),
    ],
)
def test_the_offsets_of_a_topic_are_read_from_both_tables(spark, tables, start, complete):
    spec = spec_of(TOPIC, start=start)
    found = committed_offsets(spec, spark, tables, spec.stream.source)
    assert found == CommittedOffsets(complete, {0: 5, 1: 1, 2: 8}, f"{SECOND}-0")


def test_without_tables_a_stream_begins_at_its_start(spark, tmp_path):
    spec = spec_of(TOPIC)
    assert committed_offsets(spec, spark, Environment(root=str(tmp_path)), spec.stream.source) == CommittedOffsets()


def test_messages_of_the_interrupted_micro_batch_that_are_in_a_table_are_not_scored_again(spark, tables):
    spec = spec_of(TOPIC)
    committed = committed_offsets(spec, spark, tables, spec.stream.source)
    rows = [("t", 0, 5), ("t", 0, 6), ("t", 1, 1), ("t", 1, 2), ("t", 0, 1)]
    messages = spark.createDataFrame(rows, "topic string, partition int, offset bigint")
    left = exclude_committed(messages, committed, spec, tables).select("partition", "offset").collect()
    assert sorted(map(tuple, left)) == [(0, 1), (0, 6), (1, 2)]


def test_files_cannot_be_streamed_again_without_their_checkpoint(spark, tables, tmp_path):
    source = {"kind": "csv", "path": str(tmp_path)}
    spec = spec_of(source)
    with pytest.raises(JobError, match="its checkpoint is gone") as refused:
        committed_offsets(spec, spark, tables, spec.stream.source)
    assert "stream.start: latest" in refused.value.advice
    latest = spec_of(source, start="latest")
    assert committed_offsets(latest, spark, tables, latest.stream.source) == CommittedOffsets()
