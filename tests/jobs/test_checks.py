"""Scoring with checks: what is refused, why, and that every row is in one of the two tables."""

from __future__ import annotations

import json
import random
import shutil
from hashlib import sha256

import pytest
from houses import house, spec_of, write_csv

from spark_jobs.errors import DataError, JobError
from spark_jobs.jobs import score
from spark_jobs.spec import parse

HEADER = ["size", "rooms", "kind", "built", "price"]
BIG = {"column": "size", "rule": "between", "max": 150}
FLAT = {"column": "kind", "rule": "in", "values": ["flat", "house"]}


@pytest.fixture
def checked(project, tmp_path):
    """A spec of the project with checks, a table of its own, and an input of 60 houses."""

    def make(*checks, rows=None, **keys):
        chance = random.Random(tmp_path.name)
        given = rows or [house(chance) for _ in range(60)]
        path = write_csv(tmp_path / "input.csv", HEADER, given)
        name = "t" + sha256(str(tmp_path).encode()).hexdigest()[:12]
        spec = spec_of(
            project.source,
            name=name,
            checks=list(checks),
            track={"register": "houses"},
            **keys,
        )
        return spec, path, given

    return make


def quarantined(project, spec):
    return project.table(f"{spec.name}_quarantine").collect()


def test_a_row_that_breaks_a_check_is_quarantined_with_all_its_reasons(project, spark, checked):
    spec, path, rows = checked(BIG, FLAT)
    done = score.run(spec, spark, project.env, input=str(path))
    big = [row for row in rows if row[0] > 150]
    lofts = [row for row in rows if row[2] == "loft"]
    bad = [row for row in rows if row in big or row in lofts]
    assert done.rows == {"read": 60, "scored": 60 - len(bad), "quarantined": len(bad), "duplicates": 0}
    kept = quarantined(project, spec)
    assert len(kept) == len(bad)
    assert project.table(f"{spec.name}_predictions").count() == 60 - len(bad)
    said = {tuple(json.loads(row["_raw"]).values()): sorted(row["_reasons"]) for row in kept}
    assert said == {tuple(map(str, row)): reasons(row) for row in bad}
    assert {row["_source"] for row in kept} == {f"file:{path}"}
    assert done.extra["checks"] == [
        {"check": "size at most 150", "severity": "quarantine", "rows": len(big)},
        {"check": "kind one of flat, house", "severity": "quarantine", "rows": len(lofts)},
    ]


def reasons(row):
    big = [f"size is {row[0]}, more than 150"] if row[0] > 150 else []
    return sorted([*big, *(["kind is 'loft', not one of flat, house"] if row[2] == "loft" else [])])


def test_every_row_read_is_scored_or_refused_and_the_ledger_says_so(project, spark, checked):
    spec, path, _ = checked(BIG, rows=[*houses(20), ["malformed"], [150.1, 1, "flat", "2011-01-11", 5]])
    done = score.run(spec, spark, project.env, input=str(path))
    assert done.rows["read"] == 22
    assert done.rows["read"] == done.rows["scored"] + done.rows["quarantined"]
    kept = quarantined(project, spec)
    assert len(kept) == done.rows["quarantined"]
    assert [row["_raw"] for row in kept if row["_form"] is None] == ["malformed"]
    told = project.table("ledger").where(f"name = '{spec.name}'").first()
    assert (told.read, told.written, told.quarantined) == (22, done.rows["scored"], done.rows["quarantined"])


def test_a_second_run_says_the_same_and_adds_nothing(project, spark, checked):
    spec, path, _ = checked(BIG)
    first = score.run(spec, spark, project.env, input=str(path))
    again = score.run(spec, spark, project.env, input=str(path))
    assert again.rows == {**first.rows, "duplicates": first.rows["scored"]}
    assert len(quarantined(project, spec)) == first.rows["quarantined"]


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_run_that_was_cut_off_before_the_quarantine_is_completed_by_the_next(project, spark, checked):
    spec, path, _ = checked(BIG)
    first = score.run(spec, spark, project.env, input=str(path))
    kept = sorted(row["_raw"] for row in quarantined(project, spec))
    shutil.rmtree(project.root / "tables" / f"{spec.name}_quarantine")
    again = score.run(spec, spark, project.env, input=str(path))
    assert again.rows == {**first.rows, "duplicates": first.rows["scored"]}
    assert sorted(row["_raw"] for row in quarantined(project, spec)) == kept


