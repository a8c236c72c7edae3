"""`score`, killed at each of its steps: run again, its tables hold what one clean run leaves."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from cli_sandbox import MALFORMED, PACKAGE, PATIENCE, SCORED, driver, end_group, jvm, told, write_houses

NUMBERS = dict.fromkeys(range(SCORED), 1)
REFUSED = {f"{number},malformed": 1 for number in range(SCORED, SCORED + MALFORMED)}
PREDICTIONS, QUARANTINE = "houses_predictions", "houses_quarantine"


def check_once(work, result):
    """What one clean run leaves, by another reader than ours."""
    assert work.scored() == NUMBERS
    assert work.refused() == REFUSED
    rows = result["rows"]
    assert (rows["read"], rows["scored"], rows["quarantined"]) == (SCORED + MALFORMED, SCORED, MALFORMED)
    assert {row["_model_version"] for row in work.table(PREDICTIONS, ["_model_version"])} == {1}
    assert len({row["_run_id"] for row in work.table(PREDICTIONS, ["_run_id"])}) == 1


@pytest.mark.long
@pytest.mark.batch_kills
def test_killed_between_its_two_tables_and_then_before_the_ledger_it_ends_as_if_it_had_run_once(work):
    work.die(f"kill@written.{PREDICTIONS}")
    assert (work.scored(), work.refused()) == (NUMBERS, {})
    said = work.die("kill-jvm@write.ledger").splitlines()
    assert (work.scored(), work.refused()) == (NUMBERS, REFUSED)
    assert len(said) == 2, said
    result = work.finish()
    check_once(work, result)
    assert result["rows"]["duplicates"] == SCORED
    assert work.outcomes() == ["done"]


# Each step is killed in each of three ways over the three rounds; `make test-kills` runs the first, with every way.
WAYS = ("kill", "kill-jvm", "kill-group")
NIGHTLY = [pytest.mark.batch_kills, pytest.mark.nightly]
ROUNDS = [pytest.param(0, marks=NIGHTLY), 1, 2]


@pytest.mark.long
@pytest.mark.parametrize("turn", ROUNDS)
def test_killed_at_one_step_after_the_other_it_ends_as_if_it_had_run_once(work, turn):
    ways = itertools.cycle((*WAYS[turn:], *WAYS[:turn]))
    work.die(f"{next(ways)}@write.{PREDICTIONS}")
    assert (work.scored(), work.refused()) == ({}, {})
    work.die(f"{next(ways)}@written.{PREDICTIONS}")
    assert (work.scored(), work.refused()) == (NUMBERS, {})
    work.die(f"{next(ways)}@write.{QUARANTINE}")
    assert (work.scored(), work.refused()) == (NUMBERS, {})
    work.die(f"{next(ways)}@written.{QUARANTINE}")
    assert (work.scored(), work.refused()) == (NUMBERS, REFUSED)
    work.die(f"{next(ways)}@written.ledger")
    check_once(work, work.finish())
    assert work.outcomes() == ["done", "done"]


@pytest.mark.long
@pytest.mark.parametrize("victim", [driver, pytest.param(jvm, marks=NIGHTLY), end_group])
def test_killed_while_predictions_are_written_nothing_half_done_is_seen(work, victim):
    work.die_when(work.any(f"tables/{PREDICTIONS}/**/*.parquet"), victim)
    assert work.scored() in ({}, NUMBERS)
    check_once(work, work.finish())


@pytest.mark.long
@pytest.mark.batch_kills
def test_two_writers_of_one_batch_at_the_same_moment_leave_each_row_once(work):
    barrier = work.folder / "go"
    first = work.start(fault=f"stop@write.{PREDICTIONS}:{barrier}")
    work.wait(work.mark.exists, first)
    second = work.start(fault=f"stop@lock.table-{PREDICTIONS}:{barrier}")
    work.wait(work.mark.exists, second)
    barrier.touch()
    results = [told(first), told(second)]
    assert [result["rows"]["duplicates"] for result in results] == [0, SCORED]
    check_once(work, results[1])


BATCHES = 10
MANY = """
import sys, json
from pathlib import Path
from spark_jobs.runtime import session
from spark_jobs.jobs import score
from spark_jobs.spec import Environment, parse
env = Environment(root="spark-jobs-data", master="local[1]", memory="1g")
spec, spark = parse(json.loads(Path("x.yml").read_text())), session.open(env)
for path in sys.argv[1:]:
    score.run(spec, spark, env, input=path)
"""


@pytest.mark.long
@pytest.mark.batch_kills
@pytest.mark.nightly
def test_two_writers_of_different_batches_lose_nothing_of_each_other(work):
    (work.folder / "many.py").write_text(MANY)
    parts = [range(start, start + 20) for start in range(0, 40 * BATCHES, 20)]
    paths = [write_houses(work.folder / f"b{part.start}.csv", part) for part in parts]
    running = [
        subprocess.Popen(
            [sys.executable, "many.py", *map(str, paths[half::2])], cwd=work.folder,
            env={**os.environ, "PYTHONPATH": str(PACKAGE)}, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        for half in (0, 1)
    ]  # fmt: skip
    work.started += running
    for each in running:
        _, err = each.communicate(timeout=2 * PATIENCE)
        assert each.returncode == 0, err
    assert work.scored() == dict.fromkeys(range(40 * BATCHES), 1)
    assert work.outcomes() == ["done"] * 2 * BATCHES


@pytest.mark.long
@pytest.mark.batch_kills
def test_told_to_end_it_ends_at_once_and_clean_and_the_next_run_is_right(work):
    running = work.start(fault=f"stop@write.{PREDICTIONS}:{work.folder / 'never'}")
    work.wait(work.mark.exists, running)
    began = time.monotonic()
    os.kill(running.pid, signal.SIGTERM)
    out, err = running.communicate(timeout=PATIENCE)
    assert time.monotonic() - began < 30
    assert running.returncode not in (0, -signal.SIGTERM)
    assert "Traceback" not in err
    assert json.loads(out)["status"] == "failed"
    assert work.scored() == {}
    check_once(work, work.finish())
