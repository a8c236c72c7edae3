"""A small plain text on this machine → its profile, without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pyarrow as pa

from spark_jobs.data.local_cells import NotHere, PlainText
from spark_jobs.profile.batch import Depth, profile_column
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.scan import gathered

_THREADS = 2


@lru_cache(maxsize=2)
def profile_here(text: PlainText, depth: Depth) -> Profile | None:
    """The profile that `scan` makes of the same rows; None where only Spark reads them right.

    Remembered while the files are what they were, as a source may be looked at before Spark is there, and then again.
    """
    found: list[ColumnProfile | None] = [None] * len(text.names)
    try:
        with ThreadPoolExecutor(_THREADS, "profiling") as pool:
            for batch in gathered(text.batches()):
                found = list(pool.map(_Added(batch, text.names, depth), range(len(text.names)), found))
    except NotHere:
        return None
    columns = [one or ColumnProfile(name, "string", 0, 0) for name, one in zip(text.names, found, strict=True)]
    return Profile(text.rows, {column.name: column for column in columns})


class _Added:
    """Adds the columns of one batch to what is known of them."""

    def __init__(self, batch: pa.RecordBatch, names: Sequence[str], depth: Depth) -> None:
        self.batch, self.names, self.depth = batch, names, depth

    def __call__(self, place: int, known: ColumnProfile | None) -> ColumnProfile:
        new = profile_column(self.names[place], "string", self.batch.column(place), self.depth, None, known)
        return new if known is None else known + new
