"""Rows that are read more than once, kept while that lasts where Spark can keep them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame


@contextmanager
def persisted(rows: DataFrame) -> Iterator[DataFrame]:
    """The rows, in memory and what does not fit on disk; where Spark refuses to keep any (serverless), as they are."""
    try:
        held = rows.persist()
    except PySparkException as refused:
        if "NOT_SUPPORTED" not in (refused.getCondition() or ""):
            raise
        yield rows
        return
    try:
        yield held
    finally:
        held.unpersist()
