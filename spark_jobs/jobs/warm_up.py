"""Runs a small job once and keeps the classes that Java loaded for it, so that every later start is quicker."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from spark_jobs import jars, progress

_SPEC = """\
name: warm_up
source: {path: ROWS}
target: y
features: {per_column: {m: {categorical: target}}}
predictions: {table: warm_up}
"""


def record() -> bool:
    """Makes the class archive where it is missing; False where that failed, which costs time and nothing else."""
    jars.fetch()
    archive = jars.archive_path()
    if archive.is_file():
        return True
    progress.note("Recording what Spark loads, so that it starts quicker (once, about a minute) …")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        recorded = Path(folder) / "recorded.jsa"
        done = _run_small_job(Path(folder), recorded)
        if done.returncode == 0 and recorded.is_file():
            os.replace(recorded, archive)
            return True
    told = done.stderr.strip().splitlines()
    progress.note(f"That did not work, so Spark starts as slowly as it does: {told[0] if told else 'no reason given'}")
    return False


def _run_small_job(folder: Path, recorded: Path) -> subprocess.CompletedProcess[str]:
    rows = folder / "rows.csv"
    rows.write_text("n,c,m,d,t,y\n" + "".join(_row(number) for number in range(400)))
    (folder / "spec.yml").write_text(_SPEC.replace("ROWS", str(rows)))
    (folder / "env").mkdir()
    (folder / "env" / "local.yml").write_text(f"name: local\nroot: {folder / 'root'}\n")
    command = [sys.executable, "-m", "spark_jobs", "run", str(folder / "spec.yml"), "--quiet"]
    environment = {key: value for key, value in os.environ.items() if key not in ("SPARK_REMOTE", "SPARK_JOBS_LOG")}
    environment["SPARK_JOBS_RECORD"] = str(recorded)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _row(number: int) -> str:
    day, hour = number % 28 + 1, number % 24
    cells = f"{number % 37}.5", "abc"[number % 3], f"level {number % 40}", f"2013-01-{day:02d}"
    return ",".join((*cells, f"2013-{number % 12 + 1:02d}-{day:02d} {hour:02d}:30:00", f"{number * 7 % 101}\n"))


if __name__ == "__main__":
    record()
