"""Delta tables in a folder."""

from __future__ import annotations

from pathlib import Path

from spark_jobs.sources.options import DATES, VERSIONS
from spark_jobs.sources.source_kind import SourceKind, StreamReader, lazily


def _is_at(path: str) -> bool:
    return (Path(path) / "_delta_log").is_dir()


SOURCE = SourceKind(
    read=lazily("spark_jobs.sources.readers.delta:read"),
    options=(*DATES, *VERSIONS),
    is_at=_is_at,
    stream=StreamReader(open=lazily("spark_jobs.sources.readers.delta:open_stream")),
)
