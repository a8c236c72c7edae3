"""The class archive is recorded once, in the background of the first job, and never by two processes at a time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from spark_jobs.runtime import class_archive, jars

Done = subprocess.CompletedProcess


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "classes" / "key.jsa"
    monkeypatch.setattr(jars, "archive_path", lambda: path)
    monkeypatch.setattr(jars, "fetch", tuple)
    return path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: commands.append(command))
    return commands


def small_job(monkeypatch: pytest.MonkeyPatch, status: int) -> list[Path]:
    recorded: list[Path] = []

    def run(command: list[str], env: dict[str, str], **_: object) -> Done[str]:
        target = Path(env["SPARK_JOBS_RECORD"])
        recorded.append(target)
        if not status:
            target.write_bytes(b"classes")
        return Done(command, status, "", "" if not status else "No space left on device\n")

    monkeypatch.setattr(subprocess, "run", run)
    return recorded


def test_the_first_job_starts_the_recording_in_a_process_of_its_own(archive, started):
    assert class_archive.record_in_background()
    assert started[0][-1] == "--background"


def test_a_recorded_archive_is_not_recorded_again(archive, started, monkeypatch):
    jobs = small_job(monkeypatch, 0)
    assert class_archive.record_archive()
    assert archive.read_bytes() == b"classes"
    assert not class_archive.record_in_background()
    assert class_archive.record_archive()
    assert (len(jobs), started) == (1, [])


def test_a_recording_that_failed_is_repeated_only_when_asked_for(archive, started, monkeypatch):
    small_job(monkeypatch, 1)
    assert not class_archive.record_archive()
    assert not archive.exists()
    assert not class_archive.record_in_background()
    small_job(monkeypatch, 0)
    assert class_archive.record_archive()
    assert not archive.with_suffix(".failed").exists()


def test_a_second_process_leaves_the_recording_to_the_first(archive, monkeypatch):
    jobs = small_job(monkeypatch, 0)
    archive.parent.mkdir(parents=True)
    with FileLock(archive.with_suffix(".lock")):
        assert class_archive.record_archive()
    assert jobs == []


def test_nothing_is_recorded_where_start_up_tuning_is_off(archive, started, monkeypatch):
    monkeypatch.setenv("SPARK_JOBS_TUNING", "off")
    assert not class_archive.record_in_background()
    assert started == []
