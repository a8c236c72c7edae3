"""Charts have round ticks inside their axes, and files that stand alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from spark_jobs.report.svg import Axis, chart, choose_ticks, plot, render_file


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-3.0, 7.0, [-2.0, 0.0, 2.0, 4.0, 6.0]),
        (120.0, 131.0, [120.0, 122.5, 125.0, 127.5, 130.0]),
        (5.0, 5.0, [5.0, 5.0]),
        (-1.7e308, 1.7e308, [-1.7e308, 1.7e308]),
    ],
)
def test_ticks_are_round_and_within_the_range(low, high, ticks):
    assert choose_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1.0, 1e9, 1e300])
def test_there_are_a_few_ticks_at_any_scale(scale):
    ticks = choose_ticks(0.13 * scale, 7.9 * scale)
    assert 2 <= len(ticks) <= 7
    assert all(0.13 * scale <= tick <= 7.91 * scale for tick in ticks)


def test_a_value_lies_in_proportion_between_the_ends_of_its_axis():
    area = plot(Axis("x", 10, 20), Axis("y", 0, 4))
    assert area.px(15) == pytest.approx(area.left + area.width / 2)
    assert area.py(1) == pytest.approx(area.top + area.height * 3 / 4)


def test_a_file_is_xml_with_its_own_style_and_both_axis_titles():
    file = render_file(chart("a < b", plot(Axis("size (m²)", 0, 1), Axis("rows (%)", 0, 1)), []))
    root = ET.fromstring(file)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "size (m²)", "rows (%)"} <= set(texts)
    assert root.find("{http://www.w3.org/2000/svg}style") is not None
