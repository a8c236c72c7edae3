"""Profile of a table in one Spark job, whatever the number of columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.arrow_batches import by_rows
from spark_jobs.columns.names import col
from spark_jobs.profile.batch import ScanOptions, Target, profile_column
from spark_jobs.profile.detect import is_beyond_double
from spark_jobs.profile.profile import ColumnProfile, Profile

GATHERED = 2**24
PARTIAL = "part int, position int, profile binary"
_NUMBERS = (T.NumericType, T.BooleanType)


def scan(rows: DataFrame, depth: ScanOptions | None = None) -> Profile:
    """Profile the numeric, boolean, date, time and text columns of a table.

    One pass reads the rows. The size of the result grows with the number of columns, never with the number of rows.
    """
    return scan_columns(rows, scannable(rows), depth=depth)


def with_exact_counts(profile: Profile, rows: DataFrame) -> Profile:
    """Return the profile with exact distinct counts for stored numbers beyond a double, counted by their text.

    This takes one more pass over those columns, or none if there are no such columns.
    """
    stored = {name: one for name, one in profile.columns.items() if one.type_counts is None and name in rows.columns}
    wide = [name for name, column in stored.items() if is_beyond_double(column)]
    if not wide:
        return profile
    texts = {name: ("string", col(name).cast("string")) for name in wide}
    counted = scan_columns(rows, texts, depth=ScanOptions(quantiles=False, levels=1))
    exact = {name: replace(profile[name], distinct_sketch=counted[name].distinct_sketch) for name in wide}
    return Profile(profile.rows, {**profile.columns, **exact})


def scannable(rows: DataFrame) -> dict[str, tuple[str, Column]]:
    """Return the columns as `scan_columns` takes them; of a column with a nested type only the nulls are counted."""
    found = {}
    for field in rows.schema.fields:
        value = scanned_values(field.name, field.dataType) if is_scannable(field.dataType) else presence(field.name)
        found[field.name] = (field.dataType.simpleString(), value)
    return found


def presence(name: str) -> Column:
    """Return 1 for a cell with a value, else null."""
    return F.when(col(name).isNotNull(), F.lit(1.0))


def is_scannable(kind: T.DataType) -> bool:
    """Return whether a column of that type can be profiled; nested types cannot."""
    return isinstance(kind, (T.NumericType, T.BooleanType, T.DatetimeType, T.StringType))


def scanned_values(name: str, kind: T.DataType) -> Column:
    """Return a column as a scan takes it: numbers, booleans and times (seconds since 1970) as double, else text."""
    if isinstance(kind, T.DateType):
        return (F.unix_date(col(name)) * 86400).cast("double")
    if isinstance(kind, (T.TimestampType, T.TimestampNTZType)):
        moment = col(name).cast("timestamp") if isinstance(kind, T.TimestampNTZType) else col(name)
        return F.unix_micros(moment) / F.lit(1e6)
    return col(name).cast("double") if isinstance(kind, _NUMBERS) else col(name).cast("string")


def scan_columns(
    rows: DataFrame,
    columns: Mapping[str, tuple[str, Column]],
    target: Column | None = None,
    classes: int = 0,
    depth: ScanOptions | None = None,
) -> Profile:
    """Profile named expressions, together with a target if one is given.

    Args:
        columns: by name, the type name and an expression of type double or string.
        target: a double without nulls: the value, or the class index below `classes`.
        classes: the number of classes; 0 for a regression.
    """
    return scan_parts(rows, columns, F.lit(0), target, classes, depth)[0]


def scan_parts(
    rows: DataFrame,
    columns: Mapping[str, tuple[str, Column]],
    part: Column,
    target: Column | None = None,
    classes: int = 0,
    depth: ScanOptions | None = None,
) -> dict[int, Profile]:
    """Return one profile per value of `part` (int), in one Spark job."""
    safe = [value.alias(f"x{i}") for i, (_, value) in enumerate(columns.values())]
    beside = [] if target is None else [target.cast("double").alias("y")]
    batches = rows.select(*safe, part.cast("int").alias("part"), *beside)
    names = [(name, kind) for name, (kind, _) in columns.items()]
    depth = depth or ScanOptions()
    partials = batches.mapInArrow(_profiler(names, classes, depth), PARTIAL)
    texts = sum(kind.dataType == T.StringType() for kind in batches.schema.fields)
    with by_rows(rows.sparkSession, texts, depth.longest):
        found = collect_profiles(partials)
    empty = Profile(0, {name: ColumnProfile(name, kind, 0, 0) for name, kind in names})
    return {number: _ordered(found[number]) for number in sorted(found)} or {0: empty}


def collect_profiles(partials: DataFrame) -> dict[int, dict[int, ColumnProfile]]:
    """Merge partial profiles (rows of `PARTIAL`) by part and by the position of the column."""
    found: dict[int, dict[int, ColumnProfile]] = {}
    for row in partials.groupBy("part", "position").applyInArrow(_merge, PARTIAL).collect():
        found.setdefault(row["part"], {})[row["position"]] = _unpacked(row["profile"])
    return found


def preload_workers(spark: SparkSession) -> None:
    """Start Python's workers in the background, because importing what a scan needs takes them about a second."""
    pool = ThreadPoolExecutor(1, "warming")
    pool.submit(
        spark.range(64).mapInArrow(lambda batches: batches, "id long").write.format("noop").mode("overwrite").save
    )
    pool.shutdown(wait=False)


