"""A table or view of the session's catalog."""

from __future__ import annotations

from typing import Final

from pyspark.sql import SparkSession

from spark_jobs.data.options import DATES, known_options
from spark_jobs.data.sources.delta import table_of
from spark_jobs.data.types import Reading, Table
from spark_jobs.errors import SpecError
from spark_jobs.spec.models import Source

OPTIONS: Final = (*DATES, "versionAsOf", "timestampAsOf")


def read(source: Source, spark: SparkSession) -> Table:
    """The table of that name, with its stored types.

    Raises:
        SpecError: the source has no `table`.
    """
    options = known_options("table", source.options, OPTIONS)
    if source.table is None:
        raise SpecError("A source of kind table needs `table`.", "As in `source: {kind: table, table: db.flights}`.")
    stored = spark.read.options(**options).table(source.table)
    return table_of(stored, source, Reading("table", source.table, options, ()))
