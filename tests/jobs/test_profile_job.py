"""Looking at a source: profiles that two runs wrote add up to the profile of both files."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from houses import house, spec_of, write_csv

from spark_jobs.jobs import plan, profile
from spark_jobs.profile.profile import Profile
from spark_jobs.spec import Environment

HEADER = ["size", "rooms", "kind", "built", "price"]
RANKS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99]


def rows(count, seed, shift):
    chance = random.Random(seed)
    found = [house(chance) for _ in range(count)]
    for number, row in enumerate(found):
        row[0] = round(row[0] + shift, 3)
        if number % 9 == seed % 9:
            row[number % 4] = ""
    return found


def test_the_profiles_of_two_files_add_up_to_that_of_both(spark, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    parts = {"a": rows(9000, 1, 0), "b": rows(3000, 2, 500)}
    for name, part in parts.items():
        write_csv(folder / f"{name}.csv", HEADER, part)
    written = {}
    for name, path in {"a": folder / "a.csv", "b": folder / "b.csv", "both": folder}.items():
        root = tmp_path / f"root-{name}"
        done = profile.run(spec_of(path), spark, Environment(root=str(root)))
        written[name] = Profile.read(next(root.glob("profiles/*/profile.json")))
    assert [line.split()[0] for line in done.summary] == ["12,000", "column", *HEADER, "page:"]
    check_sum(written["a"] + written["b"], written["both"])
    check_sizes(written["both"], pd.DataFrame(parts["a"] + parts["b"], columns=HEADER)["size"])


@pytest.mark.long
@pytest.mark.end_to_end
@pytest.mark.nightly
def test_a_terminal_shows_the_profile_as_a_table_that_fits(tmp_path):
    write_csv(tmp_path / "x.csv", HEADER, rows(200, 1, 0))
    (tmp_path / "x.yml").write_text("source: x.csv\ntarget: price\n")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-m", "spark_jobs", "profile", "x.yml", "--quiet"]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # at its end, which is that of the process
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert process.wait(60) == 0, shown
    lines = shown.decode().splitlines()
    assert [line.split()[0] for line in lines if line][:7] == ["200", "column", *HEADER]
    assert max(len(line) for line in lines[:7]) <= 100
    assert "flat" in shown.decode()


def check_sum(added, whole):
    assert added.rows == whole.rows == 12_000
    assert list(added.columns) == list(whole.columns) == HEADER
    for name in HEADER:
        one, other = added[name], whole[name]
        assert (one.rows, one.missing, one.nan, one.infinite) == (other.rows, other.missing, other.nan, other.infinite)
        assert one.distinct == pytest.approx(other.distinct, rel=0.05)
        if other.levels is not None:
            assert one.levels.counts == other.levels.counts
        if other.numbers is not None:
            check_numbers(one.numbers, other.numbers)


def check_numbers(one, other):
    assert (one.count, one.min, one.max) == (other.count, other.min, other.max)
    assert one.mean == pytest.approx(other.mean, rel=1e-12)
    assert one.std == pytest.approx(other.std, rel=1e-9)
    shares = [other.sketch.get_rank(bound, True) for bound in one.quantiles(RANKS)]
    assert np.abs(np.array(shares) - RANKS).max() < (0.01 if other.max - other.min > 100 else 1)


def check_sizes(whole, sizes):
    """And both are what the files hold."""
    known = pd.to_numeric(sizes).dropna().to_numpy()
    numbers = whole["size"].numbers
    assert (numbers.count, whole["size"].missing) == (len(known), len(sizes) - len(known))
    assert numbers.mean == pytest.approx(known.mean())
    assert numbers.std == pytest.approx(known.std(ddof=1))
    assert [np.mean(known <= value) for value in numbers.quantiles(RANKS)] == pytest.approx(RANKS, abs=2e-3)


def test_a_plan_says_every_column_with_its_reason_and_keeps_nothing(spark, tmp_path):
    chance = random.Random(1)
    found = [[f"h{number}", *house(chance), 1] for number in range(60)]
    source = write_csv(tmp_path / "x.csv", ["id", *HEADER, "same"], found)
    root = tmp_path / "root"
    done = plan.run(spec_of(source), spark, Environment(root=str(root)))
    said = {one["subject"]: one for one in done.extra["plan"]}
    assert said["id"]["choice"] == said["same"]["choice"] == "left out"
    assert said["kind"]["choice"] == "one_hot"
    assert all(one["reason"] for one in said.values())
    assert any("id" in line and "left out" in line for line in done.summary)
    assert done.rows["read"] == 60
    assert not list(Path(root).iterdir())
