"""The way to MLflow: which store, and a client that is ready when it is needed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from spark_jobs.errors import JobError
from spark_jobs.tables.locks import locked

if TYPE_CHECKING:
    from mlflow import MlflowClient

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_clients: dict[str, MlflowClient] = {}
_connecting = Lock()


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where runs are logged: `uri` as MLflow reads it, or `sqlite` for a database under `root`."""

    uri: str
    root: str

    @property
    def local(self) -> bool:
        """Whether runs and artifacts live under the root."""
        return self.uri == "sqlite"

    @property
    def database(self) -> Path:
        """Where the local store lies."""
        return Path(self.root).absolute() / "mlflow.db"

    @property
    def address(self) -> str:
        """The uri that MLflow is given."""
        return f"sqlite:///{self.database}" if self.local else self.uri


def preload(tracking: Tracking) -> Future[MlflowClient]:
    """Begins to import MLflow and to open its store while something else is done.

    Importing takes 1 to 4 seconds and a new database 1 to 3, nearly all of it Python's own work. Errors show when the
    client is asked for.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
    future = pool.submit(connect, tracking)
    pool.shutdown(wait=False)
    return future


def connect(tracking: Tracking) -> MlflowClient:
    """The client of a store, made once a process.

    Raises:
        JobError: the store cannot be reached or opened.
    """
    with _connecting:
        if tracking.address not in _clients:
            _clients[tracking.address] = _open(tracking)
        return _clients[tracking.address]


def experiment_id(tracking: Tracking, name: str) -> str:
    """The id of the experiment of that name, which is made where there is none.

    Raises:
        JobError: the experiment was deleted in MLflow.
    """
    client = connect(tracking)
    with locked(tracking.root, "registry"):
        found = client.get_experiment_by_name(name)
        if found is None:
            place = (Path(tracking.root).absolute() / "artifacts").as_uri() if tracking.local else None
            return str(client.create_experiment(name, artifact_location=place))
    if found.lifecycle_stage != "active":
        raise JobError(
            f"The MLflow experiment '{name}' was deleted.", "Restore it, or set `track.experiment` to another name."
        )
    return str(found.experiment_id)


@contextmanager
def default_store(tracking: Tracking) -> Iterator[None]:
    """Makes the store MLflow's default for a while: a database store looks `models:/` up in the default one."""
    import mlflow

    # What was the default by nobody's choice must not become one: it would outlast `mlflow.set_tracking_uri`.
    chosen = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]
    before = mlflow.get_tracking_uri() if chosen else None
    mlflow.set_tracking_uri(tracking.address)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]


def _open(tracking: Tracking) -> MlflowClient:
    for key, value in _QUIET.items():
        os.environ.setdefault(key, value)
    try:
        with locked(tracking.root, "registry"):
            if tracking.local and not tracking.database.exists():
                _make_whole(tracking.database)
            client = _client(tracking.address)
    except JobError:
        raise
    except Exception as error:  # each kind of store raises its driver's own errors
        cause = str(error).strip().splitlines()[0]
        raise JobError(f"MLflow cannot be reached at {tracking.address}: {cause}", "Check `track.uri`.") from error
    return client


def _client(address: str) -> MlflowClient:
    from mlflow import MlflowClient

    client = MlflowClient(address, address)
    client.search_registered_models(max_results=1)
    return client


def _make_whole(database: Path) -> None:
    """A new database that is there whole or not at all: MLflow cannot open one whose making was cut off."""
    draft, copy = database.with_name("mlflow.draft.db"), database.with_name("mlflow.new.db")
    for left in database.parent.glob("mlflow.*.db*"):
        left.unlink()
    _client(f"sqlite:///{draft}")
    with closing(sqlite3.connect(draft)) as made, closing(sqlite3.connect(copy)) as whole:
        made.backup(whole)
    copy.replace(database)
    for left in database.parent.glob("mlflow.*.db*"):
        left.unlink()
