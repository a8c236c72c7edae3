"""Checks of Java and of the files that Spark loads at its start."""

from __future__ import annotations

import re
import subprocess
import sys

from spark_jobs.diagnostics.finding import Finding
from spark_jobs.errors import format_list
from spark_jobs.runtime import jars


def check_java() -> Finding:
    """Return whether the Java that Spark would start is version 17 or 21."""
    binary = jars.java()
    told = subprocess.run([str(binary), "-version"], capture_output=True, text=True, check=True, timeout=30).stderr
    match = re.search(r'version "(\d+)[^"]*"', told)
    if match is None or int(match[1]) not in (17, 21):
        shown = match[0] if match else "unknown version"
        return Finding(
            "Java", "bad", f"{shown} at {binary}; Spark needs 17 or 21", "Set JAVA_HOME to a Java 17 installation."
        )
    return Finding("Java", "good", f"{match[0].removeprefix('version ').strip(chr(34))}, {binary}")


def check_jars() -> Finding:
    """Return whether Delta's jars are in the cache."""
    missing = jars.missing_jars()
    if missing:
        names = format_list((jar.name for jar in missing), 3)
        return Finding(
            "Delta's jars", "bad", f"{len(missing)} missing: {names}", f"{_command('spark_jobs.runtime.jars')}"
        )
    return Finding("Delta's jars", "good", f"{len(jars.pinned())} in {jars.cache_folder() / 'jars'}")


def check_class_archive() -> Finding:
    """Return whether the class archive exists, which makes Spark start faster."""
    if jars.archive_path().is_file():
        return Finding("Quick start", "good", "the class archive exists")
    command = _command("spark_jobs.runtime.class_archive")
    advice = f"The next local job creates it in the background; to create it now: {command}"
    return Finding("Quick start", "poor", "no class archive: Spark starts more slowly", advice)


def _command(module: str) -> str:
    return f"{sys.executable} -m {module}"
