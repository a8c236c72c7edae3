"""The lock that lets one process at a time run a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spark_jobs.errors import JobError
from spark_jobs.tables.locks import locked


@contextmanager
def exclusive_stream(root: str, name: str) -> Iterator[None]:
    """Ensure that only one stream of this name runs under a root folder, since two would share its checkpoint.

    Raises:
        JobError: another process streams under this name.
    """
    held = False
    try:
        with locked(root, f"stream-{name}", seconds=1.0):
            held = True
            yield
    except JobError as error:
        if held:
            raise
        cause = f"Another stream of '{name}' is running under {root}."
        raise JobError(cause, "Stop it first: only one process may use a stream's checkpoint.") from error
