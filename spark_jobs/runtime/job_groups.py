"""Cancellation of this process's own Spark jobs, and of no others, from any thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from pyspark.sql.utils import is_remote

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class JobGroup:
    """Spark jobs that can be cancelled together, whichever threads started them.

    Classic Spark looks up a tag in the thread that cancels, so `interruptTag` cancels nothing from a watchdog; there,
    jobs are grouped by `setJobGroup`. Spark Connect has no groups, so there they are tagged.
    """

    def __init__(self, spark: SparkSession, title: str) -> None:
        self._spark = spark
        self._title = title
        self._id = f"{title}-{uuid4().hex}".replace(",", "-")

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Make the Spark jobs that this thread starts in the block part of the group."""
        if is_remote():
            self._spark.addTag(self._id)
        else:
            self._spark.sparkContext.setJobGroup(self._id, self._title, interruptOnCancel=True)
        try:
            yield
        finally:
            if is_remote():
                self._spark.removeTag(self._id)
            else:
                for name in ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel"):
                    self._spark.sparkContext.setLocalProperty(name, None)  # type: ignore[arg-type]  # None removes it

    def cancel(self) -> None:
        """Cancel the running jobs of the group, and interrupt their tasks."""
        if is_remote():
            self._spark.interruptTag(self._id)
        else:
            self._spark.sparkContext.cancelJobGroup(self._id)


def task_slots(spark: SparkSession) -> int:
    """Return how many tasks run at the same time; on Spark Connect, the default number of partitions."""
    if is_remote():
        return int(spark.conf.get("spark.sql.shuffle.partitions", "2") or 2)
    return max(1, spark.sparkContext.defaultParallelism)
