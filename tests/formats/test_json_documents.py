"""The values of a text of JSON: each one is found, and what is none is told with what it says."""

from __future__ import annotations

import json
import random

import pytest

from spark_jobs.formats.json_documents import Value, parse_values

ROWS = [{"a": n, "b": {"c": ["x\n{", {"d": "}]"}]}} for n in range(7)]


def good(text: str, size: int = 10**6) -> list[object]:
    found = list(parse_values(text[at : at + size] for at in range(0, len(text), size)))
    assert [value.why for value in found if value.why] == []
    return [json.loads(value.text) for value in found]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10**6])
@pytest.mark.parametrize("indent", [None, 0, 2])
def test_objects_are_found_in_arrays_on_lines_and_over_lines_however_the_text_comes(indent, size):
    one, rest = json.dumps(ROWS, indent=indent), [json.dumps(row, indent=indent) for row in ROWS]
    assert good(one, size) == ROWS
    assert good(one + one + "\n" + one, size) == ROWS * 3
    assert good("\n".join(rest), size) == ROWS
    assert good(" ".join(rest) + "\r\n" + "".join(rest) + "[]", size) == ROWS * 2
    assert good(" \n ", size) == []


@pytest.mark.parametrize("size", [1, 5, 10**6])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "b"\n{"a": 2}', ['!{"a": 1, "b"', '{"a": 2}']),
        ('{"a": "x\n{"a": 2}\n', ['!{"a": "x', '{"a": 2}']),
        ('{\n "a": 1,\n "b":\n}\n{\n "a": 2\n}', ['!{\n "a": 1,\n "b":\n}', '{\n "a": 2\n}']),
        ('{\n "a": {\n  "b": 1\n\n{\n "a": 2\n}', ['!{\n "a": {\n  "b": 1', '{\n "a": 2\n}']),
        ('[\n {"a": 1},\n {"a" 2},\n {"a": 3}\n]', ['{"a": 1}', '!{"a" 2},', '{"a": 3}']),
        ('[{"a": 1},\n {"a" 2},\n {"a": 3}]\n[{"a": 4}]', ['{"a": 1}', '!{"a" 2},', '{"a": 3}', '{"a": 4}']),
        ('[{"a": 1},\n{"a": 2\n[{"a": 4}]', ['{"a": 1}', '!{"a": 2', '{"a": 4}']),
        ('{"a": 1} junk\n{"a": 2}', ['!{"a": 1} junk', '{"a": 2}']),
        ('{"a": 1}, {"a": 2}\n{"a": 3}', ['!{"a": 1}, {"a": 2}', '{"a": 3}']),
        ('{"a": 1}]\n{"a": 2}', ['!{"a": 1}]', '{"a": 2}']),
        ('junk\n{"a": 2}', ["!junk", '{"a": 2}']),
        ('[{"a": 1}, {"a": 2}', ['{"a": 1}', '{"a": 2}', "!"]),
        ('[{"a": 1},]', ['{"a": 1}', "!,"]),
        ('[{"a": 1}, 7, "x", null, [{"a": 2}]]', ['{"a": 1}', "7", '"x"', "null", '[{"a": 2}]']),
        ('{"a": 12', ['!{"a": 12']),
    ],
)
def test_what_is_no_json_is_told_up_to_where_the_next_value_begins(text, found, size):
    read = parse_values(text[at : at + size] for at in range(0, len(text), size))
    assert [("!" if value.why else "") + value.text for value in read] == found


def test_a_text_that_is_broken_in_the_middle_of_its_only_line_says_that_more_may_be_lost():
    whole = '[{"a": 1}, {"a" 2}, {"a": 3}]'
    assert [value.hides for value in parse_values([whole])] == [False, True]
    assert not any(value.hides for value in parse_values(['[{"a": 1}, {"a": 2']))
    assert not any(value.hides for value in parse_values(['[{"a": 1}, {"a": "2']))


def test_no_cut_at_any_place_invents_or_loses_an_object_before_it():
    rows = [{"id": n, "n": {"id": n}} for n in range(4)]
    for text in (json.dumps(rows), json.dumps(rows, indent=1), "\n".join(map(json.dumps, rows))):
        for end in random.Random(1).sample(range(len(text)), 60):
            found = list(parse_values([text[:end]]))
            read = [json.loads(value.text) for value in found if value.why is None]
            assert read == rows[: len(read)]
            assert sum('"n": {' in value.text for value in found) <= text[:end].count('"n": {')
    assert list(parse_values([])) == []
    why = "the value is not JSON: Expecting property name enclosed in double quotes at character 2"
    assert next(parse_values(["{"])) == Value("{", why)
