"""Delimited text files (CSV, TSV and similar)."""

from __future__ import annotations

from spark_jobs.sources.file_streams import FILE_STREAM
from spark_jobs.sources.options import DATES, FILES
from spark_jobs.sources.source_kind import SourceKind, lazily

SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.delimited:read"),
    read_here=lazily("spark_jobs.sources.readers.delimited:read_here"),
    endings=("csv", "tsv", "txt", "tab", "psv", "dat"),
    options=(*FILES, *DATES, "sep", "quote", "escape", "encoding", "header", "comment", "lineSep", "multiLine"),
    is_files=True,
    stream=FILE_STREAM,
)
