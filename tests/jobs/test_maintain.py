"""Tables are kept in order: fewer files, the same rows, and nothing gone that somebody may read."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from spark_jobs.cli.parser import parse_arguments
from spark_jobs.errors import SpecError
from spark_jobs.jobs import maintain
from spark_jobs.spec import Environment, load
from spark_jobs.tables import delta

PREDICTIONS, QUARANTINE, LEDGER = "flights_predictions", "flights_quarantine", "ledger"


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "flights.yml"
    path.write_text("name: flights\nsource: nowhere.csv\ntarget: arr_delay\n", encoding="utf-8")
    return load(path)[0]


@pytest.fixture
def env(tmp_path):
    return Environment(root=str(tmp_path / "root"))


@pytest.fixture
def tables(spark, env):
    """Predictions in four files, written ten days ago; no quarantine, and no ledger."""
    path = delta.table_path(env.root, PREDICTIONS)
    for number in range(4):
        delta.append(spark.createDataFrame(pa.table({"n": [number, number + 10]})).coalesce(1), path)
    _age(path, 10)
    return env


def _age(path, days):
    for file in data_files(path):
        then = file.stat().st_mtime - days * 86_400
        os.utime(file, (then, then))


def data_files(path):
    return [file for file in Path(path).rglob("*.parquet") if "_delta_log" not in file.parts]


def commits(path):
    return len(list(Path(path, "_delta_log").glob("*.json")))


def numbers(spark, path):
    return sorted(row[0] for row in delta.read_table(spark, path).collect())


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_files_are_joined_and_the_old_ones_go_once_nobody_can_need_them(spark, spec, tables):
    path = delta.table_path(tables.root, PREDICTIONS)
    rows, size = numbers(spark, path), sum(file.stat().st_size for file in data_files(path))

    first = maintain.run(spec, spark, tables)
    told = first.extra["maintained"][PREDICTIONS]
    assert (told["files_before"], told["files_after"], told["bytes_before"]) == (4, 1, size)
    assert told["removed_files"] == told["removed_bytes"] == 0
    assert len(data_files(path)) == 5, "what was joined today may be read for seven days more"
    assert first.extra["absent"] == [QUARANTINE, LEDGER]
    (entry,) = delta.read_table(spark, first.tables[LEDGER]).collect()
    assert (entry["job"], entry["name"], entry["status"]) == ("maintain", "flights", "done")
    assert "4 files became 1" in entry["note"]

    _age(path, 10)
    before, log = sorted(data_files(path)), commits(path)
    foretold = maintain.run(spec, spark, tables, dry_run=True, keep=0, break_readers=True)
    assert (sorted(data_files(path)), commits(path)) == (before, log)
    assert foretold.extra["dry_run"] is True
    second = maintain.run(spec, spark, tables, keep=0, break_readers=True)
    for told in (foretold, second):
        one = told.extra["maintained"][PREDICTIONS]
        assert (one["removed_files"], one["removed_bytes"]) == (4, size)
    assert len(data_files(path)) == 1
    assert numbers(spark, path) == rows
    assert delta.read_table(spark, second.tables[LEDGER]).count() == 2, "a dry run is no run"
    assert spark.conf.get("spark.databricks.delta.retentionDurationCheck.enabled", "true") == "true"


@pytest.mark.parametrize("days", ["0", "6"])
def test_fewer_than_seven_days_are_refused_unless_the_danger_is_named(days, spec, env):
    with pytest.raises(
        SpecError, match=f"`--keep {days}` may delete files that a reader or a stream still needs"
    ) as no:
        parse_arguments(["maintain", "flights.yml", "--keep", days])
    assert "--break-readers" in no.value.advice
    with pytest.raises(SpecError, match="still needs"):
        maintain.run(spec, None, env, keep=int(days))
    assert parse_arguments(["maintain", "flights.yml", "--keep", days, "--break-readers"]).keep == int(days)
    assert parse_arguments(["maintain", "flights.yml", "--keep", "7"]).keep == 7


@pytest.mark.parametrize("days", ["-1", "x", "1.5", "123456"])
def test_what_is_no_number_of_days_is_refused(days):
    with pytest.raises(SpecError, match="must be a number of days, 0 or more"):
        parse_arguments(["maintain", "flights.yml", f"--keep={days}"])


def test_where_there_are_no_tables_yet_that_is_said(spark, spec, env):
    done = maintain.run(spec, spark, env, dry_run=True)
    assert done.extra["absent"] == [PREDICTIONS, QUARANTINE, LEDGER]
    assert not done.tables
    assert "not created yet" in str(done)
