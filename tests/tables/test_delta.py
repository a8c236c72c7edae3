from __future__ import annotations

import pytest

from spark_jobs.columns.names import quoted
from spark_jobs.errors import SpecError
from spark_jobs.tables import delta


@pytest.mark.parametrize("name", ["", "..", "a/b", "a.b", "a b", "-a", "a`b", "a" * 129, "ä"])
def test_a_table_name_cannot_leave_its_folder(name):
    with pytest.raises(SpecError, match="may have only A-Z"):
        delta.table_path("/root", name)


def test_tables_lie_under_the_root(tmp_path):
    assert delta.table_path(str(tmp_path), "a_b-1") == f"{tmp_path}/tables/a_b-1"
    assert delta.table_path("s3://bucket/x/", "a") == "s3://bucket/x/tables/a"


def test_a_write_is_done_once_and_says_which_it_was(spark, tmp_path):
    path = str(tmp_path / "it's a table")
    rows = spark.range(3).toDF("n")
    assert not delta.exists(spark, path)
    first = delta.append(rows, path, once="a")
    second = delta.append(rows, path, once="a")
    other = delta.append(rows, path, once="b")
    assert (first.version, first.rows, second, other.version, other.rows) == (0, 3, None, 1, 3)
    assert delta.read_table(spark, path).count() == 6


def test_column_mapping_is_on_only_where_a_name_needs_it(spark, tmp_path):
    from pyspark.sql import functions as F

    plain, odd = str(tmp_path / "plain"), str(tmp_path / "odd")
    delta.append(spark.range(1).select(F.lit(1).alias("a.b`c")), plain)
    delta.append(spark.range(1).select(F.struct(F.lit(1).alias("x y")).alias("s")), odd)
    mode = {
        path: spark.sql(f"DESCRIBE DETAIL delta.{quoted(path)}").first()["properties"].get("delta.columnMapping.mode")
        for path in (plain, odd)
    }
    assert mode == {plain: None, odd: "name"}
