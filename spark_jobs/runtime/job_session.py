"""The session of one job of the command line: opened while modules are imported, and closed at the job's end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spark_jobs import progress
from spark_jobs.runtime import session
from spark_jobs.runtime.class_archive import record_in_background
from spark_jobs.runtime.settings import is_local
from spark_jobs.spec import Environment

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PATIENCE = 10.0  # seconds to wait for an interrupted session to close


@contextmanager
def job_session(
    env: Environment, connectors: Sequence[str], lasting: bool, meanwhile: Callable[[], None]
) -> Iterator[SparkSession]:
    """Open the session of a job, and close it when the block ends or fails.

    Args:
        env: The environment of the job.
        connectors: The connectors that the session needs.
        lasting: Whether the session runs for hours, as a stream does.
        meanwhile: Called while Spark starts.

    Raises:
        JobError: Java or Spark did not start.
    """
    with progress.phase("starting Spark"):
        session.open_in_background(env, connectors, lasting)
        meanwhile()
        spark = session.open(env, connectors, lasting)
    try:
        yield spark
    except KeyboardInterrupt:
        _close_soon(spark)
        raise
    except BaseException:
        session.close(spark)
        raise
    session.close(spark)
    _record_classes(env)


def _close_soon(spark: SparkSession) -> None:
    """Close an interrupted session; wait at most `PATIENCE` seconds, since its JVM may be busy."""
    closing = threading.Thread(target=session.close, args=(spark,), daemon=True)
    closing.start()
    closing.join(PATIENCE)


def _record_classes(env: Environment) -> None:
    """Create the class archive after the first local job, so that later jobs start seconds sooner."""
    if is_local(env) and not session.is_given() and record_in_background():
        progress.note("Creating Spark's class archive once in the background: later jobs start sooner.")
