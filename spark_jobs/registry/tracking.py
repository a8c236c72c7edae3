"""The connection to MLflow: the tracking store, and a client that is opened in the background."""

from __future__ import annotations

import os
import sqlite3
import warnings
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
    "MLFLOW_UV_AUTO_DETECT": "false",
}
_clients: dict[str, MlflowClient] = {}
_connecting = Lock()


@dataclass(frozen=True, slots=True)
class Tracking:
    """The tracking store: `uri` is MLflow's tracking URI, or `sqlite` for a database file under `root`."""

    uri: str
    root: str

    @property
    def local(self) -> bool:
        """Whether runs and artifacts are stored under the root."""
        return self.uri == "sqlite"

    @property
    def database(self) -> Path:
        """The path of the local store's database."""
        return Path(self.root).absolute() / "mlflow.db"

    @property
    def address(self) -> str:
        """The tracking URI to pass to MLflow."""
        return f"sqlite:///{self.database}" if self.local else self.uri


def preload(tracking: Tracking) -> Future[MlflowClient]:
    """Import MLflow and open its store in a background thread.

    The import takes 1 to 4 seconds and a new database 1 to 3, nearly all of it CPU time in Python. `mlflow_client`
    raises the error if the store cannot be opened.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
    future = pool.submit(mlflow_client, tracking)
    pool.shutdown(wait=False)
    return future


def mlflow_client(tracking: Tracking) -> MlflowClient:
    """Return the client of a store, which is created once per process.

    Raises:
        JobError: The store cannot be reached or opened.
    """
    with _connecting:
        if tracking.address not in _clients:
            _clients[tracking.address] = _open(tracking)
        return _clients[tracking.address]


def experiment_id(tracking: Tracking, name: str) -> str:
    """Return the id of an experiment, which is created if needed.

    Raises:
        JobError: The experiment was deleted in MLflow.
    """
    client = mlflow_client(tracking)
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
    """Make the store MLflow's default during the block, since a database store resolves `models:/` in the default."""
    import mlflow

    # Restore only an explicitly set URI: setting the implicit default would make it permanent.
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
    warnings.filterwarnings("ignore", message="IProgress not found")  # of tqdm in a notebook, which draws nothing here
    try:
        with locked(tracking.root, "registry"):
            if tracking.local and not tracking.database.exists():
                _make_whole(tracking.database)
            client = _client(tracking.address)
    except JobError:
        raise
    except Exception as error:  # each kind of store raises the errors of its driver
        cause = str(error).strip().splitlines()[0]
        raise JobError(f"MLflow cannot be reached at {tracking.address}: {cause}", "Check `track.uri`.") from error
    return client


def _client(address: str) -> MlflowClient:
    from mlflow import MlflowClient

    client = MlflowClient(address, address)
    client.search_registered_models(max_results=1)
    return client


def _make_whole(database: Path) -> None:
    """Create a new database atomically, since MLflow cannot open one whose creation was interrupted."""
    draft, copy = database.with_name("mlflow.draft.db"), database.with_name("mlflow.new.db")
    for left in database.parent.glob("mlflow.*.db*"):
        left.unlink()
    _client(f"sqlite:///{draft}")
    with closing(sqlite3.connect(draft)) as made, closing(sqlite3.connect(copy)) as whole:
        made.backup(whole)
    copy.replace(database)
    for left in database.parent.glob("mlflow.*.db*"):
        left.unlink()
