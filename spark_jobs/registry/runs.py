"""MLflow runs that begin, are taken up again after an interruption, and end as what they were."""

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
from spark_jobs.registry.tracking import Tracking, connect, experiment_id
from spark_jobs.registry.versions import RUN_KEY

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROCESS = "spark_jobs.process"
_LONGEST_ERROR = 5000


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is going on; `resumed` where an interrupted one was taken up."""

    run_id: str
    experiment_id: str
    run_key: str
    resumed: bool = False


def start_run(
    tracking: Tracking, experiment: str, run_key: str, tags: Mapping[str, str] | None = None, ended: bool = False
) -> Run:
    """Begins a training's run, or takes up the one of the same key that was interrupted.

    Runs of this machine whose process is gone are closed as KILLED. `run_key` says what is trained (spec, data); a run
    that FAILED is never taken up, one that FINISHED only with `ended`: where the job was interrupted after it.
    """
    client = connect(tracking)
    experiment_number = experiment_id(tracking, experiment)
    close_killed_runs(tracking, experiment_number)
    interrupted = _interrupted(client, experiment_number, run_key, ("KILLED", "FINISHED") if ended else ("KILLED",))
    ours = {PROCESS: _this_process(), RUN_KEY: run_key, **_lineage(), **(tags or {})}
    if interrupted is None:
        run = client.create_run(experiment_number, tags=ours, run_name=experiment)
        return Run(run.info.run_id, experiment_number, run_key)
    client.update_run(interrupted, status="RUNNING")
    for key, value in ours.items():
        client.set_tag(interrupted, key, value)
    return Run(interrupted, experiment_number, run_key, resumed=True)


def end_run(tracking: Tracking, run_id: str, status: Literal["FINISHED", "FAILED", "KILLED"], error: str = "") -> None:
    """Ends a run as what it was; of a failed one the cause is kept as a tag."""
    client = connect(tracking)
    if error:
        client.set_tag(run_id, "spark_jobs.error", error[:_LONGEST_ERROR])
    client.set_terminated(run_id, status)


def close_killed_runs(tracking: Tracking, experiment_number: str) -> list[str]:
    """Closes as KILLED the runs that a process of this machine left behind, and returns their ids."""
    client = connect(tracking)
    host = socket.gethostname()
    running = client.search_runs([experiment_number], "attributes.status = 'RUNNING'", max_results=1000)
    left = [run for run in running if _is_gone(run.data.tags.get(PROCESS, ""), host)]
    for run in left:
        client.set_terminated(run.info.run_id, "KILLED")
    return [run.info.run_id for run in left]


def _interrupted(client: MlflowClient, experiment_number: str, run_key: str, statuses: tuple[str, ...]) -> str | None:
    """The last run of that key, if it was cut off before it logged anything or after it registered its model."""
    found = client.search_runs(
        [experiment_number], f"tags.`{RUN_KEY}` = '{run_key}'", max_results=1, order_by=["attributes.start_time DESC"]
    )
    if not found or found[0].info.status not in statuses:
        return None
    run_id = str(found[0].info.run_id)
    # What was half logged cannot be changed (parameters), so such a run stays closed and a new one begins.
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
    except (OSError, KeyError):  # a container may have neither a name for its user nor a variable that says one
        return ""


def _git_commit() -> str:
    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


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
    """When a process began, in the kernel's ticks, as numbers of processes are used again; empty where unknown."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