def test_a_check_that_fails_refuses_the_batch_before_anything_is_written(project, spark, checked):
    spec, path, rows = checked({**BIG, "severity": "fail"}, {"rule": "row_count", "min": 61})
    with pytest.raises(DataError) as refused:
        score.run(spec, spark, project.env, input=str(path))
    big = sum(row[0] > 150 for row in rows)
    assert f"size at most 150: {big} rows fail; rows at least 61: the batch has 60 rows" in refused.value.message
    assert not list((project.root / "tables").glob(f"{spec.name}_*"))


@pytest.mark.long
@pytest.mark.end_to_end
def test_all_rows_in_quarantine_is_done_and_no_table_is_emptied(project, spark, checked):
    spec, path, _ = checked(BIG, rows=houses(30, big=False))
    before = score.run(spec, spark, project.env, input=str(path))
    assert before.rows["scored"] == 30
    write_csv(path, HEADER, houses(30, big=True))
    done = score.run(spec, spark, project.env, input=str(path))
    assert (done.status, done.rows["scored"], done.rows["quarantined"]) == ("done", 0, 30)
    assert project.table(f"{spec.name}_predictions").count() == 30


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_rows_checked_by_other_checks_are_added_once_and_those_that_passed_stay(project, spark, checked):
    spec, path, _ = checked(BIG)
    first = score.run(spec, spark, project.env, input=str(path))
    assert first.rows["quarantined"]
    relaxed = spec.model_copy(update={"checks": ()})
    done = score.run(relaxed, spark, project.env, input=str(path))
    assert done.rows == {"read": 60, "scored": 60, "quarantined": 0, "duplicates": first.rows["scored"]}
    assert project.table(f"{spec.name}_predictions").count() == 60
    assert len(quarantined(project, spec)) == first.rows["quarantined"]


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_refused_rows_that_meet_the_checks_of_today_are_scored_once_by_a_replay(project, spark, checked):
    spec, path, rows = checked(BIG, FLAT)
    first = score.run(spec, spark, project.env, input=str(path))
    batch = quarantined(project, spec)[0]["_batch_id"]
    relaxed = parse({**spec.model_dump(mode="json", by_alias=True, exclude_unset=True), "checks": [FLAT]})
    fixed = [row for row in rows if row[0] > 150 and row[2] != "loft"]
    done = score.run(relaxed, spark, project.env, replay=batch)
    left = first.rows["quarantined"] - len(fixed)
    assert done.rows == {
        "read": first.rows["quarantined"], "scored": len(fixed), "quarantined": left, "duplicates": 0,
    }  # fmt: skip
    table = project.table(f"{spec.name}_predictions")
    added = table.where("size > 150").collect()
    assert sorted((row["size"], row["rooms"]) for row in added) == sorted((row[0], row[1]) for row in fixed)
    replayed = {row["_replayed"] for row in quarantined(project, spec)} - {None}
    assert replayed == {row["_batch_id"] for row in added}
    again = score.run(relaxed, spark, project.env, replay=batch)
    assert (again.rows["scored"], again.rows["quarantined"]) == (0, left)
    assert table.sparkSession.read.format("delta").load(done.tables[f"{spec.name}_predictions"]).count() == 60 - left
    whole = score.run(spec.model_copy(update={"checks": relaxed.checks}), spark, project.env, input=str(path))
    assert (whole.rows["scored"], whole.rows["duplicates"]) == (60 - left, 60 - left)


