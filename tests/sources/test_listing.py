"""Which files are read: ours and Spark's own listing agree."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_jobs.errors import DataError, SpecError
from spark_jobs.sources.file_streams import arrived
from spark_jobs.sources.files import DataFile, files_of, fingerprint_of, local_files, place_of
from spark_jobs.sources.listing import choice_of, codes_among, files_below, is_hidden, partition_of, partition_values
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec.models import Source, Stream
from spark_jobs.streaming.stream_sources import open_source_stream


def _tree(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"a,b\n{number},x\n")
    return folder


def _names(root: Path, **options: object) -> list[str]:
    return sorted(str(file.path.relative_to(root)) for file in files_below(root, choice_of(options)))


TREE = ("1.csv", "2.CSV", "sub/3.csv", "sub/deep/4.csv", "_5.csv", ".6.csv", "_x=7.csv", "_sub/8.csv", "9._COPYING_")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["1.csv", "2.CSV", "_x=7.csv"]),
        ({"recursiveFileLookup": True}, ["1.csv", "2.CSV", "_x=7.csv", "sub/3.csv", "sub/deep/4.csv"]),
        ({"pathGlobFilter": "[0-2].{csv,txt}"}, ["1.csv"]),
        ({"RecursiveFileLookup": "true", "pathGlobFilter": "?.c*"}, ["1.csv", "sub/3.csv", "sub/deep/4.csv"]),
        ({"modifiedAfter": "2024-01-01T00:00:00"}, ["2.CSV", "_x=7.csv"]),
        ({"modifiedBefore": "2024-01-01T00:00:00", "pathGlobFilter": "*.csv"}, []),
        ({"modifiedBefore": "2024-01-01T00:00:00.001"}, ["1.csv"]),
    ],
)
def test_files_are_chosen_as_spark_chooses_them(spark, tmp_path, options, expected):
    _tree(tmp_path, *TREE)
    os.utime(tmp_path / "1.csv", times=(0, datetime(2024, 1, 1, tzinfo=UTC).timestamp()))
    assert _names(tmp_path, **options) == expected
    theirs = spark.read.options(**options).text(str(tmp_path)).inputFiles() if expected else []
    assert sorted(Path(file.removeprefix("file:")).relative_to(tmp_path).as_posix() for file in theirs) == expected


def test_a_nested_file_that_changed_is_another_input(spark, tmp_path):
    _tree(tmp_path, "1.csv", "sub/2.csv")
    source = Source(path=str(tmp_path), options={"recursiveFileLookup": True})
    before = read_source(source, spark)
    assert before.rows.count() == 2
    (tmp_path / "sub/2.csv").write_text("a,b\n5,y\n6,z\n")
    after = read_source(source, spark)
    assert after.fingerprint != before.fingerprint
    assert sorted(row.a for row in after.rows.collect()) == ["0", "5", "6"]
    (tmp_path / "sub/2.csv").write_text("other,header\n5,y\n")
    with pytest.raises(DataError, match="other"):
        read_source(source, spark)


def test_files_that_an_option_leaves_out_are_neither_read_nor_compared(spark, tmp_path):
    _tree(tmp_path, "1.csv", "2.csv")
    (tmp_path / "note.csv").write_text("something else\n")
    table = read_source(Source(path=str(tmp_path), options={"pathGlobFilter": "[0-9].csv"}), spark)
    assert sorted(row.a for row in table.rows.collect()) == ["0", "1"]
    with pytest.raises(DataError, match="pathGlobFilter"):
        files_of(Source(path=str(tmp_path), options={"pathGlobFilter": "*.txt"}), spark)


def test_a_file_that_is_hidden_from_spark_is_refused_by_name(tmp_path):
    _tree(tmp_path, "_1.csv", "2.csv")
    with pytest.raises(DataError, match=r"_1\.csv"):
        local_files(Source(path=str(tmp_path / "_1.csv")))
    found = local_files(Source(path=f"{tmp_path}/*.csv"))
    assert [Path(file.path).name for file in found or ()] == ["2.csv"]
    assert [name for name in ("_a", ".a", "_a=1", "a", "_metadata") if is_hidden(name)] == ["_a", ".a", "_metadata"]


@pytest.mark.parametrize("kind", ["csv", "json", "spanning", "parquet"])
def test_files_with_a_colon_in_their_name_are_read(spark, tmp_path, kind):
    for name in ("a:b", "2026-11-27T16:00:00", "plain"):
        place = tmp_path / name
        if kind == "csv":
            place.write_text(f"a,b\n1,{name}\n2,{name}\n")
        elif kind == "parquet":
            pq.write_table(pa.table({"a": [1, 2], "b": [name] * 2}), place)
        else:
            end = "\n" if kind == "spanning" else ""
            place.write_text("\n".join(f'{{"a": {a},{end}"b": "{name}"}}' for a in (1, 2)))
    form = "json" if kind == "spanning" else kind
    for path, rows in ((tmp_path / "a:b", 2), (tmp_path, 6), (f"{tmp_path}/*", 6)):
        table = read_source(Source(kind=form, path=str(path)), spark)
        assert (table.records, table.rows.select("a", "b").distinct().count()) == (rows, rows)


def test_a_colon_beside_a_sign_of_patterns_is_refused_by_name(tmp_path):
    _tree(tmp_path, "a [1]:2.csv")
    source = Source(path=str(tmp_path))
    with pytest.raises(DataError, match=r"a \[1\]:2\.csv.*colon"):
        place_of(source, local_files(source) or ())


def test_links_are_followed_and_circles_refused(tmp_path):
    _tree(tmp_path / "real", "1.csv")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "in" / "gone.csv").symlink_to(tmp_path / "nothing")
    assert _names(tmp_path / "in", recursiveFileLookup=True) == ["link/1.csv"]
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in")
    with pytest.raises(DataError, match="round"):
        _names(tmp_path / "in", recursiveFileLookup=True)


def test_files_beside_partition_folders_are_refused(tmp_path):
    _tree(tmp_path, "code=1/a.csv", "b.csv")
    with pytest.raises(DataError, match="code"):
        _names(tmp_path)
    _tree(tmp_path / "two", "code=1/a.csv", "kind=1/b.csv")
    with pytest.raises(DataError, match="kind"):
        _names(tmp_path / "two")
    assert _names(tmp_path, recursiveFileLookup=True, pathGlobFilter="?.csv") == [
        "b.csv", "code=1/a.csv", "two/code=1/a.csv", "two/kind=1/b.csv",
    ]  # fmt: skip


def test_options_that_cannot_be_read_are_refused():
    with pytest.raises(SpecError, match="modifiedAfter"):
        choice_of({"modifiedAfter": "yesterday"})
    with pytest.raises(SpecError, match="brace"):
        choice_of({"pathGlobFilter": "{a,b"})


def test_partition_folders_are_the_last_ones_in_a_row():
    root = Path("/in")
    assert partition_of(Path("/in/a=1/b=2/x.csv"), root) == "a=1/b=2"
    assert partition_of(Path("/in/a=1/plain/b=2/deep/x.csv"), root) == "b=2"
    assert partition_of(Path("/in/x.csv"), root) == partition_of(Path("/other/a=1/x.csv"), root) == ""
    assert partition_values("c=a%2Fb/d=__HIVE_DEFAULT_PARTITION__/e=a=b") == {"c": "a/b", "d": None, "e": "a=b"}


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (("1", "2", "-3"), False),
        (("01", "02"), True),
        (("1", "01"), True),
        (("1", "A7"), True),
        (("1.5", "2.0"), False),
        (("1.5", "2"), True),
        (("1.50",), True),
        (("red", "blue"), False),
        (("2024-01-01",), False),
        (("1", "__HIVE_DEFAULT_PARTITION__", "NA"), False),
        (("12345678901234567890",), True),
        (("1e5",), True),
    ],
)
def test_folders_that_numbers_would_not_write_again_are_codes(values, codes):
    assert bool(codes_among([f"code={value}" for value in values], ("NA",))) is codes


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_partition_folders_are_text_for_every_reader(spark, tmp_path, kind):
    values = {"01": 1, "1": 2, "a%2Fb": 3, "__HIVE_DEFAULT_PARTITION__": 4}
    for folder, number in values.items():
        file = tmp_path / f"in/code={folder}/x{number}.{kind}"
        file.parent.mkdir(parents=True)
        if kind == "parquet":
            pq.write_table(pa.table({"id": [number]}), file)
        else:
            file.write_text(f"id\n{number}\n" if kind == "csv" else f'{{"id": {number}}}\n')
    texts = {"01": 1, "1": 2, "a/b": 3, None: 4}
    table = read_source(Source(kind=kind, path=str(tmp_path / "in")), spark)
    assert {row.code: int(row.id) for row in table.rows.collect()} == texts
    if kind == "csv":
        (tmp_path / "in/code=01/x1.csv").write_text("id\n1\n7,8\n")
        table = read_source(Source(kind=kind, path=str(tmp_path / "in")), spark)
        assert {row.code: int(row.id) for row in table.rows.collect()} == texts
        assert table.malformed_count == 1
    one = Source(kind=kind, path=str(tmp_path / "in"), options={"pathGlobFilter": f"x1.{kind}"})
    assert [row.code for row in read_source(one, spark).rows.collect()] == ["01"]
    assert place_of(one, files_of(one, spark)).partitions == ("code",)


def test_files_that_arrive_in_partition_folders_keep_their_text(spark, tmp_path):
    _tree(tmp_path / "in", "code=01/x.csv", "code=2/y:1.csv")
    source = Source(kind="csv", path=str(tmp_path / "in"))
    arriving = open_source_stream(source, Stream(), spark, None).writeStream.format("memory").queryName("arrived_files")
    arriving.trigger(availableNow=True).start().awaitTermination()
    paths = sorted(row.path for row in spark.table("arrived_files").collect())
    found = [read_source(arrived(source, path, spark), spark).rows.first() for path in paths]
    assert [(row.a, row.code) for row in found] == [("0", "01"), ("1", "2")]
    late = source.model_copy(update={"options": {"modifiedAfter": "2024-01-01T00:00:00"}})
    with pytest.raises(SpecError, match="stream"):
        open_source_stream(late, Stream(), spark, None)


def test_files_of_subfolders_that_are_not_read_are_told(spark, tmp_path):
    _tree(tmp_path, "1.csv", "sub/2.csv", "_hidden/3.csv")
    (warning,) = read_source(Source(path=str(tmp_path)), spark).reading.warnings
    assert "1 file in a subfolder is not read" in warning
    assert "sub/2.csv" in warning


def test_the_fingerprint_of_files_goes_by_content_and_partition(tmp_path):
    _tree(tmp_path, "a=1/x.csv", "a=2/y.csv")
    files = local_files(Source(path=str(tmp_path))) or ()
    assert [file.partition for file in files] == ["a=1", "a=2"]
    swapped = [
        DataFile(f.path, f.size, f.changed, partition=o.partition) for f, o in zip(files, files[::-1], strict=True)
    ]
    assert fingerprint_of(files) != fingerprint_of(swapped)
