"""Tables and views of the session's catalog."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.errors import SpecError
from spark_jobs.sources.options import known_options
from spark_jobs.sources.readers.delta import stored_table
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec.models import Source


def read(source: Source, spark: SparkSession) -> Table:
    """Read a table or view by name, with its stored types.

    Raises:
        SpecError: The source has no `table`.
    """
    from delta.tables import DeltaTable

    options = known_options(source)
    if source.table is None:
        raise SpecError("`source.table` is required for kind table.", "Set `source: {kind: table, table: db.flights}`.")
    name = source.table

    def load(asked: Mapping[str, str]) -> DataFrame:
        return spark.read.options(**asked).table(name)

    return stored_table(
        load, lambda: DeltaTable.forName(spark, name), source, Reading(str(source.kind), name, options, ())
    )
