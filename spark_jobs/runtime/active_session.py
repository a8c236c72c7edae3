"""The Spark session of the calling program: find it, and restore the active one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spark_jobs.errors import JobError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def current_session(spark: SparkSession | None) -> SparkSession:
    """Return the given session, else this thread's active session, else the process's default session.

    Raises:
        JobError: There is no session.
    """
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    try:
        return spark or SparkSession.active()
    except PySparkRuntimeError:
        raise JobError("There is no Spark session.", "Open one: `spark = spark_jobs.open_session()`.") from None


@contextmanager
def keeping_active(spark: SparkSession) -> Iterator[SparkSession]:
    """Restore the active session after the block, since `createDataFrame` makes its own session the active one."""
    from pyspark.sql import SparkSession

    before = SparkSession.getActiveSession()
    try:
        yield spark
    finally:
        if before is not None and SparkSession.getActiveSession() is not before:
            before.createDataFrame([], "nothing int")
