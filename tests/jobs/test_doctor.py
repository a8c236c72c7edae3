"""What the doctor finds, and that each finding comes with what would fix it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from spark_jobs.errors import JobError
from spark_jobs.jobs import doctor
from spark_jobs.models import Algorithm, Options
from spark_jobs.runtime import jars
from spark_jobs.spec import Environment

GIB = 2**30


def fake_java(folder: Path, version: str) -> Path:
    """A java that says it is of that version."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    java.chmod(0o755)
    return folder


@pytest.mark.long
@pytest.mark.end_to_end
def test_a_sound_machine_gets_a_line_for_each_check(tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if key != "SPARK_REMOTE"}
    command = [sys.executable, "-m", "spark_jobs", "doctor", "--json"]
    (tmp_path / "conf" / "env").mkdir(parents=True)
    (tmp_path / "conf" / "env" / "local.yml").write_text("root: here\nmemory: 1g\nmaster: local[1]\n")
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert next(iter(checks)) == "Python"
    assert list(checks)[-1] == "Python workers"
    assert checks["Python workers"]["found"].startswith("Python 3.")
    assert {"Java", "Delta's jars", "MLflow", "Memory", "Folder"} < set(checks)
    assert not [check for check in checks.values() if check["state"] == "bad"]


def test_all_that_is_wrong_is_named_at_once_and_spark_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "java", "11.0.2")))
    monkeypatch.setenv("SPARK_JOBS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(JobError) as refused:
        doctor.run(Environment(root=str(tmp_path / "root"), memory="900000g"))
    for part in ('Java: version "11.0.2"', "Delta's jars: 8 missing", "Memory: 900000g"):
        assert part in refused.value.message
    assert "Java 17" in refused.value.advice
    assert "-m spark_jobs.runtime.jars" in refused.value.advice
    assert "workers" not in capsys.readouterr().err
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("version", ["17.0.9", "21"])
def test_java_17_and_21_are_right(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "java", version)))
    found = doctor._java()
    assert (found.state, found.found.split(",")[0]) == ("good", version)


@pytest.mark.parametrize(
    ("asked", "there", "state"),
    [("4g", 16 * GIB, "good"), ("4096m", 4 * GIB, "poor"), ("8g", 4 * GIB, "bad"), ("1t", 64 * GIB, "bad")],
)
def test_memory_is_weighed_against_the_machine(asked: str, there: int, state: str) -> None:
    found = doctor._memory(asked, there)
    assert found.state == state
    assert (found.advice == "") == (state == "good")


def test_a_folder_on_a_full_disk_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: type("Usage", (), {"free": GIB // 2}))
    found = doctor._folder(tmp_path / "not" / "yet")
    assert found.state == "bad"
    assert "0.5 GiB free" in found.found


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    found = doctor._guarded("MLflow", lambda: doctor._mlflow(f"sqlite:///{tmp_path}", tmp_path))
    assert found.state == "bad"
    assert "unable to open database" in found.found


def test_a_store_that_never_answers_is_not_waited_for() -> None:
    answer = Event()
    found = doctor._guarded("MLflow", lambda: doctor._within(0.05, answer.wait))
    answer.set()
    assert (found.state, found.found) == ("bad", "no answer within 0 s")
    assert "track.uri" in found.advice


def test_a_missing_archive_is_only_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jars, "archive_path", lambda: tmp_path / "none.jsa")
    found = doctor._archive()
    assert found.state == "poor"
    assert found.advice.endswith("-m spark_jobs.runtime.class_archive")


def test_the_package_of_an_algorithm_is_missed_only_where_the_spec_asks_for_it() -> None:
    fancy = Algorithm("Fancy", Options, {}, package="no_such_package", extra="fancy")
    found = doctor.package_finding(fancy, is_needed=True)
    assert (found.state, found.advice) == ("bad", "pip install 'spark-jobs[fancy]'")
    assert doctor.package_finding(fancy, is_needed=False).state == "poor"
    installed = doctor.package_finding(Algorithm("Numbers", Options, {}, package="numpy"), is_needed=True)
    assert (installed.state, installed.found.split()[0]) == ("good", "numpy")
