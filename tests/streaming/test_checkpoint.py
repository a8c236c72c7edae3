"""What a stream's folder remembers, apart from what Spark keeps there."""

from __future__ import annotations

import json

import pytest

from spark_jobs.errors import JobError, SpecError
from spark_jobs.streaming.checkpoint import checkpoint_of


@pytest.fixture
def used(tmp_path):
    """A checkpoint with two micro-batches planned and one done, as Spark leaves it after a kill."""
    made = checkpoint_of(str(tmp_path / "there"), "ignored", "x")
    for folder, numbers in (("offsets", (0, 1)), ("commits", (0,))):
        (made.folder / folder).mkdir(parents=True)
        for number in numbers:
            (made.folder / folder / str(number)).write_text("v1\n{}")
        (made.folder / folder / f".{numbers[-1]}.crc").write_text("")
    (made.folder / "metadata").write_text(json.dumps({"id": "abc"}))
    return made


def test_the_usual_place_is_under_the_root(tmp_path):
    assert checkpoint_of(None, f"{tmp_path}/", "flights").folder == tmp_path / "checkpoints" / "flights"


def test_a_place_elsewhere_is_refused_by_name():
    with pytest.raises(JobError, match="s3://bucket/x"):
        checkpoint_of("s3://bucket/x", "root", "x")


def test_a_new_folder_knows_no_query_and_no_micro_batch(tmp_path):
    new = checkpoint_of(None, str(tmp_path), "x")
    assert (new.query_id, new.last_planned, new.last_committed) == (None, None, None)


def test_the_last_numbers_are_those_of_spark(used):
    assert (used.query_id, used.last_planned, used.last_committed) == ("abc", 1, 0)


def test_the_files_of_a_micro_batch_are_those_of_its_entries_in_sparks_log(used):
    """As Spark 4.2 writes it: an entry a file, and now and then all entries so far in one."""
    log = used.folder / "sources" / "0"
    log.mkdir(parents=True)
    names = (["a.csv"], ["c%20%5B1%5D.csv", "b%25.csv"], ["d.csv"], ["e.csv"])
    entries = [
        [{"path": f"file:///in/{name}", "timestamp": 1, "batchId": number} for name in some]
        for number, some in enumerate(names)
    ]
    for name, kept in {"0": entries[:1], "2.compact": entries[:3], "1": entries[1:2], "3": entries[3:]}.items():
        (log / name).write_text("\n".join(["v1", *(json.dumps(one) for entry in kept for one in entry)]))
    for number, end in enumerate((0, 2, 3)):
        (used.folder / "offsets" / str(number)).write_text(f'v1\n{{"batchTimestampMs":1}}\n{{"logOffset":{end}}}')
    assert used.files(0) == ["/in/a.csv"]
    assert used.files(1) == ["/in/b%.csv", "/in/c [1].csv", "/in/d.csv"]
    (log / "1").unlink()
    assert used.files(1) == ["/in/b%.csv", "/in/c [1].csv", "/in/d.csv"]
    assert used.files(2) == ["/in/e.csv"]


def test_what_may_not_change_is_named(used):
    used.check_compatible({"source": "a", "table": "t"}, {})
    used.check_compatible({"source": "a", "table": "t"}, {})
    with pytest.raises(SpecError, match="another `source`") as refused:
        used.check_compatible({"source": "b", "table": "t"}, {})
    assert "stream.checkpoint" in refused.value.advice
    used.check_compatible({"source": "a", "table": "t"}, {})


def test_checks_may_change_only_between_two_micro_batches(used):
    used.check_compatible({}, {"checks": [1]})
    with pytest.raises(SpecError, match="Micro-batch 1 is unfinished, and `checks` changed"):
        used.check_compatible({}, {"checks": [2]})
    (used.folder / "commits" / "1").write_text("v1\n{}")
    used.check_compatible({}, {"checks": [2]})


def test_a_micro_batch_keeps_the_version_that_it_was_begun_with(used):
    assert used.pin_version(5, lambda: 1) == 1
    assert used.pin_version(5, lambda: 2) == 1
    assert used.pin_version(6, lambda: 2) == 2
    assert used.pin_version(105, lambda: 3) == 3
    assert not (used.folder / "spark_jobs" / "versions" / "5").exists()
