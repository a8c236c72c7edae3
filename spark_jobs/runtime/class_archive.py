"""Record the classes that Java loads for a small job, so that every later start is faster."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from spark_jobs import progress
from spark_jobs.runtime import jars
from spark_jobs.runtime.settings import is_tuned

_SPEC = """\
name: warm_up
source: {path: ROWS}
target: y
features: {per_column: {m: {categorical: target}}}
predictions: {table: warm_up}
"""


def record_in_background() -> bool:
    """Start to record the class archive in a low-priority process; return whether a process was started.

    No process is started if the archive exists, if recording has failed before, or if start-up tuning is off.
    """
    archive = jars.archive_path()
    if not is_tuned() or "SPARK_JOBS_RECORD" in os.environ or archive.is_file() or _failure(archive).is_file():
        return False
    nothing = subprocess.DEVNULL
    command = [sys.executable, "-m", __name__, "--background"]
    subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
    return True


def record_archive() -> bool:
    """Record the class archive if it is missing; return False if that failed, which only makes starts slower.

    If another process is already recording, leave it to that process and return True.
    """
    jars.fetch()
    archive = jars.archive_path()
    archive.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(archive.with_suffix(".lock"), timeout=0):
            return archive.is_file() or _record(archive)
    except Timeout:
        return True


def _record(archive: Path) -> bool:
    progress.note("Recording the classes that Spark loads, so that it starts faster (once, about a minute) …")
    _failure(archive).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        recorded = Path(folder) / "recorded.jsa"
        done = _run_small_job(Path(folder), recorded)
        if done.returncode == 0 and recorded.is_file():
            os.replace(recorded, archive)
            return True
    told = done.stderr.strip().splitlines()
    reason = told[0] if told else "no reason was given"
    _failure(archive).write_text(reason, encoding="utf-8")
    progress.note(f"Recording failed, so Spark starts without the class archive: {reason}")
    return False


def _failure(archive: Path) -> Path:
    """Return the file that records a failure, so that not every job tries again."""
    return archive.with_suffix(".failed")


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
    if "--background" in sys.argv:
        os.nice(15)
    record_archive()
