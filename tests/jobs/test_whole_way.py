"""Two lines of spec, and everything that `run` promises to leave behind."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from houses import HOUSES, WORTH

from spark_jobs.bundle import verify_bundle

KEYS = {"status", "job", "run_id", "model", "metrics", "rows", "tables", "bundle", "warnings", "seconds"}


def test_two_lines_give_the_json_of_the_contract(project, spark):
    told = json.loads(json.dumps(project.result.to_json(), allow_nan=False))
    assert set(told) == KEYS
    assert (told["status"], told["job"]) == ("done", "run")
    assert told["model"] == {"name": "houses", "version": 1, "alias": "champion"}
    assert set(told["metrics"]) == {"rmse", "mse", "mae", "r2", "mape"}
    assert told["tables"] == {
        name: str(project.root / "tables" / name) for name in ("ledger", "houses_predictions", "houses_quarantine")
    }
    assert told["warnings"] == ["2 of 307 rows are malformed: they go to quarantine."]
    assert f"  warning   {told['warnings'][0]}" in project.result.summary
    assert all(isinstance(spent, float) for spent in told["seconds"].values())


def test_every_row_that_was_read_has_one_fate(project):
    rows = project.result.rows
    assert rows["read"] == 307
    assert {name: rows[name] for name in ("duplicates", "no_target", "quarantined", "malformed")} == {
        "duplicates": 3,
        "no_target": 2,
        "quarantined": 2,
        "malformed": 2,
    }
    assert rows["trained"] + rows["tested"] == HOUSES
    assert 0.1 < rows["tested"] / HOUSES < 0.3
    fates = ("trained", "tested", "duplicates", "no_target", "outliers", "dropped", "quarantined")
    assert rows["read"] == sum(rows[fate] for fate in fates)
    assert rows["scored"] == 305


def test_the_metrics_are_those_of_a_model_that_learned_the_prices(project):
    metrics = project.result.metrics
    assert 400 < metrics["rmse"] < 650, "the noise has a deviation of 500"
    assert metrics["mse"] == pytest.approx(metrics["rmse"] ** 2)
    assert metrics["r2"] > 0.999


def test_every_input_row_is_scored_once_and_kept_with_its_lineage(project):
    first = project.scored
    assert list(first.columns) == [
        "_row_id", "size", "rooms", "kind", "built", "price", "prediction",
        "_model_name", "_model_version", "_run_id", "_batch_id", "_scored_at",
    ]  # fmt: skip
    assert set(first._model_version) == {1}
    assert first._batch_id.nunique() == 1
    assert len(first) == 305
    assert first._row_id.is_unique
    assert first.price.isna().sum() == 2
    assert first[["size", "rooms", "kind", "built", "price"]].duplicated().sum() == 3
    assert set(first._run_id) == {project.result.run_id}
    assert set(first._model_name) == {"houses"}
    expected = 1000 * first["size"] + 5000 * first.rooms + first.kind.map(WORTH)
    assert np.abs(first.prediction - expected).median() < 300


def test_malformed_lines_are_kept_as_they_came(project, spark):
    malformed = project.table("houses_quarantine").where("_source LIKE '%/houses.csv'").collect()
    assert sorted(row._raw for row in malformed) == ["70.5,2", "80.5,2,flat,2012-02-12,1,2,3"]
    assert all(row._reasons for row in malformed)


def test_the_run_has_its_plan_profile_report_and_pictures(project, registry):
    run = registry.get_run(project.result.run_id)
    assert run.info.status == "FINISHED"
    names = {file.path for file in registry.list_artifacts(run.info.run_id)}
    assert {"plan.json", "profile.json", "report.html", "plots"} <= names
    pictures = [file.path for file in registry.list_artifacts(run.info.run_id, "plots")]
    assert pictures
    assert all(path.endswith(".svg") for path in pictures)
    assert run.data.metrics["rmse"] == pytest.approx(project.result.metrics["rmse"])
    assert run.data.params["model"] == "linear"
    assert run.data.tags["spark_jobs.fingerprint"]
    assert run.data.tags["version.pyspark"]


def test_the_registered_version_is_champion_and_its_bundle_is_whole(project, registry):
    assert project.champion == 1
    assert registry.get_model_version("houses", "1").run_id == project.result.run_id
    manifest = verify_bundle(Path(project.result.bundle))
    assert {one.name for one in manifest.inputs} == {"size", "rooms", "kind", "built"}
    assert manifest.metrics["rmse"] == pytest.approx(project.result.metrics["rmse"])
    assert {"plan.json", "profile.json", "spec.yml", "report.html"} <= manifest.sha256.keys()
    assert not (project.root / "runs").exists()


def test_the_ledger_tells_of_the_run(project, spark):
    entry = project.table("ledger").where("job = 'run'").orderBy("started").first()
    assert (entry.name, entry.status, entry.model_version) == ("houses", "done", 1)
    assert (entry.read, entry.written, entry.quarantined, entry.duplicates) == (307, 305, 2, 3)
    assert entry.run_id == project.result.run_id
    assert entry.started < entry.ended


PLAIN = """
import json, sys
sys.modules["spark_jobs"] = None
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession
bundle, source, typed = sys.argv[1:]
spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1").config("spark.sql.session.timeZone", "Asia/Tokyo").getOrCreate())
model = PipelineModel.load(bundle + "/pipeline")
raw = spark.read.csv(source, header=True, mode="DROPMALFORMED").drop("price").limit(50)
stored = spark.read.parquet(typed).drop("price")
tell = lambda rows: [r[0] for r in model.transform(rows).select("prediction").collect()]
print("ANSWER" + json.dumps([tell(raw), tell(stored)]))
"""


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_the_saved_pipeline_gives_the_same_answers_without_this_package(project, spark, tmp_path):
    columns = ["size", "rooms", "kind", "built", "price"]
    known = (
        project.table("houses_predictions").where("_model_version = 1 AND price IS NOT NULL").dropDuplicates(["price"])
    )
    stored = known.orderBy("price").limit(60)
    stored.select(*columns).coalesce(1).write.parquet(str(tmp_path / "typed"))
    command = [sys.executable, "-c", PLAIN, project.result.bundle, str(project.source), str(tmp_path / "typed")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    raw, typed = json.loads(done.stdout.split("ANSWER")[1])
    by_price = {row.price: row.prediction for row in known.collect()}
    lines = project.source.read_text(encoding="utf-8").splitlines()[1:51]
    assert np.allclose(raw, [by_price[float(line.split(",")[4])] for line in lines], rtol=1e-12)
    assert np.allclose(typed, [row.prediction for row in stored.orderBy("price").collect()], rtol=1e-12)
    assert not any(math.isnan(value) for value in raw)
