from __future__ import annotations

import pytest
from pyspark.sql import functions as F

from spark_jobs.columns.casts import canonical_cells
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.spec import parse
from spark_jobs.training.split import split_rule

ROWS = 20_000
TYPES = {
    "x": ColumnType("x", "number", "number", ""),
    "group": ColumnType("group", "number", "number", "", integral=True),
    "at": ColumnType("at", "timestamp", "timestamp", ""),
    "part": ColumnType("part", "text", "category", ""),
}
RULES = {
    "hash": {},
    "again": {},
    "seed": {"seed": 7},
    "half": {"test": 0.5},
    "random": {"kind": "random"},
    "group": {"kind": "group", "column": "group"},
    "time": {"kind": "time", "column": "at", "test": 0.25},
    "column": {"kind": "column", "column": "part", "test_value": "HOLD out"},
    "plain": {"kind": "column", "column": "part"},
}


def rule(rows, split):
    return split_rule(parse({"source": "x.csv", "target": "y", "split": split}), TYPES, rows)


@pytest.fixture(scope="module")
def sides(session):
    """On which side each of 20,000 rows falls, by each rule."""
    rows = session.range(0, ROWS, 1, 2).select(
        F.col("id").cast("double").alias("x"),
        (F.col("id") % 500).alias("group"),
        F.timestamp_seconds(F.lit(1_600_000_000) + F.col("id") * 60).alias("at"),
        F.when(F.col("id") % 10 == 0, " hold OUT ").when(F.col("id") % 10 == 1, "Test").when(F.col("id") % 10 == 2, "1")
        .alias("part"),
        "id",
    )  # fmt: skip
    features = F.xxhash64(F.lit(0), *canonical_cells(rows, [TYPES["x"], TYPES["group"]]))
    columns = [rule(rows, split).is_test(rows, features, F.col("id")).alias(name) for name, split in RULES.items()]
    return rows.select("id", F.col("group").alias("street"), *columns).toPandas()


@pytest.mark.parametrize(
    ("name", "share"), [("hash", 0.2), ("seed", 0.2), ("half", 0.5), ("random", 0.2), ("group", 0.2)]
)
def test_the_share_is_about_what_was_asked(sides, name, share):
    spread = 4 * (share * (1 - share) / (500 if name == "group" else ROWS)) ** 0.5
    assert sides[name].mean() == pytest.approx(share, abs=spread)


def test_the_same_seed_gives_the_same_split_and_another_seed_another(sides):
    assert (sides.hash == sides.again).all()
    assert (sides.hash & sides.seed).mean() == pytest.approx(0.04, abs=0.006), "two seeds are independent"


def test_a_larger_test_part_holds_the_smaller_one(sides):
    assert sides.half[sides.hash].all()


def test_rows_of_one_group_stay_on_one_side(sides):
    assert (sides.groupby("street")["group"].nunique() == 1).all()
    assert (sides.groupby("street")["hash"].nunique() == 2).mean() > 0.9


def test_a_time_split_tests_with_the_latest_rows(sides):
    assert sides.time.mean() == pytest.approx(0.25, abs=0.001)
    assert sides.id[sides.time].min() > sides.id[~sides.time].max()


def test_a_column_says_which_rows_test_case_and_blanks_aside(sides):
    assert (sides.column.eq(True) == (sides.id % 10 == 0)).all()
    assert (sides.plain.eq(True) == (sides.id % 10).isin([1, 2])).all()


def test_a_column_that_is_not_there_or_no_time_is_refused(spark):
    rows = spark.range(1)
    with pytest.raises(DataError, match="no column 'grp'") as refused:
        rule(rows, {"kind": "group", "column": "grp"})
    assert refused.value.advice == "Did you mean 'group'?"
    with pytest.raises(DataError, match="'part' holds text"):
        rule(rows, {"kind": "time", "column": "part"})
