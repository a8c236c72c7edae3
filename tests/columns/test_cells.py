"""How cells become values in Spark, against values by hand and against the reading of the same texts in Python."""

from __future__ import annotations

from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from io import StringIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import functions as F

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.bundle.values import plain_value
from spark_jobs.columns.casts import ColumnHints, canonical_cells, lost_cell_conditions, typed
from spark_jobs.columns.cells import number_sql, plain_sql, timestamp_sql, trimmed_sql, value_sql, whole_sql
from spark_jobs.columns.names import col, quoted
from spark_jobs.columns.types import ColumnType
from spark_jobs.profile.type_counts import CLOCKS, DAYS, WHOLE_FORMS, TypeCounts
from spark_jobs.sources.null_values import replace_null_values

NUMBERS = [
    "1",
    "-1.5",
    "+.5",
    "5.",
    "1e3",
    "1E-3",
    "007",
    "-0",
    " 7 ",
    "1e309",
    "-1e309",
    "9223372036854775808",
    "",
    ".",
    "1,5",
    "1_000",
    "1.2.3",
    "1..",
    "0x1p3",
    "1D",
    "NaN",
    "nan",
    "Infinity",
    "inf",
    "12f",
    "\u0661",
    "1e",
    "--1",
    "1 2",
    "\t1",
    "1\u00a0",
    "$5",
    "5%",
    "=1+1",
    "true",
    "2020-01-01",
    "4.9e-324",
    "1e-400",
    "1.7976931348623157e308",
]
DATES = [
    "2020-02-29",
    "2019-02-29",
    "2020-2-9",
    "0001-01-01",
    "9999-12-31",
    "0000-01-01",
    "10000-01-01",
    "2020-13-01",
    "2020-04-31",
    "2020-01-01T10:20:30Z",
    "2020-01-01 10:20",
    "2020-01-01T10:20:30.123456789",
    "2020-01-01 25:00:00",
    "2020-01-01 10:20:30+01:00",
    "2020-01-01 10:20:30 +01:00",
    "2020-01-01T10:20:30+19:00",
    "2021-03-28 02:30:00",
    "2020/01/31",
    "01/02/2020",
    "13/02/2020",
    "02/30/2020",
    "31.12.1999",
    "1.1.2001",
    "5-Jan-2020",
    "31-FEB-2020",
    "05 sep 2019",
    "Sep 5, 2019",
    "20200101",
    "20201301",
    "02/08/2015 11:43:40 PM",
    "02/08/2015 12:03:40 AM",
    "02/08/2015 13:03:40 PM",
    "2/8/2015 1:03 pm",
    "31.12.1999 23:59",
    "31.12.1999 24:00",
    "2020-01",
    "now",
    "today",
    "epoch",
    "1577836800",
    "2020-01-01Z",
    "12:30",
    "2020-01-01 10:20:30+01",
    "2020-01-01T10:20:30-0530",
    "2020-01-01 10:20:30 UTC",
    "20200101T102030Z",
    "20200101T102030",
    "01/Jan/2020:10:20:30 +0100",
    "Wed, 01 Jan 2020 10:20:30 GMT",
    "5 January 2023",
    "JANUARY 5, 2023",
    "5 Janury 2023",
    "01.02.23",
    "1/2/23",
    "13/02/23",
    "05-sep-19",
    "",
]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return NUMBERS + DATES


def _readable(text: str, form: str) -> bool:
    return TypeCounts.of(pa.array([text]), np.array([1]), formats=(form,)).formats.get(form, 0) == 1


