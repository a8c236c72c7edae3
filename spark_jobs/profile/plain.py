"""A plain text → its profile: its lines are split by Arrow, on this machine or by Spark's workers."""

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
_FAILED = -1  # the part under which a worker reports that it cannot split its lines


def profile_plain(table: Table, depth: ScanOptions) -> Profile | None:
    """Profile a table of plain text as `scan` profiles it; None where only Spark's CSV reader splits it right."""
    text, lines = table.plain, table.lines
    if text is None or lines is None:
        return None
    return profile_here(text, depth) if text.local else profile_lines(text, lines, depth)


@lru_cache(maxsize=2)
def profile_here(text: PlainText, depth: ScanOptions) -> Profile | None:
    """Profile a text on this machine, without Spark; None where only Spark reads it right.

    Remembered while the files are what they were, as a source may be looked at before Spark is there, and then again.
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
    """Profile the lines of a text (`value`) in one Spark job; None where a worker cannot split them.

    Moving lines to Python and splitting them there costs half of what Spark's CSV reader and a column for each cell do.
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
    """The profile of a column that is known so far, with that of a further batch."""
    cells = text.cells(batch.column(place))
    new = profile_column(text.names[place], "string", cells.values, depth, None, known)
    new = replace(new, trimmed=cells.trimmed, null_values=cells.null_values)
    return new if known is None else known + new
