"""Which Java can run jobs, and what is reported where it or a file of Spark is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from machines import fake_java

from spark_jobs.diagnostics.java import check_class_archive, check_java
from spark_jobs.runtime import jars


@pytest.mark.parametrize(("version", "state"), [("17.0.9", "good"), ("21", "good"), ("11.0.2", "bad"), ("23", "bad")])
def test_java_17_and_21_can_run_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, state: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "java", version)))
    found = check_java()
    assert found.state == state
    assert version in found.found
    assert bool(found.advice) == (state == "bad")


def test_a_missing_class_archive_is_only_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jars, "archive_path", lambda: tmp_path / "none.jsa")
    found = check_class_archive()
    assert found.state == "poor"
    assert found.advice.endswith("-m spark_jobs.runtime.class_archive")
