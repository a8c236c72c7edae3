"""Check of the MLflow store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

from spark_jobs.diagnostics.finding import Finding
from spark_jobs.errors import JobError

_PATIENCE = 20.0


def check_tracking_store(uri: str, root: Path) -> Finding:
    """Return whether the MLflow store at `uri` answers; `root` is the root folder of the environment."""
    from spark_jobs.registry.tracking import Tracking, mlflow_client

    tracking = Tracking(uri, str(root))
    if tracking.local and not (root / "mlflow.db").exists():
        return Finding("MLflow", "good", f"a new store at {root / 'mlflow.db'}")
    if tracking.address.startswith("sqlite:///"):
        file = tracking.address.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA user_version")
    wait_for(_PATIENCE, lambda: mlflow_client(tracking).search_experiments(max_results=1))
    return Finding("MLflow", "good", tracking.address)


def wait_for(seconds: float, ask: Callable[[], object]) -> None:
    """Call a function in a thread and wait for its end.

    Raises:
        JobError: the function did not end in time.
        Exception: what the function raised.
    """
    # MLflow retries an unreachable store for minutes; the daemon thread is abandoned.
    answers: Queue[Exception | None] = Queue()

    def work() -> None:
        try:
            ask()
            answers.put(None)
        except Exception as error:
            answers.put(error)

    Thread(target=work, daemon=True).start()
    try:
        failed = answers.get(timeout=seconds)
    except Empty:
        raise JobError(
            f"no answer within {seconds:.0f} s", "Check `track.uri` and whether the server is running."
        ) from None
    if failed is not None:
        raise failed
