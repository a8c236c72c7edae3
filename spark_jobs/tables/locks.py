"""One writer at a time in one folder, across threads and processes of this machine."""

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
    """Waits until nobody else on this machine writes `what` under `root`, and keeps others out meanwhile.

    The lock goes with its process, so a killed one leaves none behind. A root on another file system (`s3://…`) is
    locked by its name in the folder for temporary files.

    Raises:
        JobError: it was still held after that many seconds.
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
            "Wait for it to end, then start this one again.",
        ) from error


def lock_path(root: str, what: str) -> Path:
    """The file that stands for the lock."""
    if "://" in root or root.startswith("dbfs:"):
        name = sha256(f"{root}\n{what}".encode()).hexdigest()[:32]
        return Path(gettempdir()) / "spark-jobs-locks" / f"{name}.lock"
    return Path(root).absolute() / ".locks" / f"{what}.lock"