def test_spark_and_python_read_the_same_texts_as_numbers_and_dates(spark, texts):
    forms = [*DAYS, *WHOLE_FORMS, *(day + clock for day in ("MM/dd/yyyy", "dd.MM.yyyy") for clock in CLOCKS)]
    columns = [F.expr(number_sql("x", ColumnType("x", "number", "number", ""))).isNotNull()]
    columns += [F.expr(value_sql("x", ColumnType("x", "boolean", "boolean", ""), "UTC")).isNotNull()]
    for form in forms:
        cells = "timestamp" if "mm" in form else "date"
        column = ColumnType("x", cells, cells, "", formats=(form,))
        columns.append(F.expr(value_sql("x", column, "Europe/Berlin")).isNotNull())
    rows = spark.createDataFrame([(text,) for text in texts], "x string")
    found = rows.select("x", *(column.alias(f"c{at}") for at, column in enumerate(columns))).collect()
    for row in found:
        reading = TypeCounts.of(pa.array([row.x]), np.array([1]), formats=tuple(forms))
        assert row[1] == (reading.number == 1), row.x
        assert row[2] == (reading.boolean == 1), row.x
        iso_day, iso_time = "yyyy-MM-dd" in reading.formats, "ISO 8601" in reading.formats
        for form, spark_reads in zip(forms, row[3:], strict=True):
            python_reads = form in reading.formats or iso_day or (iso_time and "mm" in form)
            assert spark_reads == python_reads, (row.x, form)


def test_values_are_right_under_every_session_time_zone(spark):
    berlin = "Europe/Berlin"
    types = [
        ColumnType("ts", "timestamp", "timestamp", ""),
        ColumnType("us", "timestamp", "timestamp", "", formats=("MM/dd/yyyy hh:mm:ss a",)),
        ColumnType("mon", "date", "date", "", formats=("dd-MMM-yyyy",)),
        ColumnType("n.`1", "number", "number", "", integral=True),
        ColumnType("b", "boolean", "boolean", ""),
        ColumnType("de", "number", "number", "", decimal=","),
    ]
    rows = spark.createDataFrame(
        [
            ("2020-01-01 10:20", "02/08/2015 11:43:40 PM", "5-Jan-2019", "41.0", "TRUE", "2,5"),
            ("2020-01-01T10:20:30.5+01:00", "02/08/2015 12:03:40 AM", "05-sep-2019", "1e309", "no", "-,5e1"),
            ("2021-03-28 02:30", "13/08/2015 12:03:40 AM", " 05-sep-2019", "-0", "0", "1.5"),
        ],
        "ts string, us string, mon string, `n.``1` string, b string, de string",
    )
    rows = trimmed(rows)
    expected = [
        (1577870400.0, 1423435420.0, date(2019, 1, 5), 41, True, 2.5),
        (1577870430.5, 1423350220.0, date(2019, 9, 5), None, None, -50.0 / 10),
        (1616895000.0, None, date(2019, 9, 5), 0, False, None),
    ]
    lost = {"ts": 0, "us": 1, "mon": 0, "n.`1": 1, "b": 1, "de": 1}
    hashes = []
    for zone in ("UTC", "America/New_York"):
        spark.conf.set("spark.sql.session.timeZone", zone)
        values = typed(rows, types, berlin)
        assert values.columns == rows.columns
        assert [kind for _, kind in values.dtypes] == ["timestamp", "timestamp", "date", "bigint", "boolean", "double"]
        seconds = [(F.unix_micros(col(name)) / 1e6).alias(name) for name in ("ts", "us")]
        both = values.select(
            *seconds,
            *(col(name) for name in values.columns[2:]),
            F.xxhash64(*canonical_cells(values, types, zone=berlin)),
        )
        found = both.collect()
        assert [tuple(row)[:-1] for row in found] == expected
        counts = rows.agg(
            *(
                F.count_if(gone).alias(str(at))
                for at, gone in enumerate(lost_cell_conditions(rows, types, berlin).values())
            )
        )
        assert tuple(counts.collect()[0]) == tuple(lost.values())
        hashes.append([row[-1] for row in found])
        hashes.append([row[0] for row in rows.select(F.xxhash64(*canonical_cells(rows, types, zone=berlin))).collect()])
    assert hashes[0] == hashes[1] == hashes[2] == hashes[3]


