"""The data section describes the training rows: correlations, copies and dates."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import numpy as np
import pyarrow as pa
import pytest
from report_contexts import context, number_column, regression

from spark_jobs.columns.types import ColumnType
from spark_jobs.features import NumberInput
from spark_jobs.plan import PlannedColumn
from spark_jobs.profile.profile import Profile
from spark_jobs.profile.target_association import TargetAssociation
from spark_jobs.report.data_section import compute_correlation, render_data

X, NOISE = np.random.default_rng(8).normal(size=(2, 500))
Y = -2 * X + np.random.default_rng(9).normal(size=500)


def related(name, x, y=Y):
    return replace(number_column(name, x), target_association=TargetAssociation.of(x, y.reshape(len(x), -1)))


def given(columns, inputs, planned=()):
    made = context(regression(), profile=Profile(500, {column.name: column for column in columns}))
    return replace(made, plan=replace(made.plan, inputs=inputs, columns=planned))


def test_a_correlation_has_its_sign():
    assert compute_correlation(related("x", X)) == pytest.approx(np.corrcoef(X, Y)[0, 1])
    assert compute_correlation(related("constant", np.ones(500))) is None
    assert compute_correlation(number_column("alone", X)) is None


def test_of_several_classes_the_strongest_correlation_counts():
    both = np.column_stack([np.random.default_rng(4).normal(size=500), Y])
    assert compute_correlation(related("x", X, both)) == pytest.approx(np.corrcoef(X, Y)[0, 1])


def test_copies_among_the_inputs_are_a_warning():
    inputs = (NumberInput("n0", "a"), NumberInput("n1", "b"))
    text = render_data(given([related("a", X), related("b", X), related("unused", X)], inputs))
    assert "&#x27;a&#x27; and &#x27;b&#x27; appear to hold the same information." in text
    assert "unused&#x27;" not in text


def test_near_copies_renamed_levels_and_correlations_are_those_of_the_held_out_rows():
    colours = ["red", "green", "blue", "blue"] * 125
    rows = pa.table({
        "a": X, "b": X + 0.05 * Y, "c": Y, "d": Y + NOISE, "colour": colours, "code": [one[0] for one in colours],
    })  # fmt: skip
    text = unescape(render_data(replace(given([related("a", X), related("b", X)], ()), held_out=rows)))
    told = "'a' and 'b' are nearly the same: they correlate by more than 0.99 in 500 test rows. Keep one of them."
    assert told in text
    assert "'colour' and 'code' are the same under other names" in text
    assert text.count("Keep one of them.") == 2
    assert f"{np.corrcoef(Y, Y + NOISE)[0, 1]:+.3f}" in text


def test_columns_that_miss_values_in_the_same_rows_are_listed_with_their_share():
    gap = np.where(np.arange(500) < 50, np.nan, X)
    alone = np.where(np.arange(500) == 499, np.nan, X)
    columns = [number_column("a", X[50:], 50), number_column("b", X[50:], 50)]
    text = render_data(replace(given(columns, ()), held_out=pa.table({"a": gap, "b": gap, "c": alone})))
    assert "Columns missing together, in 500 test rows" in text
    assert "<td>a, b</td>" in text
    assert "<td>c</td>" not in text  # it misses a value alone
    assert "perhaps the same rows" not in text


def test_elapsed_days_read_as_dates():
    day = PlannedColumn(ColumnType("day", "date", "date", "dates"), "feature", "")
    column = number_column("day ▸ elapsed", 15_340.0 + np.arange(400))
    text = render_data(given([column], (NumberInput("n0", "day", part="elapsed"),), (day,)))
    assert "2012-01-01" in text  # 15,340 days after 1970-01-01
    assert "2013-02-03" in text
    assert "15,340" not in text
