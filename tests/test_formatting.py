"""Numbers, shares, durations and counts read as people write them, and JSON as its readers expect."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from spark_jobs.formatting import (
    format_count,
    format_duration,
    format_metrics,
    format_number,
    format_percent,
    to_jsonable,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (12.0, "12"),
        (0.123456, "0.1235"),
        (43.2109, "43.21"),
        (65432.1, "65,432"),
        (1.5e-9, "1.5e-09"),
        (-0.25, "-0.25"),
        (1e300, "1e+300"),
        (math.inf, "∞"),
        (None, "\u2013"),
        (math.nan, "\u2013"),
        (9999.7, "10,000"),
        (-1234.56, "-1,235"),
        (float("-inf"), "-∞"),
        (True, "1"),
    ],
)
def test_a_number_reads_as_people_write_it(value, text):
    assert format_number(value) == text


def test_shares_do_not_hide_what_is_rare():
    pairs = {(1, 4): "25 %", (0, 9): "0 %", (1, 100_000): "< 0.1 %", (99_999, 100_000): "> 99.9 %", (1, 20): "5.0 %",
             (66, 1): "6,600 %", (0, 0): "\u2013"}  # fmt: skip
    assert {pair: format_percent(*pair) for pair in pairs} == pairs


def test_a_share_may_be_given_as_one_number():
    assert [format_percent(share) for share in (0, 0.0004, 0.0949, 0.095, 0.2, 1)] == [
        "0 %", "< 0.1 %", "9.5 %", "9.5 %", "20 %", "100 %"
    ]  # fmt: skip


def test_more_digits_tell_close_numbers_apart():
    assert [format_number(value, 6) for value in (12345.678, 123456.7, 0.1234567, 3.0)] == [
        "12345.7", "123,457", "0.123457", "3"
    ]  # fmt: skip


def test_counts_and_metrics_name_what_they_count():
    assert [format_count(count, "row") for count in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]
    assert format_metrics({"rmse": 12345.678, "r2": 0.98765, "mape": math.nan}) == "rmse 12,346, r2 0.9877, mape \u2013"


def test_a_duration_has_minutes_from_a_minute_on():
    assert [format_duration(seconds) for seconds in (0.04, 9.96, 59.94, 60, 605.9, 3661)] == [
        "0.0 s", "10.0 s", "59.9 s", "1:00 min", "10:05 min", "61:01 min"
    ]  # fmt: skip


def test_any_tree_of_values_becomes_strict_json():
    tree = {
        1: np.array([[1.5, np.nan]]), "b": np.int64(3), "c": (np.bool_(True), None, "x"), "d": np.float64("inf"),
        "e": Path("a/b"), "f": {"rmse": math.nan, "r2": 0.5},
    }  # fmt: skip
    common = {"1": [[1.5, None]], "b": 3, "c": [True, None, "x"], "e": "a/b"}
    kept = to_jsonable(tree)
    assert kept == {**common, "d": None, "f": {"rmse": None, "r2": 0.5}}
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    assert to_jsonable(tree, omit=True) == {**common, "f": {"r2": 0.5}}
