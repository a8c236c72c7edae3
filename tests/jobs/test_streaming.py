"""Scoring what arrives: each row once, whatever was cut off, and by the champion of the moment."""

from __future__ import annotations

import json
import random
from pathlib import Path
from uuid import uuid4

import pytest
from houses import house, write_csv

from spark_jobs.errors import JobError, SpecError
from spark_jobs.jobs import promote, score, stream, train
from spark_jobs.spec import parse
from spark_jobs.spec.checks import Changes
from spark_jobs.tables.locks import locked

HEADER = ["size", "rooms", "kind", "built", "price"]


def houses(seed, count):
    chance = random.Random(seed)
    return [house(chance) for _ in range(count)]


def streaming(project, source, name, **keys):
    """The project's spec with a stream of its own table and checkpoint, that ends when all is scored."""
    base = project.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    checkpoint = str(project.root / "checkpoints" / name)
    asked = {"trigger": "available_now", "source": source, "checkpoint": checkpoint, **keys}
    return parse({**base, "stream": asked, "predictions": {"table": name}})


def parse_checks(checks):
    return parse({"source": "x.csv", "target": "y", "checks": checks}).checks


@pytest.fixture
def arriving(project, spark, tmp_path):
    """A Delta table that grows by so many houses at a time."""
    path = str(tmp_path / "arriving")

    def arrive(seed, count):
        rows = [[*row[:3], row[3], float(row[4])] for row in houses(seed, count)]
        frame = spark.createDataFrame(rows, "size double, rooms int, kind string, built string, price double")
        frame.coalesce(1).write.format("delta").mode("append").save(path)
        return path

    return arrive


def done(project, spark, spec):
    return stream.run(spec, spark, project.env)


def ids(project, table):
    rows = project.table(table).select("_row_id", "_model_version", "_batch_id").collect()
    assert len({(row[0], row[1]) for row in rows}) == len(rows)
    return rows


@pytest.mark.long
@pytest.mark.end_to_end
def test_files_are_scored_once_as_score_does_whatever_they_are_called(project, spark, tmp_path):
    landing = tmp_path / "landing"
    landing.mkdir()
    write_csv(landing / "a.csv", HEADER, houses(1, 30))
    write_csv(landing / "b.csv", HEADER[::-1], [row[::-1] for row in houses(2, 20)])
    (landing / "b.csv").open("a").write("1,2\n")
    spec = streaming(project, {"kind": "csv", "path": str(landing)}, "from_files")
    first = done(project, spark, spec)
    assert (first.rows["read"], first.rows["scored"], first.rows["quarantined"]) == (51, 50, 1)
    (landing / "again [1] 5%.csv").write_bytes((landing / "a.csv").read_bytes())
    write_csv(landing / "c.csv", HEADER, houses(3, 10))
    second = done(project, spark, spec)
    assert (second.rows["read"], second.rows["scored"], second.rows["duplicates"]) == (40, 10, 30)
    assert len(ids(project, "from_files")) == 60
    there = score.run(project.spec, spark, project.env, input=str(landing / "b.csv"))
    streamed = project.table("from_files").select("size", "prediction")
    scored = project.table("houses_predictions").where(f"_run_id = '{there.run_id}'").select("size", "prediction")
    sizes = [row[0] for row in houses(2, 20)]
    expected = {row[0]: row[1] for row in scored.where(scored["size"].isin(sizes)).collect()}
    found = {row[0]: row[1] for row in streamed.where(streamed["size"].isin(sizes)).collect()}
    assert found == expected


