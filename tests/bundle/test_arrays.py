"""Rows of every kind to arrays, against values by hand; and the same texts in Spark's SQL and in Python."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from spark_jobs.bundle.arrays import arrays
from spark_jobs.bundle.manifest import Input, Manifest
from spark_jobs.bundle.moments import Zones, zone_in
from spark_jobs.bundle.numerals import Numerals
from spark_jobs.errors import DataError

SENTINEL = "⟨null⟩"
NAN = float("nan")
INPUTS = (
    Input("a.b", "double", "number"),
    Input("de", "double", "number", decimal=","),
    Input("b", "double", "boolean"),
    Input("d", "double", "date", ("dd/MM/yyyy", "yyyyMMdd")),
    Input("t", "double", "timestamp"),
    Input("k`1", "string", "text"),
)


def manifest(*names: str, **keys) -> Manifest:
    inputs = tuple(one for one in INPUTS if one.name in names)
    return Manifest(inputs=inputs, null_sentinel=SENTINEL, null_values=("", "NA"), timezone="Europe/Berlin", **keys)


def read(name: str, cells, **keys):
    found = arrays({name: cells}, manifest(name, **keys))
    return found.feed[name].tolist(), found.lost.get(name, 0)


def same(found, expected) -> bool:
    return len(found) == len(expected) and np.array_equal(found, expected, equal_nan=True)


def test_numbers_come_as_text_as_python_and_as_numpy():
    cells = ["1", " -2.5e3 ", "NA", "", "1,5", "1_000", "inf", None, pd.NA, NAN, pd.NaT, True, 7, Decimal("0.5")]
    found, lost = read("a.b", [*cells, float("-inf"), 10**400, np.float32(0.5), date(2020, 1, 1), [1], b"1"])
    assert same(found, [1, -2500, *[NAN] * 9, 1, 7, 0.5, NAN, NAN, 0.5, NAN, NAN, NAN])
    assert lost == 8
    assert same(read("de", ["1,5", "1.5", "-,5", "1.000,5"])[0], [1.5, NAN, -0.5, NAN])
    assert same(read("a.b", np.array([1, np.inf, np.nan]))[0], [1, NAN, NAN])
    assert same(read("a.b", np.array([1, 2], dtype=np.uint8))[0], [1, 2])
    assert same(read("a.b", pd.Series([1, None, 3], dtype="Int64"))[0], [1, NAN, 3])
    assert same(read("a.b", pd.Series(["1", None], dtype="string"))[0], [1, NAN])
    assert same(read("a.b", pd.Series(["7", "8", "7"], dtype="category"))[0], [7, 8, 7])


def test_booleans_are_true_false_one_and_zero():
    found, lost = read("b", ["TRUE", "false", "1", "0", "1.0", "yes", True, 0, 2, 1.0, None, np.bool_(False)])
    assert same(found, [1, 0, 1, 0, NAN, NAN, 1, 0, NAN, 1, NAN, 0])
    assert lost == 3
    assert same(read("b", np.array([1.0, NAN, 0.5]))[0], [1, NAN, NAN])
    assert same(read("b", pd.Series([True, None], dtype="boolean"))[0], [1, NAN])


def test_dates_are_seconds_at_midnight_whatever_they_come_as():
    new_year = 1577836800.0
    cells = [
        "2020-01-01",
        "01/01/2020",
        "20200101",
        20200101,
        20200101.0,
        date(2020, 1, 1),
        datetime(2020, 1, 1, 23, 59),
    ]
    assert same(read("d", cells)[0], [new_year] * 7)
    aware = datetime(2019, 12, 31, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    assert same(read("d", [aware, pd.Timestamp(aware), np.datetime64("2020-01-01")])[0], [new_year] * 3)
    assert read("d", [True, "2020-13-01", "x", 1.5])[1] == 4
    wall = pd.Series(pd.to_datetime(["2020-01-01 23:30", None]))
    assert same(read("d", wall)[0], [new_year, NAN])
    assert same(read("d", wall.dt.tz_localize("UTC"))[0], [new_year + 86400, NAN])


def test_moments_are_seconds_since_1970_and_wall_time_is_that_of_the_models_zone():
    ten = 1577869200.0  # 2020-01-01 10:00 in Berlin
    cells = ["2020-01-01 10:00", "2020-01-01T09:00:00Z", datetime(2020, 1, 1, 10), datetime(2020, 1, 1, 9, tzinfo=UTC)]
    assert same(read("t", [*cells, pd.Timestamp(2020, 1, 1, 10), np.datetime64("2020-01-01T10:00")])[0], [ten] * 6)
    wall = pd.Series(pd.to_datetime(["2020-01-01 10:00", None]))
    assert same(read("t", wall)[0], [ten, NAN])
    assert same(read("t", wall.dt.tz_localize("UTC"))[0], [ten + 3600, NAN])
    assert same(read("t", ["2020-01-01"])[0], [1577833200.0])
    found, lost = read("t", np.array(["2020-01-01T10:00", "NaT", "12020-01-01"], dtype="datetime64[us]"))
    assert same(found, [ten, NAN, NAN])
    assert lost == 1


def test_text_is_trimmed_and_null_is_told_from_a_text_that_looks_like_it():
    cells = [" a ", None, "NA", "", NAN, pd.NA, SENTINEL, "x\x00", "\tb", "\ud800"]
    assert read("k`1", cells)[0] == ["a", *[SENTINEL] * 5, SENTINEL * 2, "x", "b", "?"]
    assert read("k`1", pd.Series(["a", None], dtype="string"))[0] == ["a", SENTINEL]
    assert read("k`1", np.array([NAN, NAN]))[0] == [SENTINEL] * 2


def test_where_the_empty_text_is_no_mark_what_is_missing_is_the_empty_text_as_in_a_source():
    kept = Manifest(inputs=INPUTS[-1:], null_sentinel=SENTINEL, null_values=("NA",))
    assert arrays({"k`1": ["", None, "NA", "a"]}, kept).feed["k`1"].tolist() == ["", "", "", "a"]


@pytest.mark.parametrize("cells", [[1.5], [7], [True], [date(2020, 1, 1)], [b"a"], np.array([1, 2]), [["a"]]])
def test_text_that_came_as_something_else_is_refused_by_name(cells):
    with pytest.raises(DataError, match="The column 'k`1' must be text, but a value is") as refused:
        read("k`1", cells)
    assert "dtype={'k`1': str}" in refused.value.advice


def test_whole_numbers_stand_for_their_digits_where_no_level_is_a_number_written_otherwise():
    codes = Manifest(inputs=(Input("k", "string", "text", digits=True),), null_sentinel=SENTINEL)
    assert arrays({"k": pd.Series([7, None, 12])}, codes).feed["k"].tolist() == ["7", SENTINEL, "12"]
    assert arrays({"k": np.array([7, 12])}, codes).feed["k"].tolist() == ["7", "12"]
    for cell in (1.5, True, float("inf")):
        with pytest.raises(DataError, match="'k' must be text"):
            arrays({"k": [cell]}, codes)


def test_a_column_that_is_not_there_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match=r"The rows lack columns that the model reads: 'a\.b', 'b'\.") as refused:
        arrays({"a_b": [1], "k`1": ["x"]}, manifest("a.b", "b", "k`1"))
    assert refused.value.advice == "Did you mean 'a_b'?"
    assert arrays({"a.b": [1], "extra": object()}, manifest("a.b")).rows == 1


def test_columns_that_are_no_rows_are_refused_by_name():
    with pytest.raises(DataError, match="The column 'b' has 1 values, others have 2"):
        arrays({"a.b": [1, 2], "b": [True]}, manifest("a.b", "b"))
    with pytest.raises(DataError, match=r"The column 'a\.b' must be a list of values, not str"):
        arrays({"a.b": "12"}, manifest("a.b"))
    twice = pd.DataFrame([[1, 2]], columns=["a.b", "a.b"])
    with pytest.raises(DataError, match=r"The column 'a\.b' has 2 dimensions"):
        arrays(twice, manifest("a.b"))


NUMBERS = [
    "1", "-1.5", "+.5", "5.", "1e3", "1E-3", "007", "-0", "1e309", "", ".", "1,5", "1_000", "1.2.3", "0x1p3", "1D",
    "NaN", "Infinity", "inf", "12f", "\u0661", "1e", "--1", "1 2", "$5", "1" * 310, "9" * 308 + ".5", "1e1\u0660",
    "0." + "0" * 330 + "1", "9007199254740993", "2.2250738585072011e-308", "0.1e-6", "1e+", "true", "FALSE", "0",
]  # fmt: skip
MOMENTS = [
    "2020-02-29", "2019-02-29", "2020-2-9", "0001-01-01", "9999-12-31", "0000-01-01", "10000-01-01", "2020-13-01",
    "2020-01-01T10:20:30Z", "2020-01-01 10:20", "2020-01-01T10:20:30.123456789", "2020-01-01 24:00",
    "2020-01-01 10:20:30 +01:00", "2020-01-01T10:20:30-17:59", "2020-01-01T10:20+19:00", "2021-03-28 02:30",
    "2021-10-31 02:30:00.5", "01/02/2020", "13/02/2020", "02/30/2020", "31.12.1999", "1.1.2001", "5-Jan-2020",
    "31-FEB-2020", "20200101", "20-05-17", "02/08/2015 11:43:40 PM", "02/08/2015 12:03:40 am", "31.12.1999 23:59",
    "02/08/2015 13:03:40 PM", "1893-04-01 00:03", "2100-07-01 12:00", "1582-10-10", "1900-02-29", "now",
    "2020-01-01 10:20:30+01", "2020-01-01T10:20:30-0530", "2020-01-01 10:20:30 UTC", "2020-01-01T10:20GMT",
    "2020-01-01 10:20:30 Z", "2020-01-01 10:20:30+1", "2020-01-01 10:20+17:59", "20200101T102030Z", "20200101T102030",
    "01/Jan/2020:10:20:30 +0100", "Wed, 01 Jan 2020 10:20:30 GMT", "5 January 2023", "05 may 2023", "JANUARY 5, 2023",
    "Janury 5, 2023", "01.02.23", "1/2/23", "01.02.85",
]  # fmt: skip
AMOUNTS = (
    "1,234.50|1.557,39|52,4|1,234|1.234|12,34,567.8|1,23|1234,567|0,950|,5|.5|5,|1e3|1,000e3|1e999|1,234,56|1,,234|1.2.3"
    "|$9.99|-$9.99|$-9.99|$ -9|US$5|$$5|$|€ 12|12 €|1 234,5 €|-1 234 €|CHF 1'234.50|1\u2019234 CHF|$1e999|1.234.567,8"
    "|12%|12 %|%12|12%%|12 kg|12kg|12\u202fkg|12 KG|kg 12|12 kg x|1 234|1 234 567|2\u00a0097|1\n234|1 2|1,234.567.8|-0"
    "|(23.44)|( 23.44 )|(-5)|($5)|$(5)|(5|5)|()|(0)|\u22121.73|\u22121.5e-05|\u20132|- 5|5-|5\u2212|-5-|--5|+\u22125"
    "|5-\n|\u0663|\uff045|00,123|123,456,789,012,345,678.9|'1'|1'234|12\u2019345\u2019678.25"
)
NUMERALS = [
    Numerals(".", ","), Numerals(",", "."), Numerals(",", " ", "€"), Numerals(".", "'", "CHF"), Numerals(".", ",", "$"),
    Numerals(affix="%"), Numerals(affix="kg"), Numerals(signs=True),
]  # fmt: skip
SIGNS = "0123456789+-.,eE:/T Z\n\r\t \u00a0\u2028\u0085'\\AaPpMmJjan"


def nasty() -> list[str]:
    """Texts that almost are numbers and dates: each with signs around it, and with one sign changed."""
    chance, found = random.Random(5), {*NUMBERS, *MOMENTS, *AMOUNTS.split("|")}
    for text in sorted(found):
        found |= {f" {text} ", f"{text}\n", f"{text}\r\n", f"\t{text}", f"{text}\u00a0", f"{text}\x00", f"'{text}"}
        place = chance.randrange(len(text) + 1)
        found.add(text[:place] + chance.choice(SIGNS) + text[place + chance.randrange(2) :])
    return sorted(found)


def test_spark_and_python_read_the_same_of_hundreds_of_nasty_texts(spark):
    from spark_jobs.columns.types import ColumnType
    from spark_jobs.graph.score import graph_input
    from spark_jobs.graph.timezone import timezone_table_of
    from spark_jobs.profile.type_counts import WHOLE_FORMS

    texts, zone = nasty(), "Europe/Berlin"
    forms = (
        "MM/dd/yyyy hh:mm:ss a",
        "dd.MM.yyyy HH:mm",
        "dd.MM.yyyy",
        "dd-MMM-yyyy",
        "yyyyMMdd",
        "yy-MM-dd",
        *WHOLE_FORMS,
    )
    forms += ("dd MMMM yyyy", "MMMM dd, yyyy", "dd.MM.yy", "MM/dd/yy", *WHOLE_FORMS)
    inputs = [Input("x", "double", "number"), Input("x", "double", "number", decimal=","), Input("x", "string", "text")]
    inputs += [
        Input("x", "double", "boolean"),
        *(Input("x", "double", cells, forms) for cells in ("date", "timestamp")),
    ]
    inputs += [Input("x", "double", "number", **asdict(numerals)) for numerals in NUMERALS]
    kinds = [ColumnType("x", one.cells, one.cells, "", formats=one.formats, **asdict(one.numerals)) for one in inputs]
    rows = spark.createDataFrame([(text,) for text in texts], "x string")
    spark.conf.set("spark.sql.session.timeZone", "America/Caracas")
    told = rows.select(*(graph_input(kind, "string", zone).alias(f"c{at}") for at, kind in enumerate(kinds))).toPandas()
    zones = Zones.of(zone_in(timezone_table_of(zone, spark).to_json()))
    assert len(texts) > 600
    for at, one in enumerate(inputs):
        found = arrays({"x": texts}, Manifest(inputs=(one,), null_sentinel=SENTINEL, null_values=()), zones).feed["x"]
        expected = told[f"c{at}"].to_numpy()
        differ = (expected != found) & ~(pd.isna(expected) & pd.isna(found))
        assert not differ.any(), (one, [(texts[i], expected[i], found[i]) for i in np.flatnonzero(differ)[:5]])
        assert one.type == "string" or 6 < np.isfinite(found).sum() < len(texts) / 2, one


def test_spark_and_python_read_the_same_of_stored_types(spark):
    from spark_jobs.columns.types import ColumnType
    from spark_jobs.graph.score import graph_input

    zone = "Europe/Berlin"
    moments = "TIMESTAMP'2020-06-30 23:30:00Z' ts, TIMESTAMP_NTZ'2020-07-01 01:30:00' tn, DATE'2020-07-01' da"
    rows = spark.sql(f"SELECT 7 i, 20200701L l, 1.50BD de, CAST(1.5 AS FLOAT) f, DOUBLE('inf') n, true b, {moments}")
    stored = dict(rows.dtypes)
    cells = {"i": 7, "l": 20200701, "de": Decimal("1.50"), "f": 1.5, "n": float("inf"), "b": True}
    cells |= {
        "ts": datetime(2020, 6, 30, 23, 30, tzinfo=UTC),
        "tn": datetime(2020, 7, 1, 1, 30),
        "da": date(2020, 7, 1),
    }
    kinds = [ColumnType(name, kind, kind, "", formats=("yyyyMMdd",)) for name in cells
             for kind in ("number", "boolean", "date", "timestamp")]  # fmt: skip
    told = rows.select(*(graph_input(kind, stored[kind.name], zone) for kind in kinds)).first()
    for kind, expected in zip(kinds, told, strict=True):
        one = Input(kind.name, "double", kind.cells, kind.formats)
        found = arrays({kind.name: [cells[kind.name]]}, Manifest(inputs=(one,), timezone=zone)).feed[kind.name]
        assert same(found, [NAN if expected is None else expected]), kind


def test_a_column_is_found_with_blanks_around_its_name():
    frame = pd.DataFrame({" a.b ": [1.5], 7: [0], "k`1": ["x"]})
    assert arrays(frame, manifest("a.b", "k`1")).feed["a.b"].tolist() == [1.5]
