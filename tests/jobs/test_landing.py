"""A folder in which files arrive: each file's content is scored once, under whatever name it comes."""

from __future__ import annotations

import random
import shutil

import pytest
from houses import house, write_csv

from spark_jobs.errors import DataError
from spark_jobs.jobs import score
from spark_jobs.sources import corrupt_files
from spark_jobs.sources.files import chosen, fingerprint_of, local_files
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec import parse
from spark_jobs.spec.models import Source

HEADER = ["size", "rooms", "kind", "built", "price"]


@pytest.fixture
def landing(project, tmp_path):
    """A folder, and the spec that scores what arrives in it with the project's model."""
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder, parse({
        "name": f"landed_{tmp_path.name}",
        "source": {"kind": "csv", "path": str(folder), "landing": True},
        "target": "price",
        "track": {"register": "houses"},
        "predictions": {"table": f"landed_{tmp_path.name}"},
    })  # fmt: skip


def arrive(folder, name, seed, rows):
    chance = random.Random(seed)
    return write_csv(folder / name, HEADER, [house(chance) for _ in range(rows)])


@pytest.mark.long
@pytest.mark.end_to_end
def test_each_file_is_scored_once_by_what_it_holds(project, spark, landing):
    folder, spec = landing
    assert score.run(spec, spark, project.env).rows["read"] == 0, "an empty folder is nothing to do"
    arrive(folder, "a [1] {x}.csv", 1, 5)
    arrive(folder, "b.csv", 2, 7)
    first = score.run(spec, spark, project.env)
    assert (first.rows["read"], first.rows["scored"], first.rows["duplicates"]) == (12, 12, 0)
    assert score.run(spec, spark, project.env).rows["read"] == 0
    shutil.copy(folder / "b.csv", folder / "b again.csv")
    (folder / "empty.csv").touch()
    assert score.run(spec, spark, project.env).rows["read"] == 0
    arrive(folder, "c.csv", 3, 3)
    later = score.run(spec, spark, project.env)
    assert (later.rows["read"], later.rows["scored"], later.rows["duplicates"]) == (3, 3, 0)
    table = project.table(spec.predictions.table)
    assert (table.count(), table.select("_row_id").distinct().count()) == (15, 15)


def test_a_file_that_is_still_written_is_refused_and_read_whole_later(project, spark, landing, monkeypatch):
    folder, spec = landing
    file = arrive(folder, "a.csv", 4, 6)

    def growing(*asked, **keys):
        table = read_source(*asked, **keys)
        with file.open("a", encoding="utf-8") as out:
            out.write("55.5,2,flat,2012-02-12,65000\n")
        return table

    with monkeypatch.context() as patched:
        patched.setattr(corrupt_files, "read_source", growing)
        with pytest.raises(DataError, match=r"a\.csv' changed while it was read"):
            score.run(spec, spark, project.env)
    whole = score.run(spec, spark, project.env)
    assert (whole.rows["read"], whole.rows["scored"]) == (7, 7)


def test_the_same_rows_under_another_name_and_time_are_the_same_batch(project, spark, tmp_path):
    known = project.table("houses_predictions").count()
    elsewhere = tmp_path / "delivery" / "other name.csv"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(project.source.read_bytes())
    again = score.run(project.spec, spark, project.env, input=str(elsewhere))
    assert (again.rows["scored"], again.rows["duplicates"]) == (305, 305)
    assert project.table("houses_predictions").count() == known


def test_files_are_known_by_what_they_hold_and_the_folders_that_stand_for_columns(tmp_path):
    for place, text in {
        "a/x=1/p.csv": "n\n1\n",
        "b/x=1/q.csv": "n\n1\n",
        "c/x=2/p.csv": "n\n1\n",
        "d/x=1/p.csv": "n\n2\n",
    }.items():
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text(text)
    a, b, c, d = (fingerprint_of(local_files(Source(path=str(tmp_path / name)))) for name in "abcd")
    assert a == b
    assert len({a, c, d}) == 3


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_chosen_files_keep_the_columns_that_their_folders_stand_for(spark, tmp_path, kind):
    spark.sql("SELECT * FROM VALUES (1, 2013), (2, 2014), (3, 2015) AS t(n, y)").write.partitionBy("y").format(
        kind
    ).option("header", "true").save(str(tmp_path / "d"))
    source = Source(kind=kind, path=str(tmp_path / "d"))
    files = local_files(source)
    assert len(files) == 3
    source = chosen(source, [file for file in files if "y=2014" not in file.path])
    assert sorted((int(row.n), int(row.y)) for row in read_source(source, spark).rows.collect()) == [
        (1, 2013),
        (3, 2015),
    ]
