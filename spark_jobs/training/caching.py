"""Caching of rows that are read more than once, where Spark supports it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame


@contextmanager
def persisted(rows: DataFrame) -> Iterator[DataFrame]:
    """Persist rows in memory and on disk within the block.

    If Spark does not support that (serverless), yield the rows unchanged.
    """
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
