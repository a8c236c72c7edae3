"""Files that cannot be read at all: which they are, why, and that the others beside them are read."""

from __future__ import annotations

import bz2
import errno
import functools
import gzip
import os
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_jobs.errors import DataError
from spark_jobs.sources import corrupt_files
from spark_jobs.sources.corrupt_files import corruption_reason, read_files
from spark_jobs.sources.files import local_files
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec import Source

TEXT = "a,b\n" + "".join(f"{n},{n * n}\n" for n in range(100_000))


def parquet(rows=range(1000)) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": list(rows), "b": [n * n for n in rows]}), out)
    return out.getvalue().to_pybytes()


@functools.cache
def packed(text: str) -> bytes:
    return gzip.compress(text.encode())


def file_of(folder: Path, name: str, content: bytes, seconds_ago: float = 3_600):
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (time.time() - seconds_ago,) * 2)
    return next(file for file in local_files(Source(path=str(folder))) if file.path == str(path))


SPOILED = packed(TEXT)[:5_000] + bytes(2_000) + packed(TEXT)[7_000:]


@pytest.mark.parametrize(
    ("name", "content", "kind", "why"),
    [
        ("a.parquet", parquet(), "parquet", None),
        ("a.parquet", parquet()[:-100], "parquet", "is not a complete Parquet file"),
        ("a.parquet", parquet()[:-8] + b"\xff\xff\xff\x7fPAR1", "parquet", "is not a complete Parquet file"),
        ("a.parquet", TEXT.encode(), "parquet", "is not a complete Parquet file"),
        ("a.parquet", b"", "parquet", "is empty: 0 bytes"),
        ("a.csv", b"", "csv", "is empty: 0 bytes"),
        ("a.csv", TEXT.encode(), "csv", None),
        ("a.csv.gz", packed(TEXT), "csv", None),
        ("a.csv.gz", packed(TEXT)[:-20], "csv", "cannot be decompressed: Compressed file ended"),
        (
            "a.csv.gz",
            packed(TEXT)[:5_000] + bytes(2_000) + packed(TEXT)[7_000:],
            "csv",
            "cannot be decompressed: Error -3",
        ),
        ("a.csv.gz", TEXT.encode(), "csv", "cannot be decompressed: Not a gzipped file"),
        ("a.json.bz2", bz2.compress(TEXT.encode())[:-20], "json", "cannot be decompressed"),
    ],
)
def test_a_file_that_is_cut_short_or_packed_otherwise_is_known_by_its_form(tmp_path, name, content, kind, why):
    said = corruption_reason(file_of(tmp_path, name, content), kind)
    assert (said is None) if why is None else (f"{name}' {why}" in said), said


def test_a_disk_that_fails_is_no_fault_of_the_file(tmp_path, monkeypatch):
    file = file_of(tmp_path, "a.csv.gz", packed(TEXT))

    def failing(path: str):
        raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr(corrupt_files, "open_unpacked", failing)
    with pytest.raises(DataError, match=r"a\.csv\.gz' cannot be read: Input/output error"):
        corruption_reason(file, "csv")


def test_a_file_that_is_still_being_written_is_waited_for(tmp_path, spark, monkeypatch):
    monkeypatch.setattr(corrupt_files, "SETTLED_SECONDS", 20)
    file = file_of(tmp_path, "a.parquet", parquet()[:1_000], seconds_ago=0)

    def end() -> None:
        time.sleep(1.5)
        Path(file.path).write_bytes(parquet())

    threading.Thread(target=end).start()
    table = read_files(Source(path=str(tmp_path)), [file], spark, ["a", "b"])
    assert (table.malformed_count, table.rows.count()) == (0, 1_000)


def test_files_that_can_be_read_are_read_beside_those_that_cannot(tmp_path, spark):
    files = [
        file_of(tmp_path, "cut.csv.gz", packed(TEXT)[:-20]),
        file_of(tmp_path, "blank.csv", b" \n\n"),
        file_of(tmp_path, "whole.csv", b"a,b\n1,1\ntorn\n2,4\n"),
        file_of(tmp_path, "packed.csv.gz", packed("a,b\n3,9\n")),
    ]
    source = Source(kind="csv", path=str(tmp_path), landing=True)
    table = read_files(source, files, spark, ["a", "b"])
    assert sorted(int(row.a) for row in table.rows.collect()) == [1, 2, 3]
    told = {row["_source"].rsplit("/", 1)[1]: (row["_raw"], row["_reasons"]) for row in table.malformed.collect()}
    assert sorted(told) == ["cut.csv.gz", "whole.csv"], "blank lines hold no row"
    assert told["whole.csv"][0] == "torn"
    assert told["cut.csv.gz"][0] is None
    assert "cannot be decompressed" in told["cut.csv.gz"][1][0]
    assert table.malformed_count == 2
    kept = {Path(file["path"]).name: file.get("corrupt") for file in table.reads["files"]}
    assert sorted(kept) == ["blank.csv", "cut.csv.gz", "packed.csv.gz", "whole.csv"]
    assert [name for name, why in kept.items() if why] == ["cut.csv.gz"]


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        ("json", b"this is\nno json\n", "contains no JSON object"),
        ("csv", b" \n \n", "contains only blank lines"),
        ("csv", b"a,a\n1,2\n", "must differ"),
        ("parquet", b"PAR1 and no more", "is not a complete Parquet file"),
    ],
)
def test_where_no_file_can_be_read_there_are_no_rows_but_one_for_each_that_is_set_apart(
    tmp_path, spark, kind, content, why
):
    files = [file_of(tmp_path, "x", content)]
    table = read_files(Source(kind=kind, path=str(tmp_path / "x")), files, spark, ["a", "`odd` . name"])
    assert (table.rows.columns, table.rows.count()) == (["a", "`odd` . name"], 0)
    rows = table.malformed.collect()
    assert len(rows) == table.malformed_count == 1
    assert why in rows[0]["_reasons"][0]
    again = read_files(Source(kind=kind, path=str(tmp_path / "x")), files, spark, ["a", "`odd` . name"])
    assert again.fingerprint == table.fingerprint


def test_a_file_that_is_packed_and_corrupt_is_refused_in_words_where_it_alone_is_read(tmp_path, spark):
    file = file_of(tmp_path, "a.csv.gz", packed(TEXT)[:5_000] + bytes(2_000) + packed(TEXT)[7_000:])
    with pytest.raises(DataError, match=r"a\.csv\.gz' cannot be read") as refused:
        read_source(Source(path=file.path), spark)
    assert "Fetch it again" in refused.value.advice


def test_files_that_are_whole_and_do_not_go_together_are_refused(tmp_path, spark):
    files = [file_of(tmp_path, "a.csv", b"a,b\n1,1\n"), file_of(tmp_path, "b.csv", b"a,c,d\n1,1,1\n")]
    with pytest.raises(DataError, match="header"):
        read_files(Source(kind="csv", path=str(tmp_path)), files, spark, ["a"])
