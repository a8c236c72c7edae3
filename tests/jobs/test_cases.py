"""The inputs of ../shared/cases, each a whole job, against what its README says is right."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import deltalake
import duckdb
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import spark_jobs
from spark_jobs.bundle.predictor import load
from spark_jobs.errors import DataError
from spark_jobs.jobs import plan
from spark_jobs.spec import Environment, load_spec

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "cases"
pytestmark = [pytest.mark.long, pytest.mark.end_to_end]


@pytest.fixture
def case(tmp_path, monkeypatch) -> Callable[[str], Path]:
    """Copies the folder of a case, makes it the current one, and gives its path."""
    if not CASES.is_dir():
        pytest.skip(f"the shared cases are not there: {CASES}")

    def copied(name: str) -> Path:
        (found,) = CASES.glob(f"{name}_*")
        folder = tmp_path / found.name
        shutil.copytree(found, folder)
        monkeypatch.chdir(folder)
        return folder

    return copied


def test_39_a_name_made_from_a_file_is_safe_and_shown(spark, case):
    folder = case("39")
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    assert result.status == "done"
    assert result.model["name"] == "Verkaufe"
    assert result.rows["scored"] == 240
    assert Path(result.tables["Verkaufe_predictions"]).is_dir()
    assert "  name      'Verkaufe', made from 'Verkäufe.csv'" in result.summary


@pytest.mark.parametrize(
    ("number", "read", "quarantined"),
    [("01", 240, 0), ("02", 240, 0), ("03", 240, 0), ("26", 241, 1)],
)
def test_01_02_03_26_every_object_of_json_is_scored_or_in_quarantine(spark, case, number, read, quarantined):
    folder = case(number)
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    rows = result.rows
    assert (rows["read"], rows["quarantined"], rows["scored"]) == (read, quarantined, read - quarantined)
    assert rows["trained"] + rows["tested"] + rows["duplicates"] + rows["no_target"] == rows["scored"]
    kept = set(pd.read_parquet(result.tables[f"{result.model['name']}_predictions"]).columns)
    assert {"a", "b"} <= kept
    assert number != "26" or {"_metadata", "_corrupt_record"} <= kept


@pytest.mark.nightly
def test_23_a_packed_file_that_cannot_be_read_is_refused_by_name(spark, case):
    folder = case("23")
    with pytest.raises(DataError, match=r"d\.csv\.zst' is compressed with Zstandard") as refused:
        spark_jobs.run("d.csv.zst.yml", spark=spark, env=Environment(root=str(folder / "root")))
    assert "Decompress it" in refused.value.advice


def _run(spark, folder, spec="spec.yml", **asked):
    return spark_jobs.run(spec, spark=spark, env=Environment(root=str(folder / "root")), **asked)


@pytest.mark.nightly
def test_06b_values_one_ulp_apart_train(spark, case):
    result = _run(spark, case("06b"))
    assert result.status == "done"
    assert result.rows["scored"] == result.rows["read"]
    assert not [text for text in result.warnings if "figure" in text]


@pytest.mark.nightly
def test_07_a_label_with_a_no_break_space_behind_it_is_the_same_label(spark, case):
    result = _run(spark, case("07"))
    assert (result.status, result.rows["no_target"]) == ("done", 0)
    assert json.loads((Path(result.bundle) / "manifest.json").read_text())["labels"] == ["no", "yes"]


def test_08_true_and_false_in_many_spellings_are_two_labels(spark, case):
    result = _run(spark, case("08"))
    manifest = json.loads((Path(result.bundle) / "manifest.json").read_text())
    assert (manifest["data"]["task"], manifest["labels"]) == ("binary", ["false", "true"])
    assert "8 spellings of 2 labels" in " ".join(result.warnings)
    predicted = spark.read.format("delta").load(result.tables[next(name for name in result.tables if "pred" in name)])
    assert "probability" in predicted.columns


@pytest.mark.nightly
def test_09_labels_stored_as_doubles_are_those_of_the_text(spark, case):
    folder = case("09")
    for name in ("csv.yml", "spec.yml"):
        result = _run(spark, folder, name)
        manifest = json.loads((Path(result.bundle) / "manifest.json").read_text())
        assert (manifest["data"]["task"], manifest["labels"]) == ("multiclass", ["0", "1", "2"])
        assert result.rows["no_target"] == 12


@pytest.mark.nightly
def test_xgboost_of_60_classes_is_verified_and_scores(spark, tmp_path):
    draw = np.random.default_rng(60)
    x = draw.normal(size=(3000, 4)).round(4)
    place = (np.argsort(np.argsort(x[:, 0])) * 60 // 3000).tolist()
    lines = [f"{a},{b},{c},{d},class {k:02d}" for (a, b, c, d), k in zip(x.tolist(), place, strict=True)]
    (tmp_path / "d.csv").write_text("\n".join(["a,b,c,d,y", *lines]) + "\n", encoding="utf-8")
    spec = {"name": "sixty", "source": str(tmp_path / "d.csv"), "target": "y"}
    result = _run(
        spark, tmp_path, spec | {"model": {"kind": "xgboost", "params": {"n_estimators": 60, "max_depth": 6}}}
    )
    (model,) = Path(result.bundle).glob("pipeline/stages/*XGB*/model/part-00000")
    assert model.read_bytes().count(b"\n") > 1
    assert (result.status, result.rows["scored"]) == ("done", 3000)
    assert result.metrics["accuracy"] > 0.5


def test_05c_keys_beyond_two_to_the_53_are_each_their_own_row(spark, case):
    folder = case("05c")
    env = Environment(root=str(folder / "root"))
    spark_jobs.run("spec.yml", spark=spark, env=env)
    result = spark_jobs.score("spec.yml", input="tuesday.csv", spark=spark, env=env)
    assert (result.rows["scored"], result.rows["duplicates"]) == (100, 0)
    found = spark.read.format("delta").load(result.tables["orders_predictions"]).select("_row_id", "order_no").collect()
    lines = [line for day in ("monday", "tuesday") for line in (folder / f"{day}.csv").read_text().splitlines()[1:]]
    orders = sorted(int(line.split(",")[0]) for line in lines)
    assert sorted(row.order_no for row in found) == orders
    assert sorted(row._row_id for row in found) == sorted(map(str, orders))
    assert len(set(orders)) == 340


def test_06_stored_numbers_beyond_two_to_the_53_keep_value_and_type(spark, case):
    folder = case("06")
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    found = spark.read.format("delta").load(result.tables["big_predictions"])
    stored = {name: kind for name, kind in found.dtypes if name in ("tweet_id", "u", "amount")}
    assert stored == {"tweet_id": "bigint", "u": "decimal(20,0)", "amount": "decimal(38,10)"}
    columns = ("tweet_id", "u", "amount")
    rows = pq.read_table("big.parquet").to_pylist()
    assert sorted(tuple(row) for row in found.select(*columns).collect()) == sorted(
        tuple(row[name] for name in columns) for row in rows
    )
    assert result.left_out.keys() >= {"tweet_id", "u"}


def _predictions(spark, result):
    (place,) = [where for name, where in result.tables.items() if name.endswith("_predictions")]
    return spark.read.format("delta").load(place)


@pytest.mark.nightly
def test_04_partition_folders_keep_the_type_that_training_saw(spark, case):
    folder = case("04")
    env = Environment(root=str(folder / "root"))
    result = spark_jobs.run("spec.yml", spark=spark, env=env)
    by_code = _predictions(spark, result).groupBy("code").avg("probability")
    trained = {row[0]: row[1] for row in by_code.collect()}
    assert {"01", "02", "007", "1", "2", "A7"} == set(trained)
    assert trained["01"] == pytest.approx(0.87, abs=0.03)
    assert trained["02"] == pytest.approx(0.80, abs=0.03)
    scored = spark_jobs.score("spec.yml", input="new", spark=spark, env=env)
    newest = _predictions(spark, scored).orderBy("_scored_at", ascending=False).first()["_batch_id"]
    found = _predictions(spark, scored).where(f"_batch_id = '{newest}'").groupBy("code").avg("probability")
    again = {row[0]: row[1] for row in found.collect()}
    assert again == {code: pytest.approx(trained[code], abs=0.03) for code in ("01", "02")}


def test_10_rows_that_a_restore_brings_back_are_scored(spark, case):
    folder = case("10")
    env, table = Environment(root=str(folder / "root")), f"delta.`{folder / 'tbl'}`"
    spark.sql(f"DELETE FROM {table} WHERE id >= 200")
    first = spark_jobs.run("spec.yml", spark=spark, env=env)
    assert first.rows["scored"] == 200
    spark.sql(f"RESTORE {table} TO VERSION AS OF 0")
    second = spark_jobs.score("spec.yml", spark=spark, env=env)
    assert (second.rows["read"], second.rows["scored"], second.rows["duplicates"]) == (240, 240, 200)
    assert _predictions(spark, second).select("id").distinct().count() == 240


@pytest.mark.nightly
def test_12_nanoseconds_are_read_as_timestamps(spark, case):
    folder = case("12")
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    assert result.rows["scored"] == 240
    rows = _predictions(spark, result)
    assert dict(rows.dtypes)["seen"] in ("timestamp", "timestamp_ntz")
    assert rows.selectExpr("min(cast(seen as string))").first()[0] == "2024-01-01 00:00:00"


def test_13_a_column_that_the_second_file_adds_is_used(spark, case):
    folder = case("13")
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    assert result.rows["scored"] == result.rows["read"] > 0
    rows = _predictions(spark, result)
    assert "b" in rows.columns
    assert 0 < rows.where("b IS NOT NULL").count() < rows.count()


def test_33_timestamps_are_microseconds_for_every_reader(spark, case):
    folder = case("33")
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    assert result.rows["scored"] == 240
    (place,) = [where for name, where in result.tables.items() if name.endswith("_predictions")]
    source = pq.read_table(folder / "d.parquet")
    found = deltalake.DeltaTable(place).to_pyarrow_table()
    assert sorted(found["valid_from"].to_pylist()) == sorted(source["valid_from"].to_pylist())
    asked = f"SELECT epoch_us(min(valid_from)), epoch_us(max(valid_to)) FROM read_parquet('{place}/*.parquet')"
    ((first, last),) = duckdb.sql(asked).fetchall()
    assert first == pc.min(source["valid_from"].cast("int64")).as_py()
    # `valid_to` has no zone: it is read by the clock of the spec's `timezone`, Tokyo, nine hours ahead.
    assert last == pc.max(source["valid_to"].cast("int64")).as_py() - 9 * 3600 * 10**6
    files = [file for file in Path(place).glob("*.parquet") if not file.name.startswith(".")]
    physical = {
        column.physical_type for file in files for column in pq.ParquetFile(file).schema if "valid" in column.name
    }
    assert physical == {"INT64"}


def test_14_columns_are_read_as_people_wrote_them_and_alike_in_spark_and_python(spark, case):
    folder = case("14")
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    told = "\n".join(result.summary)
    left_out = result.to_json()["left_out"]
    assert result.rows["scored"] == 300
    assert set(left_out) == {
        *("dash_missing", "none_null", "dot_missing", "clock", "duration"),
        *(name for name in left_out if "▸" in name),
    }
    for name, mark in (("dash_missing", "`-` (30)"), ("none_null", "`None` (30)"), ("dot_missing", "`.` (30)")):
        assert mark in left_out[name]
        assert "source.null_values" in left_out[name]
    assert "time of day or a duration" in left_out["clock"]
    assert told
    written = pd.read_csv("zoo.csv", dtype=str, keep_default_na=False)
    here = np.sort(load(Path(str(result.bundle))).predict(written.drop(columns="y"))["prediction"])
    scored = spark.read.format("delta").load(str(result.tables["zoo_predictions"])).select("prediction").toPandas()
    assert np.allclose(here, np.sort(scored["prediction"]), rtol=1e-9)


@pytest.mark.nightly
def test_16_money_that_is_unambiguous_is_a_number_to_predict(spark, case):
    folder = case("16")
    with pytest.raises(DataError, match="No column is left") as refused:
        spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    # As numbers the price follows from the only column: classes of text have no correlation.
    assert "'size': a near-copy of the target: correlation" in refused.value.advice


@pytest.mark.nightly
def test_20_what_mysql_writes_is_read(spark, case):
    folder = case("20")
    result = plan.run(load_spec("spec.yml")[0], spark, Environment(root=str(folder / "root")))
    told = "\n".join(result.summary)
    assert "quotes are escaped by \\" in told
    (line,) = (line for line in result.summary if line.split()[:1] == ["a"])
    assert "all 218 cells are numbers" in line
