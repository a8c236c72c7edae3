"""Check of the Python processes in which Spark runs Python code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_jobs.diagnostics.finding import Finding

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def check_workers(spark: SparkSession) -> Finding:
    """Start Python workers and return whether all have the same versions of Python and pyarrow."""
    told = {row.told for row in spark.range(2).mapInArrow(_introduce, "told string").collect()}
    if len(told) != 1:
        return Finding("Python workers", "bad", f"differ: {', '.join(sorted(told))}", "Set PYSPARK_PYTHON.")
    return Finding("Python workers", "good", told.pop())


def _introduce(batches: Iterator[object]) -> Iterator[object]:
    import platform

    import pyarrow as pa

    for _ in batches:
        yield pa.RecordBatch.from_pydict({"told": [f"Python {platform.python_version()}, pyarrow {pa.__version__}"]})
