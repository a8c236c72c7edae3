from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from spark_jobs.columns.names import col, quoted
from spark_jobs.columns.row_ids import with_streamed_ids
from spark_jobs.errors import DataError, JobError
from spark_jobs.tables import delta
from spark_jobs.tables.prediction_rows import Destination
from spark_jobs.tables.predictions import append_predictions, write_predictions
from spark_jobs.tables.quarantine import write_quarantine

ODD = "a.b `c` ☃, x"
STORED = "a.b_`c`_☃__x"  # as the table has it


@pytest.fixture
def target(tmp_path: Path) -> Destination:
    return Destination(str(tmp_path), "flights_predictions", "flights", 1, "run-1", "batch-1")


def scored(spark, rows, names=("id", ODD), factor=2.0):
    """Rows of an int and a text; the prediction is the int times the factor."""
    from pyspark.sql import functions as F

    # Arrow's way needs no Python worker, which a table of Python rows would start again for each of its uses.
    ids, texts = [row[0] for row in rows], [row[1] for row in rows]
    frame = spark.createDataFrame(pa.table({"id": pa.array(ids, "int32"), names[1]: pa.array(texts, "string")}))
    return frame.select(F.struct("*").alias("_row"), (F.col("id") * F.lit(factor)).alias("prediction"))


def content(spark, written):
    rows = delta.read_table(spark, written.location).select(
        "_row_id", "id", "prediction", "_model_version", "_batch_id"
    )
    return sorted(tuple(row) for row in rows.collect())


def test_each_row_is_there_once_a_version_however_often_it_is_scored(spark, target):
    rows = [(1, "x"), (1, "x"), (2, None), (None, "y")]
    first = write_predictions(scored(spark, rows), target)
    again = write_predictions(scored(spark, rows[::-1]), target)
    moved = write_predictions(scored(spark, rows[::-1]), replace(target, batch_id="other-path"))
    assert (first.outcome, first.rows, first.duplicates) == ("written", 4, 0)
    assert (again.outcome, again.rows, again.duplicates, again.version) == ("skipped_duplicate", 0, 4, None)
    assert (moved.outcome, moved.rows, moved.duplicates) == ("skipped_duplicate", 0, 4)
    before = content(spark, first)
    assert [row[1:] for row in before if row[1] == 1] == [(1, 2.0, 1, "batch-1")] * 2
    assert len({row[0] for row in before}) == 4

    more = write_predictions(scored(spark, [*rows, (1, "x"), (7, "z")]), replace(target, batch_id="grown"))
    assert (more.outcome, more.rows, more.duplicates) == ("written", 2, 4)

    second = write_predictions(scored(spark, rows, factor=3.0), replace(target, version=2, run_id="run-2"))
    assert (second.outcome, second.rows) == ("written", 4)
    after = content(spark, first)
    assert {row[0] for row in after if row[3] == 2} == {row[0] for row in before}
    assert sorted(row for row in after if row[3] == 1 and row[4] == "batch-1") == before

    lineage = (
        delta.read_table(spark, first.location).where("_model_version = 2").drop("_row_id", "id", STORED, "prediction")
    )
    assert {tuple(row)[:4] for row in lineage.collect()} == {("flights", 2, "run-2", "batch-1")}


def test_rescoring_replaces_the_rows_of_that_version_and_batch_alone(spark, target):
    from pyspark.sql import functions as F

    first = write_predictions(scored(spark, [(1, "x"), (2, "y")]), target)
    write_predictions(scored(spark, [(1, "x"), (9, "y")], factor=5.0), replace(target, version=2))
    write_predictions(scored(spark, [(8, "v")]), replace(target, batch_id="batch-2"))
    spark.sql(f"OPTIMIZE delta.{quoted(first.location)}")  # all in one file, of which a part is replaced
    again = write_predictions(scored(spark, [(1, "x"), (3, "y"), (8, "v")], factor=4.0), replace(target, rescore=True))
    assert (again.outcome, again.rows, again.duplicates) == ("written", 2, 1)
    assert sorted(row[1:] for row in content(spark, first)) == [
        (1, 4.0, 1, "batch-1"),
        (1, 5.0, 2, "batch-1"),
        (3, 12.0, 1, "batch-1"),
        (8, 16.0, 1, "batch-2"),
        (9, 45.0, 2, "batch-1"),
    ]
    # Rows deleted by hand: Delta would skip the same batch in silence, which must not look like success.
    spark.sql(f"DELETE FROM delta.{quoted(first.location)} WHERE _batch_id = 'batch-2'")
    with pytest.raises(JobError, match="its rows were deleted"):
        write_predictions(scored(spark, [(8, "v")]), replace(target, batch_id="batch-2"))
    assert write_predictions(scored(spark, [(8, "v")]), replace(target, batch_id="batch-2", rescore=True)).rows == 1
    comments = spark.sql(f"DESCRIBE TABLE delta.{quoted(first.location)}").where(F.col("col_name") == "_batch_id")
    assert comments.first()["comment"].startswith("The batch that was scored together")


