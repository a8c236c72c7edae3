"""How timestamps are stored in Parquet: microseconds, as every reader of Delta tables expects them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark's default, INT96, counts nanoseconds: most other readers cannot hold year 1 or 9999 in it.
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
    """Write timestamps as microseconds within the block, also in a session that others opened with other settings.

    Several threads may write at once: the session gets its own settings back when the last of them ends.
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
                _restore(spark, _before.pop(number))
                del _writing[number]


def _changed(spark: SparkSession) -> dict[str, str | None]:
    """Set what is set otherwise, as far as the session lets us, and return what it was."""
    found = {name: spark.conf.get(name, None) for name in MICROSECONDS}
    before = {
        name: value for name, value in found.items() if value != MICROSECONDS[name] and spark.conf.isModifiable(name)
    }
    for name in before:
        spark.conf.set(name, MICROSECONDS[name])
    return before


def _restore(spark: SparkSession, before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            spark.conf.unset(name)
        else:
            spark.conf.set(name, value)
