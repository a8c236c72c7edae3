"""Folders in which real `spark-jobs` processes run, are held at a place and are killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[2]
PATIENCE = 240
TRAINING, SCORED, MALFORMED = 300, 200, 4
KEYS = {"target": "price", "name": "houses", "columns": {"ignore": ["n"]}}


@dataclass
class Workplace:
    """A folder with a spec, a champion and rows to score, in which each process is a group of its own."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "spark-jobs-data"

    @property
    def mark(self) -> Path:
        return self.folder / "mark"

    def spec(self, **keys: Any) -> None:
        (self.folder / "x.yml").write_text(json.dumps({"source": "new.csv", **KEYS, **keys}))

    def start(self, verb: str = "score", *words: str, fault: str = "") -> subprocess.Popen[str]:
        self.mark.unlink(missing_ok=True)
        asked = {"SPARK_JOBS_TEST": "1", "SPARK_JOBS_FAULT": fault, "SPARK_JOBS_FAULT_MARK": str(self.mark)}
        command = [sys.executable, "-m", "spark_jobs", verb, "x.yml", "--json", *words]
        running = subprocess.Popen(
            command, cwd=self.folder, env={**os.environ, "PYTHONPATH": str(PACKAGE), **asked}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.started.append(running)
        return running

    def finish(self, verb: str = "score", *words: str) -> dict[str, Any]:
        return told(self.start(verb, *words))

    def die(self, fault: str, verb: str = "score", *words: str) -> str:
        """Runs until it is killed at that place, which its mark proves; what it said on standard error."""
        running = self.start(verb, *words, fault=fault)
        _, err = running.communicate(timeout=PATIENCE)
        end_group(running)
        assert running.returncode != 0, err
        assert self.mark.read_text() == f"{fault.partition('@')[2]}\n", err
        return err

    def die_when(self, reached: Callable[[], object], victim: Callable[[subprocess.Popen[str]], None]) -> None:
        """Kills a run as soon as something is there."""
        running = self.start()
        self.wait(reached, running)
        victim(running)
        running.communicate(timeout=PATIENCE)
        end_group(running)
        assert running.returncode != 0

    def wait(self, reached: Callable[[], object], running: subprocess.Popen[str], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert running.poll() is None, f"it ended before: {running.communicate()}"
            assert time.monotonic() < deadline, "it never came to that"
            time.sleep(0.01)

    def any(self, pattern: str) -> Callable[[], object]:
        return lambda: any(self.root.glob(pattern))

    def table(self, name: str, columns: list[str]) -> list[dict[str, Any]]:
        """The rows of a table by another reader of Delta than ours; none where there is no table."""
        from deltalake import DeltaTable

        place = self.root / "tables" / name
        if not any((place / "_delta_log").glob("*.json")):
            return []
        return list(DeltaTable(str(place)).to_pyarrow_table(columns=columns).to_pylist())

    def scored(self) -> Counter[int]:
        return Counter(row["n"] for row in self.table("houses_predictions", ["n"]))

    def refused(self) -> Counter[str]:
        return Counter(row["_raw"] for row in self.table("houses_quarantine", ["_raw"]))

    def outcomes(self) -> list[str]:
        return sorted(row["status"] for row in self.table("ledger", ["status"]))


def told(running: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, out + err
    found: dict[str, Any] = json.loads(out)
    return found


def end_group(running: subprocess.Popen[str]) -> None:
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def driver(running: subprocess.Popen[str]) -> None:
    os.kill(running.pid, signal.SIGKILL)


def jvm(running: subprocess.Popen[str]) -> None:
    """Only Java dies: the driver is left with a connection to nobody."""
    listed = subprocess.run(["ps", "-o", "pid=,comm=", "-g", str(running.pid)], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        number, name = line.split()
        if name == "java":
            os.kill(int(number), signal.SIGKILL)


def house(number: int, chance: random.Random) -> list[object]:
    """A number, a size, a kind and a price of 1,000 a size and the kind's worth, give or take."""
    size, kind = round(chance.uniform(20, 200), 1), chance.choice(("flat", "loft"))
    return [number, size, kind, round(1000 * size + (20_000 if kind == "loft" else 0) + chance.gauss(0, 500), 2)]


def write_houses(path: Path, numbers: range, malformed: int = 0) -> Path:
    chance = random.Random(numbers.start)
    lines = [",".join(map(str, house(number, chance))) for number in numbers]
    lines += [f"{number},malformed" for number in range(numbers.stop, numbers.stop + malformed)]
    path.write_text("\n".join(["n,size,kind,price", *lines]) + "\n")
    return path
