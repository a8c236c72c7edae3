"""JSON files as a source: every object is read, or set apart and counted; files of a folder are compared."""

from __future__ import annotations

import bz2
import gzip
import json
import zlib

import pytest

from spark_jobs.errors import DataError, SpecError
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec import Source

BIG = 9_007_199_254_740_993
ROWS = [{"id": BIG + n, "a.b": n / 4, "`c`": "ä\n{", "tags": ["x", {"y": 1.50}]} for n in range(6)]
CELLS = [(str(BIG + n), str(n / 4), "ä\n{", '["x",{"y":1.5}]') for n in range(6)]
LAYOUTS = {
    "lines": "\n".join(map(json.dumps, ROWS)),
    "joined": "".join(json.dumps(row) + "\n \t"[n % 3] for n, row in enumerate(ROWS)),
    "array": json.dumps(ROWS, ensure_ascii=False),
    "pretty": "\n".join(json.dumps(row, indent=2) for row in ROWS),
    "arrays": json.dumps(ROWS[:2], indent=1) + json.dumps(ROWS[2:5]) + "\n" + json.dumps(ROWS[5:], indent=4),
    "array_of_lines": "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]",
}


def cells(table) -> list[tuple[str | None, ...]]:
    return sorted(tuple(row) for row in table.rows.collect())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_object_is_read_however_the_file_is_laid_out(spark, tmp_path, layout):
    path = tmp_path / "x [2]*,%25 é.json"
    path.write_text(LAYOUTS[layout], encoding="utf-8")
    table = read_source(Source(path=str(path)), spark)
    assert (table.columns, cells(table)) == (tuple(ROWS[0]), CELLS)
    assert (table.records, table.malformed, table.malformed_count) == (6, None, 0)


def test_what_is_no_object_is_set_apart_with_its_text_and_counted_at_the_source(spark, tmp_path):
    bad = ['{"id": 1, "b"', '{"id": 1} more', '{"id": 1, "id": 2}', "[1]", '{"id": "\\ud800"}', "7"]
    (tmp_path / "x.jsonl").write_text("\n".join([*LAYOUTS["lines"].split("\n"), *bad]))
    (tmp_path / "y.jsonl").write_bytes(b'{"id": 7}\n{"id": "\xff"}\n')
    table = read_source(Source(path=str(tmp_path)), spark)
    refused = {row["_raw"]: row["_reasons"][0] for row in table.malformed.collect()}
    assert (table.records, table.malformed_count, len(cells(table))) == (14, 7, 7)
    assert refused.keys() == {*bad[:3], "1", *bad[4:], "base64:eyJpZCI6ICL/In0="}
    assert refused['{"id": 1, "id": 2}'] == "the key 'id' is given twice"
    assert refused["1"] == "the value is not a JSON object but a number"
    assert "7 of 14 records" in table.reading.decisions[0]
    (tmp_path / "z.json").write_text("[1, 2]")
    with pytest.raises(DataError, match=r"contains no JSON object: the value is not a JSON object but a number"):
        read_source(Source(path=str(tmp_path / "z.json")), spark)


def test_a_broken_document_is_read_up_to_the_break_and_on_from_the_next_line(spark, tmp_path):
    path = tmp_path / "x.json"
    path.write_text(LAYOUTS["pretty"].replace('"a.b": 0.5', '"a.b" 0.5'))
    table = read_source(Source(path=str(path)), spark)
    assert (table.records, table.malformed_count, cells(table)) == (6, 1, CELLS[:2] + CELLS[3:])
    path.write_text(LAYOUTS["array"].replace('"a.b": 0.5', '"a.b" 0.5'))
    with pytest.raises(DataError, match=r"x\.json' has invalid JSON in the middle of a line: .*delimiter at character"):
        read_source(Source(path=str(path)), spark)


@pytest.mark.parametrize("pack", [("gz", gzip.compress), ("bz2", bz2.compress), ("deflate", zlib.compress)])
@pytest.mark.parametrize("layout", ["lines", "arrays"])
def test_packed_files_are_read_in_every_layout(spark, tmp_path, layout, pack):
    ending, packed = pack
    (tmp_path / f"x.json.{ending}").write_bytes(packed(LAYOUTS[layout].encode()))
    assert cells(read_source(Source(path=str(tmp_path)), spark)) == CELLS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("layout", ["lines", "arrays"])
def test_the_encoding_is_told_by_the_first_bytes(spark, tmp_path, layout, encoding):
    text = LAYOUTS[layout].replace("\\u00e4", "ä")
    (tmp_path / "x.json").write_bytes(("\ufeff" * (encoding == "utf-16-be") + text).encode(encoding))
    assert cells(read_source(Source(path=str(tmp_path)), spark)) == CELLS


def test_keys_of_some_files_are_columns_and_told_and_layouts_and_folders_may_differ(spark, tmp_path):
    for folder, text in (("k=01", '{"a": 1}\n{"a": null}'), ("k=2", '[{"b": 2, "a": 3}]')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_text(text)
    table = read_source(Source(path=str(tmp_path)), spark)
    assert table.columns == ("a", "b", "k")
    assert sorted((row.a or "", row.b) for row in table.rows.collect()) == [("", None), ("1", None), ("3", "2")]
    assert table.reading.decisions == ("'b' is in 1 of 2 files",)


def test_a_key_that_is_nested_in_one_file_and_plain_in_another_is_refused_by_name_and_file(spark, tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1, "c": {"x": 1}}\n{"a": 1, "c": null}')
    (tmp_path / "b.json").write_text('{"a": 1, "c": null}')
    assert read_source(Source(path=str(tmp_path)), spark).records == 3
    (tmp_path / "c.json").write_text('{"a": 1, "c": 5}')
    with pytest.raises(DataError, match=r"'c' has objects or arrays in '.*a\.json', and plain values in '.*c\.json'"):
        read_source(Source(path=str(tmp_path)), spark)
    (tmp_path / "a.json").write_text('{"c": {"x": 1}}\n{"c": 2}')
    found = read_source(Source(path=str(tmp_path)), spark)
    assert found.reading.decisions[-1] == "'c' is nested in 1 objects and plain in 2: read as text"


def test_options_of_sparks_own_reader_are_refused_by_name(spark, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    for option in ("allowComments", "allowSingleQuotes", "primitivesAsString", "dropFieldIfAllNull"):
        with pytest.raises(SpecError, match=option):
            read_source(Source(path=str(tmp_path / "x.json"), options={option: True}), spark)
