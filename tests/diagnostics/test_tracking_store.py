"""What is reported of an MLflow store that cannot be used."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest

from spark_jobs.diagnostics.finding import run_check
from spark_jobs.diagnostics.tracking_store import check_tracking_store, wait_for
from spark_jobs.errors import JobError


def test_a_store_that_cannot_be_opened_is_a_bad_finding(tmp_path: Path) -> None:
    found = run_check("MLflow", lambda: check_tracking_store(f"sqlite:///{tmp_path}", tmp_path))
    assert (found.name, found.state) == ("MLflow", "bad")
    assert "unable to open database" in found.found


def test_a_store_that_never_answers_is_not_waited_for() -> None:
    answer, started = Event(), time.monotonic()
    with pytest.raises(JobError, match="no answer within 0 s") as refused:
        wait_for(0.05, lambda: answer.wait(30))
    answer.set()
    assert time.monotonic() - started < 10
    assert "track.uri" in refused.value.advice


def test_what_the_store_answers_with_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_for(30, lambda: 1 // 0)
