"""A topic of a real broker: as a table, and as a stream."""

from __future__ import annotations

import json
import time
from uuid import uuid4

import pytest
from brokers import PASSWORD, USER
from pyspark.sql import functions as F

from spark_jobs.errors import DataError, JobError, SpecError
from spark_jobs.sources.readers import kafka
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec.models import Source, Stream

GOOD = [b'{"size": 1.50, "na.me": "x", "big": 12345678901234567890.12}', b'{"size": null, "na.me": " NA "}']
POISON = [None, b"malformed", b"[1]", b'{"size": 1, "size": 2}', b"\xff\xfe", b'{"SIZE": 2}', b'{"_row": 1}', b"{}"]


def source_of(broker, topic, **keys):
    return Source(kind="kafka", servers=broker.servers, topic=topic, **keys)


@pytest.fixture
def topic(broker):
    return broker.topic(f"t-{uuid4().hex}")


def rows_of(frame):
    return sorted((tuple(row) for row in frame.collect()), key=str)


def test_a_topic_is_a_table_of_its_keys_and_poison_is_set_apart_with_its_place(spark, broker, topic):
    broker.send(topic, GOOD, partition=0)
    places = broker.send(topic, POISON, partition=1)
    table = read_source(source_of(broker, topic), spark)
    assert table.rows.columns == ["size", "na.me", "big"]
    assert rows_of(table.rows) == [("1.50", "x", "12345678901234567890.12"), (None, None, None)]
    assert table.malformed_count == len(POISON)
    found = {row["_source"]: (row["_raw"], row["_reasons"]) for row in table.malformed.collect()}
    assert sorted(found) == sorted(f"{topic}/{partition}/{offset}" for partition, offset in places)
    assert [found[f"{topic}/1/{offset}"] for offset in range(8)] == [
        (None, ["the message has no value"]),
        ("malformed", ["the value is not JSON"]),
        ("[1]", ["the value is not a JSON object but an array"]),
        ('{"size": 1, "size": 2}', ["the key 'size' is given twice"]),
        ("base64://4=", ["the value is not valid UTF-8 at byte 1"]),
        ('{"SIZE": 2}', ["the key 'SIZE' differs from 'size' by case only"]),
        ('{"_row": 1}', ["the key '_row' is reserved"]),
        ("{}", ["the object has none of the columns; its keys are none"]),
    ]


def test_a_table_of_a_topic_stays_as_it_was_read_and_another_message_makes_another_fingerprint(spark, broker, topic):
    broker.send(topic, GOOD)
    first, same = (read_source(source_of(broker, topic), spark) for _ in range(2))
    broker.send(topic, [b'{"size": 3}'])
    assert first.rows.count() == 2
    assert first.fingerprint == same.fingerprint
    later = read_source(source_of(broker, topic), spark)
    assert later.rows.count() == 3
    assert later.fingerprint != first.fingerprint


def test_csv_values_have_the_names_of_the_source(spark, broker, topic):
    broker.send(topic, ["1;'a;b'", "2", "3;x;y", "?;"], partition=0)
    source = source_of(broker, topic, values="csv", names=["n", "te.xt"], options={"sep": ";", "quote": "'"})
    table = read_source(source, spark)
    assert rows_of(table.rows) == [("1", "a;b"), (None, None)]
    refused = {(row["_raw"], row["_reasons"][0]) for row in table.malformed.collect()}
    assert refused == {("2", "the record has 1 fields, not 2"), ("3;x;y", "the record has 3 fields, not 2")}


def test_csv_values_without_names_are_refused(spark, broker, topic):
    broker.send(topic, ["1"])
    with pytest.raises(SpecError, match=r"`source\.names` is required"):
        read_source(source_of(broker, topic, values="csv"), spark)


def test_headers_that_the_source_names_are_columns_of_a_table_and_of_a_stream(spark, broker, topic, tmp_path):
    broker.send(topic, [b'{"n": 1}'], 0, [("from.", b"old"), ("other", b"x"), ("from.", "é".encode())])
    broker.send(topic, [b'{"n": 2}'], 0, [("from.", b"\xff!")])
    broker.send(topic, [b'{"n": 3}', b'{"n": 4, "from.": "x"}'], 0)
    broker.send(topic, [b'{"n": 5}'], 0, [("from.", None)])
    source = source_of(broker, topic, headers=["from."])
    expected = [("1", "é"), ("2", "�!"), ("3", None), ("5", None)]
    table = read_source(source, spark)
    assert table.rows.columns == ["n", "from."]
    assert rows_of(table.rows) == expected
    assert table.malformed.collect()[0]["_reasons"] == ["the key 'from.' is also the name of a header"]
    plain = read_source(source_of(broker, topic), spark)
    assert plain.fingerprint != table.fingerprint
    messages = kafka.open_stream(source, Stream(), spark)
    streamed = kafka.parsed(messages, source, ["from.", "n"], "batch")
    assert rows_of(arrived(spark, streamed.rows.select("n", F.col("`from.`")), tmp_path)) == expected


