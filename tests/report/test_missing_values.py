"""Missing values are counted by column, with a hint at columns that miss the same rows."""

from __future__ import annotations

import re

import numpy as np
from report_contexts import number_column

from spark_jobs.features import NumberInput
from spark_jobs.profile.profile import Profile
from spark_jobs.report.missing_values import format_names, render_missing_values


def profile(**gaps):
    found = [number_column(name, np.arange(100.0 - gap), gap) for name, gap in gaps.items()]
    return Profile(100, {column.name: column for column in found})


def cells(markup):
    return [re.findall(r">([^<>]+)<", row) for row in re.findall(r"<tr>(.*?)</tr>", markup)]


def test_the_column_that_misses_the_most_comes_first():
    found = render_missing_values(profile(few=1, none=0, many=60), {"many": NumberInput("n0", "many", fill=3.5)})
    assert cells(found) == [
        ["Column", "Missing values", "Share", "Replaced by"],
        ["many", "60", "60 %", "3.5"],
        ["few", "1", "1.0 %", "not used"],
    ]


def test_columns_that_miss_equally_many_rows_are_named_together():
    found = render_missing_values(profile(x=10, y=10, z=9))
    assert "&#x27;x&#x27; and &#x27;y&#x27; miss the same number of rows (10), perhaps the same rows." in found
    assert "Replaced by" not in found


def test_a_table_without_gaps_has_no_section():
    assert render_missing_values(profile(x=0)) == ""


def test_very_many_names_end_with_how_many_more_there_are():
    assert format_names([f"c{i}" for i in range(25)]).endswith("'c19' and 5 more columns")
