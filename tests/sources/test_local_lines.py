"""Lines counted on this machine are those that Spark counts."""

from __future__ import annotations

import pytest

from spark_jobs.formats.csv_dialect import Dialect, candidate_dialects
from spark_jobs.sources import local_lines
from spark_jobs.sources.files import Place, files_of
from spark_jobs.sources.lines import count_lines, read_lines
from spark_jobs.sources.local_lines import count_here, is_small
from spark_jobs.spec.models import Source

TEXTS = {
    "plain": b"a,b\n1,2\n3,4\n",
    "windows": b"a,b\r\n1,2\r\n\r\n3,4",
    "old_mac": b"a,b\r1,2\r\r3,4\r",
    "marked": b"\xef\xbb\xbfa,b\n1,2\n",
    "blank": b"\n  \t\na,b\n\n \n1,2\n",
    "malformed": b'a,b\n"1,2\n3\n"x\ny",4\n',
    "latin": "a,b\nM\u00fcller,2\n".encode("latin-1"),
    "comments": b"# a note\na,b\n#1,2\n3,4\n",
    "repeated": b"a,b\n1,2\na,b\n3,4\n",
    "control": b"a,b\n1\x0b2,\x1c3\n",
}


@pytest.mark.parametrize("block", [3, 8 * 2**20])
@pytest.mark.parametrize("name", TEXTS)
def test_lines_are_counted_here_as_spark_counts_them(spark, tmp_path, monkeypatch, name, block):
    monkeypatch.setattr(local_lines, "BLOCK", block)
    path = tmp_path / f"{name}.csv"
    path.write_bytes(TEXTS[name])
    options = {"comment": "#"} if name == "comments" else {}
    forms = [*candidate_dialects("a,b\n1,2\n", {}), Dialect(";", '"', "\\", ("a,b",))]
    files = files_of(Source(path=str(path)), spark)
    assert is_small(files, options)
    here = count_here(files, forms, [b"a,b"], True, options.get("comment", ""))
    by_spark = count_lines(read_lines(spark, Place([f"file:{path}"]), "UTF-8", options), forms, [b"a,b"], True)
    assert here == by_spark
    assert here[0].lines == {"plain": 3, "malformed": 5, "comments": 2, "repeated": 4}.get(name, here[0].lines)


def test_what_is_large_packed_or_read_in_a_special_way_is_left_to_spark(spark, tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_bytes(TEXTS["plain"])
    (tmp_path / "rows.csv.gz").write_bytes(b"not looked into")
    plain, packed = (
        files_of(Source(path=str(tmp_path / "rows.csv")), spark),
        files_of(Source(path=str(tmp_path / "rows.csv.gz")), spark),
    )
    assert is_small(plain, {})
    assert not is_small(packed, {})
    assert not is_small(plain, {"lineSep": ";"})
    monkeypatch.setattr(local_lines, "LARGEST", 11)
    assert not is_small(plain, {})
