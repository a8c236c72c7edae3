from __future__ import annotations

import pytest
from pyspark.sql import functions as F

from spark_jobs.columns.casts import canonical_cells
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.spec import parse
from spark_jobs.training.duplicates import duplicates
from spark_jobs.training.staging import HASH, LABEL, NUMBER, identity

TYPES = {
    "a.b": ColumnType("a.b", "number", "number", ""),
    "kind": ColumnType("kind", "text", "category", ""),
    "seen": ColumnType("seen", "number", "number", ""),
    "y": ColumnType("y", "number", "number", ""),
}
SCHEMA = f"`{NUMBER}` long, `a.b` double, kind string, seen double, y double"
ROWS = [
    (0, 1.0, "x", 9.0, 5.0),
    (1, 1.0, "x", 9.0, 5.0),  # the first again
    (2, 1.0, "x", 9.0, 6.0),  # another target
    (3, -0.0, None, None, 5.0),
    (4, 0.0, None, None, 5.0),  # nulls are equal, and so are both zeros
    (5, 0.0, "", None, 5.0),  # an empty text is no null
    (6, 1.0, "x", 8.0, 5.0),  # seen apart
    (7, None, "x", 9.0, 5.0),
]


def found(spark, **keys):
    spec = parse({"source": "x.csv", "target": "y", **keys})
    rows = spark.createDataFrame(ROWS, SCHEMA).repartition(3)
    named = [TYPES[name] for name in identity(spec, TYPES)]
    staged = rows.withColumn(HASH, F.xxhash64(*canonical_cells(rows, named))).withColumn(LABEL, F.col("y"))
    return sorted(row[0] for row in duplicates(staged, spec, TYPES).collect())


@pytest.mark.parametrize(
    ("keys", "numbers"),
    [
        ({}, [1, 4]),
        ({"columns": {"ignore": ["seen"]}}, [1, 4, 6]),
        ({"key": ["kind"]}, [1, 4]),
        ({"key": ["seen"], "columns": {"ignore": ["seen"]}}, [1, 4, 6]),
        ({"clean": {"duplicates": {"by": ["kind"]}}}, [1, 2, 4, 6, 7]),
        ({"clean": {"duplicates": {"by": ["kind"], "order": "seen"}}}, [0, 1, 2, 4, 7]),
        ({"clean": {"duplicates": {"by": ["a.b", "kind"]}}}, [1, 2, 4, 6]),
    ],
)
def test_of_equal_rows_all_but_the_first_are_named(spark, keys, numbers):
    assert found(spark, **keys) == numbers


def test_rows_whose_hashes_collide_are_compared_whole(spark):
    spec = parse({"source": "x.csv", "target": "y"})
    rows = spark.createDataFrame(ROWS, SCHEMA)
    same = rows.withColumn(HASH, F.lit(1)).withColumn(LABEL, F.col("y"))
    assert sorted(row[0] for row in duplicates(same, spec, TYPES).collect()) == [1, 4]


def test_columns_that_are_not_there_are_refused(spark):
    for asked in ({"by": ["knd"]}, {"by": ["kind"], "order": "knd"}):
        with pytest.raises(DataError, match="'knd'") as refused:
            found(spark, clean={"duplicates": asked})
        assert refused.value.advice == "Did you mean 'kind'?"


def test_rows_that_differ_in_a_nested_column_only_are_no_duplicates(spark):
    rows = spark.createDataFrame(ROWS[:2], SCHEMA).selectExpr(
        "*", f"CASE WHEN `{NUMBER}` = 0 THEN array('a, b') ELSE array('a', 'b') END AS tags", "map('x', 1, 'y', 2) AS m"
    )
    types = TYPES | {name: ColumnType(name, "text", "unsupported", "") for name in ("tags", "m")}
    staged = rows.withColumn(HASH, F.lit(1)).withColumn(LABEL, F.col("y"))
    repeated = [
        duplicates(staged, parse({"source": "x.csv", "target": "y", **keys}), types).count()
        for keys in ({}, {"columns": {"ignore": ["tags"]}})
    ]
    assert repeated == [0, 1]
