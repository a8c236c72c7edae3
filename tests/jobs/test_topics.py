"""A topic from end to end: trained on, scored, its poison in quarantine with its place."""

from __future__ import annotations

import json
import math
import random
from uuid import uuid4

import pytest
from houses import HOUSES, house, spec_of

from spark_jobs.jobs import run, score
from spark_jobs.spec import Environment


@pytest.mark.long
def test_a_topic_is_trained_on_and_scored_and_its_poison_is_in_quarantine(spark, broker, tmp_path):
    topic, chance = broker.topic(f"houses-{uuid4().hex}"), random.Random(7)
    names = ("size", "rooms", "kind", "built", "price")
    values = [json.dumps(dict(zip(names, house(chance), strict=True))) for _ in range(HOUSES)]
    broker.send(topic, values)
    malformed = broker.send(topic, ["malformed", None])
    spec = spec_of({"kind": "kafka", "servers": broker.servers, "topic": topic}, name="houses")
    env = Environment(root=str(tmp_path / "root"))
    found = run.run(spec, spark, env)
    assert (found.rows["read"], found.rows["quarantined"], found.rows["scored"]) == (HOUSES + 2, 2, HOUSES)
    assert 400 < found.metrics["rmse"] < 650
    assert math.isfinite(found.metrics["r2"])
    refused = spark.read.format("delta").load(str(tmp_path / "root" / "tables" / "houses_quarantine"))
    assert {row["_source"] for row in refused.collect()} == {f"{topic}/{p}/{o}" for p, o in malformed}
    again = score.run(spec, spark, env)
    assert again.rows == {"read": HOUSES + 2, "scored": HOUSES, "quarantined": 2, "duplicates": HOUSES}
    nothing = {"kind": "kafka", "servers": broker.servers, "topic": broker.topic(f"e-{uuid4().hex}")}
    empty = spec_of(nothing, name="houses")
    assert score.run(empty, spark, env).rows == {"read": 0, "scored": 0, "quarantined": 0, "duplicates": 0}
