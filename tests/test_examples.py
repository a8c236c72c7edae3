"""The specs of examples/ are right and run, from the root of the repository, on data that is in it."""

from __future__ import annotations

import csv
from importlib import import_module
from pathlib import Path

import pytest
from databases import PASSWORD, USER

from spark_jobs.jobs import check
from spark_jobs.spec import Environment, load
from spark_jobs.spec_validation import verify_spec

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))
nightly = pytest.mark.nightly


@pytest.fixture(autouse=True)
def root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda spec: spec.stem)
def test_an_example_passes_the_check_and_its_data_is_there_and_small(spec):
    asked, environment = load(spec)
    verify_spec(asked)
    assert check.run(asked, environment).status == "done"
    for source in filter(None, (asked.source, asked.stream.source)):
        if source.path is not None:
            place = ROOT / source.path
            files = [place] if place.is_file() else list(place.glob("*.csv"))
            assert files
            assert all(file.stat().st_size < 300_000 for file in files)


def test_every_example_is_in_its_readme_and_one_in_the_first_screen_of_the_readme():
    told = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f"spark-jobs run examples/{spec.name}" in told for spec in EXAMPLES)
    head = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:70])
    assert "spark-jobs run examples/adult.yml" in head


def job(spark, tmp_path, verb, name, *overrides):
    asked = load(ROOT / "examples" / f"{name}.yml", overrides=overrides)[0]
    return import_module(f"spark_jobs.jobs.{verb}").run(asked, spark, Environment(root=str(tmp_path / "root")))


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("name", "metric", "least", "rows", "refused"),
    [
        ("adult", "roc_auc", 0.85, 2000, 0),
        pytest.param("diamonds", "r2", 0.9, 2000, 0, marks=nightly),
        pytest.param("cars", "accuracy", 0.8, 1728, 0, marks=nightly),
        pytest.param("bikes", "rmse", 0, 731, 1, marks=nightly),
    ],
)
def test_an_example_runs_the_whole_way(spark, tmp_path, name, metric, least, rows, refused):
    result = job(spark, tmp_path, "run", name)
    assert result.metrics[metric] >= least
    assert result.rows["scored"] == rows - refused
    assert result.extra.get("scoring", {}).get("quarantined", 0) == refused


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_the_example_of_a_stream_scores_each_day_that_arrives_once(spark, tmp_path):
    job(spark, tmp_path, "run", "stream")
    days = sum(len(file.read_text().splitlines()) - 1 for file in (ROOT / "examples/data/bikes_2012").glob("*.csv"))
    assert job(spark, tmp_path, "stream", "stream").rows["scored"] == days == 182
    assert job(spark, tmp_path, "stream", "stream").rows["scored"] == 0


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_the_example_of_a_database_reads_the_table_that_its_readme_loads(spark, tmp_path, database, monkeypatch):
    monkeypatch.setenv("PGUSER", USER)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    told = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    database.execute(told.split("-c '")[1].split("'")[0])
    with (ROOT / "examples/data/diamonds.csv").open(encoding="utf-8", newline="") as file:
        values = [", ".join(f"'{cell}'" for cell in row) for row in list(csv.reader(file))[1:]]
    database.execute("INSERT INTO diamonds VALUES " + ", ".join(f"({row})" for row in values))
    result = job(spark, tmp_path, "run", "jdbc", f"source.url={database.url}")
    assert result.rows["scored"] == 2000
