"""The MLflow run of a training, started in a thread and ended with the training's status."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from spark_jobs.registry.runs import Run, end_run, start_run
from spark_jobs.registry.tracking import Tracking


@contextmanager
def background_run(tracking: Tracking, experiment: str, run_key: str, ended: bool = False) -> Iterator[Future[Run]]:
    """Start or resume the MLflow run in a thread while rows are staged, since MLflow takes seconds to import.

    If the block fails, the run ends as `FAILED`. If it is interrupted, the run ends as `KILLED` and can be resumed.

    Args:
        tracking: The tracking store.
        experiment: The experiment's name.
        run_key: Identifies what is trained.
        ended: Resume a FINISHED run as well.
    """
    pool = ThreadPoolExecutor(1, "mlflow")
    starting = pool.submit(start_run, tracking, experiment, run_key, ended=ended)
    pool.shutdown(wait=False)
    try:
        yield starting
    except BaseException as error:
        _end(tracking, starting, error)
        raise


def _end(tracking: Tracking, starting: Future[Run], error: BaseException) -> None:
    if starting.exception() is not None:
        return
    if isinstance(error, Exception):
        end_run(tracking, starting.result().run_id, "FAILED", str(error))
    else:
        end_run(tracking, starting.result().run_id, "KILLED")
