"""A Delta table in a folder."""

from __future__ import annotations

from typing import Final

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.data.files import fingerprint, location, missing
from spark_jobs.data.marks import marks_of, without_marks
from spark_jobs.data.names import check_names
from spark_jobs.data.options import DATES, known_options
from spark_jobs.data.types import Reading, Table
from spark_jobs.errors import DataError
from spark_jobs.spec.models import Source

OPTIONS: Final = (*DATES, "versionAsOf", "timestampAsOf")


def read(source: Source, spark: SparkSession) -> Table:
    """The table of a Delta folder, at its newest version unless the options say another.

    Raises:
        DataError: there is no Delta table; a name is reserved.
    """
    options = known_options("delta", source.options, OPTIONS)
    path = str(source.path)
    place = location(path)
    if "://" not in place and not place.startswith("file:"):
        raise missing(path)
    stored = spark.read.format("delta").options(**options).load(place)
    if not stored.columns:
        raise DataError(f"'{path}' is no Delta table with columns.", "Name the folder that holds `_delta_log`.")
    return table_of(stored, source, Reading("delta", path, options, ()))


def table_of(stored: DataFrame, source: Source, reading: Reading) -> Table:
    """A stored frame as a table; its files' names tell whether it changed, for a changed table has other files."""
    check_names(stored.columns)
    marks = marks_of(source)
    rows = without_marks(stored, marks)
    said = Reading(reading.kind, reading.location, reading.options, marks, reading.decisions)
    changed = fingerprint([reading.location, stored.schema.json(), *sorted(stored.inputFiles())])
    return Table(rows, said, changed, columns=tuple(rows.columns))
