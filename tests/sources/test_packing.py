"""Packed files: one list of endings says which are read, which are refused, and how they are opened."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib

import pyarrow as pa
import pytest

from spark_jobs.errors import DataError
from spark_jobs.formats.unpacking import open_unpacked
from spark_jobs.sources.files import kind_of_files, local_files
from spark_jobs.sources.packing import check_packed, packing_problem
from spark_jobs.spec import Source
from spark_jobs.spec.endings import PACKED, READ, stem
from spark_jobs.spec.source_keys import kind_of_path

TEXT = b"a,b\n1,2\n"
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "deflate": zlib.compress}


def the_file(path, content):
    path.write_bytes(content)
    return next(file for file in local_files(Source(path=str(path.parent))) if file.path == str(path))


@pytest.mark.parametrize("ending", PACKED)
def test_every_ending_is_read_or_refused_by_name_and_hides_no_kind(tmp_path, ending):
    file = the_file(tmp_path / f"x.csv.{ending}", PACKERS.get(ending, bytes)(TEXT))
    assert kind_of_path(file.path) == Source(path=file.path).kind == kind_of_files([file], "x") == "csv"
    assert (stem(f"x.y.csv.{ending}"), file.plain) == ("x.y", False)
    if ending in READ:
        assert packing_problem(file) is None
        assert open_unpacked(file.path).read() == file.head() == TEXT
    else:
        with pytest.raises(
            DataError, match=rf"x\.csv\.{ending}' is compressed with {PACKED[ending]}, which is not supported"
        ):
            check_packed([file])


@pytest.mark.parametrize(
    ("content", "how"),
    [
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (bz2.compress(TEXT), "bzip2"),
        (lzma.compress(TEXT), "XZ"),
        (pa.compress(TEXT * 9, codec="zstd", asbytes=True), "Zstandard"),
        (b"PK\x03\x04rest", "ZIP"),
    ],
)
def test_what_is_packed_under_a_name_that_does_not_say_so_is_refused(tmp_path, content, how):
    file = the_file(tmp_path / "x.csv", content)
    assert packing_problem(file) == f"'{file.path}' is compressed with {how}, but its name does not say so."
    assert packing_problem(the_file(tmp_path / "y.csv", b"PK,BZ\n1,2\n")) is None


def test_an_ending_in_capitals_is_refused_by_name(tmp_path):
    file = the_file(tmp_path / "x.csv.GZ", gzip.compress(TEXT))
    assert "must end in `.gz`, in lowercase" in str(packing_problem(file))
