"""A plain text split on this machine is what Spark makes of it, cell by cell; any other is left to Spark."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spark_jobs.columns.types import ColumnType
from spark_jobs.profile.batch import ScanOptions
from spark_jobs.profile.plain import profile_here, profile_plain
from spark_jobs.profile.scan import scan_columns, scannable
from spark_jobs.sources import local_lines
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec import Source
from spark_jobs.training.prepare import SourceProfile

DEPTH = ScanOptions(quantiles=False, type_counts=True)
PLAIN = {
    "padded cells and marks of null": b"a,b\n 1 ,x\n\t2,NA\n3,  \n?,n/a\n,\n",
    "semicolons and CRLF": b"a;b;c\r\n1,5;x;\r\n-2,0;;y\r\n",
    "quoted fields": b'a,b\n"1, 5","say ""so"""\n2,""\n"3",plain\n',
    "tabs": "a\tb\nä\t1\nx\t\n日本\t2\n".encode(),
    "a byte order mark and no last line end": b"\xef\xbb\xbfa,b\n1,2\n3,4",
    "one column": b"a\n1\nx\n2\n",
    "backslashes": b"a,b\n\\,1\nc:\\n,2\n",
}
ODD = {
    "a quote inside a field": b'a,b\nx"y,1\nz,2\n',
    "text after a closing quote": b'a,b\n"x"y,1\nz,2\n',
    "a blank before a quote": b'a,b\n "x",1\nz,2\n',
    "a tab within quotes": b'a,b\n"\tx",1\nz,2\n',
    "a control character": b"a,b\nx\x01,1\nz,2\n",
    "a line of blanks": b"a,b\nx,1\n   \nz,2\n",
}


def here(text):
    """The rows that a plain text gives on this machine."""
    return [
        row
        for batch in text.batches()
        for row in zip(*(text.cells(column).values.to_pylist() for column in batch.columns), strict=True)
    ]


def as_scanned(profile):
    """A profile without what only a look at cells before they are trimmed tells."""
    columns = {name: replace(column, trimmed=False, null_values=None) for name, column in profile.columns.items()}
    return replace(profile, columns=columns).to_json()


def source(tmp_path, data):
    (tmp_path / "table.csv").write_bytes(data)
    return Source(path=str(tmp_path / "table.csv"))


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_text_is_split_here_as_spark_splits_it(spark, tmp_path, name):
    table = read_source(source(tmp_path, PLAIN[name]), spark)
    assert table.plain is not None
    assert here(table.plain) == [tuple(row) for row in table.rows.collect()]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_text_is_left_to_spark(spark, tmp_path, name):
    table = read_source(source(tmp_path, ODD[name]), spark)
    assert table.plain is None or profile_here(table.plain, DEPTH) is None


@pytest.mark.parametrize("options", [{"null_values": ["-"]}, {"options": {"header": False}}, {"names": ["x", "y"]}])
def test_what_the_spec_says_of_a_text_holds_here_too(spark, tmp_path, options):
    said = source(tmp_path, b"-,1\nNA,2\n,3\n").model_copy(update=options)
    table = read_source(said, spark)
    rows = here(table.plain)
    assert rows == [tuple(row) for row in table.rows.collect()]
    assert len(rows) == (2 if "null_values" in options else 3)


def test_the_profile_made_here_is_that_of_spark(spark, tmp_path):
    random = np.random.default_rng(3)
    lines = [f"{number:.3f},{level},2024-01-{day:02d}\n" for number, level, day in zip(
        random.normal(size=3000), random.choice(["a", "b", "NA", "true"], 3000), random.integers(1, 29, 3000),
        strict=True)]  # fmt: skip
    table = read_source(source(tmp_path, ("n,c,d\n" + "".join(lines)).encode()), spark)
    mine = profile_here(table.plain, DEPTH)
    spark_s = scan_columns(table.rows, scannable(table.rows), depth=DEPTH)
    assert mine.rows == 3000
    assert as_scanned(mine) == spark_s.to_json()
    assert {name: column.null_values for name, column in mine.columns.items()} == {"n": (), "c": ("NA",), "d": ()}


def test_a_changed_file_is_looked_at_anew(spark, tmp_path):
    first = profile_here(read_source(source(tmp_path, b"a,b\n1,2\n"), spark).plain, DEPTH)
    second = profile_here(read_source(source(tmp_path, b"a,b\n1,2\n3,4\n"), spark).plain, DEPTH)
    assert (first.rows, second.rows) == (1, 2)


@pytest.mark.parametrize("name", PLAIN)
def test_a_large_plain_text_has_the_profile_that_sparks_reader_gives(spark, tmp_path, monkeypatch, name):
    monkeypatch.setattr(local_lines, "LARGEST", 1)
    table = read_source(source(tmp_path, PLAIN[name]), spark)
    assert table.plain is not None
    assert not table.plain.local
    by_reader = scan_columns(table.rows, scannable(table.rows), depth=DEPTH)
    assert as_scanned(profile_plain(table, DEPTH)) == by_reader.to_json()


TEXTS = {
    **PLAIN,
    "no marks and no blanks": b"a,b\n1,x\n2,y\n",
    "blanks beyond ASCII in one column": "a,b\n1,\u00a0x\n2,y\u2003\n".encode(),
    "blanks within quotes": b'a,b\n1," x"\n2,"y "\n',
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("marks", [None, ["NA"], [""], []], ids=str)
def test_what_a_look_at_all_cells_spares_the_rows_does_not_change_them(spark, tmp_path, name, marks):
    table = read_source(source(tmp_path, TEXTS[name]).model_copy(update={"null_values": marks}), spark)
    profile = profile_plain(table, DEPTH)
    rows = SourceProfile(
        table, profile, {column: ColumnType(column, "text", "text", "") for column in table.columns}
    ).rows
    assert table.raw is not None
    assert rows.collect() == table.rows.collect()


def test_a_large_text_that_only_sparks_reader_splits_right_is_left_to_it(spark, tmp_path, monkeypatch):
    monkeypatch.setattr(local_lines, "LARGEST", 1)
    table = read_source(source(tmp_path, ODD["a quote inside a field"]), spark)
    assert table.plain is None or profile_plain(table, DEPTH) is None


def test_the_headers_of_several_large_files_are_no_rows(spark, tmp_path, monkeypatch):
    monkeypatch.setattr(local_lines, "LARGEST", 1)
    for name, rows in (("one", b"1,x\n2,y\n"), ("two", b"3,NA\n")):
        (tmp_path / f"{name}.csv").write_bytes(b"a,b\n" + rows)
    profile = profile_plain(read_source(Source(path=str(tmp_path)), spark), DEPTH)
    assert profile.rows == 3
    assert profile["b"].missing == 1
