"""Checks of the memory and the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from spark_jobs.diagnostics.finding import Finding

_GIB = 2**30


def check_memory(asked: str, there: int) -> Finding:
    """Return whether the memory that Spark is given, such as `4g`, fits the `there` bytes of the machine."""
    wanted = int(asked[:-1]) * 1024 ** ("kmgt".index(asked[-1].lower()) + 1)
    found = f"{asked} for Spark of {there / _GIB:.1f} GiB"
    if wanted > 0.9 * there:
        advice = f"Set `memory: {max(1, there // _GIB // 2)}g` in conf/env."
        return Finding("Memory", "bad" if wanted > there else "poor", found, advice)
    return Finding("Memory", "good", found)


def check_folder(root: Path) -> Finding:
    """Return whether the root folder is writable and on a disk with free space."""
    there = next(place for place in (root, *root.parents) if place.exists())
    free = shutil.disk_usage(there).free
    found = f"{root}, {free / _GIB:.1f} GiB free"
    if not os.access(there, os.W_OK):
        return Finding("Folder", "bad", f"{there} is not writable", "Set `root` in conf/env to a writable folder.")
    if free < 5 * _GIB:
        return Finding("Folder", "bad" if free < _GIB else "poor", found, "Free disk space, or set `root` in conf/env.")
    return Finding("Folder", "good", found)
