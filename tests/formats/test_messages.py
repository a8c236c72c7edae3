"""Messages, one by one: what is taken, what is refused and why."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from spark_jobs.formats.json_records import keys
from spark_jobs.formats.messages import CsvFormat, JsonFormat, split

NAMES = ("a", "b.c", "d`e")


def taken(form, *values):
    """Each value's cells, or its reason."""
    values = [value.encode() if isinstance(value, str) else value for value in values]
    places = [f"t/0/{number}" for number in range(len(values))]
    batch = pa.RecordBatch.from_arrays([pa.array(values, pa.binary()), pa.array(places)], ["value", "place"])
    rows = next(iter(split(form)(iter([batch])))).to_pylist()
    assert [row["_source"] for row in rows] == places
    return [row["_reasons"][0] if row["_reasons"] else tuple(row[name] for name in form.names) for row in rows]


def test_an_object_gives_its_values_as_text_and_its_numbers_as_they_were_written():
    value = ' {"d`e": true, "a": 1.50, "b.c": "x\\u00e9\\ty", "more": 1}\n'
    assert taken(JsonFormat(NAMES), value) == [("1.50", "xé\ty", "true")]
    big = '{"a": 123456789012345678901234567890.10, "b.c": -0.0, "d`e": 1E5}'
    assert taken(JsonFormat(NAMES), big) == [("123456789012345678901234567890.10", "-0.0", "1E5")]


def test_a_key_beside_those_that_are_taken_is_told_or_makes_the_message_one_that_is_refused():
    values = [b'{"a": 1, "b.c": 2}', b'{"more": 3, "a": 1}', b'{"a": 1, "\\ud800": 1}']
    batch = pa.RecordBatch.from_arrays([pa.array(values, pa.binary()), pa.array("xyz")], ["value", "place"])
    told = next(iter(split(JsonFormat(NAMES, others="told"))(iter([batch])))).to_pylist()
    assert [row["⟨other⟩"] for row in told] == [None, "more", "�"]
    assert [row["a"] for row in told] == ["1", "1", "1"]
    refused = taken(JsonFormat(NAMES, others="refused"), *values[:2])
    assert refused == [("1", "2", None), "the key 'more' is not a column of the training data"]


def test_a_key_with_blanks_around_it_is_the_column_without_them_unless_that_is_there_too():
    form = JsonFormat(NAMES, others="told")
    assert taken(form, '{" a ": 1, "\u00a0b.c": "x"}', '{"a": 1, "a ": 2}') == [("1", "x", None), ("1", None, None)]
    assert taken(JsonFormat((" a ",)), '{" a ": 1, "a": 2}') == [("1",)]


def test_a_missing_key_and_null_are_missing_values():
    assert taken(JsonFormat(NAMES), '{"a": null}', '{"b.c": "x"}') == [(None, None, None), (None, "x", None)]


def test_what_is_nested_stays_json():
    nested = '{"a": {"x": [1.50, "é", null, {"y": false}]}, "b.c": [ ], "d`e": 7}'
    assert taken(JsonFormat(NAMES), nested, '{"a": "plain"}') == [
        ('{"x":[1.50,"é",null,{"y":false}]}', "[]", "7"),
        ("plain", None, None),
    ]


