"""What row rules take out and what is then known of the rest, against rows counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import functions as F

from spark_jobs.columns.types import ColumnType
from spark_jobs.plan import LearningTask
from spark_jobs.runtime.session import counting_jobs
from spark_jobs.spec import parse
from spark_jobs.training.staging import LABEL
from spark_jobs.training.training_profile import load_training_profile, profile_training_rows

TYPES = {
    "x": ColumnType("x", "number", "number", ""),
    "kind": ColumnType("kind", "text", "category", ""),
    "y": ColumnType("y", "number", "number", ""),
}
PROBLEM = LearningTask("regression", "y")
X = np.arange(100.0)
X[[3, 50]] = 10_000, -9_000  # beyond 3 IQRs
MISSING = 7


@pytest.fixture(scope="module")
def rows(session):
    values = [(None if i == MISSING else float(x), "ab"[i % 2] if i % 10 else None, float(i)) for i, x in enumerate(X)]
    return session.createDataFrame(values, "x double, kind string, y double").withColumn(LABEL, F.col("y"))


def training_profile(rows, **clean):
    spec = parse({"source": "x.csv", "target": "y", "clean": clean})
    return profile_training_rows(rows, spec, TYPES, PROBLEM), spec


def test_outliers_are_dropped_by_bounds_of_all_training_rows_and_profiled_without(spark, rows):
    found, spec = training_profile(rows, outliers={"rule": "iqr", "action": "drop"})
    known = np.delete(X, MISSING)
    low, high = np.quantile(known, [0.25, 0.75], method="inverted_cdf")
    assert found.drops["x"] == pytest.approx((low - 3 * (high - low), high + 3 * (high - low)), abs=4)
    assert (found.outliers, found.dropped, found.rows.count()) == (2, 0, 98)
    assert found.profile["x"].numbers.count == 97
    assert found.profile["x"].numbers.mean == pytest.approx(np.delete(X, [3, 50, MISSING]).mean())
    again = load_training_profile(rows, spec, TYPES, found.profile, found.drops, found.outliers, found.dropped)
    assert again.rows.count() == 98


def test_clipped_outliers_stay_and_change_the_moments_that_scaling_reads(spark, rows):
    found, _ = training_profile(rows, outliers={"rule": "iqr", "action": "clip"})
    assert (found.outliers, found.rows.count()) == (0, 100)
    numbers, cleaned = found.profile["x"].numbers, found.profile["x"].cleaned
    assert (numbers.min, numbers.max) == (-9_000, 10_000)
    assert -200 < cleaned.min < 0 < 100 < cleaned.max < 300
    clipped = np.clip(np.delete(X, MISSING), cleaned.min, cleaned.max)
    assert cleaned.mean == pytest.approx(clipped.mean())
    assert cleaned.std == pytest.approx(clipped.std(ddof=1))


def test_nulled_outliers_are_missing_from_the_moments(spark, rows):
    found, _ = training_profile(rows, outliers={"rule": "iqr", "action": "null"})
    cleaned = found.profile["x"].cleaned
    assert cleaned.count == 97
    assert cleaned.mean == pytest.approx(np.delete(X, [3, 50, MISSING]).mean())


def test_rows_with_a_missing_value_are_dropped_and_counted_where_that_was_asked(spark, rows):
    found, _ = training_profile(rows, missing={"categorical": "drop", "numeric": "drop"})
    assert (found.dropped, found.outliers, found.rows.count()) == (11, 0, 89)
    assert found.profile.rows == 89
    assert found.profile["kind"].missing == 0


def test_without_row_rules_every_training_row_is_learned_from(spark, rows):
    found, _ = training_profile(rows)
    assert (found.dropped, found.outliers, found.profile.rows) == (0, 0, 100)
    assert found.profile["x"].missing == 1
    assert found.profile["x"].cleaned is None


def test_clipping_costs_no_second_pass_where_the_first_rows_foresaw_the_bounds(spark, session):
    values = np.random.default_rng(3).normal(10, 2, 4_000)
    values[::200] *= 50
    table = session.createDataFrame([(float(x), "a", 0.0) for x in values], "x double, kind string, y double")
    rows = table.withColumn(LABEL, F.col("y"))
    with counting_jobs(session) as plain:
        training_profile(rows)
    with counting_jobs(session) as clipping:
        found, _ = training_profile(rows, outliers={"rule": "iqr", "action": "clip"})
    assert clipping.count == plain.count
    cleaned = found.profile["x"].cleaned
    clipped = np.clip(values, cleaned.min, cleaned.max)
    assert cleaned.max < 30 < values.max()
    assert cleaned.mean == pytest.approx(clipped.mean(), rel=1e-12)
    assert cleaned.std == pytest.approx(clipped.std(ddof=1), rel=1e-12)
