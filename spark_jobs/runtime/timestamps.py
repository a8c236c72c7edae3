"""Timestamps in Parquet, stored as microseconds, as every reader of Delta tables expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final

from spark_jobs.runtime.temporary_settings import restore_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark's default, INT96, has nanoseconds, in which most other readers cannot represent the years 1 or 9999.
MICROSECONDS: Final = {
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
}
_lock = Lock()
_writing: Counter[int] = Counter()
_before: dict[int, dict[str, str | None]] = {}


@contextmanager
def microsecond_timestamps(spark: SparkSession) -> Iterator[None]:
    """Store timestamps as microseconds within the block, also in a session that others opened with other settings.

    Several threads may write at once: the session's own settings are restored when the last block ends.
    """
    number = id(spark)
    with _lock:
        _writing[number] += 1
        if _writing[number] == 1:
            _before[number] = _changed(spark)
    try:
        yield
    finally:
        with _lock:
            _writing[number] -= 1
            if not _writing[number]:
                restore_settings(spark, _before.pop(number))
                del _writing[number]


def _changed(spark: SparkSession) -> dict[str, str | None]:
    """Change the settings that differ, as far as the session allows it, and return their previous values."""
    found = {name: spark.conf.get(name, None) for name in MICROSECONDS}
    before = {
        name: value for name, value in found.items() if value != MICROSECONDS[name] and spark.conf.isModifiable(name)
    }
    for name in before:
        spark.conf.set(name, MICROSECONDS[name])
    return before
