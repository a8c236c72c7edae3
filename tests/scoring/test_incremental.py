"""What is read of a growing source: the files and columns that are needed, and nothing that is still being written."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from spark_jobs.errors import DataError
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.scoring.incremental import check_still, read_unread, reading_lines, wanted
from spark_jobs.scoring.score_input import score_input
from spark_jobs.spec import Environment, parse
from spark_jobs.tables.ledger import Entry, record_entry

MODEL = ModelVersion("houses", 3, "run", Path("bundle"))
PLAN = SimpleNamespace(names=("size", "price"), used=("size",))


def listed(file: Path, local: bool = True) -> dict[str, object]:
    """A file as the ledger has it."""
    stat = file.stat()
    return {"path": str(file), "local": local, "bytes": stat.st_size, "changed": stat.st_mtime_ns}


def grown(file: Path) -> None:
    with file.open("a") as out:
        out.write("3\n")


def rewritten(file: Path) -> None:
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))


@pytest.mark.parametrize("change", [grown, rewritten, Path.unlink])
def test_a_file_that_is_still_being_written_is_refused_by_name(tmp_path, change):
    whole, open_file = tmp_path / "whole.csv", tmp_path / "open.csv"
    for file in (whole, open_file):
        file.write_text("size\n1\n")
    reads = {"files": [listed(whole), listed(open_file)]}
    check_still(reads)
    change(open_file)
    with pytest.raises(DataError, match=r"open\.csv' changed while it was read") as refused:
        check_still(reads)
    assert "rename them when complete" in refused.value.advice


def test_a_file_out_of_reach_is_not_looked_at(tmp_path):
    file = tmp_path / "away.csv"
    file.write_text("size\n1\n")
    reads = {"files": [listed(file, local=False)]}
    file.unlink()
    check_still(reads)
    check_still({})


SPEC = {"source": "x.csv", "target": "price", "key": ["id"], "predictions": {"keep": ["street"]}}


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({}, {"size", "id", "street", "price"}),
        ({"checks": [{"column": "built", "rule": "not_null"}]}, {"size", "id", "street", "price", "built"}),
        ({"key": []}, None),
        ({"predictions": {"keep": "all"}}, None),
        ({"changes": {"added": "refuse"}}, None),
    ],
)
def test_of_a_wide_table_only_the_columns_are_read_that_something_needs(change, columns):
    assert wanted(parse({**SPEC, **change}), ["size"]) == columns


def test_corrupt_files_are_listed_up_to_twenty():
    files = [{"path": f"{number}.gz", "corrupt": f"{number}.gz is cut off"} for number in range(30)]
    assert reading_lines({"files": [{"path": "fine.csv"}, *files]}) == [
        f"  corrupt   {number}.gz is cut off" for number in range(20)
    ]
    assert reading_lines({}) == []


def test_an_empty_file_has_nothing_to_score_and_needs_no_session(tmp_path):
    (tmp_path / "new.csv").touch()
    spec = parse({"source": str(tmp_path / "old.csv"), "target": "price"})
    scored = score_input(spec, None, Environment(), MODEL, str(tmp_path / "new.csv"))
    assert scored.rows == {"read": 0, "scored": 0, "quarantined": 0, "duplicates": 0}
    assert scored.batch is None


@pytest.fixture
def landing(spark, tmp_path):
    """A folder of which the model of version 3 has scored `a.csv`, and a function that reads what is new to a version.

    It returns the sizes that are read, or None where nothing is new.
    """
    folder, env = tmp_path / "in", Environment(root=str(tmp_path / "root"))
    folder.mkdir()
    (folder / "a.csv").write_text("size,price\n1,10\n2,20\n")
    spec = parse({"name": "houses", "source": {"path": str(folder), "kind": "csv", "landing": True}, "target": "price"})

    def read(version=3, again=False):
        model = ModelVersion("houses", version, "run", Path("bundle"))
        table = read_unread(spec.source, spec, model, spark, env, PLAN, again)
        return table and (sorted(row["size"] for row in table.rows.collect()), table.reads)

    _, reads = read()
    now = datetime.now(UTC)
    record_entry(spark, env.root, Entry("score", "houses", now, now, "done", model_version=3, reads=json.dumps(reads)))
    failed = {"files": [{"sha256": "of b.csv"}]}
    record_entry(
        spark, env.root, Entry("score", "houses", now, now, "failed", model_version=3, reads=json.dumps(failed))
    )
    return folder, read


def test_a_file_is_read_once_by_a_version_whatever_its_name_is(landing):
    folder, read = landing
    assert read() is None
    (folder / "a again.csv").write_text((folder / "a.csv").read_text())
    (folder / "empty.csv").touch()
    assert read() is None
    (folder / "b.csv").write_text("size,price\n3,30\n")
    sizes, reads = read()
    assert sizes == ["3"]
    assert [Path(file["path"]).name for file in reads["files"]] == ["b.csv"]


def test_another_version_and_a_rescoring_read_all_files(landing):
    folder, read = landing
    (folder / "b.csv").write_text("size,price\n3,30\n")
    assert read(version=4)[0] == ["1", "2", "3"]
    assert read(again=True)[0] == ["1", "2", "3"]
    assert read()[0] == ["3"]
