"""Sources with stored types, and the real data sets."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from spark_jobs.errors import DataError, SpecError
from spark_jobs.sources.files import DataFile
from spark_jobs.sources.kinds import source_kinds
from spark_jobs.sources.read_errors import explain_late_error, explain_read_error
from spark_jobs.sources.readers import delimited
from spark_jobs.sources.table_reader import kind_of_source, read_source
from spark_jobs.spec.models import Source

REAL = {
    "adult/adult_train.csv": (32561, 15),
    "adult/adult_test.csv": (16281, 15),
    "bank_marketing/bank-additional-full.csv": (41188, 21),
    "bank_marketing/bank-full.csv": (45211, 17),
    "beers/beers_clean.csv": (2410, 11),
    "beers/beers_dirty.csv": (2410, 11),
    "bike_sharing/day.csv": (731, 16),
    "bike_sharing/hour.csv": (17379, 17),
    "california_housing/housing.csv": (20640, 10),
    "car_evaluation/car.csv": (1728, 7),
    "chicago_crimes_10k/chicago_crimes_10k.csv": (9999, 22),
    "diamonds/diamonds.csv": (53940, 10),
    "employee_salaries/employee_salaries.csv": (9228, 9),
    "nursery/nursery.csv": (12960, 9),
    "open_payments/open_payments.csv.gz": (73558, 6),
    "titanic/titanic_train.csv": (891, 12),
}


def test_every_real_data_set_is_read_whole(spark, data_dir):
    for file, (rows, columns) in REAL.items():
        table = read_source(Source(path=str(data_dir / file)), spark)
        assert (table.rows.count(), len(table.columns), table.malformed_count) == (rows, columns, 0), file


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_a_name_that_looks_like_a_pattern_is_a_name_where_it_is_there(spark, tmp_path, kind):
    folder = tmp_path / "in [2] {a,b}"
    folder.mkdir()
    rows = pd.DataFrame({"n": [0, 1, 2], "t": ["0", "1", "2"]})
    write = {"csv": partial(rows.to_csv, index=False), "json": partial(rows.to_json, orient="records", lines=True),
             "parquet": rows.to_parquet}  # fmt: skip
    for name in ("sales [2024]*.5%", "sales 2"):
        write[kind](folder / name)
    counts = {
        path: read_source(Source(kind=kind, path=str(path)), spark).rows.count() for path in (folder, *folder.iterdir())
    }
    assert counts == {folder: 6, folder / "sales [2024]*.5%": 3, folder / "sales 2": 3}
    assert read_source(Source(kind=kind, path=f"{tmp_path}/in*/sales*"), spark).rows.count() == 6


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "delta"])
def test_column_names_have_no_blanks_around_them_in_any_source(spark, tmp_path, kind):
    rows = spark.createDataFrame([(1, "x"), (2, "y")], [" a.b", "life expectancy\u00a0"])
    if kind == "csv":
        (tmp_path / "in").write_text(" a.b,life expectancy\u00a0\n1,x\n2,y\n", encoding="utf-8")
    else:
        mapped = {"delta.columnMapping.mode": "name", "delta.minReaderVersion": "2", "delta.minWriterVersion": "5"}
        rows.write.format(kind).options(**(mapped if kind == "delta" else {})).save(str(tmp_path / "in"))
    table = read_source(Source(kind=kind, path=str(tmp_path / "in")), spark)
    assert table.columns == tuple(table.rows.columns) == ("a.b", "life expectancy")
    assert sorted(str(row[0]) + row[1] for row in table.rows.collect()) == ["1x", "2y"]


def test_names_that_are_one_without_their_blanks_are_refused(spark, tmp_path):
    spark.range(2).selectExpr("id AS `a`", "id AS `a `").write.parquet(str(tmp_path / "in"))
    with pytest.raises(DataError, match=r"surrounding blanks\. Got 'a', 'a'"):
        read_source(Source(kind="parquet", path=str(tmp_path / "in")), spark)


def test_the_kinds_of_source_are_the_files_of_the_folder():
    assert tuple(source_kinds()) == ("csv", "dataframe", "delta", "jdbc", "json", "kafka", "parquet", "table")


def test_the_kind_is_told_by_the_files(spark, tmp_path):
    (tmp_path / "x.tsv.gz").write_bytes(b"")
    assert kind_of_source(Source(path=str(tmp_path / "x.tsv.gz")), spark) == "csv"
    assert kind_of_source(Source(path=str(tmp_path)), spark) == "csv"
    assert kind_of_source(Source(table="a.b"), spark) == "table"
    (tmp_path / "y.json").write_text("{}")
    with pytest.raises(DataError, match="kind"):
        kind_of_source(Source(path=str(tmp_path)), spark)
    with pytest.raises(SpecError):
        kind_of_source(Source(), spark)


def test_parquet_and_delta_keep_their_types_and_lose_null_marks(spark, tmp_path):
    stored = spark.sql(
        "SELECT * FROM VALUES (1, ' NA ', 2.5D, DATE'2020-01-01', array(1)), (2, ' x ', NULL, NULL, NULL) "
        "AS t(`a b`, s, n, d, tags)"
    )
    stored.write.parquet(str(tmp_path / "p"))
    stored.write.format("delta").option("delta.columnMapping.mode", "name").save(str(tmp_path / "d"))
    for kind in ("p", "d"):
        table = read_source(Source(path=str(tmp_path / kind)), spark)
        assert table.rows.dtypes == stored.dtypes
        rows = sorted(tuple(row) for row in table.rows.select("`a b`", "s", "n").collect())
        assert rows == [(1, None, 2.5), (2, "x", None)]
    before = read_source(Source(path=str(tmp_path / "d")), spark).fingerprint
    assert before == read_source(Source(path=str(tmp_path / "d")), spark).fingerprint
    stored.write.format("delta").mode("append").save(str(tmp_path / "d"))
    assert before != read_source(Source(path=str(tmp_path / "d")), spark).fingerprint


def test_a_view_of_the_catalog_is_a_source(spark):
    spark.range(3).selectExpr("id", "'?' AS s").createOrReplaceTempView("three")
    table = read_source(Source(table="three"), spark)
    assert [tuple(row) for row in table.rows.orderBy("id").collect()] == [(0, None), (1, None), (2, None)]
    with pytest.raises(DataError, match="does not exist"):
        read_source(Source(table="four"), spark)


def test_a_delta_table_is_the_same_input_only_at_the_same_version(spark, tmp_path):
    place, moved = tmp_path / "d", tmp_path / "moved"
    spark.range(240).coalesce(1).write.format("delta").option("delta.enableDeletionVectors", "true").save(str(place))
    known = {"at first": read_source(Source(path=str(place)), spark).fingerprint}
    assert read_source(Source(path=str(place)), spark).fingerprint == known["at first"]
    spark.sql(f"DELETE FROM delta.`{place}` WHERE id >= 200")
    table = read_source(Source(path=str(place)), spark)
    known["deleted by a vector, in the same file"] = table.fingerprint
    spark.sql(f"RESTORE delta.`{place}` TO VERSION AS OF 0")
    assert table.rows.count() == 200
    known["restored"] = read_source(Source(path=str(place)), spark).fingerprint
    assert (
        read_source(Source(path=str(place), options={"versionAsOf": 1}), spark).fingerprint
        == known["deleted by a vector, in the same file"]
    )
    shutil.copytree(place, moved)
    known["a copy"] = read_source(Source(path=str(moved)), spark).fingerprint
    assert len({*known.values()}) == 4
    late = {"timestampAsOf": spark.sql("SELECT cast(timestampadd(YEAR, -1, now()) AS string)").first()[0]}
    with pytest.raises(DataError):
        read_source(Source(path=str(place), options=late), spark)


def test_tables_without_versions_are_the_same_input_if_their_rows_are(spark):
    def told(*rows):
        spark.createDataFrame(rows, "id long, s string").createOrReplaceTempView("three")
        return read_source(Source(table="three"), spark).fingerprint

    first = told((1, "a"), (2, "b"))
    assert told((2, "b"), (1, "a")) == first
    assert len({first, told((1, "a")), told((1, "a"), (2, "c")), told((1, "a"), (1, "a"))}) == 4


def test_json_lines_that_are_no_json_are_set_apart(spark, tmp_path):
    lines = [json.dumps({"a": n, "b": "NA" if n else "x", "c": {"d": 1}}) for n in range(3)]
    (tmp_path / "x.jsonl").write_text("\n".join([*lines[:2], '{"a": 1, "b"', lines[2]]) + "\n")
    table = read_source(Source(path=str(tmp_path / "x.jsonl")), spark)
    assert sorted((row.a, row.b) for row in table.rows.collect()) == [("0", "x"), ("1", None), ("2", None)]
    assert (table.malformed_count, table.records) == (1, 4)
    malformed = table.malformed.collect()
    assert [row["_raw"] for row in malformed] == ['{"a": 1, "b"']
    assert malformed[0]["_source"].endswith("x.jsonl")


def test_a_json_file_may_be_one_array(spark, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps([{"a": 1}, {"a": 2}], indent=1))
    table = read_source(Source(path=str(tmp_path / "x.json")), spark)
    assert sorted(row.a for row in table.rows.collect()) == ["1", "2"]
    assert (table.malformed_count, table.records) == (0, 2)


def test_the_rows_of_a_delta_table_are_counted_at_the_version_that_is_read(spark, tmp_path):
    place = str(tmp_path / "d")
    spark.range(10).write.format("delta").option("delta.enableDeletionVectors", "true").save(place)
    spark.sql(f"DELETE FROM delta.`{place}` WHERE id IN (3, 4)")
    assert read_source(Source(path=place), spark).records == 8
    assert read_source(Source(path=place, options={"versionAsOf": "0"}), spark).records == 10


def test_records_over_several_lines_are_counted_where_the_spec_says_that_there_are_some(spark, tmp_path):
    (tmp_path / "x.csv").write_text('a,b\n1,"x\ny"\n\n2,z\n3,"p\n\nq"\n')
    table = read_source(Source(path=str(tmp_path / "x.csv"), options={"multiLine": "true"}), spark)
    assert (table.records, table.rows.count()) == (3, 3)


def test_the_rows_of_a_view_are_counted_with_its_content(spark):
    spark.range(7).createOrReplaceTempView("seven")
    assert read_source(Source(table="seven"), spark).records == 7


def test_a_parquet_file_that_was_cut_short_is_refused_by_name(spark, tmp_path):
    spark.range(100).coalesce(1).write.parquet(str(tmp_path / "p"))
    file = next((tmp_path / "p").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match=file.name):
        read_source(Source(path=str(tmp_path / "p")), spark)
    (tmp_path / "empty.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="0 bytes"):
        read_source(Source(path=str(tmp_path / "empty.parquet")), spark)


def test_what_spark_says_of_a_file_that_went_away_is_put_in_words(spark, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    rows = read_source(Source(path=str(path)), spark).rows
    path.unlink()
    with pytest.raises(Exception, match=r"x\.csv") as failure:
        rows.count()
    explained = explain_read_error(failure.value)
    assert isinstance(explained, DataError)
    assert "x.csv" in explained.message
    assert explain_read_error(ValueError("other")) is None
    late = explain_late_error(failure.value, str(tmp_path / "root"))
    assert late is not None
    assert "x.csv" in late.message
    assert explain_late_error(failure.value, str(tmp_path)) is None


def test_files_out_of_reach_of_python_are_read_by_spark(spark, tmp_path, monkeypatch):
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text("a;b\n" + "1,5;2\n" * 1000)
    away = tuple(DataFile(str(path), path.stat().st_size, 0, local=False) for path in sorted(Path(tmp_path).iterdir()))
    monkeypatch.setattr(delimited, "files_of", lambda source, spark: away)
    monkeypatch.setattr(DataFile, "head", lambda file: pytest.fail("Python opened the file"))
    table = delimited.read(Source(kind="csv", path=str(tmp_path)), spark)
    assert table.rows.groupBy("a", "b").count().collect() == [("1,5", "2", 2000)]
