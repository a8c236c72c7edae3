"""MLflow runs of the trials of a search, as children of the training's run."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from spark_jobs.error_translation import optional
from spark_jobs.registry.mlflow_names import measures, parameters
from spark_jobs.registry.runs import Run
from spark_jobs.registry.tracking import Tracking, mlflow_client
from spark_jobs.training.search_result import TrialRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRIAL = "spark_jobs.trial"
_LONGEST_CAUSE = 5000


class TrialRuns:
    """Logs trials in a thread of its own, so that no trial waits for MLflow.

    Args:
        tracking: The tracking store.
        run: Returns the training's run.
    """

    def __init__(self, tracking: Tracking, run: Callable[[], Run]) -> None:
        self._tracking, self._run = tracking, run
        self._pool = ThreadPoolExecutor(1, "trial runs")
        self._logged: set[int] = set()

    def log(self, record: TrialRecord, metric: str) -> None:
        """Log a trial that has ended, unless it is logged."""
        self._pool.submit(optional, f"The MLflow run of trial {record.number}", lambda: self._log(record, metric), None)

    def close(self) -> None:
        """Wait until all trials are logged."""
        self._pool.shutdown()

    def _log(self, record: TrialRecord, metric: str) -> None:
        client, run = mlflow_client(self._tracking), self._run()
        if not self._logged:
            self._logged = _logged(client, run)
        if record.number not in self._logged:
            log_trial(client, run, record, metric)
            self._logged.add(record.number)


def log_trial(client: MlflowClient, run: Run, record: TrialRecord, metric: str) -> str:
    """Log a trial as a child run of its training, and return the child's id; it never has a test score."""
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    tags = {"mlflow.parentRunId": run.run_id, TRIAL: str(record.number), "spark_jobs.state": record.state}
    if record.cause:
        tags["spark_jobs.error"] = record.cause[:_LONGEST_CAUSE]
    name = f"trial {record.number + 1}: {record.kind}"
    child = client.create_run(run.experiment_id, tags=tags, run_name=name)
    scores = {
        f"validation.{metric}": record.score,
        f"validation.{metric}.std": record.spread if record.score is not None else None,
        f"training.{metric}": record.training,
        f"screening.{metric}": record.screening,
        "seconds": record.seconds,
    }
    values = measures({key: value for key, value in scores.items() if value is not None})
    flat, _ = parameters({"model": record.kind, **record.settings, **record.settled})
    client.log_batch(
        child.info.run_id,
        metrics=[Metric(key, value, now, 0) for key, value in values.items()],
        params=[Param(key, value) for key, value in flat.items()],
        tags=[RunTag("spark_jobs.metric", metric)],
    )
    client.set_terminated(child.info.run_id, "FAILED" if record.state == "failed" else "FINISHED")
    return str(child.info.run_id)


def _logged(client: MlflowClient, run: Run) -> set[int]:
    """Return the numbers of the trials that an interrupted training has logged."""
    children = f"tags.`mlflow.parentRunId` = '{run.run_id}'"
    found = client.search_runs([run.experiment_id], children, max_results=5000)
    return {int(one.data.tags[TRIAL]) for one in found if TRIAL in one.data.tags}
