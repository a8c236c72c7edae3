"""Copies, correlations and gaps of features, against pandas on the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spark_jobs.report.held_out import correlate, count_missing_together, find_renamed_levels, group_pairs

RNG = np.random.default_rng(11)
CELSIUS = RNG.normal(15, 8, 500)
CITIES = RNG.choice(["Köln", "Bonn", "Aachen"], 500)


def test_pairs_of_numbers_correlate_as_pandas_finds_them_where_both_have_a_value():
    frame = pd.DataFrame({
        "celsius": CELSIUS,
        "fahrenheit": CELSIUS * 1.8 + 32,
        "felt": -CELSIUS + RNG.normal(0, 3, 500),
        "year": 2013.0,
        "other": RNG.normal(size=500),
    })  # fmt: skip
    frame.loc[::3, "felt"] = np.nan
    frame.loc[5, "celsius"] = np.inf
    expected = frame.replace(np.inf, np.nan).corr()
    found = correlate(pa.Table.from_pandas(frame))
    assert {frozenset(pair[:2]) for pair in found} == {
        frozenset(pair) for pair in [("celsius", "fahrenheit"), ("celsius", "felt"), ("fahrenheit", "felt")]
    }
    for one, other, value in found:
        assert value == pytest.approx(expected.loc[one, other])
    assert found[0][:2] == ("celsius", "fahrenheit")


def test_large_values_that_hardly_vary_keep_their_correlation():
    frame = pd.DataFrame({"a": 1e9 + CELSIUS * 1e-3, "b": CELSIUS * 1e300, "c": RNG.normal(size=500)})
    assert [pair[:2] for pair in correlate(pa.Table.from_pandas(frame))] == [("a", "b")]


def test_few_rows_correlate_by_chance_and_are_not_reported():
    frame = pd.DataFrame({"a": CELSIUS[:29], "b": CELSIUS[:29]})
    assert correlate(pa.Table.from_pandas(frame)) == []
    assert len(correlate(pa.Table.from_pandas(pd.concat([frame, frame])))) == 1


def test_near_copies_of_each_other_are_one_group():
    pairs = [("a", "b", 0.999), ("c", "d", -0.995), ("b", "e", 0.992), ("d", "e", 0.98), ("f", "g", 0.9)]
    assert group_pairs(pairs) == [("a", "b", "e"), ("c", "d")]
    assert group_pairs([("a", "b", 1.0), ("c", "d", 1.0), ("b", "d", 1.0)]) == [("a", "b", "c", "d")]


def test_levels_under_other_names_are_found_and_a_null_is_a_level():
    renamed = {"Köln": "K", "Bonn": None, "Aachen": "AC"}
    plates = [renamed[city] for city in CITIES]
    once = ["AC" if plates[0] == "K" else "K", *plates[1:]]
    rows = pa.table({
        "city": CITIES, "plate": plates, "almost": once, "id": [str(i) for i in range(500)],
        "number": [f"n{i}" for i in range(500)], "rare": ["x"] * 491 + ["y"] * 9, "seldom": ["u"] * 491 + ["v"] * 9,
    })  # fmt: skip
    assert find_renamed_levels(rows) == [("city", "plate")]


def test_columns_that_miss_values_in_the_same_rows_are_counted_together():
    frame = pd.DataFrame({"a": [1.0, np.nan, np.nan, 4.0], "b": ["x", None, None, None], "c": [1.0, 2.0, 3.0, 4.0]})
    assert count_missing_together(pa.Table.from_pandas(frame)) == [(("a", "b"), 2), (("b",), 1)]
    assert count_missing_together(pa.Table.from_pandas(frame[["c"]])) == []
