"""Parquet files, read with their stored types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import Final

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import types as T

from spark_jobs.columns.names import check_names, col
from spark_jobs.columns.stored_types import storable
from spark_jobs.errors import DataError
from spark_jobs.formats.footers import AT_ONCE, Footer, footers
from spark_jobs.formats.parquet_schema import Field, fields_of, schema_of
from spark_jobs.sources.files import (
    DataFile,
    Place,
    files_of,
    fingerprint_of,
    place_of,
    place_of_files,
    reads_of,
    unread_of,
)
from spark_jobs.sources.listing import codes_among
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.options import known_options
from spark_jobs.sources.parquet_merge import Layout, Merged, merged
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.spec.models import Source

_MAGIC: Final = (b"PAR1", b"PARE")
_FEW: Final = 64  # the most remote files whose schemas are read one by one
_ADVICE: Final = "Write or fetch the file again, or exclude it."


def read(source: Source, spark: SparkSession) -> Table:
    """Read Parquet files; their columns may differ between files.

    Raises:
        DataError: Files are missing, truncated, not Parquet, or compressed in a way Spark cannot read. Or a column has
            incompatible types, or a name is duplicate or reserved.
    """
    options = known_options(source)
    rebase = {name: value for name, value in options.items() if name == "datetimeRebaseMode"}
    path, files, marks = str(source.path), files_of(source, spark), null_values_of(source)
    for file in files:
        if why := corruption_reason(file):
            raise DataError(why, _ADVICE)
    told = footers([file.path for file in files], spark) if all(file.local for file in files) else None
    layouts = _layouts(source, files, told, spark, rebase)
    place = place_of(source, files)
    columns = merged(layouts, place.partitions)
    check_names([column.name for column in columns] + list(place.partitions))
    stored, lost = storable(_read(source, place, layouts, columns, spark, rebase))
    unusable = lost | {column.name: column.stored for column in columns if column.stored}
    rows = replace_null_values(stored, marks)
    folders = [f"'{name}' comes from the partition folders, not from the files" for name in _hidden(layouts, place)]
    decisions = (*folders, *(one for column in columns for one in column.decisions))
    unread = unread_of(source, files)
    reading = Reading(str(source.kind), path, options, marks, decisions, unread)
    codes = codes_among([file.partition for file in files], marks)
    reads = reads_of(source, files)
    return Table(
        rows, reading, fingerprint_of(files), columns=tuple(rows.columns), reads=reads,
        records=stored.count() if told is None else sum(footer.rows for footer in told), unusable=unusable, codes=codes,
    )  # fmt: skip


def _layouts(
    source: Source,
    files: Sequence[DataFile],
    told: Sequence[Footer] | None,
    spark: SparkSession,
    options: Mapping[str, str],
) -> list[Layout]:
    """Group the files by their columns; Spark reads the schema of one file in each group."""
    if told is None:
        return _elsewhere(spark.read.options(**options), files)
    found: dict[str, list[DataFile]] = {}
    for file, footer in zip(files, told, strict=True):
        if footer.why_unread is not None:
            raise DataError(footer.why_unread, _ADVICE)
        found.setdefault(footer.columns, []).append(file)
    return [Layout(tuple(alike), tuple(_fields_of(source, alike[0], spark, options))) for alike in found.values()]


def _fields_of(source: Source, file: DataFile, spark: SparkSession, options: Mapping[str, str]) -> list[Field]:
    place = place_of_files(source, [file])
    return fields_of(file.path, place.reader(spark).options(**options), place.paths[0])


def _elsewhere(reader: DataFrameReader, files: Sequence[DataFile]) -> list[Layout]:
    """Group remote files by schema: one by one if they are few, else by Spark's `mergeSchema`."""
    if len(files) > _FEW:
        merging = reader.option("mergeSchema", "true").option("recursiveFileLookup", "true")
        schema = merging.parquet(*(file.path for file in files)).schema
        return [Layout(tuple(files), _fields(schema))]
    with ThreadPoolExecutor(AT_ONCE, "footers") as pool:
        schemas = list(pool.map(lambda file: reader.parquet(file.path).schema, files))
    found: dict[str, list[int]] = {}
    for place, schema in enumerate(schemas):
        found.setdefault(schema.json(), []).append(place)
    return [Layout(tuple(files[place] for place in alike), _fields(schemas[alike[0]])) for alike in found.values()]


def _hidden(layouts: Sequence[Layout], place: Place) -> list[str]:
    """Return the columns in the files that partition columns of the same name hide."""
    return [name for name in place.partitions if any(layout.field(name) for layout in layouts)]


def _fields(schema: T.StructType) -> tuple[Field, ...]:
    return tuple(Field(field.name, field.dataType, field.dataType) for field in schema)


def _read(
    source: Source,
    place: Place,
    layouts: Sequence[Layout],
    columns: Sequence[Merged],
    spark: SparkSession,
    options: Mapping[str, str],
) -> DataFrame:
    places = [place] if len(layouts) == 1 else [place_of_files(source, layout.files) for layout in layouts]
    frames = []
    for layout, here in zip(layouts, places, strict=True):
        schema = schema_of(layout.fields, place.partitions)
        rows = here.reader(spark).options(**options).schema(schema).parquet(*here.paths)
        cells = [column.cell(layout) for column in columns if column.kind is not None]
        frames.append(rows.select(*cells, *map(col, place.partitions)))
    return reduce(DataFrame.union, frames)


def corruption_reason(file: DataFile) -> str | None:
    """Return why a file is truncated or not Parquet; None if it is valid or remote.

    A Parquet file begins and ends with a magic number. The footer's length precedes the last one
    (https://parquet.apache.org/docs/file-format/).
    """
    if not file.local:
        return None
    if not file.size:
        return f"'{file.path}' is empty: 0 bytes."
    with open(file.path, "rb") as opened:
        begin = opened.read(4)
        opened.seek(max(0, file.size - 8))
        length, end = opened.read(4), opened.read(4)
    if begin not in _MAGIC or end not in _MAGIC or file.size < 12:
        return f"'{file.path}' is not a complete Parquet file: its first or last bytes are not 'PAR1'."
    if end == b"PARE":
        return f"'{file.path}' is encrypted, and no key is configured to read it."
    if int.from_bytes(length, "little") > file.size - 12:
        return f"'{file.path}' is not a complete Parquet file: its footer is longer than the file."
    return None
