"""Read a source of any kind into a table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.names import with_trimmed_names
from spark_jobs.errors import SparkJobsError, SpecError
from spark_jobs.sources.files import files_of, kind_of_files
from spark_jobs.sources.kinds import jdbc, reader
from spark_jobs.sources.read_errors import explain_read_error
from spark_jobs.sources.source_table import Table
from spark_jobs.spec.models import Source


def read_source(
    source: Source, spark: SparkSession, since: str | None = None, wanted: Collection[str] | None = None
) -> Table:
    """Read a source into a table with no row dropped: text as trimmed strings with nulls, other columns as stored.

    A text source costs one pass over its lines here; `rows` is lazy.

    Args:
        source: The source in the spec.
        spark: The session.
        since: For a database, the watermark to read from; earlier rows are skipped.
        wanted: For a database, the columns to read; None reads all.

    Raises:
        DataError: The data does not exist, or is not in the declared format.
        SpecError: The source has neither path nor table, or an option is unknown.
    """
    kind = kind_of_source(source, spark)
    try:
        found = jdbc.read(source, spark, since, wanted) if kind == "jdbc" else reader(kind)(source, spark)
        rows = with_trimmed_names(found.rows)
        return found if rows is found.rows else _renamed(found, rows)
    except SparkJobsError:
        raise
    except Exception as failure:
        explained = explain_read_error(failure)
        if explained is None:
            raise
        raise explained from failure


def _renamed(table: Table, rows: DataFrame) -> Table:
    new = dict(zip(table.columns, rows.columns, strict=True))
    unusable = {new.get(name, name.strip(BLANKS)): kind for name, kind in table.unusable.items()}
    codes = frozenset(new[name] for name in table.codes)
    raw = None if table.raw is None else table.raw.toDF(*rows.columns)
    return replace(table, rows=rows, raw=raw, columns=tuple(rows.columns), unusable=unusable, codes=codes)


def kind_of_source(source: Source, spark: SparkSession) -> str:
    """Return the source's kind: the declared one, or one inferred from its table or files."""
    if source.kind is not None:
        return source.kind
    if source.table is not None:
        return "table"
    if source.path is None:
        raise SpecError("`source` needs a `path` or a `table`.", "For example `source: data/flights.csv`.")
    if (Path(source.path) / "_delta_log").is_dir():
        return "delta"
    return kind_of_files(files_of(source, spark), source.path)
