"""Parquet files, read with their stored types."""

from __future__ import annotations

from spark_jobs.sources.file_streams import FILE_STREAM
from spark_jobs.sources.options import DATES, FILES
from spark_jobs.sources.source_kind import SourceKind, lazily

SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.parquet:read"),
    endings=("parquet", "pq", "parq"),
    options=(*FILES, *DATES, "mergeSchema", "datetimeRebaseMode"),
    is_files=True,
    stream=FILE_STREAM,
    corruption_reason=lazily("spark_jobs.sources.readers.parquet:corruption_reason"),
)
