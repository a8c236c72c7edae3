from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.profile.batch import ScanOptions, Target, profile_column
from spark_jobs.profile.levels import LevelCounts
from spark_jobs.profile.profile import Profile

RANDOM = np.random.default_rng(3)


def test_missing_nan_and_infinite_are_counted_apart() -> None:
    values = pa.array([1.0, None, float("nan"), float("inf"), -float("inf"), 3.0])
    column = profile_column("x", "double", values, ScanOptions(), None)
    assert (column.rows, column.missing, column.nan, column.infinite, column.present) == (6, 1, 1, 2, 2)
    assert column.numbers is not None
    assert (column.numbers.min, column.numbers.max, column.numbers.mean) == (1.0, 3.0, 2.0)


def test_a_number_goes_with_the_target_as_numpy_says() -> None:
    x = RANDOM.normal(size=2000)
    y = 3 * x + RANDOM.normal(size=2000)
    x[::7] = np.nan
    batches = [slice(0, 700), slice(700, 2000)]
    parts = [
        profile_column("x", "double", pa.array(x[s], from_pandas=True), ScanOptions(), Target(y[s])) for s in batches
    ]
    there = ~np.isnan(x)
    whole = reduce(add, parts)
    assert whole.target_association is not None
    assert whole.target_association.correlation == pytest.approx(abs(np.corrcoef(x[there], y[there])[0, 1]), rel=1e-12)


def test_levels_carry_rows_and_classes() -> None:
    levels = pa.array(["a", "b", "a", None, "b", "b"])
    classes = np.array([0, 2, 0, 1, 1, 2], dtype=np.float64)
    column = profile_column("c", "string", levels, ScanOptions(missing_level="(missing)"), Target(classes, 3))
    assert column.levels is not None
    table = {level: sums.tolist() for level, sums in column.levels.table.items()}
    assert table == {"a": [2, 2, 0, 0], "b": [3, 0, 1, 2], "(missing)": [1, 0, 1, 0]}
    assert column.missing == 1


def test_too_many_levels_keep_the_most_frequent_and_say_so() -> None:
    texts = ["often"] * 50 + ["twice"] * 2 + [f"once {i}" for i in range(20)]
    column = profile_column("c", "string", pa.array(texts), ScanOptions(levels=2), None)
    assert column.levels is not None
    assert column.levels.counts == {"often": 50, "twice": 2}
    assert not column.levels.complete
    assert column.levels.dropped == 20
    assert column.distinct == 22


def test_adding_prunes_to_the_limit_again() -> None:
    one = LevelCounts.of(["a", "b"], np.array([[5.0], [1.0]]), 2)
    other = LevelCounts.of(["a", "c"], np.array([[1.0], [3.0]]), 2)
    both = one + other
    assert both.counts == {"a": 6, "c": 3}
    assert both.dropped == 1


def test_a_profile_survives_being_stored() -> None:
    columns = {
        "x": profile_column("x", "double", pa.array(RANDOM.normal(size=100)), ScanOptions(), Target(np.ones(100))),
        "c": profile_column("c", "string", pa.array(["é", None] * 50), ScanOptions(type_counts=True), None),
        "gone": profile_column("gone", "double", pa.nulls(100), ScanOptions(), None),
    }
    profile = Profile(100, columns)
    assert Profile.from_json(profile.to_json()).to_json() == profile.to_json()


def test_profiles_of_other_columns_do_not_add_up() -> None:
    one = Profile(1, {"x": profile_column("x", "double", pa.array([1.0]), ScanOptions(), None)})
    other = Profile(1, {"y": profile_column("y", "double", pa.array([1.0]), ScanOptions(), None)})
    with pytest.raises(ValueError, match="only one has x, y"):
        one + other
