"""Scoring: each row once a version, other data of the same shape, and what is refused."""

from __future__ import annotations

import random

import pytest
from houses import house, spec_of, write_csv

from spark_jobs.errors import DataError, GateError, JobError
from spark_jobs.jobs import promote, score, train
from spark_jobs.spec import Environment

HEADER = ["size", "rooms", "kind", "built", "price"]


@pytest.fixture
def others(tmp_path):
    """40 other houses, one kind never seen, one cell of each column missing, one size that is no number."""
    chance = random.Random(11)
    rows = [house(chance) for _ in range(40)]
    rows[0][2] = "castle"
    for column in range(4):
        rows[column + 1][column] = ""
    rows[7][0] = "large"
    return rows


@pytest.mark.long
@pytest.mark.end_to_end
def test_scoring_the_same_input_twice_leaves_each_row_once_and_a_new_version_adds_its_own(project, spark, registry):
    again = score.run(project.spec, spark, project.env)
    assert (again.rows["read"], again.rows["scored"], again.rows["duplicates"]) == (307, 305, 305)
    assert again.model == {"name": "houses", "version": 1, "alias": "champion"}
    trained = train.run(project.spec, spark, project.env)
    assert trained.model == {"name": "houses", "version": 2, "alias": "challenger"}
    assert trained.metrics["rmse"] == pytest.approx(project.result.metrics["rmse"], rel=1e-6)
    assert trained.rows == {name: count for name, count in project.result.rows.items() if name != "scored"}
    assert int(registry.get_model_version_by_alias("houses", "champion").version) == 1
    assert int(registry.get_model_version_by_alias("houses", "challenger").version) == 2
    newer = score.run(project.spec, spark, project.env, version=2)
    assert (newer.rows["scored"], newer.rows["duplicates"]) == (305, 0)
    table = project.table("houses_predictions").where(f"_batch_id = '{_batch(project, newer.run_id)}'")
    assert {row[0]: (row[1], row[2]) for row in _counts(table)} == {1: (305, 305), 2: (305, 305)}


def _batch(project, run_id):
    return project.table("houses_predictions").where(f"_run_id = '{run_id}'").first()._batch_id


def _counts(table):
    from pyspark.sql import functions as F

    return table.groupBy("_model_version").agg(F.count("*"), F.count_distinct("_row_id")).collect()


def test_other_data_is_scored_row_by_row_with_unseen_levels_and_nulls(project, spark, others, tmp_path):
    whole = write_csv(tmp_path / "others.csv", HEADER, others)
    done = score.run(project.spec, spark, project.env, input=str(whole))
    assert (done.rows["read"], done.rows["scored"], done.rows["duplicates"]) == (40, 40, 0)
    assert done.cells == {"size": 1}
    assert "extra_columns" not in done.extra
    scored = project.table("houses_predictions").where(f"_batch_id = '{_last_batch(project)}'")
    assert scored.where("prediction IS NULL OR isnan(prediction)").count() == 0
    assert scored.where("kind = 'castle'").count() == 1


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_version_without_a_graph_scores_by_its_pipeline_and_tells_the_same(project, spark, others, tmp_path):
    others[8][0] = 5000
    path = str(write_csv(tmp_path / "others.csv", HEADER, others))
    told = {}
    for way in ("required", "skip"):
        spec, env = spec_of(project.source, graph=way), Environment(root=str(tmp_path / way))
        train.run(spec, spark, env)
        told[way] = score.run(spec, spark, env, input=path, version=1)
    one, other = told["required"], told["skip"]
    assert (one.extra, one.rows, one.cells) == (other.extra, other.rows, other.cells)
    assert (other.extra["unseen"], other.extra["outside"]) == ({"kind": 1}, {"size": 1})
    tables = [spark.read.format("delta").load(done.tables["houses_predictions"]).collect() for done in (one, other)]
    by_graph, by_pipeline = [{row._row_id: row.prediction for row in table} for table in tables]
    assert by_graph == pytest.approx(by_pipeline, rel=1e-5)
    assert len(by_graph) == 40


