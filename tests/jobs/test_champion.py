"""The champion on a challenger's test rows: evaluated while they are staged, or again from the source."""

from __future__ import annotations

import math
import random
import shutil
import threading

import numpy as np
import pytest
from houses import house, spec_of, write_csv
from pyspark.sql import SparkSession

import spark_jobs
from spark_jobs.bundle import load_manifest
from spark_jobs.errors import GateError, JobError, SpecError
from spark_jobs.jobs import preflight, promote, train
from spark_jobs.registry import Tracking
from spark_jobs.registry.versions import look_up, peek, set_alias
from spark_jobs.runtime.active_session import current_session
from spark_jobs.spec import Environment
from spark_jobs.training.comparison import evaluate_bundle
from spark_jobs.training.prepare import inspect_source, prepare

HEADER = ["size", "rooms", "kind", "built", "price"]


def staged(spark, spec, folder):
    return prepare(spec, spark, inspect_source(spec, spark), folder)


def test_a_bundle_on_its_own_test_rows_has_the_metrics_of_its_training(project, spark, tmp_path):
    bundle = project.root / "bundles" / "houses" / "1"
    found = evaluate_bundle(bundle, project.spec, staged(spark, project.spec, tmp_path), tmp_path)
    own = load_manifest(bundle).metrics
    assert found.metrics.keys() == own.keys()
    assert all(math.isclose(value, own[name], rel_tol=1e-9) for name, value in found.metrics.items())


def test_a_bundle_that_reads_a_column_which_is_gone_says_so(project, spark, tmp_path):
    chance = random.Random(5)
    source = write_csv(tmp_path / "less.csv", ["rooms", "price"], [house(chance)[1::3] for _ in range(60)])
    spec = spec_of(source, task="regression")
    with pytest.raises(spark_jobs.DataError, match="reads 'size', which the source no longer has"):
        evaluate_bundle(project.root / "bundles" / "houses" / "1", spec, staged(spark, spec, tmp_path), tmp_path)


def test_promoting_the_champion_and_scoring_with_no_such_version_need_no_spark(project, monkeypatch):
    tracking = Tracking("sqlite", project.env.root)
    champion, challenger = (look_up(tracking, "houses", name).version for name in ("champion", "challenger"))
    assert (peek(tracking, "houses", "champion"), peek(tracking, "houses", 99)) == (champion, None)
    monkeypatch.setattr("spark_jobs.runtime.session.open_in_background", lambda *_: pytest.fail("Spark was started"))
    set_alias(tracking, "houses", "challenger", champion)
    try:
        done = preflight.answer("promote", project.spec, project.env, {"force": False})
        assert done.summary[0].endswith(f"version {champion} of 'houses' is already the champion; nothing has changed.")
        assert done.model == {"name": "houses", "version": champion, "alias": "champion"}
    finally:
        set_alias(tracking, "houses", "challenger", challenger)
    with pytest.raises(JobError, match="has no version 99"):
        preflight.answer("score", project.spec, project.env, {"version": 99})
    assert preflight.answer("score", project.spec, project.env, {"version": 1}) is None
    with pytest.raises(SpecError, match="`--replay` cannot be combined with `--input` or `--rescore`"):
        preflight.answer("score", project.spec, project.env, {"replay": "x", "input": "y", "rescore": True})
    nobody = project.spec.model_copy(update={"name": "nobody"})
    for verb in ("score", "stream", "promote"):
        with pytest.raises(JobError, match="No model 'nobody' is registered"):
            preflight.answer(verb, nobody, project.env, {})


def test_a_program_finds_the_default_session_in_every_thread(spark):
    found = []
    thread = threading.Thread(target=lambda: found.append(current_session(None)))
    thread.start()
    thread.join()
    assert found == [spark]


def table_of(folder, rows, seed, name="houses.csv"):
    chance = random.Random(seed)
    return write_csv(folder / name, HEADER, [house(chance) for _ in range(rows)])


def rmse_on_test_rows(spark, bundle, spec, folder):
    """By the saved pipeline and numpy, not by the graph and Spark's counts."""
    prepared = staged(spark, spec, folder)
    model = spark_jobs.load_model(bundle, spark)
    rows = model.pipeline.transform(prepared.test).select("_row.price", "prediction").toPandas()
    return float(np.sqrt(np.mean((rows.price - rows.prediction) ** 2)))


