"""Numbers, shares, dates and names read as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from spark_jobs.features import CategoryInput, NumberInput
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.report.formatting import choose_formatter, format_date, format_fill, format_metric_name, shorten


def test_long_names_lose_their_middle_and_blank_ones_are_shown():
    assert shorten("a_very_long_column_name", 11) == "a_ver…_name"
    assert len(shorten("x" * 10_000)) == 32
    assert shorten("two\nlines") == "two lines"
    assert shorten("  ") == "'  '"
    assert shorten("\x1b[31mred") == "·[31mred"


def test_seconds_read_as_the_date_that_the_calendar_gives():
    moment = datetime(2012, 2, 29, 23, 59, tzinfo=UTC).timestamp()
    assert format_date(moment) == "2012-02-29"
    assert format_date(moment, with_time=True) == "2012-02-29 23:59"
    assert format_date(-86_400.0) == "1969-12-31"
    assert format_date(1e300) == "1e+300"


@pytest.mark.parametrize(
    ("type_", "name", "value", "text"),
    [
        ("date", "day", 1_325_376_000.0, "2012-01-01"),
        ("timestamp", "at", 1_325_376_060.0, "2012-01-01 00:01"),
        ("timestamp_ntz", "at", 0.0, "1970-01-01 00:00"),
        ("double", "day ▸ elapsed", 15_340.0, "2012-01-01"),
        ("double", "day ▸ year", 2012.0, "2012"),
        ("double", "size", 15_340.0, "15,340"),
    ],
)
def test_the_values_of_a_date_are_dates_and_those_of_a_number_are_numbers(type_, name, value, text):
    form = choose_formatter(ColumnProfile(name, type_, 1, 0), {"day ▸ elapsed": "elapsed", "day ▸ year": "year"})
    assert form(value) == text


def test_a_metric_has_its_written_form_and_another_name_stays():
    assert [format_metric_name(name) for name in ("r2", "roc_auc", "lift")] == ["R²", "ROC AUC", "lift"]


def test_a_missing_value_is_replaced_by_a_level_a_number_without_its_shift_or_a_date():
    assert format_fill(CategoryInput("c0", "x", ("a",), "one_hot", fill="a")) == "a"
    assert format_fill(NumberInput("n0", "x", fill=-2.0, shift=100.0, indicator=True)) == "98, with an indicator"
    assert format_fill(NumberInput("n0", "day", part="elapsed", fill=15_340.0)) == "2012-01-01"
