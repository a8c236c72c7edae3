"""What compiling and proving add to a job: the flights as whole processes, with a graph and without, interleaved.

The verdict is of the training alone; `run` also scores, which the graph does in the pipeline's stead.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

SPEC = Path("conf/flights.yml")
TARGET = 0.10
VERBS = ("train", "run")
WAYS = {"with a graph": [], "graph: skip": ["--set", "graph=skip"]}


def run(rounds: int, verbs: Sequence[str] = VERBS) -> None:
    """Measure, and print seconds by phase."""
    for verb in verbs:
        said: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
        for number in range(rounds):
            for name, settings in list(WAYS.items())[:: 1 if number % 2 == 0 else -1]:
                said[name].append(_once(verb, settings))
                whole = said[name][-1]["whole process"]
                print(f"round {number + 1} of {rounds}: {verb}, {name} {whole:.1f} s", file=sys.stderr, flush=True)
        print(table(verb, said), flush=True)


def table(verb: str, said: dict[str, list[dict[str, float]]]) -> str:
    """Medians by phase, and how much longer the job takes with a graph."""
    with_graph, without = said.values()
    phases = list(dict.fromkeys(phase for one in [*with_graph, *without] for phase in one))
    lines = [f"| {verb} | " + " | ".join(said) + " |", "|---|---|---|"]
    for phase in phases:
        cells = [f"{median(one.get(phase, 0.0) for one in runs):.2f}" for runs in said.values()]
        lines.append(f"| {phase} | " + " | ".join(cells) + " |")
    pairs = [a["whole process"] / b["whole process"] - 1 for a, b in zip(with_graph, without, strict=True)]
    each = ", ".join(f"{100 * one:.1f} %" for one in pairs)
    lines += ["", f"A graph and its proof add {100 * median(pairs):.1f} % to `{verb}` (median of {each})"]
    if verb == "train":
        lines[-1] += f", to reach at most {100 * TARGET:.0f} %: {'reached' if median(pairs) <= TARGET else 'MISSED'}"
    return "\n".join([*lines[:-1], lines[-1] + ".", ""])


def _once(verb: str, settings: list[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as root:
        command = [
            sys.executable,
            "-m",
            "benchmarks.ours",
            str(SPEC),
            root,
            *([verb] if verb == "train" else []),
            *settings,
        ]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {"whole process": seconds, **told["seconds"]}
