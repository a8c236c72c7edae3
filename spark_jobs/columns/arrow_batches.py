"""The size of Arrow batches that Spark sends to Python: limited by rows or by bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pyspark.sql import SparkSession

from spark_jobs.runtime.temporary_settings import temporary_settings

HEAVIEST: Final = 2**28
_BYTES, _ROWS = "spark.sql.execution.arrow.maxBytesPerBatch", "spark.sql.execution.arrow.maxRecordsPerBatch"
_ANY: Final = str(2**31 - 1)


@contextmanager
def by_rows(spark: SparkSession, texts: int, longest: int | None) -> Iterator[None]:
    """Limit batches by rows alone within the block, if even the longest texts cannot make one too large.

    To limit a batch by bytes, Spark measures every row, which takes half of the transfer time.

    Args:
        longest: The characters of their longest cell; None if unknown.
    """
    light = texts == 0 or (longest is not None and 4 * longest * texts * int(spark.conf.get(_ROWS) or 0) <= HEAVIEST)
    if not light or spark.conf.get(_BYTES) is None:
        yield
        return
    with temporary_settings(spark, {_BYTES: _ANY}):
        yield