def test_a_key_is_the_id_and_a_row_that_changed_is_replaced(spark, target):
    keyed = replace(target, key=("id", ODD), keep=("id",))
    rows = [(1, "a|b"), (1, "a#2"), (1, "a"), (1, "a"), (2, None)]
    first = write_predictions(scored(spark, rows), keyed)
    ids = {"1|a#|b", "1|a##2", "1|a", "1|a#2", "2|#null"}
    assert {row[0] for row in content(spark, first)} == ids
    newer = scored(spark, [(1, "a"), (1, "a"), (2, None), (3, "n")]).replace(4.0, -1.0, subset=["prediction"])
    changed = write_predictions(newer, replace(keyed, batch_id="batch-2"))
    assert (changed.outcome, changed.rows, changed.duplicates) == ("written", 2, 2)
    nothing = write_predictions(newer.limit(0), replace(keyed, batch_id="batch-3"))
    assert (nothing.outcome, nothing.rows, nothing.duplicates) == ("written", 0, 0)
    assert [row[:3] + row[4:] for row in content(spark, first)] == [
        ("1|a", 1, 2.0, "batch-1"),
        ("1|a##2", 1, 2.0, "batch-1"),
        ("1|a#2", 1, 2.0, "batch-1"),
        ("1|a#|b", 1, 2.0, "batch-1"),
        ("2|#null", 2, -1.0, "batch-2"),
        ("3|n", 3, 6.0, "batch-2"),
    ]


def test_a_table_holds_one_model_and_one_kind_of_prediction(spark, target):
    from pyspark.sql import functions as F

    write_predictions(scored(spark, [(1, "x")], ("id", "plain")), target)
    with pytest.raises(DataError, match="has predictions of the model 'flights', not of 'trains'"):
        write_predictions(scored(spark, [(1, "x")]), replace(target, model="trains"))
    labels = scored(spark, [(1, "x")]).withColumn("prediction", F.lit("yes"))
    with pytest.raises(DataError, match="stores `prediction` as double, but this model returns string"):
        write_predictions(labels, replace(target, version=2))
    with pytest.raises(DataError, match=r"column 'idd' is not in the data\.\nDid you mean 'id'"):
        write_predictions(scored(spark, [(1, "x")]), replace(target, version=2, key=("idd",)))
    with pytest.raises(JobError, match="is not a valid batch id"):
        write_predictions(scored(spark, [(1, "x")]), replace(target, batch_id="x' OR 1=1"))


def test_a_new_column_is_added_and_a_changed_type_is_cast_and_counted(spark, target):
    from pyspark.sql import functions as F

    first = write_predictions(scored(spark, [(1, "x")], ("id", "plain")), target)
    rows = spark.createDataFrame(pa.table({"id": ["5", "no"], "plain": ["x", "y"], ODD: [1.5, None]}))
    other = rows.select(F.struct("*").alias("_row"), F.lit(1.0).alias("prediction"))
    written = write_predictions(other, replace(target, batch_id="batch-2"))
    assert (written.rows, written.lost) == (2, {"id": 1})
    table = delta.read_table(spark, first.location)
    assert sorted(map(tuple, table.select("id", "plain", col(STORED)).collect()), key=str) == [
        (1, "x", None),
        (5, "x", 1.5),
        (None, "y", None),
    ]


def test_an_empty_batch_writes_nothing_and_says_so(spark, target):
    first = write_predictions(scored(spark, []), target)
    assert (first.outcome, first.rows, first.duplicates) == ("written", 0, 0)
    again = write_predictions(scored(spark, []), target)
    assert (again.outcome, again.rows, again.duplicates) == ("written", 0, 0)


def test_numbers_that_a_table_of_before_rounds_are_counted(spark, target):
    from pyspark.sql import functions as F

    def batch(cells, kind):
        rows = spark.createDataFrame(pa.table({"id": pa.array(cells, kind)}))
        return rows.select(F.struct("*").alias("_row"), F.lit(1.0).alias("prediction"))

    keyed = replace(target, key=("id",))
    write_predictions(batch([1.0], pa.float64()), keyed)
    written = write_predictions(batch([2**53 + 1, 2], pa.int64()), replace(keyed, batch_id="wide"))
    assert (written.rows, written.lost) == (2, {"id": 1})
    found = delta.read_table(spark, written.location).select("_row_id").collect()
    assert {row[0] for row in found} == {"1", "2", str(2**53 + 1)}


