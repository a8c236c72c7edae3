"""Named points at which a test can kill or pause a running job; without a test they do nothing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

_TICK = 0.02


def fault_point(name: str) -> None:
    """Do what `SPARK_JOBS_FAULT` sets for this point, if `SPARK_JOBS_TEST` is 1.

    Actions: `kill@NAME` kills this process, `kill-jvm@NAME` only its Java processes, and `kill-group@NAME` its process
    group. `stop@NAME:FILE` waits until the file exists. Before acting, the point appends its name to the file
    `SPARK_JOBS_FAULT_MARK`.
    """
    asked = os.environ.get("SPARK_JOBS_FAULT", "") if os.environ.get("SPARK_JOBS_TEST") == "1" else ""
    act, _, place = asked.partition("@")
    place, _, barrier = place.partition(":")
    if not act or place != name:
        return
    _mark(name)
    if act == "stop":
        _hold(Path(barrier))
    else:
        _kill(act)


def _mark(name: str) -> None:
    mark = os.environ.get("SPARK_JOBS_FAULT_MARK")
    if mark:
        with open(mark, "a", encoding="utf-8") as out:
            out.write(f"{name}\n")
            out.flush()
            os.fsync(out.fileno())


def _hold(barrier: Path) -> None:
    while not barrier.exists():
        time.sleep(_TICK)


def _kill(act: str) -> None:
    if act == "kill-jvm":
        for child in _javas():
            os.kill(child, signal.SIGKILL)
    elif act == "kill-group" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    elif act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


def _javas() -> list[int]:
    """Return the ids of the Java processes that this process started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        if name == "java" and rest.split()[1] == str(os.getpid()):
            found.append(int(status.parent.name))
    return found