@pytest.mark.long
@pytest.mark.end_to_end
def test_the_gate_compares_on_the_same_rows_only(spark, tmp_path):
    env = Environment(root=str(tmp_path / "root"))
    spec = spec_of(table_of(tmp_path, 200, 1))
    shallow = spec_of(tmp_path / "houses.csv", model={"kind": "tree", "params": {"max_depth": 1}})
    first = spark_jobs.run(shallow, spark=spark, env=env)
    assert "There was no champion" in first.summary[1]
    table_of(tmp_path, 300, 2)
    second = train.run(spec, spark, env)
    told = second.to_json()["champion"]
    expected = rmse_on_test_rows(spark, first.bundle, spec, tmp_path / "by hand")
    assert told["version"] == 1
    assert told["metrics"]["rmse"] == pytest.approx(expected, rel=1e-6)
    assert told["metrics"]["rmse"] != pytest.approx(first.metrics["rmse"], rel=1e-3)
    third = train.run(spec, spark, env)
    done = promote.run(spec, spark, env)
    assert done.model["version"] == 3
    assert f"version 1 has {expected:.6g} on the same test rows." in done.summary[1]
    # Version 2 is challenger again, and its training never saw version 3, which is champion by now.
    tracking = Tracking("sqlite", env.root)
    set_alias(tracking, "houses", "challenger", 2)
    again = promote.run(spec, spark, env)
    assert again.model["version"] == 2
    assert f"version 3 has {third.metrics['rmse']:.6g} on the same test rows." in again.summary[1]
    set_alias(tracking, "houses", "challenger", 3)
    table_of(tmp_path, 300, 3)
    with pytest.raises(GateError, match="the source has changed since version 3 was trained") as refused:
        promote.run(spec, spark, env)
    assert "Train again" in refused.value.advice
    assert refused.value.exit_status == 4
    with pytest.raises(GateError, match="another `split`"):
        spark_jobs.run(spec, split={"seed": 7}, spark=spark, env=env)
    shutil.rmtree(again.bundle)
    shutil.rmtree(tmp_path / "root" / "artifacts")
    last = train.run(spec, spark, env)
    assert "The gate cannot compare this model with the champion, version 2." in last.warnings[0]
    with pytest.raises(GateError, match="It could not be evaluated"):
        promote.run(spec, spark, env)
    assert promote.run(spec, spark, env, force=True).model["version"] == last.model["version"]
    assert not (tmp_path / "root" / "runs").exists()


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.parametrize("kind", ["linear", "svm", "tree"])
@pytest.mark.nightly
def test_a_champion_of_three_labels_is_evaluated_as_its_training_did(spark, tmp_path, kind):
    chance = random.Random(4)
    rows = [house(chance) for _ in range(300)]
    source = write_csv(tmp_path / "kinds.csv", HEADER, rows)
    env = Environment(root=str(tmp_path / "root"))
    keys = {"name": "kinds", "model": {"kind": kind}, "graph": "skip" if kind == "tree" else "required"}
    first = spark_jobs.run(source=str(source), target="kind", spark=spark, env=env, **keys)
    second = spark_jobs.train(source=str(source), target="kind", spark=spark, env=env, **keys)
    told = second.to_json()["champion"]["metrics"]
    assert told == pytest.approx(dict(first.metrics), rel=1e-6)


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_views_and_the_active_session_are_there_after_a_training(spark, tmp_path):
    env, chance = Environment(root=str(tmp_path / "root")), random.Random(1)
    rows = [(chance.uniform(0, 9), chance.choice("abc"), chance.uniform(0, 1)) for _ in range(200)]
    spark.createDataFrame(rows, "a double, k string, y double").createOrReplaceTempView("seen_twice")
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    asked = {"source": {"kind": "table", "table": "seen_twice"}, "target": "y", "name": "views", "env": env}
    for _ in range(2):
        assert spark_jobs.train(**asked).rows["read"] == 200
        assert SparkSession.getActiveSession() is spark
        assert SparkSession.active().table("seen_twice").count() == 200
    with pytest.raises(spark_jobs.DataError):
        spark_jobs.train(**asked | {"target": "k", "task": "regression"})
    other = spark.newSession()
    other.createDataFrame(rows, "a double, k string, y double").createOrReplaceTempView("seen_twice")
    spark.createDataFrame([(1,)], "a int")
    assert spark_jobs.make_plan(**asked, spark=other).used == ("a", "k")
    assert SparkSession.getActiveSession() is spark
    assert spark.conf.get("spark.sql.session.timeZone") == "Europe/Berlin"
