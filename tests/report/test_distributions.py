"""Histograms count every value, and whole numbers get one bar each."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from report_contexts import number_column

from spark_jobs.report.distributions import compute_histogram, count_whole_values, draw_panel
from spark_jobs.report.formatting import format_date


@pytest.mark.parametrize(
    "values",
    [
        [0.3, 0.30000000000000004] * 50,
        [1e300, np.nextafter(1e300, np.inf)] * 50,
        [-1.7e308, 1.7e308] * 50,
        [0.0, 5e-324] * 50,
        [1e300] * 100,
    ],
)
def test_values_however_near_or_far_have_a_histogram_that_counts_them_all(values):
    column = number_column("near", values)
    shares, edges = compute_histogram(column.numbers, 24)
    assert shares.sum() == pytest.approx(1.0, abs=0.03)
    assert np.isfinite(edges).all()
    assert (np.diff(edges) > 0).all()
    assert "nan" not in draw_panel(column)
    assert "inf" not in draw_panel(column)


def test_each_whole_number_has_its_share():
    values = np.random.default_rng(2).integers(1, 32, 9000)
    found, shares = count_whole_values(number_column("day", values))
    counted = Counter(values.tolist())
    assert found.tolist() == sorted(counted)
    assert shares == pytest.approx([counted[value] / 9000 for value in found.tolist()], abs=0.002)


def test_whole_numbers_have_one_bar_per_value_with_gaps_between():
    drawn = draw_panel(number_column("rooms", [1, 1, 2, 5]))
    bars = [float(x) for x in re.findall(r'<rect x="([0-9.]+)"', drawn)]
    assert len(bars) == 3
    assert bars[2] - bars[1] == pytest.approx(3 * (bars[1] - bars[0]), abs=0.05)
    assert "one bar per value" in drawn


def test_sixty_values_have_bars_and_sixty_one_or_fractions_have_a_histogram():
    assert count_whole_values(number_column("a", np.repeat(np.arange(60), 3))) is not None
    assert count_whole_values(number_column("b", np.repeat(np.arange(61), 3))) is None
    assert count_whole_values(number_column("c", [0.5, 1.0])) is None
    assert count_whole_values(number_column("d", [])) is None


def test_a_panel_of_dates_is_labelled_with_dates():
    days = 15_340 * 86_400.0 + 86_400.0 * np.arange(366)
    drawn = draw_panel(number_column("day", days), format_date)
    assert re.search(r">2012-01-0\d<", drawn)
    assert re.search(r">2012-12-2\d<", drawn)


def test_values_far_apart_stand_side_by_side_and_the_axis_says_so():
    drawn = draw_panel(number_column("gain", [0.0] * 90 + [14.0] * 9 + [99_999.0]))
    bars = [float(x) for x in re.findall(r'<rect x="([0-9.]+)"', drawn)]
    assert bars[2] - bars[1] == pytest.approx(bars[1] - bars[0], abs=0.05)
    assert "one bar per value, not to scale" in drawn
    assert ">99,999<" in drawn
