"""The live line: there while a person watches, absent everywhere else."""

from __future__ import annotations

import itertools
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spark_jobs import progress

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LONG_JOB = """
import sys, time
from spark_jobs import progress
with progress.show(), progress.phase("reading"):
    progress.watch(lambda: (1, 3, 7))
    end = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < end:
        sum(range(1000))  # busy: the line must come all the same
    progress.note("2 cells became null")
print("the result")
"""


class Screen:
    """What arrives at the other end of a terminal, and when."""

    def __init__(self, master: int) -> None:
        self.seen: list[tuple[float, str]] = []
        self._master = master
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self.seen.append((time.monotonic(), data.decode(errors="replace")))

    def text(self) -> str:
        self._reader.join(timeout=5)
        return "".join(text for _, text in self.seen)

    def longest_silence(self, start: float, end: float, about: str) -> float:
        """The longest time between two lines that say `about`."""
        times = [start, *(when for when, text in self.seen if about in text and when <= end), end]
        return max(later - earlier for earlier, later in itertools.pairwise(times))


@contextmanager
def terminal() -> Iterator[tuple[Screen, int]]:
    master, slave = pty.openpty()
    try:
        yield Screen(master), slave
    finally:
        os.close(master)


def run_long_job(stderr: int, seconds: float, job: str = LONG_JOB) -> str:
    command = [sys.executable, "-c", job, str(seconds)]
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, env=environment, check=True, timeout=60)
    return done.stdout.decode()


def test_a_terminal_sees_a_line_at_least_every_two_seconds_of_a_long_job() -> None:
    with terminal() as (screen, slave):
        start = time.monotonic()
        printed = run_long_job(slave, 5)
        end = time.monotonic()
        os.close(slave)
        text = screen.text()
    assert printed == "the result\n"
    assert "Spark: 3 of 7 tasks" in text
    assert screen.longest_silence(start, end, "reading") < 2
    assert end - start >= 5


def test_a_note_stays_on_the_screen_after_the_live_line_is_gone() -> None:
    with terminal() as (screen, slave):
        run_long_job(slave, 1.5)
        os.close(slave)
        text = screen.text()
    erased = r"[^\n]*\n[^\n]*\r\x1b\[1A\x1b\[2K"  # the line, and the step back up that erases it
    assert len(re.findall(erased, text)) == 1
    shown = re.sub(erased, "", text).split("\r\n")
    assert [line.split() for line in shown] == [["2", "cells", "became", "null"], ["reading", "1.5", "s"], []]


def test_no_color_draws_the_line_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {}
    for no_color in ("", "1"):
        monkeypatch.setenv("NO_COLOR", no_color)
        with terminal() as (screen, slave):
            run_long_job(slave, 1.5)
            os.close(slave)
            drawn[no_color] = screen.text()
    assert "\x1b[32m" in drawn[""]
    assert "reading" in drawn["1"]
    assert not re.search(r"\x1b\[[0-9;]*m", drawn["1"])


def test_a_job_of_a_moment_draws_no_line_and_imports_no_rich() -> None:
    job = LONG_JOB + "print('rich' in sys.modules)"
    with terminal() as (screen, slave):
        printed = run_long_job(slave, 0.1, job)
        os.close(slave)
        text = screen.text()
    assert printed == "the result\nFalse\n"
    assert "\x1b" not in text


def test_a_file_gets_the_notes_and_no_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as out:
        printed = run_long_job(out.fileno(), 1.5)
    assert printed == "the result\n"
    assert log.read_text() == "2 cells became null\n"


def test_without_a_terminal_each_phase_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "spark_jobs.progress"), progress.show():
        with progress.phase("reading"), progress.phase("a part of it"):
            pass
        with progress.phase("fitting"):
            pass
    assert caplog.messages == ["reading: 0.0 s", "fitting: 0.0 s"]


def test_a_notebook_shows_the_live_line_in_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = type("OutStream", (StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr(sys, "stdout", cell)
    with progress.show():
        with progress.phase("reading"):
            time.sleep(1.2)
            progress.note("2 cells became null")
        with progress.phase("fitting"):
            pass
    shown = cell.getvalue()
    assert re.search(r"reading \d\.\d s", shown)
    assert "\x1b" not in shown
    kept = [line.rpartition("\r")[2].strip() for line in shown.split("\n")]
    assert kept == ["2 cells became null", "reading                  1.2 s", "fitting                  0.0 s", ""]


def test_phases_add_up_under_their_names() -> None:
    with progress.show(False):
        for _ in range(2):
            with progress.phase("outer"), progress.phase("inner"):
                time.sleep(0.05)
        spent = progress.seconds()
    assert list(spent) == ["inner", "outer"]
    assert 0.1 <= spent["inner"] <= spent["outer"] < 1


def test_a_phase_that_fails_is_counted_and_does_not_contain_the_next_one(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        with progress.phase("failing"):
            raise KeyboardInterrupt

    with caplog.at_level("INFO", "spark_jobs.progress"), progress.show(False):
        with pytest.raises(KeyboardInterrupt):
            fail()
        assert list(progress.seconds()) == ["failing"]
        with progress.phase("next"):
            pass
    assert [message.partition(":")[0] for message in caplog.messages] == ["next"]


def test_phases_of_several_threads_end_in_any_order() -> None:
    def work(number: int) -> None:
        with progress.phase(f"part {number}"):
            time.sleep(0.05 * (3 - number))

    with progress.show(False):
        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(progress.seconds()) == ["part 0", "part 1", "part 2"]


def test_quiet_keeps_notes_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.show(False, notes=False):
        progress.note("nobody asked")
    progress.note("now they do")
    assert capsys.readouterr().err == "now they do\n"


def test_a_spark_job_shows_its_tasks_on_a_terminal(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    from spark_jobs.runtime import session

    def slowly(batches: Iterator[object]) -> Iterator[object]:
        time.sleep(1)
        yield from batches

    monkeypatch.setenv("TERM", "xterm")
    slow = spark.range(0, 60, 1, numPartitions=6).mapInArrow(slowly, "id long")
    with terminal() as (screen, slave), os.fdopen(slave, "w") as err:
        monkeypatch.setattr(sys, "stderr", err)
        progress.watch(lambda: session.status(spark))
        with progress.show(), progress.phase("scoring"):
            start = time.monotonic()
            assert slow.count() == 60
            end = time.monotonic()
        time.sleep(0.2)
    assert end - start > 2
    assert screen.longest_silence(start, end, "scoring") < 2
    if session.status(spark) is not None:
        assert "of 6 tasks" in "".join(text for _, text in screen.seen)