def test_numbers_that_are_none_keep_their_name():
    assert taken(JsonFormat(("a", "b")), '{"a": NaN, "b": -Infinity}', '{"a": 1e999, "b": 2}') == [
        ("NaN", "-Infinity"),
        ("1e999", "2"),
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "the message has no value"),
        ("", "the value is empty"),
        (" \n", "the value is empty"),
        ("malformed", "the value is not JSON"),
        ("[1, 2]", "the value is not a JSON object but an array"),
        ('"a"', "the value is not a JSON object but a string"),
        ("17", "the value is not a JSON object but a number"),
        ("null", "the value is not a JSON object but null"),
        ('{"a": 1', "the value is not JSON: Expecting ',' delimiter at character 8"),
        ('{"a": ', "the value is not JSON: a value is missing at character 6"),
        ("{'a': 1}", "the value is not JSON: Expecting property name enclosed in double quotes at character 2"),
        ('{"a": 01}', "the value is not JSON: Expecting ',' delimiter at character 8"),
        ('{"a": 1}{"a": 2}', "more follows the JSON object at character 9"),
        ('{"a": 1}] {}', "more follows the JSON object at character 9"),
        ('{"a":1,"a":2}', "the key 'a' is given twice"),
        ('{"a" :1,"a":2}', "the key 'a' is given twice"),
        ('{"a": {"x": 1, "x": 2}}', "the key 'x' is given twice"),
        ('{"x": 1, "y": 2}', "the object has none of the columns; its keys are 'x', 'y'"),
        ("{}", "the object has none of the columns; its keys are none"),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "the value is nested too deeply"),
        ('{"a": "\\ud800"}', "a string has an unpaired surrogate"),
        ('{"\\ud800": 1}', "the object has none of the columns; its keys are '?'"),
        (b'{"a": "\xff"}', "the value is not valid UTF-8 at byte 8"),
    ],
)
def test_a_message_that_is_no_object_is_refused_with_its_reason(value, reason):
    good = '{"a": 1}'
    assert taken(JsonFormat(NAMES), good, value, good) == [("1", None, None), reason, ("1", None, None)]


def test_a_refused_message_is_kept_as_it_came():
    values = [b"malformed \xc3\xa9", b"\x00\xff\xfe", None]
    batch = pa.RecordBatch.from_arrays([pa.array(values, pa.binary()), pa.array(["t/0/0"] * 3)], ["value", "place"])
    rows = next(iter(split(JsonFormat(NAMES))(iter([batch])))).to_pylist()
    assert [row["⟨raw⟩"] for row in rows] == ["malformed é", "base64:AP/+", None]


def test_a_key_that_no_column_can_have_refuses_its_message_alone():
    form = JsonFormat(("a",), {"A": "the key 'A' differs from 'a' by case only"})
    assert taken(form, '{"a": 1}', '{"A": 1}') == [("1",), "the key 'A' differs from 'a' by case only"]


def test_five_megabytes_are_taken_as_they_are():
    long = "x" * 5_000_000
    assert taken(JsonFormat(("a",)), json.dumps({"a": long})) == [(long,)]
    assert taken(CsvFormat(("a",)), f'"{long}"') == [(long,)]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1,x,2", ("1", "x", "2")),
        ('"a,b","say ""hi""",', ("a,b", 'say "hi"', "")),
        ('1,"two\nlines",3', ("1", "two\nlines", "3")),
        ("1,x,2\r\n", ("1", "x", "2")),
        ('5" wide, x,2', ('5" wide', "x", "2")),
        ("1,2", "the record has 2 fields, not 3"),
        ("1,2,3,4", "the record has 4 fields, not 3"),
        ("1,2,3\n4,5,6", "the value holds 2 records, not one"),
        ('1,"open,3', "the record is malformed: unexpected end of data"),
        ('1,"a"b,3', "the record is malformed: ',' expected after '\"'"),
        ("", "the value is empty"),
        ("\n", "the value is empty"),
        (None, "the message has no value"),
        (b"1,\xff,2", "the value is not valid UTF-8 at byte 3"),
    ],
)
def test_a_record_of_csv_has_a_field_for_each_name_or_is_refused(value, found):
    assert taken(CsvFormat(NAMES), value) == [found]


def test_a_record_may_be_written_in_another_form():
    form = CsvFormat(("a", "b"), sep=";", quote="'", escape="\\")
    assert taken(form, r"'it\'s; so';2") == [("it's; so", "2")]


def test_the_keys_of_all_objects_are_counted_and_those_of_refused_messages_are_not():
    values = [b'{"b":1,"a":2}', b'{"a":1,"c":{"d":1}}', b"malformed", b'{"z":1,"z":2}', None, b'{"\\ud800":1}']
    places = [f"t/0/{number}" for number in range(len(values))]
    batch = pa.RecordBatch.from_arrays([pa.array(values, pa.binary()), pa.array(places)], ["value", "place"])
    found = next(iter(keys(iter([batch])))).to_pylist()
    assert {row["key"]: row["count"] for row in found} == {"b": 1, "a": 2, "c": 1}
    assert sorted(row["first"] for row in found) == ["000000 t/0/0", "000001 t/0/0", "000001 t/0/1"]