def test_a_message_of_five_megabytes_is_a_row_like_any_other(spark, broker):
    topic = broker.topic(f"big-{uuid4().hex}", **{"max.message.bytes": "12000000"})
    broker.send(topic, [json.dumps({"a": "x" * 5_000_000}), b'{"a": "y"}'])
    table = read_source(source_of(broker, topic), spark)
    assert sorted(len(row[0]) for row in table.rows.collect()) == [1, 5_000_000]


def test_who_has_a_password_is_let_in_and_nobody_else(spark, broker, topic, tmp_path, monkeypatch):
    broker.send(topic, GOOD)
    (tmp_path / "secret").write_text(PASSWORD)
    options = {"kafka.security.protocol": "SASL_PLAINTEXT"}
    known = {"servers": broker.secured_servers, "topic": topic, "options": options, "user": USER, "kind": "kafka"}
    assert read_source(Source(**known, password=f"file:{tmp_path / 'secret'}"), spark).rows.count() == 2
    monkeypatch.setenv("WRONG", "canary-7391")
    with pytest.raises(JobError, match="rejected the user or password") as refused:
        read_source(Source(**known, password="env:WRONG"), spark)
    assert "canary-7391" not in str(refused.value)


def test_a_topic_that_is_not_there_or_empty_is_refused_by_name(spark, broker, topic):
    with pytest.raises(DataError, match=f"The topic '{topic}' has no messages"):
        read_source(source_of(broker, topic), spark)
    with pytest.raises(DataError, match="The topic 'nowhere' does not exist"):
        read_source(source_of(broker, "nowhere"), spark)


def test_a_broker_that_does_not_answer_is_not_waited_for_for_ever(spark):
    began, waits = time.monotonic(), {"kafka.request.timeout.ms": 2000}
    with pytest.raises(JobError, match=r"No broker responds at 127\.0\.0\.1:1\."):
        read_source(Source(kind="kafka", servers="127.0.0.1:1", topic="t", options=waits), spark)
    assert time.monotonic() - began < 10


def test_an_option_that_names_a_class_or_an_address_is_refused(spark, broker, topic):
    for option in ("kafka.sasl.jaas.config", "kafka.sasl.oauthbearer.token.endpoint.url", "failOnDataLoss"):
        with pytest.raises(SpecError, match=f"`source.options.{option}` is not an option of a kafka source"):
            read_source(source_of(broker, topic, options={option: "x"}), spark)


def arrived(spark, stream, folder):
    """What a stream gives until it has all that is there."""
    query = stream.writeStream.format("delta").option("checkpointLocation", str(folder / "checkpoint"))
    query.trigger(availableNow=True).start(str(folder / "rows")).awaitTermination()
    return spark.read.format("delta").load(str(folder / "rows"))


def test_a_stream_gives_the_same_rows_as_the_table_each_with_its_place(spark, broker, topic, tmp_path):
    places = broker.send(topic, GOOD + POISON)
    source = source_of(broker, topic)
    stream = kafka.open_stream(source, Stream(rows=6), spark)
    table = kafka.parsed(stream, source, ["size", "na.me"], "batch")
    found = rows_of(arrived(spark, table.rows, tmp_path / "good"))
    assert found == [("1.50", "x", f"{topic}/{places[0][0]}/{places[0][1]}"),
                     (None, None, f"{topic}/{places[1][0]}/{places[1][1]}")]  # fmt: skip
    refused = arrived(spark, table.malformed, tmp_path / "bad")
    assert {row["_source"] for row in refused.collect()} == {f"{topic}/{p}/{o}" for p, o in places[2:]}


def test_a_stream_without_a_checkpoint_begins_behind_what_is_known(spark, broker, topic, tmp_path):
    broker.send(topic, [b'{"a": 1}', b'{"a": 2}', b'{"a": 3}'], partition=0)
    broker.send(topic, [b'{"a": 4}', b'{"a": 5}'], partition=1)
    source = source_of(broker, topic)
    stream = kafka.open_stream(source, Stream(), spark, {0: 1})
    table = kafka.parsed(stream, source, ["a"], "batch")
    assert [row[0] for row in rows_of(arrived(spark, table.rows, tmp_path).select("a"))] == ["3", "4", "5"]
