"""What columns are taken for, from profiles of columns written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError
from spark_jobs.profile.batch import ScanOptions, profile_column
from spark_jobs.profile.detect import detect
from spark_jobs.profile.profile import Profile
from spark_jobs.spec.models import Columns, Source, Spec


def found(column: str, values: list[Any], stored: str = "string", **keys: Any) -> ColumnType:
    kind = pa.string() if stored == "string" else pa.float64()
    keys = {"target": "the target", "source": Source(path="x.csv"), **keys}
    depth = ScanOptions(type_counts=True, levels=1000, decimal=keys["source"].options.get("decimal", "."))
    profile = profile_column(column, stored, pa.array(values, type=kind), depth, None)
    return detect(Profile(len(values), {column: profile}), Spec(name="x", **keys))[0]


def text(numbers: Any) -> list[str]:
    return [str(number) for number in numbers]


def test_floats_that_all_differ_are_a_measurement_not_an_identifier():
    cut = found("width", text(np.linspace(0.5, 99.1, 500)))
    assert (cut.cells, cut.kind, cut.integral) == ("number", "number", False)


def test_a_running_number_is_an_identifier_and_says_so():
    column = found("instant", text(range(1, 501)))
    assert (column.cells, column.kind) == ("number", "identifier")
    assert "run from 1 to 500" in column.reason


def test_whole_numbers_that_differ_are_an_identifier_only_where_the_name_says_so():
    values = text(np.arange(500) * 977 + 12)
    assert found("population", values).kind == "number"
    assert found("CustomerId", values).kind == "identifier"
    assert found("humid", values).kind == "number"


def test_whole_numbers_beyond_a_double_that_all_differ_are_identifiers_kept_as_they_are():
    orders = found("order_no", text(range(10152345678900000, 10152345678900480, 2)))
    unsigned = found("u", text(range(2**64 - 500, 2**64)))
    apart = found("tweet", text(number * 10**15 + 10**16 for number in range(200)))
    assert (orders.kind, orders.integral, orders.scale) == ("identifier", True, None)
    assert (unsigned.kind, unsigned.integral, unsigned.scale) == ("identifier", False, 0)
    assert apart.kind == "identifier"
    assert found("y", text(range(2**60, 2**60 + 100)), target="y").kind == "number"


def test_numbers_that_a_double_does_not_hold_keep_their_digits():
    money = found("amount", [f"{n}2345678901234567.{n:02}" for n in range(10, 60)])
    assert (money.cells, money.kind, money.scale) == ("number", "number", 2)
    assert found("pi", ["3.14159265358979323846264338327950288419716"] * 30 + ["1.5"] * 30).scale is None
    assert found("x", text(np.random.default_rng(1).uniform(0, 1, 500))).scale is None
    assert found("hash", text(10**40 + n for n in range(100))).cells == "text"


def test_codes_of_few_whole_numbers_stay_numbers():
    column = found("season", text([1, 2, 3, 4] * 50))
    assert (column.cells, column.kind, column.integral) == ("number", "number", True)


def test_whole_numbers_with_a_decimal_sign_are_whole():
    assert found("age", ["41.0", "21.0", "52.0"] * 20).integral


def test_codes_with_leading_zeros_are_categories():
    column = found("beat", ["0422", "1011", "0823", "2211"] * 50)
    assert (column.cells, column.kind) == ("text", "category")
    assert "100 of 200 cells" in column.reason


def test_a_few_cells_that_are_no_number_become_null_and_are_counted():
    column = found("age", text([20, 30, 40, 50] * 25) + ["unknown"] * 4)
    assert (column.cells, column.kind) == ("number", "number")
    assert "4 of 104 cells do not parse as numbers" in column.reason


def test_more_than_one_in_twenty_that_are_no_number_make_the_column_text():
    column = found("abv", text([20, 30, 40, 50] * 25) + ["5%"] * 6)
    assert (column.cells, column.kind) == ("text", "category")
    assert "only 100 of them are numbers" in column.reason


def test_true_and_false_are_a_boolean_and_yes_and_no_are_two_levels():
    assert found("arrest", ["true", "FALSE"] * 20).cells == "boolean"
    assert found("loan", ["yes", "no"] * 20).kind == "category"
    assert found("flag", ["true", "maybe"] * 20).kind == "category"


def test_iso_dates_and_times_are_read_without_a_pattern():
    day = found("day", ["2020-01-01", "2020-02-29", "2021-03-28"] * 5)
    assert (day.cells, day.kind, day.formats) == ("date", "date", ())
    moment = found("at", ["2020-01-01", "2020-02-29T10:00:00Z", "2021-03-28 02:30"] * 5)
    assert (moment.cells, moment.kind, moment.formats) == ("timestamp", "timestamp", ())


def test_a_pattern_is_kept_with_the_column():
    at = found("at", ["02/28/2015 11:43:40 PM", "02/01/2015 01:00:00 am"] * 9)
    assert (at.cells, at.formats) == ("timestamp", ("MM/dd/yyyy hh:mm:ss a",))
    hired = found("hired", ["09/22/1986", "01/02/2000", "11/12/2001"] * 9)
    assert (hired.cells, hired.formats) == ("date", ("MM/dd/yyyy",))


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (["1 January 2023", "28 February 2024"], "dd MMMM yyyy"),
        (["January 1, 2023", "May 28, 2024"], "MMMM dd, yyyy"),
        (["01.12.23", "31.1.23"], "dd.MM.yy"),
        (["1/31/23 0:23", "2/1/23 12:01"], "MM/dd/yy HH:mm"),
        (["20230101T002330Z", "20230131T182330+01"], "yyyyMMdd'T'HHmmssX"),
        (["01/Jan/2023:00:23:30 +0000"], "dd/MMM/yyyy:HH:mm:ss Z"),
        (["Sun, 01 Jan 2023 00:23:30 GMT"], "EEE, dd MMM yyyy HH:mm:ss Z"),
    ],
)
def test_days_are_read_as_people_and_servers_write_them(written, form):
    column = found("at", written * 9)
    assert (column.cells, column.formats) == ("timestamp" if "mm" in form else "date", (form,))


def test_iso_times_have_offsets_in_all_their_spellings():
    at = found("at", ["2023-01-01 00:23:30+00", "2023-01-01T00:23:30+0200", "2023-01-01 00:23:30 UTC"] * 5)
    assert (at.cells, at.formats) == ("timestamp", ())


def test_a_pattern_of_the_users_can_name_an_offset():
    source = Source(path="x.csv", options={"timestampFormat": "dd.MM.yyyy HH:mm XXX"})
    profile = profile_column(
        "at",
        "string",
        pa.array(["31.12.2020 10:00 +01:00"] * 20),
        ScanOptions(type_counts=True, formats=("dd.MM.yyyy HH:mm XXX",)),
        None,
    )
    column = detect(Profile(20, {"at": profile}), Spec(name="x", target="y", source=source))[0]
    assert (column.cells, column.formats) == ("timestamp", ("dd.MM.yyyy HH:mm XXX",))


def test_two_digits_never_put_a_year_into_the_wrong_century():
    column = found("born", ["01.02.85", "13.02.12"] * 9)
    assert column.cells == "text"
    assert "century" in column.reason


def test_text_that_looks_like_dates_or_durations_says_so():
    assert "a time of day or a duration" in found("t", [f"0:{at % 60:02}:{at // 60:02}" for at in range(100)]).reason
    assert (
        "source.options.dateFormat" in found("d", [f"{at % 28 + 1:02}-{at % 12 + 1:02}-23" for at in range(300)]).reason
    )


def test_days_and_months_that_may_be_swapped_are_never_guessed():
    values = ["01/02/2020", "03/04/2021", "12/11/2022"] * 9
    column = found("day", values)
    assert (column.cells, column.kind) == ("text", "text")
    assert "dateFormat" in column.reason
    said = found("day", values, source=Source(path="x.csv", options={"dateFormat": "dd/MM/yyyy"}))
    assert (said.cells, said.formats) == ("date", ("dd/MM/yyyy",))
    with pytest.raises(DataError, match="as well as"):
        found("day", values, columns=Columns(date=("day",)))


def test_eight_digits_are_a_date_only_where_declared():
    values = ["20200101", "20200229", "20211231"] * 9
    assert found("day", values).kind == "number"
    assert found("day", values, columns=Columns(date=("day",))).formats == ("yyyyMMdd",)


def test_all_different_text_is_an_identifier_and_nearly_all_different_is_too_many_levels():
    names = [f"name {number}" for number in range(300)]
    assert found("name", names).kind == "identifier"
    ticket = found("ticket", names + names[:80])
    assert ticket.kind == "text"
    assert "300 different values in 380 cells" in ticket.reason


def test_text_of_few_rows_is_not_called_an_identifier():
    assert found("city", ["Bonn", "Köln", "Ulm"]).kind == "category"


def test_one_value_is_a_constant_and_no_value_too():
    assert found("year", ["2015"] * 30).kind == "constant"
    assert found("note", [None] * 30).kind == "constant"
    assert found("year", [2015.0] * 30, "int").kind == "constant"


def test_one_level_beside_missing_cells_still_says_something():
    assert found("flag", ["x", None] * 30).kind == "category"


def test_the_target_is_never_called_a_constant_or_an_identifier():
    assert found("y", text(range(100)), target="y").kind == "number"
    assert found("y", [f"a{number}" for number in range(100)], target="y").kind == "category"


def test_stored_types_stay():
    assert found("n", [1.0, 2.0, 2.0] * 20, "bigint").integral
    assert found("n", [1.0, 2.0**60] * 20, "bigint").integral
    assert found("n", [1.0, 2.0, 2.0] * 20, "double").cells == "number"
    assert found("d", [1.0, 2.0, 2.0] * 20, "date").cells == "date"
    assert found("t", [1.0, 2.0, 2.0] * 20, "timestamp_ntz").cells == "timestamp"
    assert found("b", [1.0, 0.0, 0.0] * 20, "boolean").kind == "boolean"


def test_stored_decimals_keep_their_scale_and_small_whole_ones_are_whole():
    kinds = {stored: found("n", [1.0, 2.0, 2.0] * 20, stored) for stored in ("decimal(9,0)", "decimal(20,0)")}
    assert [(kind.integral, kind.scale) for kind in kinds.values()] == [(True, None), (False, 0)]
    assert found("n", [1.0, 2.0, 2.0] * 20, "decimal(38,10)").scale == 10
    assert found("n", [1.0, 2.0, 2.0] * 20, "decimal(10,2)").scale is None


def test_nested_columns_are_kept_out_by_name():
    column = found("tags", [1.0, None], "array<string>")
    assert column.kind == "unsupported"
    assert "array<string>" in column.reason
    with pytest.raises(DataError, match=r"'tags' is declared number, but it is stored as array<string>"):
        found("tags", [1.0, None], "array<string>", columns=Columns(numeric=("tags",)))


def test_declared_types_go_first():
    assert found("zip", text([1, 2, 3] * 9), columns=Columns(categorical=("zip",))).kind == "category"
    assert found("zip", text([1, 2, 3] * 9), columns=Columns(text=("zip",))).kind == "text"
    ordered = found("cut", ["Fair", "Good"] * 9, columns=Columns(order={"cut": ("Fair", "Good")}))
    assert ordered.kind == "category"


@pytest.mark.parametrize(
    ("values", "stored", "cells"),
    [
        ([0.0, 1.0, 2.0, 2.0], "double", "number"),
        ([0.0, 1.0, 2.0, 2.0], "int", "number"),
        (["0.0", "1", "2", " 2"], "string", "number"),
        (["0.5", "1.0", "2.0", "2.0"], "string", "number"),
        (["1.1", "1.10", "2.0", "2.0"], "string", "text"),
        (["01", "02", "3", "3"], "string", "text"),
        (["1", "2", "3", "x"], "string", "text"),
        ([None, None], "string", "text"),
    ],
)
def test_a_target_declared_a_category_is_read_alike_from_every_storage(values, stored, cells):
    declared = Columns(categorical=("y",))
    assert found("y", values, stored, target="y", columns=declared).cells == cells
    assert found("y", values, stored, columns=declared).cells == "text"


def test_declared_numbers_that_do_not_parse_are_counted_then_warned_of_then_refused():
    declared = Columns(numeric=("n",))
    fine = found("n", text(range(98)) + ["x"] * 2, columns=declared)
    assert (fine.cells, fine.kind) == ("number", "number")
    assert "2 of 100 cells (2.0 %)" in fine.reason
    assert "warning" not in fine.reason
    assert "warning" in found("n", text(range(90)) + ["x"] * 10, columns=declared).reason
    with pytest.raises(DataError, match="60 of 100 cells"):
        found("n", text(range(40)) + ["x"] * 60, columns=declared)


def test_a_declared_column_that_is_not_there_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match="'distnce'") as refused:
        found("distance", text(range(50)), columns=Columns(numeric=("distnce",)))
    assert "distance" in refused.value.advice


def test_a_decimal_comma_stays_with_the_column():
    german = Source(path="x.csv", options={"decimal": ","})
    column = found("n", ["1,5", "2,5"] * 20, source=german)
    assert (column.cells, column.kind, column.decimal) == ("number", "number", ",")
    assert found("n", ["1,5", "2,5"] * 20).decimal == ","
