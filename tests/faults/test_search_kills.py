"""A search that is killed at random moments and started again ends with each settings once."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from orders import orders_file

PACKAGE = Path(__file__).parents[2]
TRIALS, KILLS, PATIENCE = 12, 10, 300
AFTER_START, AFTER_TRIAL = 15.0, 0.5  # seconds
SPEC = f"""
name: orders
source: orders.csv
target: late
key: [order]
columns: {{ignore: [customer, day]}}
model: {{kind: xgboost}}
tune: {{trials: {TRIALS}, folds: 2}}
"""

pytestmark = [pytest.mark.long, pytest.mark.batch_kills, pytest.mark.nightly]


def rows(database: Path, query: str) -> list[tuple]:
    """The rows of a query; opened for writing, because a kill may leave a journal that has to be rolled back."""
    if not database.is_file():
        return []
    with closing(sqlite3.connect(database, timeout=60)) as opened:
        if not opened.execute("select 1 from sqlite_master where name = 'trial_user_attributes'").fetchall():
            return []
        return opened.execute(query).fetchall()


def start(folder: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "spark_jobs", "train", "spec.yml"]
    env = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=folder, env=env, start_new_session=True, **quiet)


def finished(database: Path) -> set[int]:
    return {number for (number,) in rows(database, "select number from trials where state = 'COMPLETE'")}


def test_ten_kills_leave_twelve_trials_each_once(tmp_path):
    """Each kill waits for a number of finished trials. If they are finished already, it comes during the start."""
    chance = random.Random(5)
    orders_file(tmp_path)
    (tmp_path / "spec.yml").write_text(SPEC)
    database = tmp_path / "spark-jobs-data" / "tuning" / "orders.db"
    before: set[int] = set()
    for goal in sorted(chance.choices(range(TRIALS - 2), k=KILLS)):
        running, deadline = start(tmp_path), time.monotonic() + PATIENCE
        while len(finished(database)) < goal:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, AFTER_START if len(before) >= goal else AFTER_TRIAL))
        os.killpg(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL, "it was still running"
        done = finished(database)
        assert before <= done, "a finished trial stays finished"
        before = done
    assert start(tmp_path).wait(PATIENCE) == 0
    states = rows(database, "select number, state from trials")
    settings = rows(database, "select value_json from trial_user_attributes where key = 'settings'")
    assert sorted(states) == [(number, "COMPLETE") for number in range(TRIALS)]
    assert len(set(settings)) == len(settings) == TRIALS
