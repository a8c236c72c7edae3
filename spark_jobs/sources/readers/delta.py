"""Delta tables in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.columns.names import check_names, with_trimmed_names
from spark_jobs.columns.stored_types import storable
from spark_jobs.errors import DataError
from spark_jobs.sources.files import location, no_such_path
from spark_jobs.sources.fingerprints import content_fingerprint, version_fingerprint
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.options import VERSIONS, known_options
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec import Source, Stream

if TYPE_CHECKING:
    from delta.tables import DeltaTable


def read(source: Source, spark: SparkSession) -> Table:
    """Read a Delta table from a folder, at its latest version unless `versionAsOf` or `timestampAsOf` is set.

    Raises:
        DataError: The path has no Delta table with columns, or a column name is reserved.
    """
    from delta.tables import DeltaTable

    options = known_options(source)
    path = str(source.path)
    place = location(path)
    if "://" not in place and not place.startswith("file:"):
        raise no_such_path(path)

    def load(asked: Mapping[str, str]) -> DataFrame:
        return spark.read.format("delta").options(**asked).load(place)

    if not load(options).columns:
        raise _no_table(path)
    return stored_table(
        load, lambda: DeltaTable.forPath(spark, place), source, Reading(str(source.kind), path, options, ())
    )


def open_stream(
    source: Source, stream: Stream, spark: SparkSession, after: Mapping[int, int] | None = None
) -> DataFrame:
    """Return the rows that are added to a Delta table as a stream.

    Raises:
        DataError: The path is not a Delta table.
    """
    from delta.tables import DeltaTable

    place = location(str(source.path))
    if not DeltaTable.isDeltaTable(spark, place):
        raise _no_table(str(source.path))
    reader = spark.readStream.format("delta")
    if stream.rows is not None:
        reader = reader.option("maxFilesPerTrigger", stream.rows)
    if stream.start == "latest":
        reader = reader.option("startingVersion", "latest")
    return with_trimmed_names(reader.load(place))


def _no_table(path: str) -> DataError:
    return DataError(f"'{path}' is not a Delta table with columns.", "Name the folder that contains `_delta_log`.")


def stored_table(
    load: Callable[[Mapping[str, str]], DataFrame],
    table: Callable[[], DeltaTable] | None,
    source: Source,
    reading: Reading,
) -> Table:
    """Return a stored table, pinned to the version that its fingerprint names.

    A table without versions gets a fingerprint of its rows.

    Args:
        load: Reads the table with the given reader options.
        table: Opens the Delta table, for its history; None if there are no versions.
        source: The source in the spec.
        reading: The kind, location and options of the read.
    """
    stored = load(reading.options)
    check_names(stored.columns)
    versions: dict[str, str] = {name: reading.options[name] for name in VERSIONS if name in reading.options}
    found = version_fingerprint(table, versions) if table is not None else None
    if found is not None:
        stored = load({"versionAsOf": str(found[0])})
    whole, unusable = storable(stored)
    # Delta counts the rows of a version from its log, without reading data files.
    records, changed = content_fingerprint(whole) if found is None else (stored.count(), found[1])
    marks = null_values_of(source)
    rows = replace_null_values(whole, marks)
    said = Reading(reading.kind, reading.location, reading.options, marks, reading.decisions)
    return Table(rows, said, changed, columns=tuple(rows.columns), records=records, unusable=unusable)
