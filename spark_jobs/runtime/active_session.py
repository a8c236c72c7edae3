"""The session that a program works in: found, and left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spark_jobs.errors import JobError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def session_of(spark: SparkSession | None) -> SparkSession:
    """The session that was given, the active one of this thread, or the default one of the process.

    Raises:
        JobError: there is none.
    """
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    try:
        return spark or SparkSession.active()
    except PySparkRuntimeError:
        raise JobError("There is no Spark session.", "Open one: `spark = spark_jobs.open_session()`.") from None


@contextmanager
def keeping_active(spark: SparkSession) -> Iterator[SparkSession]:
    """Leave the active session as it was before the block: `createDataFrame` makes its session the active one."""
    from pyspark.sql import SparkSession

    before = SparkSession.getActiveSession()
    try:
        yield spark
    finally:
        if before is not None and SparkSession.getActiveSession() is not before:
            before.createDataFrame([], "nothing int")
