"""Footers of Parquet files: their columns, and why Spark cannot read a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

AT_ONCE: Final = 16
HERE: Final = 2_000  # the most files whose footers the driver reads itself; for more, Spark's tasks read them
_CODECS: Final = ("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4", "LZ4_RAW")
_SIGNATURE: Final = 28  # bytes: a nonce (12) and a tag (16)
_SPARK: Final = b"org.apache.spark.sql.parquet.row.metadata"


class Footer(NamedTuple):
    """One footer: its columns as text that is equal for equal columns, or the reason why Spark cannot read the file."""

    columns: str
    rows: int = 0
    why_unread: str | None = None


def footers(paths: Sequence[str], spark: SparkSession) -> list[Footer]:
    """Return the footers of local files in order, read by threads here or, if there are many files, by Spark."""
    if len(paths) <= HERE:
        with ThreadPoolExecutor(AT_ONCE, "footers") as pool:
            return list(pool.map(footer, paths))
    listed = spark.createDataFrame(pa.table({"path": paths})).repartition(min(len(paths) // 500 + 1, 200))
    found = {row[0]: Footer(*row[1:]) for row in listed.mapInArrow(_read, _SCHEMA).collect()}
    return [found[path] for path in paths]


_SCHEMA: Final = "path string, columns string, rows long, why_unread string"


def footer(path: str) -> Footer:
    """Read the footer of a local file."""
    try:
        stored = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as refused:
        if "ncrypt" in str(refused):
            return Footer("", 0, f"'{path}' is encrypted, and no key is configured to read it.")
        return Footer("", 0, f"'{path}' is not a complete Parquet file: {str(refused).splitlines()[0].rstrip('.')}.")
    columns = str(stored.schema).partition("\n")[2]
    kept = (stored.metadata or {}).get(_SPARK, b"")
    told = json.dumps([columns, kept.decode("utf-8", "replace")])
    return Footer(told, stored.num_rows, _why_unread(path, stored))


def _why_unread(path: str, stored: Any) -> str | None:
    """Return the codec or encoding that Spark cannot read, from the first row group: a file has the same in all."""
    if _is_signed(path, stored):
        return f"'{path}' has encrypted columns, and no key is configured to read them."
    if not stored.num_row_groups:
        return None
    group = stored.row_group(0)
    for number in range(stored.num_columns):
        column = group.column(number)
        if column.compression not in _CODECS:
            return f"'{path}' is compressed with {column.compression}, which Spark cannot read."
        if "BYTE_STREAM_SPLIT" in column.encodings:
            return f"'{path}' stores '{column.path_in_schema}' as BYTE_STREAM_SPLIT, which Spark cannot read."
    return None


def _is_signed(path: str, stored: Any) -> bool:
    """Return whether a signature follows the footer: columns are then encrypted, and reading one kills the process."""
    with open(path, "rb") as file:
        file.seek(-8, 2)
        return bool(int.from_bytes(file.read(4), "little") == stored.serialized_size + _SIGNATURE)


def _read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        paths = batch.column(0).to_pylist()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(footer, paths))
        kinds = (pa.string(), pa.int64(), pa.string())
        columns = [pa.array(cells, kind) for cells, kind in zip(zip(*found, strict=True), kinds, strict=True)]
        names = ["path", *Footer._fields]
        yield pa.RecordBatch.from_arrays([batch.column(0).cast(pa.string()), *columns], names)


def whole_range(path: str, column: str) -> tuple[int, int] | None:
    """Return the minimum and maximum of an integer column; None if the file has no statistics for all rows."""
    stored, found = pq.read_metadata(path), [0, 0]
    for place in range(stored.num_row_groups):
        group = stored.row_group(place)
        cells = [group.column(number) for number in range(group.num_columns)]
        cell = next(cell for cell in cells if cell.path_in_schema == column)
        told = cell.statistics
        if told is not None and told.has_min_max:
            found = [min(found[0], told.min), max(found[1], told.max)]
        elif told is None or told.null_count != group.num_rows:
            return None
    return found[0], found[1]
