"""Streaming sources: what a kind of source declares about its stream, opened and read by micro-batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pyspark.sql import DataFrame, Observation, SparkSession

from spark_jobs.columns.stored_types import storable
from spark_jobs.errors import SparkJobsError, SpecError
from spark_jobs.sources.kinds import declared_kind, find_kind
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.sources.table_reader import kind_of_source
from spark_jobs.spec.models import Source, Stream


def open_source_stream(
    source: Source, stream: Stream, spark: SparkSession, after: Mapping[int, int] | None
) -> DataFrame:
    """Return a streaming DataFrame: paths of new files, or rows.

    Args:
        after: by partition of a topic, the last committed offsets; a new stream begins after them.

    Raises:
        SpecError: a source of this kind cannot be streamed.
        DataError: the source does not exist.
    """
    kind = kind_of_source(source, spark)
    reader = find_kind(kind).stream
    if reader is None:
        raise SpecError(
            f"A source of kind {kind} cannot be streamed.", "Use a folder of files, a Delta table or a topic."
        )
    return reader.open(source.model_copy(update={"kind": kind}), stream, spark, after)


@contextmanager
def translate_errors(source: Source) -> Iterator[None]:
    """Translate an error that ends a stream into the source's terms if the source is its cause."""
    try:
        yield
    except SparkJobsError:
        raise
    except Exception as failure:
        kind = declared_kind(source)
        if kind is None or kind.explain is None:
            raise
        raise (kind.explain(failure, source) or failure) from failure


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
        names: the columns that a row may have.
        batch: the id of the micro-batch, used as the table's fingerprint.
        strict: refuse rows with other keys instead of counting them.
        seen: counts the rows with other keys.
    """
    reader = find_kind(kind).stream
    if reader is not None and reader.table is not None:
        return reader.table(rows, source, names, batch, "refused" if strict else "told", seen)
    marks = null_values_of(source)
    reading = Reading(kind, source.place, {}, marks)
    whole, unusable = storable(rows)
    return Table(replace_null_values(whole, marks), reading, batch, columns=tuple(rows.columns), unusable=unusable)
