"""MLflow runs: start, resume after an interruption, and end with the right status."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spark_jobs.registry.mlmodel import versions
from spark_jobs.registry.tracking import Tracking, experiment_id, mlflow_client
from spark_jobs.registry.versions import RUN_KEY

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROCESS = "spark_jobs.process"
_LONGEST_ERROR = 5000


@dataclass(frozen=True, slots=True)
class Run:
    """A running MLflow run; `resumed` if it continues an interrupted one."""

    run_id: str
    experiment_id: str
    run_key: str
    resumed: bool = False


def start_run(
    tracking: Tracking, experiment: str, run_key: str, tags: Mapping[str, str] | None = None, ended: bool = False
) -> Run:
    """Start a training's run, or resume the interrupted one with the same key.

    Runs of this machine whose process no longer exists are first closed as KILLED. A FAILED run is never resumed.

    Args:
        experiment: The experiment's name; it is created if needed.
        run_key: Identifies what is trained: the spec and the data.
        ended: Resume a FINISHED run as well, since its job was interrupted after the run ended.
    """
    client = mlflow_client(tracking)
    experiment_number = experiment_id(tracking, experiment)
    close_killed_runs(tracking, experiment_number)
    interrupted = _interrupted(client, experiment_number, run_key, ("KILLED", "FINISHED") if ended else ("KILLED",))
    ours = {
        PROCESS: f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}",
        RUN_KEY: run_key,
        **_lineage(),
        **(tags or {}),
    }
    if interrupted is None:
        run = client.create_run(experiment_number, tags=ours, run_name=experiment)
        return Run(run.info.run_id, experiment_number, run_key)
    client.update_run(interrupted, status="RUNNING")
    for key, value in ours.items():
        client.set_tag(interrupted, key, value)
    return Run(interrupted, experiment_number, run_key, resumed=True)


def end_run(tracking: Tracking, run_id: str, status: Literal["FINISHED", "FAILED", "KILLED"], error: str = "") -> None:
    """End a run with a status; store the error message of a failed run as a tag."""
    client = mlflow_client(tracking)
    if error:
        client.set_tag(run_id, "spark_jobs.error", error[:_LONGEST_ERROR])
    client.set_terminated(run_id, status)


def close_killed_runs(tracking: Tracking, experiment_number: str) -> list[str]:
    """Close the runs that dead processes of this machine left open as KILLED, and return their ids."""
    client = mlflow_client(tracking)
    host = socket.gethostname()
    running = client.search_runs([experiment_number], "attributes.status = 'RUNNING'", max_results=1000)
    left = [run for run in running if _is_gone(run.data.tags.get(PROCESS, ""), host)]
    for run in left:
        client.set_terminated(run.info.run_id, "KILLED")
    return [run.info.run_id for run in left]


def _interrupted(client: MlflowClient, experiment_number: str, run_key: str, statuses: tuple[str, ...]) -> str | None:
    """Return the last run of a key if it can be resumed: it logged no parameters yet, or registered its model."""
    found = client.search_runs(
        [experiment_number], f"tags.`{RUN_KEY}` = '{run_key}'", max_results=1, order_by=["attributes.start_time DESC"]
    )
    if not found or found[0].info.status not in statuses:
        return None
    run_id = str(found[0].info.run_id)
    # Logged parameters cannot be changed, so a partly logged run stays closed and a new one starts.
    clean = not found[0].data.params or client.search_model_versions(f"run_id = '{run_id}'")
    return run_id if clean else None


def _lineage() -> dict[str, str]:
    packages = {f"version.{name}": number for name, number in versions().items()}
    commit = _git_commit()
    source = {"mlflow.source.name": "spark-jobs train", "mlflow.source.type": "LOCAL"}
    known = {"mlflow.source.git.commit": commit, "mlflow.user": current_user()}
    return {**packages, **source, **{tag: value for tag, value in known.items() if value}}


def current_user() -> str:
    """Return the name of the operating system's user; empty where it is unknown."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have no name for its user
        return ""


def _git_commit() -> str:
    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _is_gone(process: str, host: str) -> bool:
    where, _, rest = process.rpartition(":")[0].rpartition(":")
    if where != host or not rest.isdigit():
        return False
    number, began = int(rest), process.rpartition(":")[2]
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(number) != began


def _started(number: int) -> str:
    """Return a process's start time in kernel ticks, since process ids are reused; empty if unknown."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
