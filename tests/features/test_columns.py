"""The graph's first step: raw columns as numbers and positions."""

from __future__ import annotations

import numpy as np
import pytest
from run_graph import ran

from spark_jobs.columns.types import ColumnType
from spark_jobs.features import EMPTY, MISSING, CategoryInput, NumberInput
from spark_jobs.features.calendar import TimezoneTable
from spark_jobs.features.columns import flag, numbers, position, raw_number, shifted
from spark_jobs.ops.arithmetic import multiply, number

SENTINEL = "⟨null⟩"
NUMBER, BOOLEAN = (ColumnType("x", kind, kind, "") for kind in ("number", "boolean"))
TEXT, DATE = ColumnType("x", "text", "category", ""), ColumnType("x", "date", "date", "")
UTC = TimezoneTable()


def category(levels, **keys):
    return CategoryInput("c0", "x", tuple(levels), "one_hot", **keys)


def positions(one, texts):
    return ran(lambda x: number(position(one, TEXT, x, UTC, SENTINEL)), np.array(texts, dtype=object)).tolist()


def test_a_number_that_is_not_finite_is_missing_and_a_boolean_is_nothing_but_0_or_1():
    given = [0.0, 1.0, 2.0, -1.0, np.nan, np.inf, -np.inf]
    nothing = np.nan
    np.testing.assert_array_equal(ran(lambda x: raw_number(x, NUMBER), given), [0, 1, 2, -1, *[nothing] * 3])
    np.testing.assert_array_equal(ran(lambda x: raw_number(x, BOOLEAN), given), [0, 1, *[nothing] * 5])


def test_of_several_numbers_each_that_is_not_finite_is_missing_and_no_other():
    inputs = [NumberInput("n0", "x"), NumberInput("n1", "y", bounds=(-1.0, 2.0))]
    given = [1e308, np.nan, np.inf, -np.inf]
    types = {"x": NUMBER, "y": NUMBER}
    found = ran(lambda x: numbers(inputs, types, {"x": x, "y": multiply(x, 0.0)}, UTC), given)
    np.testing.assert_array_equal(found, [[1e308, 0.0], *[[np.nan, np.nan]] * 3])


@pytest.mark.parametrize(("outside", "low", "high"), [("clip", -1.0, 2.0), ("null", np.nan, np.nan)])
def test_bounds_clip_or_make_missing_and_hold_themselves(outside, low, high):
    inputs = [NumberInput("n0", "x", bounds=(-1.0, 2.0), outside=outside), NumberInput("n1", "x")]
    given = [-1.0, 2.0, np.nextafter(-1.0, -2), np.nextafter(2.0, 3), 1e300, np.nan]
    found = ran(lambda x: numbers(inputs, {"x": NUMBER}, {"x": x}, UTC), given)
    np.testing.assert_array_equal(found[:, 0], [-1.0, 2.0, low, high, high, np.nan])
    np.testing.assert_array_equal(found[:, 1], given)


def test_a_shift_is_taken_off_each_number_by_itself():
    inputs = [NumberInput("n0", "x", shift=1e9), NumberInput("n1", "x")]
    found = ran(lambda x: shifted(numbers(inputs, {"x": NUMBER}, {"x": x}, UTC), inputs), [1e9 + 0.5])
    assert found.tolist() == [[0.5, 1e9 + 0.5]]


def test_null_takes_the_place_of_its_filling_and_empty_text_that_of_its_name():
    texts = [SENTINEL, "", "a", "b", "(missing)", "(empty)", "A", " a", SENTINEL * 2]
    assert positions(category(["a", "b"]), texts) == [2, 2, 0, 1, 2, 2, 2, 2, 2]
    assert positions(category([EMPTY, MISSING, "a", "b"]), texts) == [1, 0, 2, 3, 1, 0, 4, 4, 4]
    assert positions(category(["a", "b"], fill="b"), texts) == [1, 2, 0, 1, 2, 2, 2, 2, 2]


def test_a_part_of_a_date_is_a_level_by_its_number():
    one = category(["10", "2", MISSING], part="month")
    days = [86_400.0 * day for day in (31, 59, 273)]  # 1 February, 1 March and 1 October 1970
    found = ran(lambda x: number(position(one, DATE, x, UTC, SENTINEL)), [*days, np.nan])
    assert found.tolist() == [1, 3, 0, 2]


def test_flags_are_set_where_a_value_is_missing_and_nowhere_else():
    texts = np.array([SENTINEL, "", "a"], dtype=object)
    assert ran(lambda x: flag(category(["a"]), TEXT, x, UTC, SENTINEL), texts).tolist() == [1, 0, 0]
    parts = category(["1"], part="month")
    assert ran(lambda x: flag(parts, DATE, x, UTC, SENTINEL), [np.nan, 0.0]).tolist() == [1, 0]
