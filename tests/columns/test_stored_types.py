"""Stored types that no step can use."""

from __future__ import annotations

from spark_jobs.columns.stored_types import storable
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec.models import Source

_ODD = """
SELECT INTERVAL '1' DAY AS d, INTERVAL '2' YEAR AS y, make_interval(0, 1) AS c, TIME'12:30:00' AS t,
       parse_json('{"a":1}') AS v, NULL AS n, array(NULL) AS an, named_struct('i', INTERVAL '1' DAY) AS s,
       'x' COLLATE UNICODE_CI AS co, map('a', 1) AS m, X'00ff' AS b, 1 AS id, named_struct('a', 1) AS plain
"""


def test_types_that_delta_cannot_hold_become_text(spark, tmp_path):
    rows, lost = storable(spark.sql(_ODD))
    found = rows.first().asDict()
    assert {name: found[name] for name in ("d", "y", "t", "v", "n", "an", "s", "co")} == {
        "d": "INTERVAL '1' DAY", "y": "INTERVAL '2' YEAR", "t": "12:30:00", "v": '{"a":1}', "n": None,
        "an": "[null]", "s": '{"i":"INTERVAL \'1\' DAY"}', "co": "x",
    }  # fmt: skip
    assert sorted(lost) == ["an", "c", "d", "s", "t", "v", "y"]
    assert dict(rows.dtypes)["m"] == "map<string,int>"
    rows.write.format("delta").save(str(tmp_path / "d"))
    rows.write.parquet(str(tmp_path / "p"))


def test_a_view_names_the_types_that_no_step_can_use(spark):
    spark.sql(_ODD).createOrReplaceTempView("odd_types")
    table = read_source(Source(table="odd_types"), spark)
    assert table.unusable["t"] == "time(6)"
    assert table.unusable["v"] == "variant"
    assert table.fingerprint == read_source(Source(table="odd_types"), spark).fingerprint
