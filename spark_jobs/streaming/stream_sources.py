"""Streaming sources: arriving files, a growing Delta table, a Kafka topic."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pyspark.sql import DataFrame, Observation, SparkSession

from spark_jobs.columns.names import with_trimmed_names
from spark_jobs.columns.stored_types import storable
from spark_jobs.errors import DataError, SparkJobsError, SpecError
from spark_jobs.sources.files import Chosen, chosen, data_file, files_of, glob_pattern, local_path, location
from spark_jobs.sources.listing import choice_of, choosing, partition_of
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.sources.table_reader import kind_of_source
from spark_jobs.spec.models import Source, Stream
from spark_jobs.tables import delta

FILES: Final = ("csv", "json", "parquet")
_LISTING: Final = "path STRING, modificationTime TIMESTAMP, length BIGINT, content BINARY"
_MOST_FILES: Final = 100


def open_source_stream(
    source: Source, stream: Stream, spark: SparkSession, after: Mapping[int, int] | None
) -> DataFrame:
    """Return a streaming DataFrame: paths of new files, rows of a Delta table, or messages of a topic.

    Args:
        after: by partition of a topic, the last committed offsets; a new stream begins after them.

    Raises:
        SpecError: a source of this kind cannot be streamed.
        DataError: the path is not a Delta table.
    """
    kind = kind_of_source(source, spark)
    if kind in FILES:
        return _arriving(source, stream, spark)
    if kind == "delta":
        return _growing(str(source.path), stream, spark)
    if kind == "kafka":
        from spark_jobs.sources.kinds import kafka

        return kafka.open_stream(source, spark, stream.start, stream.rows, after)
    raise SpecError(f"A source of kind {kind} cannot be streamed.", "Use a folder of files, a Delta table or a topic.")


def arrived(source: Source, path: str, spark: SparkSession) -> Chosen:
    """Return the source narrowed to the one file that arrived, given the path as Spark writes it."""
    local, root = local_path(path), local_path(str(source.path))
    if local is None or root is None or not os.path.isfile(local):
        return chosen(source, files_of(source.model_copy(update={"path": path, "options": {}}), spark))
    flat = choice_of(source.options).recursive
    partition = "" if flat else partition_of(Path(os.path.abspath(local)), Path(os.path.abspath(root)))
    return chosen(source, [data_file(Path(local), partition)])


@contextmanager
def translate_errors(source: Source) -> Iterator[None]:
    """Translate an error that ends a stream into the source's terms if the source is its cause."""
    try:
        yield
    except SparkJobsError:
        raise
    except Exception as failure:
        if source.topic is None:
            raise
        from spark_jobs.sources.kinds import kafka

        raise (kafka.explain(failure, source) or failure) from failure


def micro_batch_table(
    rows: DataFrame,
    source: Source,
    kind: str,
    names: Sequence[str],
    batch: str,
    strict: bool = False,
    seen: Observation | None = None,
) -> Table:
    """Return the rows of a micro-batch as a table. Nothing is read here, so malformed rows are not counted yet.

    Args:
        names: the columns that a message may have.
        batch: the id of the micro-batch, used as the table's fingerprint.
        strict: refuse messages with other keys instead of counting them.
        seen: counts the messages with other keys.
    """
    if kind == "kafka":
        from spark_jobs.sources.kinds import kafka

        return kafka.parsed(rows, source, names, batch, "refused" if strict else "told", seen)
    marks = null_values_of(source)
    reading = Reading(kind, str(source.path), {}, marks)
    whole, unusable = storable(rows)
    return Table(replace_null_values(whole, marks), reading, batch, columns=tuple(rows.columns), unusable=unusable)


def _arriving(source: Source, stream: Stream, spark: SparkSession) -> DataFrame:
    """Return the paths of new files only; each file is then read as `score` reads it."""
    options = choosing(source.options)
    for name in ("modifiedAfter", "modifiedBefore"):
        if name in options:
            raise SpecError(
                f"`source.options.{name}` has no effect in a stream.", "Remove it: a stream reads new files."
            )
    reader = spark.readStream.format("binaryFile").schema(_LISTING).options(**options)
    most = reader.option("maxFilesPerTrigger", stream.rows or _MOST_FILES)
    return most.load(glob_pattern(str(source.path))).select("path")


def _growing(path: str, stream: Stream, spark: SparkSession) -> DataFrame:
    if not delta.exists(spark, location(path).removeprefix("file:")):
        raise DataError(f"'{path}' is not a Delta table with columns.", "Name the folder that holds `_delta_log`.")
    reader = spark.readStream.format("delta")
    if stream.rows is not None:
        reader = reader.option("maxFilesPerTrigger", stream.rows)
    if stream.start == "latest":
        reader = reader.option("startingVersion", "latest")
    return with_trimmed_names(reader.load(location(path)))
