"""Dirty delimited texts, each with what it must come out as: columns, types, nulls, malformed lines, rows."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from spark_jobs.errors import DataError, SpecError
from spark_jobs.profile.batch import ScanOptions, profile_column
from spark_jobs.profile.detect import detect
from spark_jobs.profile.profile import Profile
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec.models import Source, Spec

N, C, D, T, B, X = "number", "category", "date", "timestamp", "boolean", "text"


@dataclass(frozen=True)
class Dirty:
    """A text, and what it holds: (rows, malformed lines), kinds and nulls by column, cells by (row, column)."""

    name: str
    content: str | bytes
    rows: int
    kinds: dict[str, str]
    nulls: dict[str, int] = field(default_factory=dict)
    malformed: int = 0
    cells: dict[tuple[int, str], Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] | None = None
    null_values: tuple[str, ...] | None = None
    file: str = "data.csv"

    def source(self, folder: Path) -> Source:
        path = folder / self.file
        content = self.content if isinstance(self.content, bytes) else self.content.encode()
        path.write_bytes(content)
        return Source(path=str(path), options=self.options, names=self.names, null_values=self.null_values)


ODD = {"a.b": N, "c`d": N, 'e"f': N, "g h": N, "🙂": N, "x" * 300: N, "{y}": N, "$1": N}
ODD_HEADER = ",".join('"' + name.replace('"', '""') + '"' for name in ODD)
LATE = "".join(f"{'x' if row == 5000 else row % 7},{'z' if row > 5000 else row}\n" for row in range(6000))

TEXTS = [
    Dirty("comma", "a,b\n1,x\n2,y\n", 2, {"a": N, "b": C}),
    Dirty("semicolon", "a;b\n1,5;x\n2,5;y\n", 2, {"a": N, "b": C}, cells={(0, "a"): "1,5"}),
    Dirty("decimal comma", "a;b\n1,5;x\n2,5;y\n", 2, {"a": N, "b": C}, options={"decimal": ","}),
    Dirty("tab", "a\tb\n1\tx y\n\t\n2\t\n", 2, {"a": N, "b": C}, {"b": 1}, file="data.tsv"),
    Dirty("bar", "a|b\n1|x,y\n2|z\n", 2, {"a": N, "b": C}, file="data.txt"),
    Dirty("colon", "a:b:c\n1:x:2\n2:y:3\n", 2, {"a": N, "b": C, "c": N}),
    Dirty("blank", "a b c\n1 x 2\n2 y 3\n", 2, {"a": N, "b": C, "c": N}),
    Dirty("blanks in one column", "a b c\n1 x 2\nfoo\n", 2, {"a b c": C}),
    Dirty("one column", "a\n1\n2\n\n3\n", 3, {"a": N}),
    Dirty("semicolons inside a comma text", "a,b\n1;2,x;y\n3;4,z;w\n", 2, {"a": C, "b": C}, cells={(0, "a"): "1;2"}),
    Dirty("quoted separators", 'a,b\n1,"x, y"\n2,"z; w"\n', 2, {"a": N, "b": C}, cells={(0, "b"): "x, y"}),
    Dirty("Excel's separator", "sep=;\r\na;b\r\n1,5;x\r\n2,5;y\r\n", 2, {"a": N, "b": C}, cells={(0, "a"): "1,5"}),
    Dirty("Excel's separator in two columns", '\ufeff"sep=,"\na,b\n1,x\n2,y\n', 2, {"a": N, "b": C}),
    Dirty(
        "MySQL",
        'a,b\n\\N,"5\\" pipe"\n4.5,"ends with \\\\"\n7,x\n',
        3,
        {"a": N},
        {"a": 1},
        cells={(1, "b"): "ends with \\"},
    ),
    Dirty("doubled quotes", 'a,b\n1,"say ""hi"""\n2,""""\n3,""\n', 3, {"b": C}, {"b": 1}, cells={(0, "b"): 'say "hi"'}),
    Dirty("escapes", 'a,b\n1,"say \\"hi\\", you"\n2,"x"\n', 2, {"b": C}, cells={(0, "b"): 'say "hi", you'}),
    Dirty("a quote inside", 'a,b\n12" vinyl,1\n7" single,2\n', 2, {"a": C, "b": N}, cells={(0, "a"): '12" vinyl'}),
    Dirty("quoted newlines", 'a,b\n1,"x\ny"\n2,"z\n\nw"\n3,v\n', 3, {"a": N, "b": C}, cells={(0, "b"): "x\ny"}),
    Dirty("quoted CRLF", 'a,b\r\n1,"x\r\ny"\r\n2,z\r\n', 2, {"a": N, "b": C}),
    Dirty("newline in the header", '"a\nz",b\n1,x\n2,y\n', 2, {"a\nz": N, "b": C}),
    Dirty("an open quote", 'a,b\n1,"x\n2,y\n3,z\n', 2, {"a": N, "b": C}, malformed=1, cells={(0, "b"): "y"}),
    Dirty("two open quotes", 'a,b\n1,"x\n2,y\n3,z\n4,"w\n5,v\n', 3, {"a": N, "b": C}, malformed=2),
    Dirty("an open quote in the last line", 'a,b\n1,x\n2,"y', 1, {}, malformed=1),
    Dirty(
        "short and long rows",
        "a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n",
        2,
        {"a": N},
        malformed=2,
        cells={(1, "c"): "12"},
    ),
    Dirty("byte order mark", b"\xef\xbb\xbfa,b\n1,x\n2,y\n", 2, {"a": N, "b": C}),
    Dirty("Latin-1", "name,n\nMüller,1\nJosé,2\n".encode("latin-1"), 2, {"name": C}, cells={(0, "name"): "Müller"}),
    Dirty("Latin-1 by option", "name,n\nMüller,1\n".encode("latin-1"), 1, {}, options={"encoding": "latin1"}),
    Dirty("UTF-16", "\ufeffa,b\n1,ä\n2,y\n".encode("utf-16-le"), 2, {"a": N, "b": C}, cells={(0, "b"): "ä"}),
    Dirty("UTF-16 big end first", "a;b\r\n1;ä\r\n2;y\r\n".encode("utf-16-be"), 2, {"a": N}, cells={(0, "b"): "ä"}),
    Dirty("bad bytes in UTF-8", "a,b\n1,ä\n2,ö\n3,".encode() + b"\xe4\n", 2, {"a": N}, malformed=1),
    Dirty("NUL byte", b"a,b\n1,x\x00y\n\x002,z\n", 2, {"b": C}, cells={(0, "b"): "x\0y"}),
    Dirty("padded", " a , b \n 1 , x \n 2 ,\ty\n", 2, {"a": N, "b": C}, cells={(0, "b"): "x", (1, "b"): "y"}),
    Dirty("padded quotes", 'a,b\n1, "x, y" \n2, " z "\n', 2, {"a": N}, cells={(0, "b"): "x, y", (1, "b"): "z"}),
    Dirty("odd names", ODD_HEADER + "\n1,2,3,4,5,6,7,8\n8,7,6,5,4,3,2,1\n", 2, ODD),
    Dirty("empty header cells", ",a,\n1,2,x\n2,3,y\n", 2, {"_c0": N, "a": N, "_c2": C}),
    Dirty("no header", "1,x\n2,y\n", 2, {"_c0": N, "_c1": C}, options={"header": False}),
    Dirty("given names", "1,x\n2,y\n", 2, {"n": N, "a b": C}, names=("n", "a b")),
    Dirty("CRLF and blank lines", "a,b\r\n\r\n1,x\r\n   \r\n2,y\r\n\r\n", 2, {"a": N, "b": C}),
    Dirty("a header alone", "a,b\n", 0, {"a": "constant", "b": "constant"}),
    Dirty("a repeated header", "a,b\n1,x\na,b\n2,y\n", 2, {"a": N, "b": C}),
    Dirty("comments", "# made by hand\na,b\n1,x\n# more\n2,y\n", 2, {"a": N}, options={"comment": "#"}),
    Dirty("null marks", "a,b\nNA,?\nN/A, NULL \nnull,\nNaN,#N/A\n1,x\n2,y\n", 6, {"a": N, "b": C}, {"a": 4, "b": 4}),
    Dirty(
        "own null marks",
        "a,b\n-,NA\n1,\n2,x\n",
        3,
        {"a": N, "b": C},
        {"a": 1},
        null_values=("-",),
        cells={(0, "b"): "NA"},
    ),
    Dirty("numbers at the edge", "a\n-0\n1e309\ninf\n9223372036854775808\n.5\n" + "1.5\n" * 95, 100, {"a": N}),
    Dirty("lenient numbers", "a\n0x1p3\n1D\n1_000\n12f\n", 4, {"a": C}),
    Dirty("thousands", 'a\n"1,000"\n"2,500"\n', 2, {"a": X}),
    Dirty("currency and percent", "a,b\n$5,5%\n€6,6 %\n", 2, {"a": C, "b": N}),
    Dirty("leading zeros", "zip\n01234\n98765\n00501\n", 3, {"zip": C}, cells={(0, "zip"): "01234"}),
    Dirty("booleans", "a,b,c,d\ntrue,yes,Y,1\nFALSE,no,N,0\n", 2, {"a": B, "b": C, "c": C, "d": N}),
    Dirty(
        "ISO dates",
        "d,t\n2020-02-29,2020-02-29T23:59:59Z\n0001-01-01,2021-03-28 02:30:00\n9999-12-31,2020-01-01\n",
        3,
        {"d": D, "t": T},
    ),
    Dirty(
        "dates of other forms",
        "a,b,c,d\n12/31/2020,31.12.2020,5-Jan-2020,02/28/2015 11:43:40 PM\n" * 2
        + "01/02/2020,01.02.2020,31-dec-1999,02/01/2015 01:00:00 AM\n",
        3,
        {"a": D, "b": D, "c": D, "d": T},
    ),
    Dirty("ambiguous dates", "a\n01/02/2020\n03/04/2020\n", 2, {"a": X}),
    Dirty("days that do not exist", "a\n2020-02-30\n2021-02-29\n2021-13-01\n", 3, {"a": C}),
    Dirty("epoch milliseconds", "a\n1577836800000\n1577836800123\n1577836800123\n", 3, {"a": N}),
    Dirty("a type that changes late", "a,b\n" + LATE, 6000, {"a": N, "b": X}, cells={(5000, "a"): "x"}),
    Dirty("nothing in a column", "a,b\n1,\n2,NA\n", 2, {"a": N, "b": "constant"}, {"b": 2}),
    Dirty("one value in a column", "a,b\n1,x\n2,x\n", 2, {"b": "constant"}),
    Dirty("formulas", "a,b\n=cmd(),+1\n@sum,-2\n", 2, {"a": C, "b": N}, cells={(0, "a"): "=cmd()"}),
    Dirty("very long cells", f'a,b\n{"x" * 300_000},1\n"{"y" * 300_000}",2\n"{chr(34) * 20_000}",3\n', 3, {"b": N}),
    Dirty(
        "right to left and zero width", "a,b\n\u05e9\u05dd,1\nx\u200by,2\n", 2, {"a": C}, cells={(1, "a"): "x\u200by"}
    ),
    Dirty("packed", gzip.compress(b"a,b\n1,x\n2,y\n"), 2, {"a": N, "b": C}, file="data.csv.gz"),
    Dirty(
        "quoted newlines in UTF-16", '\ufeffa,b\n1,"x\ny"\n2,z\n'.encode("utf-16-le"), 2, {}, cells={(0, "b"): "x\ny"}
    ),
]


def kinds(rows: list[Any], columns: tuple[str, ...], source: Source) -> dict[str, str]:
    """What detection makes of the rows, by way of a profile made here."""
    depth = ScanOptions(type_counts=True, decimal=source.options.get("decimal", "."))
    found = {
        name: profile_column(name, "string", pa.array([row[at] for row in rows], pa.string()), depth, None)
        for at, name in enumerate(columns)
    }
    spec = Spec(name="x", source=source, target="none of them")
    return {column.name: column.kind for column in detect(Profile(len(rows), found), spec)}


def test_there_are_forty_dirty_texts():
    assert len(TEXTS) >= 40
    assert len({dirty.name for dirty in TEXTS}) == len(TEXTS)


@pytest.mark.parametrize("dirty", TEXTS, ids=lambda dirty: dirty.name)
def test_a_dirty_text_comes_out_as_it_should(dirty, spark, tmp_path):
    source = dirty.source(tmp_path)
    table = read_source(source, spark)
    rows = table.rows.collect()
    assert (len(rows), table.malformed_count) == (dirty.rows, dirty.malformed)
    if dirty.malformed:
        malformed = table.malformed.collect()
        assert len(malformed) == dirty.malformed
        assert all(row["_raw"] and row["_reasons"] and row["_source"].endswith(dirty.file) for row in malformed)
    for (row, column), cell in dirty.cells.items():
        assert rows[row][table.columns.index(column)] == cell
    nulls = {column: sum(row[at] is None for row in rows) for at, column in enumerate(table.columns)}
    assert {column: n for column, n in nulls.items() if n} == dirty.nulls
    found = kinds(rows, table.columns, source)
    assert {column: found[column] for column in dirty.kinds} == dirty.kinds


REFUSED = [
    ("doubled", b"a,A,,b,b\n1,2,3,4,5\n", {}, "'a', 'A', 'b', 'b'"),
    ("reserved", b"a,_row_id\n1,2\n", {}, "_row_id"),
    ("empty", b"", {}, "is empty: 0 bytes"),
    ("blank", b"\n\n  \n", {}, "only blank lines"),
    ("not compressed", b"a,b\n1,2\n", {"file": "x.csv.gz"}, "cannot be read|not compressed"),
    (
        "cut short",
        gzip.compress(b"a,b\n" + bytes(range(48, 58)) * 200_000)[:-400],
        {"file": "y.csv.gz"},
        "cannot be read|truncated",
    ),
    ("names", b"1,2\n3,4\n", {"names": ("a",)}, "1 names, but the first record has 2"),
]


@pytest.mark.parametrize(
    ("name", "content", "keys", "cause"), REFUSED, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_text_that_is_none_is_refused_with_cause_and_advice(name, content, keys, cause, spark, tmp_path):
    path = tmp_path / keys.get("file", "data.csv")
    path.write_bytes(content)
    with pytest.raises(DataError, match=cause) as refused:
        read_source(Source(path=str(path), names=keys.get("names")), spark)
    assert refused.value.advice


def test_a_missing_file_is_refused_with_the_nearest_name(spark, tmp_path):
    (tmp_path / "flights.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"flihgts\.csv") as refused:
        read_source(Source(path=str(tmp_path / "flihgts.csv")), spark)
    assert "flights.csv" in refused.value.advice


def test_a_folder_without_data_is_refused(spark, tmp_path):
    (tmp_path / "_hidden.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match="no data file"):
        read_source(Source(path=str(tmp_path)), spark)


def test_an_unknown_option_is_refused_with_the_nearest_name(spark, tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(SpecError) as refused:
        read_source(Source(path=str(tmp_path / "x.csv"), options={"encodng": "utf-8"}), spark)
    assert "encoding" in refused.value.advice


def test_files_of_one_header_are_one_table_and_others_are_refused_by_name(spark, tmp_path):
    for name, content in {"1.csv": "a,b\n1,x\n", "2.csv": '"a","b"\n2,y\n', "3.csv": ""}.items():
        (tmp_path / name).write_text(content)
    table = read_source(Source(path=str(tmp_path)), spark)
    assert sorted(tuple(row) for row in table.rows.collect()) == [("1", "x"), ("2", "y")]
    (tmp_path / "4.csv").write_text("b,a\nz,3\n")
    with pytest.raises(DataError, match=r"4\.csv' has the columns b, a"):
        read_source(Source(path=str(tmp_path / "*.csv")), spark)
    assert read_source(Source(path=str(tmp_path / "[12].csv")), spark).fingerprint == table.fingerprint, (
        "3.csv holds nothing"
    )
    (tmp_path / "2.csv").write_text('"a","b"\n2,z\n')
    assert read_source(Source(path=str(tmp_path / "[12].csv")), spark).fingerprint != table.fingerprint
