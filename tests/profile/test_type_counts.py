"""How text reads, counted by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.bundle.patterns import ISO_DATE, ISO_TIMESTAMP
from spark_jobs.columns.types import ColumnType
from spark_jobs.profile.type_counts import TypeCounts


def reading(counts: dict[str, int], decimal: str = ".", formats: tuple[str, ...] = ()) -> TypeCounts:
    return TypeCounts.of(pa.array(list(counts)), np.array(list(counts.values()), dtype=np.int64), decimal, formats)


def test_cells_are_counted_as_often_as_they_come():
    found = reading({"1": 3, "2.5": 2, "abc": 1, " 7 ": 4})
    assert (found.cells, found.number, found.whole) == (10, 9, 7)
    assert (found.lowest, found.highest, found.longest) == (1.0, 7.0, 3)


@pytest.mark.parametrize("text", ["1e309", "NaN", "Infinity", "0x1p3", "1D", "1,5", "$5", "5 %", "1 000", "=cmd()"])
def test_what_is_no_finite_decimal_number_does_not_count_as_one(text):
    assert reading({text: 1}).number == 0


def test_whole_numbers_beyond_two_to_the_53_are_whole_where_digits_say_so_and_bigint_holds_them():
    found = reading({"9007199254740992": 1, "9223372036854775808": 1, "1e20": 1, "-0": 1, "-9223372036854775808": 4})
    assert (found.number, found.whole) == (8, 6)
    assert reading({"10152345678900001": 1, "10152345678900001.0": 1, "1.0152345678900001e16": 1}).whole == 2


@pytest.mark.parametrize(
    ("text", "held", "digits", "fraction"),
    [
        ("0.30000000000000004", True, 1, 17),  # what Python writes of 0.1 + 0.2
        ("12345678901234567890.1234567890", False, 20, 10),
        ("1234567890.12345600000000", True, 10, 14),
        ("9223372036854775809", False, 19, 0),
        ("-10152345678900001", True, 17, 0),
        ("0.1000000000000000055511151231257827", False, 1, 34),
        ("1.5e-300", True, 1, 99),
    ],
)
def test_digits_that_a_double_does_not_hold_are_seen(text, held, digits, fraction):
    found = reading({text: 1, "1": 1})
    assert (found.held, found.digits, found.fraction) == (held, digits, fraction)
    both = found + reading({"22.5": 1})
    assert (both.held, both.digits, both.fraction) == (held, max(digits, 2), max(fraction, 1))


def test_digits_with_a_leading_zero_are_counted():
    assert reading({"0123": 2, "0": 5, "0.5": 3, "00": 1, "10": 1}).leading_zeros == 3


def test_true_and_false_are_booleans_in_any_case():
    assert reading({"TRUE": 1, "false": 2, "True": 3, "yes": 4, "Y": 5}).boolean == 6


def test_days_that_do_not_exist_are_no_dates():
    days = ["2020-02-29", "2019-02-29", "1900-02-29", "2000-02-29", "2020-04-31", "0000-01-01"]
    found = reading(dict.fromkeys(days, 1))
    assert found.formats == {ISO_DATE: 2}


def test_a_day_above_twelve_proves_the_order():
    found = reading({"01/02/2020": 5, "13/02/2020": 2, "02/13/2020": 1})
    assert found.formats == {"dd/MM/yyyy": 7, "MM/dd/yyyy": 6}


def test_times_are_told_from_days():
    found = reading({"2020-01-01": 1, "2020-01-01T10:20:30Z": 2, "2020-01-01 10:20": 4, "02/28/2015 11:43:40 PM": 8})
    assert found.formats[ISO_DATE] == 1
    assert found.formats[ISO_TIMESTAMP] == 6
    assert found.formats["MM/dd/yyyy hh:mm:ss a"] == 8


def test_a_pattern_of_the_users_is_looked_for():
    assert reading({"2020|01|02": 3}, formats=("yyyy|MM|dd",)).formats == {"yyyy|MM|dd": 3}


def test_a_decimal_comma_is_read_by_option():
    found = reading({"1,5": 1, "-,5e1": 1, "1.5": 1}, decimal=",")
    assert (found.number, found.lowest, found.highest) == (2, -5.0, 1.5)


def test_two_readings_add_up_to_that_of_both():
    cells = {"1": 3, "x": 2, "2020-01-01": 1, "0123": 4, "true": 1, "-7.5": 2, "01/02/2020": 1}
    parts = list(cells.items())
    whole = reading(cells)
    added = reading(dict(parts[:3])) + reading(dict(parts[3:]))
    assert added == whole
    assert TypeCounts() + whole == whole


def test_cells_that_are_lost_to_a_type_can_be_counted():
    found = reading({"2020-01-01": 1, "2020-01-01 10:20": 2, "31.12.1999": 4, "x": 8, "7": 16, "1e309": 32, "true": 64})
    assert found.read_as(ColumnType("x", "date", "date", "")) == 1
    assert found.read_as(ColumnType("x", "date", "date", "", formats=("dd.MM.yyyy",))) == 5
    assert found.read_as(ColumnType("x", "timestamp", "timestamp", "")) == 3
    assert found.read_as(ColumnType("x", "number", "number", "")) == 16
    assert found.read_as(ColumnType("x", "boolean", "boolean", "")) == 64
    assert found.read_as(ColumnType("x", "text", "category", "")) == 127


def test_a_reading_survives_being_stored():
    found = reading({"1": 3, "x": 2, "2020-01-01": 1})
    assert TypeCounts.from_dict(found.to_dict()) == found
    assert TypeCounts.from_dict(TypeCounts().to_dict()) == TypeCounts()
