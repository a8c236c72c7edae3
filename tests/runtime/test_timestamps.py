"""Timestamps in our tables, as other readers of Delta see them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import deltalake
import pyarrow.parquet as pq

from spark_jobs.runtime.timestamps import MICROSECONDS
from spark_jobs.sources.snapshot import snapshot
from spark_jobs.tables import delta

FAR = [
    datetime(1, 1, 1),
    datetime(1582, 10, 10),
    datetime(1850, 6, 1, 1, 2, 3),
    datetime(9999, 12, 31, 23, 59, 59, 999999),
]
_SQL = "SELECT explode(array({})) AS at, DATE'0001-01-01' AS day"


def test_a_table_holds_microseconds_also_in_a_session_that_writes_int96(spark, tmp_path):
    strange = spark.newSession()
    for name, value in zip(MICROSECONDS, ("INT96", "LEGACY", "LEGACY"), strict=True):
        strange.conf.set(name, value)
    rows = strange.sql(_SQL.format(", ".join(f"TIMESTAMP'{at}'" for at in FAR))).coalesce(1)
    delta.append(rows, str(tmp_path / "t"))
    found = deltalake.DeltaTable(str(tmp_path / "t")).to_pyarrow_table()
    assert [at.as_py() for at in found["at"]] == [at.replace(tzinfo=UTC) for at in FAR]
    assert set(found["day"].to_pylist()) == {date(1, 1, 1)}
    (file,) = (tmp_path / "t").glob("*.parquet")
    assert {column.physical_type for column in pq.ParquetFile(file).schema if column.name == "at"} == {"INT64"}
    assert [strange.conf.get(name) for name in MICROSECONDS] == ["INT96", "LEGACY", "LEGACY"]


def test_a_snapshot_keeps_years_from_1_to_9999(spark):
    rows = spark.sql(_SQL.format(", ".join(f"TIMESTAMP'{at}'" for at in FAR)))
    copy = snapshot(rows)
    assert (
        copy.selectExpr("unix_micros(at)", "unix_date(day)").collect()
        == rows.selectExpr("unix_micros(at)", "unix_date(day)").collect()
    )
    assert Path(copy.inputFiles()[0].removeprefix("file:")).is_file()
