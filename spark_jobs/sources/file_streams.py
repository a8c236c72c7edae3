"""Streams of arriving files: each new file is one row, and is then read as `score` reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spark_jobs.errors import SpecError
from spark_jobs.sources.listing import choice_of, choosing, partition_of
from spark_jobs.sources.source_kind import StreamReader

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_jobs.sources.files import Chosen
    from spark_jobs.spec import Source, Stream

_LISTING: Final = "path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY"
_MOST_FILES: Final = 100


def arrived(source: Source, path: str, spark: SparkSession) -> Chosen:
    """Return the source narrowed to the one file that arrived, given the path as Spark writes it."""
    from spark_jobs.sources.files import chosen, data_file, files_of, local_path

    local, root = local_path(path), local_path(str(source.path))
    if local is None or root is None or not os.path.isfile(local):
        return chosen(source, files_of(source.model_copy(update={"path": path, "options": {}}), spark))
    flat = choice_of(source.options).recursive
    partition = "" if flat else partition_of(Path(os.path.abspath(local)), Path(os.path.abspath(root)))
    return chosen(source, [data_file(Path(local), partition)])


def _open(source: Source, stream: Stream, spark: SparkSession, after: Mapping[int, int] | None) -> DataFrame:
    from spark_jobs.sources.files import glob_pattern

    options = choosing(source.options)
    for name in ("modifiedAfter", "modifiedBefore"):
        if name in options:
            raise SpecError(
                f"`source.options.{name}` has no effect in a stream.", "Remove it: a stream reads new files."
            )
    reader = spark.readStream.format("binaryFile").schema(_LISTING).options(**options)
    most = reader.option("maxFilesPerTrigger", stream.rows or _MOST_FILES)
    return most.load(glob_pattern(str(source.path))).select("path")


FILE_STREAM: Final = StreamReader(open=_open)
"""The stream of every kind of files: the paths of those that are new."""
