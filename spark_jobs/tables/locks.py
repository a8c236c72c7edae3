"""File locks: one writer at a time per folder, across threads and processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from filelock import FileLock, Timeout

from spark_jobs.errors import JobError
from spark_jobs.fault_points import fault_point

WAIT_SECONDS = 600.0


@contextmanager
def locked(root: str, what: str, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock for writing `what` under `root`, and wait until no one else on this machine holds it.

    The operating system releases the lock of a killed process. A root on another file system (`s3://…`) is locked by a
    file in the temporary folder.

    Raises:
        JobError: The lock is still held after `seconds`.
    """
    path = lock_path(root, what)
    path.parent.mkdir(parents=True, exist_ok=True)
    fault_point(f"lock.{what}")
    try:
        with FileLock(path, timeout=seconds):
            yield
    except Timeout as error:
        raise JobError(
            f"Another run has been writing {what} of {root} for more than {seconds:g} seconds.",
            "Wait for it to end, then run this job again.",
        ) from error


def lock_path(root: str, what: str) -> Path:
    """Return the path of the lock file."""
    if "://" in root or root.startswith("dbfs:"):
        name = sha256(f"{root}\n{what}".encode()).hexdigest()[:32]
        return Path(gettempdir()) / "spark-jobs-locks" / f"{name}.lock"
    return Path(root).absolute() / ".locks" / f"{what}.lock"
