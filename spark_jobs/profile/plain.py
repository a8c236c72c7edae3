"""Profile of a plain text file: Arrow splits its lines, on this machine or on Spark's workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.batch import ScanOptions, profile_column
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.profile.scan import PARTIAL, coalesce_batches, collect_profiles, packed
from spark_jobs.sources.plain_text import NotHere, PlainText
from spark_jobs.sources.source_table import Table

_THREADS = 2
_FAILED = -1  # the part number with which a worker reports that it cannot split its lines


def profile_plain(table: Table, depth: ScanOptions) -> Profile | None:
    """Profile a table of plain text like `scan`; return None if only Spark's CSV reader splits it correctly."""
    text, lines = table.plain, table.lines
    if text is None or lines is None:
        return None
    return profile_here(text, depth) if text.local else profile_lines(text, lines, depth)


@lru_cache(maxsize=2)
def profile_here(text: PlainText, depth: ScanOptions) -> Profile | None:
    """Profile a text on this machine without Spark; return None if only Spark reads it correctly.

    The result is cached while the files do not change, because a source may be profiled before Spark runs and then
    again.
    """
    found: list[ColumnProfile | None] = [None] * len(text.names)
    try:
        with ThreadPoolExecutor(_THREADS, "profiling") as pool:
            for batch in coalesce_batches(text.batches()):
                found = list(pool.map(partial(_added, batch, text, depth), range(len(text.names)), found))
    except NotHere:
        return None
    columns = [one or ColumnProfile(name, "string", 0, 0) for name, one in zip(text.names, found, strict=True)]
    return Profile(text.rows, {column.name: column for column in columns})


def profile_lines(text: PlainText, lines: DataFrame, depth: ScanOptions) -> Profile | None:
    """Profile the lines of a text (column `value`) in one Spark job; return None if a worker cannot split them.

    Moving lines to Python and splitting them there costs half as much as Spark's CSV reader with a column per cell.
    """
    whole = lines.select(F.concat("value", F.lit("\n")).cast("binary").alias("line"))
    found = collect_profiles(whole.mapInArrow(_profiler(text, depth), PARTIAL))
    if _FAILED in found or not found:
        return None
    columns = found[0]
    same = all(column.rows == text.rows for column in columns.values())
    return Profile(text.rows, {one.name: one for _, one in sorted(columns.items())}) if same else None


def _profiler(text: PlainText, depth: ScanOptions) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    places = range(len(text.names))

    def profile(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found: list[ColumnProfile | None] = [None] * len(text.names)
        try:
            for lines in coalesce_batches(batches):
                for batch in text.split_lines(lines.column(0)):
                    found = [_added(batch, text, depth, *each) for each in zip(places, found, strict=True)]
        except NotHere:
            yield packed({(_FAILED, 0): ColumnProfile("", "string", 0, 0)})
            return
        yield packed({(0, place): one for place, one in enumerate(found) if one is not None})

    return profile


def _added(
    batch: pa.RecordBatch, text: PlainText, depth: ScanOptions, place: int, known: ColumnProfile | None
) -> ColumnProfile:
    """Return the known profile of a column, updated with another batch."""
    cells = text.cells(batch.column(place))
    new = profile_column(text.names[place], "string", cells.values, depth, None, known)
    new = replace(new, trimmed=cells.trimmed, null_values=cells.null_values)
    return new if known is None else known + new