def trimmed(rows):
    """Text as sources give it."""
    return rows.select(*(F.expr(trimmed_sql(quoted(name))).alias(name) for name in rows.columns))


def test_stored_types_read_like_their_text(spark):
    stored = spark.sql(
        "SELECT CAST(1.5 AS FLOAT) f, CAST('NaN' AS DOUBLE) nan, CAST('Infinity' AS DOUBLE) inf, 7 i, 1.50BD de, "
        "true b, "
        "DATE'2020-01-02' d, TIMESTAMP'2020-01-02 23:30:00Z' ts, TIMESTAMP_NTZ'2020-01-02 03:04:05' tn, 'x' s, "
        "array(1) a"
    )
    number = {name: ColumnType(name, "number", "number", "") for name in stored.columns}
    dates = {name: ColumnType(name, "date", "date", "") for name in stored.columns}
    numbers = typed(stored, list(number.values())).collect()[0]
    assert tuple(numbers) == (1.5, None, None, 7.0, 1.5, 1.0, None, None, None, None, None)
    days = typed(stored, list(dates.values()), "Europe/Berlin").collect()[0]
    assert (days["d"], days["ts"], days["tn"], days["i"]) == (
        date(2020, 1, 2),
        date(2020, 1, 3),
        date(2020, 1, 2),
        None,
    )
    moment = timestamp_sql(quoted("tn"), ColumnType("tn", "timestamp", "timestamp", ""), "Europe/Berlin")
    seconds = stored.select(F.unix_micros(F.expr(moment)) / 1e6).collect()[0][0]
    assert seconds == datetime(2020, 1, 2, 2, 4, 5, tzinfo=UTC).timestamp()


def test_the_reading_of_another_type_is_not_even_planned(spark):
    sql = number_sql("x", ColumnType("x", "number", "number", ""))
    rows = spark.range(3).selectExpr("id + 0.5D AS x").select(F.expr(sql).alias("y"))
    with redirect_stdout(StringIO()) as printed:
        rows.explain()
    plan = printed.getvalue()
    assert "Project" in plan
    assert "RLIKE" not in plan


def test_rows_that_differ_only_in_where_a_cell_is_missing_hash_apart(spark):
    types = [ColumnType(name, "text", "category", "") for name in "ab"] + [ColumnType("n", "number", "number", "")]
    rows = spark.createDataFrame(
        [("x", None, 1.0), (None, "x", 1.0), ("x", None, None), ("1", "1.0", -0.0), ("1.0", "1", 0.0)],
        "a string, b string, n double",
    )
    hashes = [row[0] for row in rows.select(F.xxhash64(*canonical_cells(rows, types))).collect()]
    assert len(set(hashes)) == 4
    assert hashes[3] == hashes[4]


def test_cells_that_are_known_to_read_as_their_type_give_the_same_values_unasked(spark):
    types = [
        ColumnType("whole", "number", "number", "", integral=True),
        ColumnType("part", "number", "number", ""),
        ColumnType("day", "date", "date", ""),
        ColumnType("moment", "timestamp", "timestamp", ""),
        ColumnType("word", "text", "text", ""),
    ]
    cells = {
        "whole": ["7", " -12 ", "+3", "5.0", "1e3", "9007199254740991", ".0", None],
        "part": ["7", " -1.25", "+.5", "5.", "1e-3", "2E+2", "0", None],
        "day": ["2020-02-29", "2020-1-2", " 1999-12-31", "0001-01-01", "9999-12-31", "2021-03-28", "2020-01-1", None],
        "moment": [
            "2020-01-01T10:20:30Z", "2020-01-01 10:20", "2020-1-1 9:05", "2020-01-01T10:20:30.123456789Z",
            "2020-01-01T10:20Z", "2020-01-01 10:20:30 -05:00", "2021-03-28 02:30:00", None,
        ],
        "word": ["a", " b ", "ß", "1x", "-", "e5", "", None],
    }  # fmt: skip
    rows = spark.createDataFrame(list(zip(*cells.values(), strict=True)), ", ".join(f"{name} string" for name in cells))
    rows = trimmed(rows)
    seen = ColumnHints(plain=frozenset(cells) - {"word"}, words=frozenset({"word"}))
    for zone in ("UTC", "America/New_York"):
        asked, known = typed(rows, types, zone), typed(rows, types, zone, seen)
        assert known.dtypes == asked.dtypes
        assert known.collect() == asked.collect()
        hashes = known.select(F.xxhash64(*canonical_cells(known, types, zone=zone, seen=seen))).collect()
        assert hashes == asked.select(F.xxhash64(*canonical_cells(asked, types, zone=zone))).collect()
    assert [row["whole"] for row in known.collect()] == [7, -12, 3, 5, 1000, 9007199254740991, 0, None]


