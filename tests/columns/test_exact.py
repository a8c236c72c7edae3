"""Rows keep what they say: no two keys share an id, no value passes through a double on its way to the predictions."""

from __future__ import annotations

import json
from decimal import Decimal

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from spark_jobs.columns.casts import canonical_cells, typed
from spark_jobs.columns.row_ids import row_hash, with_row_ids
from spark_jobs.columns.types import ColumnType

WHOLE = ColumnType("id", "number", "number", "", integral=True)
NUMBER = ColumnType("id", "number", "number", "")
MONEY = ColumnType("id", "number", "number", "", scale=2)
TEXT = ColumnType("id", "text", "category", "")
DAY = ColumnType("id", "date", "date", "")


def ids(spark, cells, kind, column=None):
    """The ids that cells of one column have as keys, in their order."""
    array = pa.array(cells, column or pa.string())
    rows = spark.createDataFrame(pa.table({"place": range(len(cells)), "id": array})).coalesce(1)
    known = typed(rows, [kind], key=["id"])
    named = with_row_ids(known.select(F.struct("*").alias("_row")), ["id"], is_unique=True)
    return [row[0] for row in named.orderBy("_row.place").select("_row_id").collect()]


def test_keys_are_known_by_their_number_and_by_their_text_where_their_type_does_not_hold_it(spark):
    wide = ["9007199254740993", "9007199254740992", "9223372036854775808", "9223372036854775809", "x1", None]
    assert ids(spark, ["42", "042", "42.0", "4.2e1", *wide], WHOLE) == ["42"] * 4 + [*wide[:5], "#null"]
    numbers = ["1.5", "12345678901234567890.5", "12345678901234567890.6", "+0012345678901234567.250", "NaN?"]
    assert ids(spark, numbers, NUMBER) == ["1.5", *numbers[1:3], "12345678901234567.25", "NaN?"]
    money = ["10.50", "10.5", "10.501", "12345678901234567.25", "1" * 40, "2" * 40]
    assert ids(spark, money, MONEY) == ["10.5", "10.5", "10.501", *money[3:]]
    assert ids(spark, ["007", "7", "7.0"], TEXT) == ["007", "7", "7.0"]
    assert ids(spark, ["2024-01-31", "2024-02-31", "soon"], DAY) == ["2024-01-31", "2024-02-31", "soon"]


@pytest.mark.parametrize("is_unique", [False, None])
def test_rows_of_one_key_are_numbered_in_the_order_of_their_content_asked_or_told(spark, is_unique):
    rows = spark.createDataFrame([(one, f"{place}") for place, one in enumerate("abacab")], "id string, x string")

    def found(frame):
        named = with_row_ids(frame.select(F.struct("*").alias("_row")), ["id"], is_unique)
        return {row[0]: row[1] for row in named.select("_row.x", "_row_id").collect()}

    ids = found(rows)
    assert sorted(ids.values()) == ["a", "a#2", "a#3", "b", "b#2", "c"]
    assert found(rows.orderBy(F.desc("x")).repartition(3)) == ids


def test_a_key_has_one_id_as_text_and_with_every_stored_type(spark):
    small = [42, 7]
    for stored in (pa.int8(), pa.int64(), pa.decimal128(20, 0), pa.decimal128(38, 10), pa.float64()):
        assert ids(spark, small, WHOLE, stored) == ["42", "7"]
    wide = [10152345678900001, 10152345678900002]
    for stored in (pa.int64(), pa.decimal128(20, 0), pa.decimal128(38, 10)):
        assert ids(spark, wide, NUMBER, stored) == ids(spark, list(map(str, wide)), WHOLE) == list(map(str, wide))
    money = [Decimal("12.50"), Decimal("12345678901234567.25"), Decimal("12345678901234567.26")]
    stored = ids(spark, money, NUMBER, pa.decimal128(38, 10))
    assert stored == ids(spark, list(map(str, money)), MONEY) == ["12.5", *map(str, money[1:])]


def test_no_two_composite_or_nested_keys_share_an_id(spark):
    pairs = [("a|", "b"), ("a", "|b"), ("a|b", ""), ("a", "b"), (None, "b"), ("#null", "b"), ("null", "b"), ("", "b")]
    lists = [["a", "b"], ["a, b"], ["a", None], ["a"], [], None, ["null"], ['"a"']]
    rows = spark.createDataFrame(pa.table({"a": [p[0] for p in pairs], "b": [p[1] for p in pairs], "c": lists}))
    for key in (["a", "b"], ["c"], ["c", "a"]):
        found = with_row_ids(rows.select(F.struct("*").alias("_row")), key).select("_row_id").collect()
        assert len({row[0] for row in found}) == len(pairs), key


