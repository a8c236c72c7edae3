"""What compiling and proving add to a training: the flights as whole processes, with a graph and without, in turns."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

SPEC = Path("conf/flights.yml")
TARGET = 0.10
WAYS = {"with a graph": [], "graph: skip": ["--set", "graph=skip"]}


def run(rounds: int) -> None:
    """Measure, and print seconds by phase."""
    said: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    for number in range(rounds):
        order = list(WAYS.items())[:: 1 if number % 2 == 0 else -1]
        for name, settings in order:
            seconds = _once(settings)
            said[name].append(seconds)
            whole = seconds["whole process"]
            print(f"round {number + 1} of {rounds}: {name} {whole:.1f} s", file=sys.stderr, flush=True)
    print(table(said))


def table(said: dict[str, list[dict[str, float]]]) -> str:
    """Medians by phase, and how much longer a training with a graph takes."""
    with_graph, without = said.values()
    phases = list(dict.fromkeys(phase for one in [*with_graph, *without] for phase in one))
    lines = ["| phase | " + " | ".join(said) + " |", "|---|---|---|"]
    for phase in phases:
        cells = [f"{median(one.get(phase, 0.0) for one in runs):.2f}" for runs in said.values()]
        lines.append(f"| {phase} | " + " | ".join(cells) + " |")
    more = median(a["whole process"] / b["whole process"] for a, b in zip(with_graph, without, strict=True)) - 1
    verdict = "reached" if more <= TARGET else "MISSED"
    added = f"A graph and its proof add {100 * more:.1f} % to the training (median of {len(without)} pairs)"
    return "\n".join([*lines, "", f"{added}, to reach at most {100 * TARGET:.0f} %: {verdict}."])


def _once(settings: list[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as root:
        command = [sys.executable, "-m", "benchmarks.ours", str(SPEC), root, "train", *settings]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {"whole process": seconds, **told["seconds"]}
