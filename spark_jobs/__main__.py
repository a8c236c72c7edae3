"""What `spark-jobs`, `python -m spark_jobs` and spark-submit run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

if not __package__:
    # Run as a file, as spark-submit does: our rooms must not stand in for modules of the standard library (`profile`).
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    from spark_jobs.cli import main as command_line

    return command_line.main(argv)


def exit_now(status: int) -> NoReturn:
    """End the process now: to take MLflow and all that it imports apart, as Python would, is most of a second."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def run() -> NoReturn:
    """Run this process's command line and end with its exit status."""
    exit_now(main())


if __name__ == "__main__":
    run()
