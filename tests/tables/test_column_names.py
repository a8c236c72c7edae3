"""Names that every Delta reader takes, and tables with them as Spark, deltalake, pyarrow and DuckDB read them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from spark_jobs.errors import DataError
from spark_jobs.tables import delta
from spark_jobs.tables.column_names import PROPERTY, StoredNames
from spark_jobs.tables.prediction_rows import Destination
from spark_jobs.tables.predictions import column_names, write_predictions

ODD = (
    "Life expectancy",
    "a,b;c{d}(e)\n\t=",
    "Life=expectancy",
    "life_expectancy",
    "_row id",
    "a.b `c` 'd' $e\\",
    "größe %",
)
STORED = (
    "Life_expectancy_2", "a_b_c_d__e____", "Life_expectancy_3", "life_expectancy", "_row_id_2",
    "a.b_`c`_'d'_$e\\", "größe_%"
)  # fmt: skip


@pytest.fixture
def target(tmp_path: Path) -> Destination:
    return Destination(str(tmp_path), "odd_predictions", "odd", 1, "run-1", "batch-1")


def scored(spark, columns):
    from pyspark.sql import functions as F

    frame = spark.createDataFrame(pa.table(columns))
    return frame.select(F.struct("*").alias("_row"), F.lit(1.5).alias("prediction"))


def columns_of(names, *cells):
    return {name: pa.array([f"{name}{cell}" for cell in cells]) for name in names}


def properties(spark, written):
    return dict(spark.sql(f"SHOW TBLPROPERTIES delta.`{written.location}`").collect())


def test_only_what_delta_forbids_is_replaced_and_equal_names_are_numbered():
    assert tuple(StoredNames().of(ODD, ["_row_id", "prediction"]).values()) == STORED
    assert StoredNames(exact=True).of(ODD) == {name: name for name in ODD}
    assert StoredNames().of(["A b", "a=b", "a_b_2"]) == {"A b": "A_b", "a=b": "a_b_3", "a_b_2": "a_b_2"}


def test_columns_of_a_table_that_is_there_keep_their_names_and_new_ones_take_none_of_them():
    known = StoredNames(known={"a b": "a_b_2", "a_b": "a_b", "x": "x"})
    assert known.of(["a b", "A_B", "a=b", "a_b_2"]) == {
        "a b": "a_b_2",
        "A_B": "a_b",
        "a=b": "a_b_3",
        "a_b_2": "a_b_2_2",
    }


def test_a_table_with_odd_names_is_read_alike_by_every_reader(spark, target):
    written = write_predictions(scored(spark, columns_of(ODD, 1, 2)), target)
    expected = {stored: [f"{name}1", f"{name}2"] for name, stored in zip(ODD, STORED, strict=True)}
    assert "delta.columnMapping.mode" not in (found := properties(spark, written))
    assert json.loads(found[PROPERTY]) == {s: n for n, s in zip(ODD, STORED, strict=True) if s != n}
    assert column_names(spark, target.root, target.table) == {n: s for n, s in zip(ODD, STORED, strict=True) if s != n}
    comments = {field.name: field.metadata.get("comment") for field in delta.read_table(spark, written.location).schema}
    assert comments["Life_expectancy_2"] == "Life expectancy"

    by_spark = delta.read_table(spark, written.location).toPandas()
    by_deltalake = DeltaTable(written.location).to_pandas()
    files = [str(file) for file in Path(written.location).glob("*.parquet")]
    by_pyarrow = pa.concat_tables([pq.read_table(file) for file in files]).to_pandas()
    by_duckdb = duckdb.sql(f"SELECT * FROM read_parquet({files!r})").df()
    for frame in (by_spark, by_deltalake, by_pyarrow, by_duckdb):
        assert {name: sorted(frame[name]) for name in STORED} == expected
        assert frame["prediction"].tolist() == [1.5, 1.5]


def test_a_table_keeps_its_names_and_takes_new_ones_by_the_same_rule(spark, target):
    first = write_predictions(scored(spark, columns_of(["a b", "a_b", "k"], 1)), replace(target, key=("a b",)))
    more = columns_of(["k", "a=b", 'it\'s $1 \\ "x"', "a_b", "a b"], 2)
    for names in ("exact", "safe"):  # what the spec says is for a table that is made
        again = replace(target, batch_id=f"b-{names}", names=names, key=("a b",))
        write_predictions(scored(spark, more), again)
    stored = {"a b": "a_b_2", "a=b": "a_b_3", 'it\'s $1 \\ "x"': 'it\'s_$1_\\_"x"'}
    assert column_names(spark, target.root, target.table) == stored
    rows = delta.read_table(spark, first.location).toPandas().sort_values("_row_id")
    assert rows["_row_id"].tolist() == ["a b1", "a b2"]
    assert rows["a_b_2"].tolist() == ["a b1", "a b2"]
    assert rows["a_b"].tolist() == ["a_b1", "a_b2"]
    assert rows["a_b_3"].tolist()[1] == "a=b2"
    assert sorted(DeltaTable(first.location).to_pandas()['it\'s_$1_\\_"x"'].dropna()) == ['it\'s $1 \\ "x"2']


def test_exact_names_are_kept_by_column_mapping_and_so_is_a_table_that_has_it(spark, target):
    first = write_predictions(scored(spark, columns_of(["a b"], 1)), replace(target, names="exact"))
    write_predictions(scored(spark, columns_of(["a b", "c d"], 2)), replace(target, batch_id="b-2"))
    rows = delta.read_table(spark, first.location)
    assert {"a b", "c d"} <= set(rows.columns)
    assert sorted(row[0] for row in rows.select("`a b`").collect()) == ["a b1", "a b2"]
    assert properties(spark, first)["delta.columnMapping.mode"] == "name"
    assert column_names(spark, target.root, target.table) == {}


def test_key_keep_and_layout_are_named_by_the_columns_own_names(spark, target):
    asked = replace(target, key=("row id",), keep=("row id", "the=kind"), partition_by=("the=kind",))
    columns = {"row id": [1, 2], "the=kind": ["x", "y"], "other": [1, 2]}
    first = write_predictions(scored(spark, columns), asked)
    changed = write_predictions(scored(spark, {**columns, "the=kind": ["x", "z"]}), replace(asked, batch_id="b-2"))
    assert (changed.rows, changed.duplicates) == (1, 1)
    assert DeltaTable(first.location).metadata().partition_columns == ["the_kind"]
    rows = DeltaTable(first.location).to_pandas().sort_values("_row_id")
    assert rows[["_row_id", "row_id", "the_kind"]].to_numpy().tolist() == [["1", 1, "x"], ["2", 2, "z"]]
    with pytest.raises(DataError, match="partitioned by the_kind, not by row id"):
        write_predictions(scored(spark, columns), replace(asked, batch_id="b-3", partition_by=("row id",)))


def test_fields_of_nested_columns_are_named_safely_too(spark, target):
    inner = pa.array([{"x y": 1, "x_y": {"p=q": [{"r s": "t"}]}}])
    written = write_predictions(scored(spark, {"n n": inner}), target)
    assert "delta.columnMapping.mode" not in properties(spark, written)
    (value,) = DeltaTable(written.location).to_pyarrow_table()["n_n"].to_pylist()
    assert value == {"x_y_2": 1, "x_y": {"p_q": [{"r_s": "t"}]}}
