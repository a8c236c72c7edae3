"""JSON files: objects on lines, concatenated or in arrays."""

from __future__ import annotations

from spark_jobs.sources.file_streams import FILE_STREAM
from spark_jobs.sources.options import DATES, FILES
from spark_jobs.sources.source_kind import SourceKind, lazily

SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.json:read"),
    endings=("json", "jsonl", "ndjson"),
    options=(*FILES, *DATES, "multiLine", "encoding", "lineSep"),
    is_files=True,
    stream=FILE_STREAM,
)