def test_a_stream_tells_of_broken_checks_and_of_what_training_did_not_know(project, spark, broker):
    topic = broker.topic(f"houses-{uuid4().hex}")
    good = [dict(zip(HEADER[:4], house[:4], strict=True)) for house in houses(30, 20)]
    odd = [good[0] | {"rooms": 60}, good[1] | {"rooms": 70, "kind": "castle"}, good[2] | {"colour": "red"}]
    broker.send(topic, [json.dumps(one) for one in (*good, *odd, good[3] | {"size": 0.5})])
    source = {"kind": "kafka", "servers": broker.servers, "topic": topic}
    checks = [{"column": "rooms", "rule": "between", "max": 50, "severity": "warn"},
              {"column": "size", "rule": "between", "min": 1}]  # fmt: skip
    spec = streaming(project, source, "told").model_copy(update={"checks": parse_checks(checks)})
    found = done(project, spark, spec)
    assert found.rows == {"read": 24, "scored": 23, "quarantined": 1, "duplicates": 0}
    assert found.extra == {
        "checks": [
            {"check": "rooms at most 50", "severity": "warn", "rows": 2},
            {"check": "size at least 1", "severity": "quarantine", "rows": 1},
        ],
        "unseen": {"kind": 1},
        "outside": {"size": 1, "rooms": 2},
        "other_keys": 1,
    }
    assert "houses_quarantine" in found.tables
    assert any("rooms at most 50: 2 rows fail" in line for line in found.summary)
    assert any("1 messages have keys that are not columns, such as 'colour'" in line for line in found.summary)
    told = project.table("ledger").where("job = 'stream'").orderBy("ended", ascending=False).first()
    assert "rooms at most 50: 2 rows fail" in told.note
    strict = spec.model_copy(update={"changes": Changes(added="refuse")})
    broker.send(topic, [json.dumps(good[4]), json.dumps(good[5] | {"colour": "blue"})])
    later = done(project, spark, strict)
    assert (later.rows["scored"], later.rows["quarantined"]) == (1, 1)
    refused = project.table("houses_quarantine").where("_raw LIKE '%blue%'").first()
    assert refused["_reasons"] == ["the key 'colour' is not a column of the training data"]


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_topic_whose_poison_a_batch_has_met_is_streamed_from_its_beginning(project, spark, broker):
    topic = broker.topic(f"houses-{uuid4().hex}")
    values = [json.dumps(dict(zip(HEADER[:4], house[:4], strict=True))) for house in houses(31, 10)]
    broker.send(topic, [*values, "malformed"], partition=0)
    source = {"kind": "kafka", "servers": broker.servers, "topic": topic}
    spec = streaming(project, source, "met")
    batch = parse({**project.spec.model_dump(mode="json", by_alias=True, exclude_none=True), "source": source})
    assert score.run(batch, spark, project.env).rows["quarantined"] == 1
    assert done(project, spark, spec).rows == {"read": 11, "scored": 10, "quarantined": 1, "duplicates": 0}


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_table_that_grows_is_scored_row_by_row_and_what_was_cut_off_is_not_written_twice(project, spark, arriving):
    spec = streaming(project, {"kind": "delta", "path": arriving(4, 40)}, "from_delta")
    first = done(project, spark, spec)
    assert (first.rows["read"], first.rows["scored"]) == (40, 40)
    arriving(5, 25)
    second = done(project, spark, spec)
    assert (second.rows["read"], second.rows["scored"], second.rows["duplicates"]) == (25, 25, 0)
    # As if killed when the predictions were written and Spark had not noted that it is done.
    commits = Path(spec.stream.checkpoint) / "commits"
    last = max(int(file.name) for file in commits.glob("[0-9]*"))
    for left in (commits / str(last), commits / f".{last}.crc"):
        left.unlink()
    third = done(project, spark, spec)
    assert (third.rows["scored"], third.rows["duplicates"]) == (25, 25)
    assert len(ids(project, "from_delta")) == 65
    told = project.table("ledger").where("job = 'stream' AND status = 'done'").orderBy("ended", ascending=False).first()
    assert (told.read, told.written, told.quarantined, told.duplicates) == (25, 25, 0, 25)


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_new_champion_scores_from_the_next_micro_batch_on(project, spark, arriving):
    spec = streaming(project, {"kind": "delta", "path": arriving(6, 15)}, "swapped")
    old = done(project, spark, spec).model["version"]
    train.run(project.spec, spark, project.env)
    new = promote.run(project.spec, spark, project.env).model["version"]
    arriving(7, 12)
    assert done(project, spark, spec).model["version"] == new
    counts = {row[0]: row[1] for row in project.table("swapped").groupBy("_model_version").count().collect()}
    assert counts == {old: 15, new: 12}


def test_what_a_checkpoint_was_made_for_may_not_change(project, spark, arriving):
    spec = streaming(project, {"kind": "delta", "path": arriving(8, 5)}, "fixed")
    done(project, spark, spec)
    other = spec.model_copy(update={"predictions": spec.predictions.model_copy(update={"table": "elsewhere"})})
    with pytest.raises(SpecError, match="created with another `predictions`"):
        done(project, spark, other)


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_without_its_checkpoint_a_stream_does_not_begin_over_in_silence(project, spark, arriving):
    spec = streaming(project, {"kind": "delta", "path": arriving(9, 5)}, "lost")
    done(project, spark, spec)
    again = streaming(
        project, {"kind": "delta", "path": arriving(10, 5)}, "lost", checkpoint=str(project.root / "other")
    )
    with pytest.raises(JobError, match="its checkpoint is gone"):
        done(project, spark, again)
    assert len(ids(project, "lost")) == 5


def test_two_streams_of_one_name_do_not_run_at_once(project, spark, arriving):
    spec = streaming(project, {"kind": "delta", "path": arriving(11, 5)}, "two")
    with locked(project.env.root, "stream-houses"), pytest.raises(JobError, match="Another stream of 'houses'"):
        done(project, spark, spec)


@pytest.mark.parametrize("kind", ["table"])
def test_what_does_not_grow_cannot_be_streamed(project, spark, kind):
    spec = streaming(project, {"kind": kind, "table": "x"}, "still")
    with pytest.raises(SpecError, match="cannot be streamed"):
        done(project, spark, spec)
