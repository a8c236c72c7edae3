"""The session of a job is closed however the job ends, and an interruption does not wait for a busy JVM."""

from __future__ import annotations

import threading
import time

import pytest

from spark_jobs.runtime import job_session as module
from spark_jobs.runtime import session
from spark_jobs.runtime.job_session import job_session
from spark_jobs.spec import Environment

LOCAL = Environment()


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens to the session, in order."""
    seen: list[str] = []
    monkeypatch.setattr(session, "open_in_background", lambda *_: seen.append("starting"))
    monkeypatch.setattr(session, "open", lambda *_: seen.append("open") or "spark")
    monkeypatch.setattr(session, "close", lambda spark: seen.append(f"closed {spark}"))
    monkeypatch.setattr(module, "record_in_background", lambda: seen.append("recorded"))
    return seen


def test_modules_are_imported_while_spark_starts_and_the_session_is_closed_at_the_end(events):
    with job_session(LOCAL, (), False, lambda: events.append("imported")) as spark:
        events.append(f"job in {spark}")
    assert events == ["starting", "imported", "open", "job in spark", "closed spark", "recorded"]


@pytest.mark.parametrize("error", [ValueError("of the job"), KeyboardInterrupt(), SystemExit(1)])
def test_the_session_of_a_job_that_fails_is_closed_and_nothing_is_recorded(events, error):
    with pytest.raises(type(error)), job_session(LOCAL, (), False, lambda: None):
        raise error
    assert events == ["starting", "open", "closed spark"]


def test_an_interruption_does_not_wait_for_a_jvm_that_does_not_answer(events, monkeypatch):
    answers = threading.Event()
    monkeypatch.setattr(session, "close", lambda spark: answers.wait(30))
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), job_session(LOCAL, (), False, lambda: None):
        raise KeyboardInterrupt
    answers.set()
    assert time.monotonic() - began < 5


def test_a_session_that_does_not_open_is_not_closed(events, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no java")

    monkeypatch.setattr(session, "open", fail)
    with pytest.raises(OSError, match="no java"), job_session(LOCAL, (), False, lambda: None):
        pytest.fail("the job ran")
    assert events == ["starting"]