@pytest.mark.long
@pytest.mark.batch_kills
@pytest.mark.nightly
def test_a_replay_that_was_cut_off_before_the_mark_gives_each_row_once(project, spark, checked, monkeypatch):
    from spark_jobs.scoring import replay

    spec, path, _ = checked(BIG)
    first = score.run(spec, spark, project.env, input=str(path))
    batch = quarantined(project, spec)[0]["_batch_id"]
    relaxed = spec.model_copy(update={"checks": ()})
    with monkeypatch.context() as patched:
        patched.setattr(replay, "mark_replayed", lambda *_: (_ for _ in ()).throw(InterruptedError))
        with pytest.raises(InterruptedError):
            score.run(relaxed, spark, project.env, replay=batch)
    done = score.run(relaxed, spark, project.env, replay=batch)
    assert (done.rows["scored"], done.rows["quarantined"]) == (first.rows["quarantined"], 0)
    assert project.table(f"{spec.name}_predictions").count() == 60
    assert all(row["_replayed"] for row in quarantined(project, spec))


def test_a_replay_of_a_batch_that_is_not_there_names_those_that_are(project, spark, checked):
    spec, path, _ = checked(BIG)
    score.run(spec, spark, project.env, input=str(path))
    batch = quarantined(project, spec)[0]["_batch_id"]
    with pytest.raises(JobError) as refused:
        score.run(spec, spark, project.env, replay="nothing")
    assert batch in refused.value.advice


@pytest.mark.parametrize(("added", "kept"), [("keep", True), ("ignore", False), ("refuse", None)])
def test_a_column_that_training_did_not_know_goes_by_policy(project, spark, checked, tmp_path, added, kept):
    spec, path, rows = checked(changes={"added": added})
    write_csv(path, ["new", *HEADER[::-1]], [["n", *row[::-1]] for row in rows])
    if kept is None:
        with pytest.raises(DataError, match="did not know: 'new'"):
            score.run(spec, spark, project.env, input=str(path))
        return
    done = score.run(spec, spark, project.env, input=str(path))
    assert done.extra["extra_columns"] == ["new"]
    table = project.table(f"{spec.name}_predictions")
    assert ("new" in table.columns) == kept
    assert sorted(row["size"] for row in table.collect()) == sorted(row[0] for row in rows)


@pytest.mark.parametrize("kind", ["cast", "quarantine", "refuse"])
def test_a_cell_of_another_type_goes_by_policy(project, spark, checked, kind):
    rows = houses(10)
    rows[3][0], rows[4][0], rows[5][1] = "large", "=cmd()", "1e309"
    spec, path, _ = checked(changes={"type": kind}, rows=rows)
    if kind == "refuse":
        with pytest.raises(DataError, match="size: 2 cells do not parse as its type; rooms: 1 cells"):
            score.run(spec, spark, project.env, input=str(path))
        return
    done = score.run(spec, spark, project.env, input=str(path))
    assert done.cells == {"size": 2, "rooms": 1}
    assert done.rows["quarantined"] == (3 if kind == "quarantine" else 0)
    if kind == "quarantine":
        said = {row["_reasons"][0] for row in quarantined(project, spec)}
        assert "size is '=cmd()', which is not read as numbers" in said


def test_levels_and_numbers_beyond_those_of_the_training_are_told(project, spark, checked):
    rows = houses(10)
    rows[0][2], rows[1][0] = "castle", 5000
    spec, path, _ = checked(rows=rows)
    done = score.run(spec, spark, project.env, input=str(path))
    assert (done.extra["unseen"], done.extra["outside"]) == ({"kind": 1}, {"size": 1})


def test_a_check_of_the_target_is_not_asked_of_rows_without_it(project, spark, checked):
    spec, path, rows = checked({"rule": "not_null", "column": "price"})
    write_csv(path, HEADER[:4], [row[:4] for row in rows])
    done = score.run(spec, spark, project.env, input=str(path))
    assert (done.rows["scored"], done.extra["skipped_checks"]) == (60, ["price not null"])


def houses(count, big=None):
    chance = random.Random(count)
    rows = [house(chance) for _ in range(count)]
    for row in rows if big is not None else ():
        row[0] = round(row[0] / 2 + (160 if big else 0), 1)
    return rows
