"""What bad input gets: one line of cause, one of advice, status 2 or 3, and nothing half-written."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from houses import house, spec_of, write_csv

from spark_jobs.errors import DataError, SparkJobsError
from spark_jobs.jobs import plan, profile, run, train
from spark_jobs.spec import Environment

ROOT = Path(__file__).parents[2]
HEADER = ["size", "rooms", "kind", "built", "price"]


def houses(count=40):
    chance = random.Random(count)
    return [house(chance) for _ in range(count)]


def empty_file(folder):
    (folder / "x.csv").write_bytes(b"")
    return folder / "x.csv"


def header_alone(folder):
    return write_csv(folder / "x.csv", HEADER, [])


def good(folder):
    return write_csv(folder / "x.csv", HEADER, houses())


def target_all_null(folder):
    return write_csv(folder / "x.csv", HEADER, [[*row[:4], "NA"] for row in houses()])


def target_of_one_value(folder):
    return write_csv(folder / "x.csv", HEADER, [[*row[:4], 7] for row in houses()])


def name_given_twice(folder):
    return write_csv(folder / "x.csv", ["size", "rooms", "Size", "built", "price"], houses())


def missing_file(folder):
    (folder / "xs.csv").write_text("a\n1\n")
    return folder / "x.csv"


def folder_without_data(folder):
    (folder / "x").mkdir()
    (folder / "x" / "_SUCCESS").write_text("")
    return folder / "x"


def torn_parquet(folder):
    columns = {name: [row[place] for row in houses()] for place, name in enumerate(HEADER)}
    pq.write_table(pa.table(columns), folder / "x.parquet")
    whole = (folder / "x.parquet").read_bytes()
    (folder / "x.parquet").write_bytes(whole[: len(whole) // 2])
    return folder / "x.parquet"


def parquet_of_no_bytes(folder):
    (folder / "x.parquet").write_bytes(b"")
    return folder / "x.parquet"


def no_usable_column(folder):
    return write_csv(folder / "x.csv", ["id", "same", "price"], [[f"u{i}", 1, i * 1.5] for i in range(60)])


def every_row_malformed(folder):
    (folder / "x.csv").write_text("size,rooms,kind,built,price\n" + "\n".join(f'{i},2,"fl' for i in range(30)) + "\n")
    return folder / "x.csv"


def reserved_name(folder):
    return write_csv(folder / "x.csv", ["_row_id", *HEADER[1:]], houses())


def name_of_a_prediction(folder):
    return write_csv(folder / "x.csv", ["Prediction", *HEADER[1:]], houses())


CASES = {
    "an empty file": (empty_file, {}, "no rows|empty", ""),
    "a header alone": (header_alone, {}, "no rows", ""),
    "a missing target": (good, {"target": "prize"}, "`target`: the source has no column 'prize'", "'price'"),
    "a target all null": (target_all_null, {}, "'price' has no value", ""),
    "a target of one value": (target_of_one_value, {}, "only one value, '7'", ""),
    "a name given twice": (name_given_twice, {}, "'Size'|'size'", ""),
    "a missing file": (missing_file, {}, r"x\.csv", "xs.csv"),
    "a folder without data": (folder_without_data, {}, "contains no data file", ""),
    "a malformed Parquet file": (torn_parquet, {}, "not a complete Parquet file", ""),
    "a Parquet file of no bytes": (parquet_of_no_bytes, {}, "is empty: 0 bytes", ""),
    "no usable column": (no_usable_column, {}, "No column is left", "'id'"),
    "every row malformed": (every_row_malformed, {}, "no rows|malformed|quarantine", ""),
    "a reserved name": (reserved_name, {}, "'_row_id'", ""),
    "a kept name that is one of predictions": (name_of_a_prediction, {}, "'Prediction' has the name", "keep"),
    "a key of another table": (good, {"key": ["flight"]}, "`key`: the source has no column 'flight'", "Available"),
    "an ignored column that is not there": (good, {"columns": {"ignore": ["rums"]}}, "no column 'rums'", "'rooms'"),
    "a slice that is not there": (good, {"evaluate": {"slices": ["knd"]}}, "no column 'knd'", "'kind'"),
    "a group that is not there": (good, {"split": {"kind": "group", "column": "sise"}}, "no column 'sise'", "'size'"),
    "a split by time that is none": (good, {"split": {"kind": "time", "column": "kind"}}, "needs a date or time", ""),
    "an order that is not there": (
        good,
        {"clean": {"duplicates": {"by": ["size"], "order": "rnk"}}},
        "no column 'rnk'",
        "",
    ),
    "a regression of words": (good, {"target": "kind", "task": "regression"}, "needs a number", ""),
    "an algorithm for another task": (good, {"model": {"kind": "svm"}}, "svm|SVM", "linear"),
    "a test part of nothing": (
        good,
        {"split": {"kind": "column", "column": "kind", "test_value": "castle"}},
        "There are no test rows",
        "split",
    ),
}


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    return Environment(root=str(tmp_path_factory.mktemp("bad") / "root"))


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_with_cause_and_advice_and_leaves_nothing(spark, env, tmp_path, case):
    make, keys, cause, advice = CASES[case]
    spec = spec_of(make(tmp_path), **{"target": "price", **keys})
    with pytest.raises(SparkJobsError, match=cause) as refused:
        run.run(spec, spark, env)
    assert refused.value.exit_status in (2, 3)
    assert advice in refused.value.advice
    assert refused.value.advice
    assert "\n" not in refused.value.message + refused.value.advice
    assert left_behind(env) == {"tables": {"ledger"}, "files": []}


def left_behind(env):
    """The tables there are, and files of stagings and bundles."""
    root = Path(env.root)
    files = [path for name in ("runs", "bundles") for path in (root / name).rglob("*") if path.is_file()]
    return {"tables": {path.name for path in (root / "tables").iterdir()}, "files": files}


def test_nothing_was_registered_for_any_of_them_and_the_ledger_has_each(spark, env):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{Path(env.root) / 'mlflow.db'}", f"sqlite:///{Path(env.root) / 'mlflow.db'}")
    assert client.search_registered_models() == []
    entries = spark.read.format("delta").load(str(Path(env.root) / "tables" / "ledger")).collect()
    assert len(entries) == len(CASES)
    assert {entry.status for entry in entries} <= {"refused", "invalid"}
    assert all(entry.error for entry in entries)


@pytest.mark.parametrize("job", [plan, profile])
def test_looking_refuses_the_same(spark, env, tmp_path, job):
    with pytest.raises(DataError, match="no rows"):
        job.run(spec_of(header_alone(tmp_path)), spark, env)


def test_a_refused_run_leaves_the_champion_and_its_predictions_alone(project, spark, registry, tmp_path):
    before = registry.get_model_version_by_alias("houses", "champion").version
    rows, versions = project.table("houses_predictions").count(), registry.search_model_versions("name = 'houses'")
    bad = spec_of(target_of_one_value(tmp_path), name="houses")
    for job in (run, train):
        with pytest.raises(DataError):
            job.run(bad, spark, project.env)
    assert registry.get_model_version_by_alias("houses", "champion").version == before
    assert len(registry.search_model_versions("name = 'houses'")) == len(versions)
    assert project.table("houses_predictions").count() == rows


@pytest.mark.long
@pytest.mark.end_to_end
def test_at_the_terminal_a_refusal_is_two_lines_and_one_object_of_json(tmp_path):
    (tmp_path / "x.yml").write_text(f"source: {header_alone(tmp_path)}\ntarget: price\n")
    command = [sys.executable, "-m", "spark_jobs", "run", "x.yml", "--json"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["job"]) == (3, "refused", "run"), done.stdout
    assert told["error"]["kind"] == "DataError"
    assert done.stderr.splitlines()[-2:] == [told["error"]["message"], f"hint: {told['error']['advice']}"]
    assert len(done.stderr.splitlines()) == 2