def test_ids_do_not_depend_on_how_numbers_are_stored(spark):
    from pyspark.sql import functions as F

    from spark_jobs.columns.row_ids import with_row_ids

    rows = spark.createDataFrame(pa.table({"n": [1, 2**53 + 1, 2**53], "s": ["x", "x", "x"]}))
    as_long = with_row_ids(rows.select(F.struct("*").alias("_row")))
    as_decimal = with_row_ids(rows.select(F.struct(F.col("n").cast("decimal(20,0)").alias("n"), "s").alias("_row")))
    small = rows.where("n = 1").select(F.struct(F.col("n").cast("double").alias("n"), "s").alias("_row"))
    keyed = with_row_ids(small, ["n"])
    ids = {row[0]: row[1] for row in as_long.select("_row.n", "_row_id").collect()}
    assert len({identifier.split("-")[0] for identifier in ids.values()}) == 3
    assert {row[0] for row in as_decimal.select("_row_id").collect()} == set(ids.values())
    assert keyed.first()["_row_id"] == "1"


def test_rows_whose_cells_are_missing_in_other_places_have_other_ids(spark):
    from pyspark.sql import functions as F

    from spark_jobs.columns.row_ids import with_row_ids

    names = [f"c{place}" for place in range(70)]
    cells = [[7.0 if place == there else None for place in range(70)] for there in range(70)]
    rows = spark.createDataFrame(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in cells]))
    whole = [rows.select(F.struct("*").alias("_row")), rows.select(F.struct(*reversed(names)).alias("_row"))]
    hashes = [{row[0].split("-")[0] for row in with_row_ids(one).select("_row_id").collect()} for one in whole]
    assert len(hashes[0]) == len(hashes[1]) == 70
    assert not hashes[0] & hashes[1], "the names count"


def test_writing_the_same_again_needs_no_new_code(spark, target):
    """What differs from write to write, such as the moment, is no constant in the code that Spark makes for rows."""
    compiled = spark._jvm.org.apache.spark.metrics.source.CodegenMetrics.METRIC_COMPILATION_TIME()
    scored(spark, [(1, "x"), (2, "y")]).write.parquet(f"{target.root}/rows")
    rows = spark.read.parquet(f"{target.root}/rows")  # no code is made for rows that stand in the plan
    bad = rows.selectExpr("'x' _raw", "array('y') _reasons", "'z' _source")
    before, later = [], datetime.now(UTC)
    for number in range(3):
        before.append(compiled.getCount())
        written = append_predictions(
            with_streamed_ids(rows, (), number), replace(target, batch_id=f"q-{number}"), delta.Txn("q", number)
        )
        write_quarantine(bad, target.root, "flights", f"q-{number}", delta.Txn("q/quarantine", number))
    assert compiled.getCount() == before[-1], "the third write made code"
    moments = delta.read_table(spark, written.location).selectExpr("unix_micros(_scored_at) / 1e6").collect()
    assert all(0 <= row[0] - later.timestamp() < 60 for row in moments)
    assert len(set(moments)) == 3


def test_a_new_table_is_laid_out_by_the_columns_asked_for_and_holds_the_same_rows(spark, target):
    rows = [(1, "x"), (1, "x"), (2, None), (3, "x/y=z")]
    laid_out = replace(target, partition_by=(ODD,))
    first = write_predictions(scored(spark, rows), laid_out)
    again = write_predictions(scored(spark, rows), laid_out)
    more = write_predictions(scored(spark, [*rows, (9, "new")]), replace(laid_out, batch_id="grown"))
    assert [(one.outcome, one.rows) for one in (first, again, more)] == [
        ("written", 4),
        ("skipped_duplicate", 0),
        ("written", 1),
    ]
    table = delta.read_table(spark, first.location)
    kept = [tuple(row) for row in table.select("id", col(STORED), "prediction").collect()]
    assert sorted(kept, key=str) == sorted([(one, text, one * 2.0) for one, text in [*rows, (9, "new")]], key=str)
    assert delta.partition_columns(spark, first.location) == (STORED,)
    files = [file for file in Path(first.location).rglob("*.parquet") if "_delta_log" not in file.parts]
    assert all(file.parent != Path(first.location) for file in files), "each value has a folder of its own"
    told = {field.name: field.metadata.get("comment") for field in table.schema}
    assert all(told[name] for name in told if name != "id"), "the columns have their comments"


def test_a_table_that_is_laid_out_otherwise_is_refused_by_name_and_left_as_it_is(spark, target):
    first = write_predictions(scored(spark, [(1, "x")]), target)
    before = content(spark, first)
    with pytest.raises(DataError, match="is partitioned by no column, not by id") as refused:
        write_predictions(scored(spark, [(2, "y")]), replace(target, batch_id="b2", partition_by=("id",)))
    assert "predictions.table" in refused.value.advice
    assert content(spark, first) == before


def test_a_table_keeps_its_layout_where_none_is_asked_for(spark, target):
    write_predictions(scored(spark, [(1, "x")]), replace(target, partition_by=("id",)))
    more = write_predictions(scored(spark, [(2, "y")]), replace(target, batch_id="b2"))
    assert (more.rows, delta.partition_columns(spark, more.location)) == (1, ("id",))


def test_a_column_to_lay_out_by_that_is_not_there_is_refused_by_name(spark, target):
    with pytest.raises(DataError, match="column 'ids'"):
        write_predictions(scored(spark, [(1, "x")]), replace(target, partition_by=("ids",)))
