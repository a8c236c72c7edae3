"""Read a source of any kind into a table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.names import with_trimmed_names
from spark_jobs.errors import SparkJobsError, SpecError
from spark_jobs.sources.files import files_of, kind_of_files, local_files
from spark_jobs.sources.kinds import find_kind, source_kinds
from spark_jobs.sources.plain_text import PlainText
from spark_jobs.sources.read_errors import explain_read_error
from spark_jobs.sources.source_kind import SourceKind
from spark_jobs.sources.source_table import Table
from spark_jobs.spec.models import Source
from spark_jobs.spec.source_keys import implied_kind


def read_source(
    source: Source, spark: SparkSession, since: str | None = None, wanted: Collection[str] | None = None
) -> Table:
    """Read a source into a table with no row dropped: text as trimmed strings with nulls, other columns as stored.

    A text source costs one pass over its lines here; `rows` is lazy.

    Args:
        source: The source in the spec.
        spark: The session.
        since: For a kind that reads incrementally, the watermark to read from; earlier rows are skipped.
        wanted: For such a kind, the columns to read; None reads all.

    Raises:
        DataError: The data does not exist, or is not in the declared format.
        SpecError: The source has neither path nor table, or an option is unknown.
    """
    known = source.model_copy(update={"kind": kind_of_source(source, spark)})
    kind = find_kind(str(known.kind))
    try:
        found = _read(kind, known, spark, since, wanted)
        rows = with_trimmed_names(found.rows)
        return found if rows is found.rows else _renamed(found, rows)
    except SparkJobsError:
        raise
    except Exception as failure:
        explained = kind.explain(failure, known) if kind.explain is not None else None
        explained = explained or explain_read_error(failure)
        if explained is None:
            raise
        raise explained from failure


def _read(
    kind: SourceKind, source: Source, spark: SparkSession, since: str | None, wanted: Collection[str] | None
) -> Table:
    return kind.read(source, spark) if kind.incremental is None else kind.incremental.read(source, spark, since, wanted)


def read_source_here(source: Source) -> PlainText | None:
    """Read a small local source without Spark; None if only Spark can read it.

    Raises:
        DataError: As for `read_source`.
    """
    if source.path is None or not (files := local_files(source)):
        return None
    kind = source.kind or kind_of_files(files, source.path)
    read_here = find_kind(kind).read_here
    return read_here(source.model_copy(update={"kind": kind})) if read_here is not None else None


def _renamed(table: Table, rows: DataFrame) -> Table:
    new = dict(zip(table.columns, rows.columns, strict=True))
    unusable = {new.get(name, name.strip(BLANKS)): kind for name, kind in table.unusable.items()}
    codes = frozenset(new[name] for name in table.codes)
    raw = None if table.raw is None else table.raw.toDF(*rows.columns)
    return replace(table, rows=rows, raw=raw, columns=tuple(rows.columns), unusable=unusable, codes=codes)


def kind_of_source(source: Source, spark: SparkSession) -> str:
    """Return the source's kind: the declared one, or one inferred from its keys or files."""
    if (known := source.kind or implied_kind(dict(source))) is not None:
        return known
    if source.path is None:
        raise SpecError("`source` needs a `path` or a `table`.", "For example `source: data/flights.csv`.")
    there = (name for name, kind in source_kinds().items() if kind.is_at is not None and kind.is_at(source.path))
    if (found := next(there, None)) is not None:
        return found
    return kind_of_files(files_of(source, spark), source.path)
