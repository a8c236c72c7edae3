"""The flights job as whole processes, in turns: ours, the tutorial's, pandas and scikit-learn, a bare scan."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

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
    runs = {name: Runs() for name in JOBS}
    for number in range(rounds):
        for name, command in JOBS.items():
            seconds, said = once(command)
            runs[name].seconds.append(seconds)
            runs[name].said = said
            print(f"round {number + 1} of {rounds}: {name} {seconds:.1f} s", file=sys.stderr)
    print(table(runs))


def table(runs: dict[str, Runs]) -> str:
    """Medians, the median of the ratios of each round, and how many Spark jobs it took."""
    lines = ["| job | seconds (median) | ours / it | Spark jobs | RMSE |", "|---|---|---|---|---|"]
    for name, its in runs.items():
        ratio = median(own / other for own, other in zip(runs["ours"].seconds, its.seconds, strict=True))
        jobs, rmse = its.said.get("jobs", ""), its.said.get("metrics", {}).get("rmse")
        shown = f"{rmse:.2f}" if rmse is not None else ""
        lines.append(f"| {name} | {median(its.seconds):.1f} | {ratio:.2f} | {jobs} | {shown} |")
    reached = median(a / b for a, b in zip(runs["ours"].seconds, runs["(a) tutorial"].seconds, strict=True))
    verdict = "reached" if reached <= TARGET else "MISSED"
    return "\n".join([*lines, "", f"Ours / (a): {reached:.2f}, to reach at most {TARGET:.2f}: {verdict}."])


def once(command: list[str], settings: Sequence[str] = ()) -> tuple[float, dict[str, Any]]:
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