def _profiler(
    names: list[tuple[str, str]], classes: int, depth: ScanOptions
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def profile(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found: dict[tuple[int, int], ColumnProfile] = {}
        for batch in coalesce_batches(batches):
            for number, rows in _split(batch):
                _add_batch(found, number, rows, names, classes, depth)
        yield packed(found)

    return profile


def coalesce_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield fewer, larger batches, so that the fixed cost of a batch is paid once per 16 MiB."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.nbytes for one in waiting) >= GATHERED:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _split(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    part = batch.column(batch.schema.get_field_index("part")).to_numpy(zero_copy_only=False)
    numbers = np.unique(part)
    for number in numbers:
        yield int(number), batch if len(numbers) == 1 else batch.filter(pa.array(part == number))


def _add_batch(
    found: dict[tuple[int, int], ColumnProfile],
    number: int,
    batch: pa.RecordBatch,
    names: list[tuple[str, str]],
    classes: int,
    depth: ScanOptions,
) -> None:
    y = batch.schema.get_field_index("y")
    target = Target(batch.column(y).to_numpy(zero_copy_only=False), classes) if y >= 0 else None
    for position, (name, kind) in enumerate(names):
        known = found.get((number, position))
        profile = profile_column(name, kind, batch.column(position), depth, target, known)
        found[number, position] = profile if known is None else known + profile


def packed(found: Mapping[tuple[int, int], ColumnProfile]) -> pa.RecordBatch:
    """Return profiles by (part, position) as rows of `PARTIAL`."""
    packed = {
        "part": pa.array([number for number, _ in found], pa.int32()),
        "position": pa.array([position for _, position in found], pa.int32()),
        "profile": pa.array([json.dumps(profile.to_dict()).encode() for profile in found.values()], pa.binary()),
    }
    return pa.RecordBatch.from_pydict(packed)


def _unpacked(stored: bytes) -> ColumnProfile:
    return ColumnProfile.from_dict(json.loads(stored))


def _merge(partials: pa.Table) -> pa.Table:
    parts = [_unpacked(stored) for stored in partials.column("profile").to_pylist()]
    whole: Any = reduce(add, parts)
    first = partials.slice(0, 1)
    key = (first.column("part")[0].as_py(), first.column("position")[0].as_py())
    return pa.Table.from_batches([packed({key: whole})])


def _ordered(found: Mapping[int, ColumnProfile]) -> Profile:
    columns = [found[position] for position in sorted(found)]
    return Profile(columns[0].rows if columns else 0, {column.name: column for column in columns})
