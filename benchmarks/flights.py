"""The flights job as whole processes, interleaved: ours, the tutorial's, pandas and scikit-learn, a bare scan."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.interleave import ratio

CSV = Path("data/flights.csv")
SPEC = Path("conf/flights.yml")
JOBS = {
    "ours": ["benchmarks.ours", str(SPEC)],
    "(a) tutorial": ["benchmarks.peers.tutorial", str(CSV)],
    "(b) pandas": ["benchmarks.peers.single", str(CSV)],
    "(c) scan": ["benchmarks.peers.scan", str(CSV)],
}
TARGET = 0.40


@dataclass
class Runs:
    """The runs of one job: seconds of each, and what the last one said."""

    seconds: list[float] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)


def run(rounds: int) -> None:
    """Measure, and print the table."""
    print(table(measure({name: (command, ()) for name, command in JOBS.items()}, rounds)))


def measure(jobs: Mapping[str, tuple[list[str], Sequence[str]]], rounds: int) -> dict[str, Runs]:
    """Run jobs, each a command and its settings, interleaved as whole processes."""
    runs = {name: Runs() for name in jobs}
    for number in range(rounds):
        for name, (command, settings) in jobs.items():
            seconds, said = _once(command, settings)
            runs[name].seconds.append(seconds)
            runs[name].said = said
            print(f"round {number + 1} of {rounds}: {name} {seconds:.1f} s {said.get('seconds', '')}", file=sys.stderr)
    return runs


def table(runs: dict[str, Runs]) -> str:
    """Medians, the median of the ratios of each round, and how many Spark jobs it took."""
    lines = ["| job | seconds (median) | ours / it | Spark jobs | RMSE |", "|---|---|---|---|---|"]
    own = runs["ours"].seconds
    for name, its in runs.items():
        jobs, rmse = its.said.get("jobs", ""), its.said.get("metrics", {}).get("rmse")
        shown = f"{rmse:.2f}" if rmse is not None else ""
        lines.append(f"| {name} | {median(its.seconds):.1f} | {ratio(own, its.seconds):.2f} | {jobs} | {shown} |")
    reached = ratio(own, runs["(a) tutorial"].seconds)
    verdict = "reached" if reached <= TARGET else "MISSED"
    return "\n".join([*lines, "", f"Ours / (a): {reached:.2f}, to reach at most {TARGET:.2f}: {verdict}."])


def _once(command: list[str], settings: Sequence[str]) -> tuple[float, dict[str, Any]]:
    """Run a job in a process and a folder of its own: the seconds it took, and the JSON that it printed last."""
    with tempfile.TemporaryDirectory() as root:
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", *command, root, *settings], capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return seconds, json.loads(done.stdout.strip().splitlines()[-1])
