"""When memory and disk are too small for a job."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spark_jobs.diagnostics.resources import check_folder, check_memory

GIB = 2**30


@pytest.mark.parametrize(
    ("asked", "there", "state"),
    [("4g", 16 * GIB, "good"), ("4096m", 4 * GIB, "poor"), ("8g", 4 * GIB, "bad"), ("1t", 64 * GIB, "bad")],
)
def test_memory_is_weighed_against_the_machine(asked: str, there: int, state: str) -> None:
    found = check_memory(asked, there)
    assert found.state == state
    assert (found.advice == "") == (state == "good")


def test_a_folder_on_a_full_disk_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: type("Usage", (), {"free": GIB // 2}))
    found = check_folder(tmp_path / "not" / "yet")
    assert found.state == "bad"
    assert "0.5 GiB free" in found.found
