"""How rows travel to Python: in Arrow batches of so many rows, or of so many bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pyspark.sql import SparkSession

HEAVIEST: Final = 2**28
_BYTES, _ROWS = "spark.sql.execution.arrow.maxBytesPerBatch", "spark.sql.execution.arrow.maxRecordsPerBatch"
_ANY: Final = str(2**31 - 1)


@contextmanager
def by_rows(spark: SparkSession, texts: int, longest: int | None) -> Iterator[None]:
    """While the block runs, batches are made by their rows alone, where even the longest texts cannot make one heavy.

    To keep a batch below so many bytes Spark weighs every row of it, which takes half of the transport's time.
    `longest` are the characters of the longest of `texts` columns; None where that is not known.
    """
    before = spark.conf.get(_BYTES)
    light = texts == 0 or (longest is not None and 4 * longest * texts * int(spark.conf.get(_ROWS) or 0) <= HEAVIEST)
    if not light or before is None:
        yield
        return
    spark.conf.set(_BYTES, _ANY)
    try:
        yield
    finally:
        spark.conf.set(_BYTES, before)
