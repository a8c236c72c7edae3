"""The figures of an evaluation show what the evaluation counted."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pytest
from report_contexts import classes

from spark_jobs.report import plots

DETAILS = {
    "residuals": {"quantiles": {"0.5": 4.0}, "edges": np.array([-1.0, 0.0, 9.0]), "shares": np.array([0.25, 0.75])},
    "predicted_actual": {"low": 0.0, "high": 2.0, "weights": np.array([[5.0, 0.0], [3.0, 1.0]]), "rows_outside": 0},
}


def rects(markup, class_):
    found = re.findall(
        rf'<rect x="([0-9.]+)" y="([0-9.]+)" width="[0-9.]+" height="([0-9.]+)" class="{class_}"', markup
    )
    return [tuple(map(float, one)) for one in found]


def test_the_histogram_of_residuals_has_the_sign_of_actual_minus_predicted():
    edges, shares = plots.flip_residuals(DETAILS)
    assert edges.tolist() == [-9.0, 0.0, 1.0]  # predicted minus actual went from -1 to 9
    assert shares.tolist() == [0.75, 0.25]
    drawn = plots.draw_residuals(DETAILS, "price")
    assert "median -4<" in drawn
    assert "actual minus predicted price" in drawn
    heights = [height for _, _, height in rects(drawn, "bar")]
    assert heights[0] == pytest.approx(3 * heights[1], rel=0.01)


def test_a_cell_of_predicted_and_actual_lies_at_its_actual_value_on_the_horizontal_axis():
    drawn = plots.draw_predicted_actual(DETAILS, "price")
    places = rects(drawn, "cell")  # actual 0 predicted 0, actual 1 predicted 0, actual 1 predicted 1
    assert len(places) == 3
    assert places[1][0] > places[0][0]
    assert places[1][1] == places[0][1]
    assert places[2][1] < places[1][1]
    assert {"actual price", "predicted price"} <= set(re.findall(r">([^<]+)<", drawn))


def test_the_confusion_matrix_shows_counts_and_shares_of_the_actual_class():
    details = {"labels": ["a", "b"], "confusion": np.array([[30, 10], [5, 15]])}
    texts = re.findall(r">([^<]+)<", plots.draw_confusion(details))
    assert texts[1:9] == ["30", "75%", "10", "25%", "5", "25%", "15", "75%"]
    assert {"actual class", "predicted class"} <= set(texts)


def test_only_the_largest_of_very_many_classes_are_shown():
    drawn = plots.draw_confusion(classes(tuple(f"class {i}" for i in range(45))).details)
    assert len(rects(drawn, "cell")) == plots.MOST_CLASSES**2


def test_a_negative_weight_ends_where_a_positive_one_starts_and_both_are_to_scale():
    drawn = plots.draw_weights([("size", 2.0), ("age", -1.0)], "Coefficients", "change per standard deviation")
    found = re.findall(r'<rect x="([0-9.]+)" y="[0-9.]+" width="([0-9.]+)" height="[0-9.]+" class="([a-z ]+)"', drawn)
    (start, plus, _), (left, minus, _) = found
    assert [class_ for *_, class_ in found] == ["bar", "bar minus"]
    assert float(left) + float(minus) == pytest.approx(float(start), abs=0.02)
    assert float(plus) == pytest.approx(2 * float(minus), abs=0.02)
    assert {"2", "-1", "change per standard deviation"} <= set(re.findall(r">([^<]+)<", drawn))


def test_a_long_unit_of_weights_is_whole_and_stands_in_lines():
    unit = "change of the log-odds of income = >50K per standard deviation"
    drawn = plots.draw_weights([("size", 2.0)], "Coefficients", unit)
    lines = [unescape(one) for one in re.findall(r'class="middle axis-title">([^<]+)<', drawn)]
    assert lines == ["change of the log-odds of income = >50K per", "standard deviation"]
