"""Histograms count every value, and whole numbers get one bar each."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from report_contexts import number_column, text_column

from spark_jobs.report.columns_table import format_top_levels
from spark_jobs.report.distributions import compute_histogram, count_whole_values, draw_panel
from spark_jobs.report.svg import measure


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
    drawn = draw_panel(replace(number_column("day", days), type="date"))
    assert re.search(r">2012-01-0\d<", drawn)
    assert re.search(r">2012-12-2\d<", drawn)


WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def texts_of(drawn):
    return re.findall(r">([^<]+)<", drawn)


def test_a_part_of_a_date_that_is_a_category_has_a_bar_per_value_in_the_order_of_time():
    month = text_column("sold ▸ month", {"11": 50, "2": 30, "(missing)": 5, "1": 15})
    drawn = draw_panel(month, {"sold ▸ month": "month"})
    bars = re.findall(r'<rect x="([0-9.]+)" y="[0-9.]+" width="[0-9.]+" height="([0-9.]+)"', drawn)
    (first, january), (second, february), (last, november) = [tuple(map(float, bar)) for bar in bars]
    assert last - first == pytest.approx(10 * (second - first), abs=0.1)
    assert (january / november, february / november) == pytest.approx((0.3, 0.6), abs=0.01)
    assert texts_of(drawn)[1:3] == ["1", "2"]
    listed = "1: 15 % · 2: 30 % · 11: 50 % · (missing): 5.0 %"
    assert format_top_levels(month, {"sold ▸ month": "month"}) == listed
    assert format_top_levels(month) == "11: 50 % · 2: 30 % · 1: 15 % · …"


@pytest.mark.parametrize(
    "column",
    [
        text_column("sold ▸ weekday", {str(day): 70 - day for day in (6, 5, 4, 3, 2, 1, 0)}),
        number_column("sold ▸ weekday", np.repeat(np.arange(7.0), 10)),
    ],
)
def test_weekdays_have_their_names_from_monday_on(column):
    drawn = draw_panel(column, {"sold ▸ weekday": "weekday"})
    assert [text for text in texts_of(drawn) if text in WEEKDAYS] == WEEKDAYS[::2]  # all seven would touch
    if column.levels is not None:
        shares = format_top_levels(column, {"sold ▸ weekday": "weekday"})
        assert [share.split(":")[0] for share in shares.split(" · ")] == WEEKDAYS


def test_the_share_of_a_level_stands_right_of_its_bar():
    drawn = draw_panel(text_column("shop", {"a": 60, "b": 40}))
    widest = max(float(width) for width in re.findall(r'<rect x="0.00" y="[0-9.]+" width="([0-9.]+)"', drawn))
    places = [(float(x), share) for x, share in re.findall(r'<text x="([0-9.]+)"[^>]*class="end">([^<]+)<', drawn)]
    assert [share for _, share in places] == ["60 %", "40 %"]
    assert all(x - measure("> 99.9 %") >= widest for x, _ in places)


def test_values_far_apart_stand_side_by_side_and_the_axis_says_so():
    drawn = draw_panel(number_column("gain", [0.0] * 90 + [14.0] * 9 + [99_999.0]))
    bars = [float(x) for x in re.findall(r'<rect x="([0-9.]+)"', drawn)]
    assert bars[2] - bars[1] == pytest.approx(bars[1] - bars[0], abs=0.05)
    assert "one bar per value, not to scale" in drawn
    assert ">99,999<" in drawn
