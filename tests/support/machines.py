"""A machine that is set up wrongly, for tests of what the doctor finds."""

from __future__ import annotations

from pathlib import Path


def fake_java(folder: Path, version: str) -> Path:
    """Install a `java` that reports this version, and return its JAVA_HOME."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    java.chmod(0o755)
    return folder