def test_no_cast_is_asked_that_throws(spark):
    # try_cast makes an exception of each cell that fails; CAST in its place ends the query by the first one.
    whole, number = (ColumnType("x", "number", "number", "", integral=integral) for integral in (True, False))
    day, moment = ColumnType("x", "date", "date", ""), ColumnType("x", "timestamp", "timestamp", "")
    written = spark.createDataFrame(
        [("517",), ("517.0",), ("-3.0",), ("4.00",), ("1e3",), ("900719925474099301.0",)], "x string"
    )
    plain = written.select(F.expr(plain_sql("x", whole, "UTC").replace("try_cast", "CAST")).alias("x")).collect()
    assert [row.x for row in plain] == [517, 517, -3, 4, 1000, 900719925474099301]
    spoilt = ["", "abc", "517.0", "5.5", "1e400", "2020-01-01", "12 kg", "2020-01-01 10:00"]
    rows = spark.createDataFrame([(text,) for text in spoilt], "x string")
    readings = [whole_sql("x", whole), number_sql("x", number)]
    readings += [value_sql("x", kind, "UTC") for kind in (ColumnType("x", "boolean", "boolean", ""), day, moment)]
    throwing = [F.expr(sql.replace("try_cast", "CAST")).isNotNull().cast("int") for sql in readings]
    found = rows.select(*(F.sum(column).alias(str(at)) for at, column in enumerate(throwing))).collect()[0]
    assert tuple(found) == (1, 2, 0, 1, 2)  # 5.5 is no whole number


def test_sql_arrow_and_python_trim_the_same_blanks(spark):
    inner = ["yes", "a b", "a\u00a0b", "é", "日本", "🙂", "it's", "\\", "\u200d", "~", "!", "\x7f", "1"]
    padded = [f"{blank}{text}{blank}{blank}" for blank in BLANKS for text in inner]
    alone = ["", *BLANKS, BLANKS, f"{BLANKS}no{BLANKS}", "\ufeffno", "no\t", "NA\u00a0", "\u3000?\r\n"]
    texts = inner + padded + alone
    wanted = inner + [text for _ in BLANKS for text in inner] + [""] * (len(BLANKS) + 2) + ["no"] * 3 + ["NA", "?"]
    rows = spark.createDataFrame([(place, text) for place, text in enumerate(texts)], "place INT, `a.b` STRING")
    marked = replace_null_values(rows, ("", "NA", "?")).withColumnRenamed("a.b", "marked")
    asked = rows.select("place", F.expr(value_sql("`a.b`", ColumnType("a.b", "text", "text", ""), "UTC")).alias("sql"))
    found = asked.join(marked, "place").orderBy("place").toArrow().to_pydict()
    assert found["sql"] == wanted
    assert found["marked"] == [None if text in ("", "NA", "?") else text for text in wanted]
    assert pc.utf8_trim(pa.array(texts), BLANKS).to_pylist() == wanted
    assert [plain_value(text) for text in texts] == wanted