def test_the_target_may_be_absent_and_extra_columns_are_kept_and_told(project, spark, others, tmp_path):
    bare = [[*row[:4][::-1], f"note {number}"] for number, row in enumerate(others)]
    path = write_csv(tmp_path / "bare.csv", [*HEADER[:4][::-1], "re.mark"], bare)
    done = score.run(project.spec, spark, project.env, input=str(path))
    assert done.rows["scored"] == 40
    assert done.extra["extra_columns"] == ["re.mark"]
    kept = project.table("houses_predictions").where(f"_batch_id = '{_last_batch(project)}'").toPandas()
    assert set(kept["re.mark"]) == {f"note {number}" for number in range(40)}
    assert kept["price"].isna().all()


def _last_batch(project):
    return project.table("ledger").where("job = 'score'").orderBy("ended", ascending=False).first().batch_id


def test_the_same_rows_get_the_same_predictions_from_parquet(project, spark, others, tmp_path):
    known = project.table("houses_predictions").where("_model_version = 1 AND price IS NOT NULL").limit(30)
    path = str(tmp_path / "houses.parquet")
    known.select("size", "rooms", "kind", "built", "prediction").write.parquet(path)
    expected = sorted(row.prediction for row in spark.read.parquet(path).collect())
    plain = spark.read.parquet(path).drop("prediction")
    plain.write.parquet(path + "2")
    done = score.run(project.spec, spark, project.env, input=path + "2")
    assert done.rows["scored"] == 30
    found = project.table("houses_predictions").where(f"_batch_id = '{_last_batch(project)}'")
    assert sorted(row.prediction for row in found.collect()) == pytest.approx(expected, rel=1e-12)


def test_an_input_that_lacks_a_used_column_is_refused_with_the_nearest_name(project, spark, others, tmp_path):
    path = write_csv(tmp_path / "x.csv", ["sise", "rooms", "kind", "built", "price"], others)
    before = project.table("houses_predictions").count()
    with pytest.raises(DataError) as refused:
        score.run(project.spec, spark, project.env, input=str(path))
    assert "'size'" in refused.value.message
    assert refused.value.advice == "Did you mean 'sise'?"
    assert project.table("houses_predictions").count() == before
    last = project.table("ledger").orderBy("ended", ascending=False).first()
    assert (last.job, last.status, last.error) == ("score", "refused", refused.value.message)


def test_nothing_to_score_is_done_with_no_rows(project, spark, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    header = write_csv(tmp_path / "header.csv", HEADER, [])
    for path in (tmp_path / "empty.csv", header):
        done = score.run(project.spec, spark, project.env, input=str(path))
        assert (done.status, done.rows["read"], done.rows["scored"]) == ("done", 0, 0)


@pytest.mark.parametrize(("version", "advice"), [(99, "It has 1"), (None, "")])
def test_a_version_or_model_that_is_not_there_is_refused_by_name(project, spark, version, advice):
    spec = project.spec if version else project.spec.model_copy(update={"name": "mouses"})
    with pytest.raises(JobError) as refused:
        score.run(spec, spark, project.env, version=version)
    assert refused.value.message == (
        "The model 'houses' has no version 99." if version else "No model 'mouses' is registered."
    )
    assert advice in refused.value.advice


def test_a_bundle_that_was_touched_is_not_used(project, spark):
    plan = project.root / "bundles" / "houses" / "1" / "plan.json"
    text = plan.read_text(encoding="utf-8")
    try:
        plan.write_text(text + " ", encoding="utf-8")
        with pytest.raises(JobError, match=r"plan\.json"):
            score.run(project.spec, spark, project.env)
    finally:
        plan.write_text(text, encoding="utf-8")


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_challenger_that_misses_the_gate_stays_one(project, spark, registry):
    strict = project.spec.model_copy(
        update={"evaluate": project.spec.evaluate.model_copy(update={"gate": {"rmse": 1.0}})}
    )
    before = registry.get_model_version_by_alias("houses", "champion").version
    if registry.get_model_version_by_alias("houses", "challenger").version == before:
        train.run(project.spec, spark, project.env)
    with pytest.raises(GateError, match="rmse"):
        promote.run(strict, spark, project.env)
    assert registry.get_model_version_by_alias("houses", "champion").version == before
    assert promote.run(project.spec, spark, project.env).model["alias"] == "champion"
    assert registry.get_model_version_by_alias("houses", "champion").version != before