def test_numbers_keep_their_stored_type_and_value(spark):
    table = pa.table(
        {
            "b": pa.array([2**63 - 1, None]),
            "u": pa.array([2**64 - 1, 1], pa.decimal128(20, 0)),
            "d": pa.array([Decimal("12345678901234567890.1234567890"), None], pa.decimal128(38, 10)),
            "f": pa.array([0.1, None], pa.float32()),
            "i": pa.array([1, 2], pa.int32()),
        }
    )
    rows = spark.createDataFrame(table)
    known = typed(rows, [ColumnType(name, "number", "number", "", integral=name == "b") for name in rows.columns])
    assert known.dtypes == rows.dtypes
    assert known.collect() == rows.collect()


def test_numbers_of_text_keep_their_digits(spark):
    texts = ["12345678901234567890.12", "1.5", "-3", "1e3", "x", "9" * 40, None]
    rows = spark.createDataFrame(pa.table({"id": pa.array(texts)})).coalesce(1)
    found = [row[0] for row in typed(rows, [MONEY]).collect()]
    assert found == [Decimal(texts[0]), Decimal("1.5"), Decimal(-3), Decimal(1000), None, None, None]
    wide = ["9007199254740993", "9.007199254740993e15", "1e18", "9223372036854775808", "517.0", "1.5"]
    rows = spark.createDataFrame(pa.table({"id": pa.array(wide)})).coalesce(1)
    assert [row[0] for row in typed(rows, [WHOLE]).collect()] == [9007199254740993, None, None, None, 517, None]


def test_rows_that_differ_beyond_a_double_have_other_hashes_and_others_the_same_as_before(spark):
    decimals = [Decimal("123456789012.1234567891"), Decimal("123456789012.1234567892"), Decimal("0.1"), Decimal("7")]
    rows = spark.createDataFrame(pa.table({"id": pa.array(decimals, pa.decimal128(38, 10))})).coalesce(1)
    whole = rows.select(F.struct("*").alias("_row"))
    hashes = [row[0] for row in whole.select(row_hash({"id": rows.schema["id"].dataType})).collect()]
    assert len(set(hashes)) == 4
    doubles = rows.select(F.struct(F.col("id").cast("double").alias("id")).alias("_row"))
    as_doubles = [
        row[0] for row in doubles.select(row_hash({"id": doubles.schema["_row"].dataType["id"].dataType})).collect()
    ]
    assert hashes[2:] == as_doubles[2:]
    parts = rows.select(
        *[part.alias(f"p{place}") for place, part in enumerate(canonical_cells(rows, [NUMBER]))]
    ).collect()
    assert [row["p1"] for row in parts] == [*map(str, decimals[:2]), None, None]


@pytest.mark.parametrize(
    ("sql", "equal"),
    [
        ("map('a', 1, 'b', 2) ~ map('b', 2, 'a', 1)", True),
        ("map('a', 1) ~ map('a', 2)", False),
        ("array('a, b') ~ array('a', 'b')", False),
        ("array(null) ~ array()", False),
        ("named_struct('t', timestamp'2024-01-01 00:00:00.000001') ~ named_struct('t', timestamp'2024-01-01')", False),
        ('parse_json(\'{"a": 1, "b": 2}\') ~ parse_json(\'{"b": 2, "a": 1}\')', True),
        ("parse_json('[1]') ~ parse_json('[2]')", False),
        ("named_struct('m', map(1, array(map(2, x'00')))) ~ named_struct('m', map(1, array(map(2, x'01'))))", False),
    ],
)
def test_nested_cells_are_compared_by_what_they_hold(spark, sql, equal):
    one, other = sql.split(" ~ ")
    kind = ColumnType("x", "text", "unsupported", "")
    rows = [spark.sql(f"SELECT {value} AS x") for value in (one, other)]
    texts = [part.select(*canonical_cells(part, [kind])).first()[0] for part in rows]
    assert (texts[0] == texts[1]) is equal, json.dumps(texts)
