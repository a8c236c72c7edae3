"""PostgreSQL tables, copied into a snapshot: whole, in parallel parts, or from a watermark on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.names import check_names, col, quoted
from spark_jobs.columns.stored_types import storable
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.sources.database import Database, identifier, open_database, sql_literal, table_name
from spark_jobs.sources.database_errors import NoTable
from spark_jobs.sources.fingerprints import content_fingerprint
from spark_jobs.sources.kinds.jdbc import JdbcKeys, place_of
from spark_jobs.sources.null_values import null_values_of, replace_null_values
from spark_jobs.sources.snapshot import snapshot
from spark_jobs.sources.source_table import Reading, Table
from spark_jobs.sources.watermark import WatermarkRange, watermark_range
from spark_jobs.spec import Source

_WIDEST: Final = 38  # digits of Spark's decimals
_FOREIGN: Final = {
    "time": "time",
    "timetz": "timetz",
    "_time": "time[]",
    "_timetz": "timetz[]",
    "_numeric": "numeric[]",
}
_ORDERED: Final = (T.NumericType, T.DateType, T.TimestampType, T.TimestampNTZType)


def read(source: Source, spark: SparkSession, since: str | None = None, wanted: Collection[str] | None = None) -> Table:
    """Read a table as it is now.

    A partitioned read queries its parts one by one, so a row that moves between parts meanwhile may be missed.

    Args:
        source: The source in the spec.
        spark: The session.
        since: The watermark that the last scoring reached. Rows from `source.lookback` before it are read again,
            because other rows may share the value or have been committed late. The predictions table skips duplicates.
        wanted: The columns to read; None reads all.

    Raises:
        DataError: The table or a column does not exist, or a row has no watermark.
        JobError: The database does not respond, or rejects the user.
        SpecError: A secret cannot be resolved.
    """
    database, keys = open_database(source, spark), JdbcKeys.of(source)
    try:
        return database.trying(lambda: _read(database, keys, since, wanted))
    except NoTable:
        raise database.absent(str(source.table)) from None


def _read(database: Database, source: JdbcKeys, since: str | None, wanted: Collection[str] | None) -> Table:
    table = table_name(str(source.table))
    schema = database.rows(table).schema
    check_names(schema.names)
    span = _span(database, source, table, schema, since)
    asked = f"(SELECT * FROM {table}{span.sql}) AS span" if span and span.sql else table
    parts = _parts(database, source, asked, schema)
    foreign = _foreign(schema)
    types = [_texts(database, table, schema), *(f"{quoted(name)} STRING" for name in foreign)]
    stored = database.rows(asked, parts, ", ".join(filter(None, types)))
    if wanted is not None:
        stored = stored.select(*[col(name) for name in stored.columns if name.strip(BLANKS) in wanted])
    whole, lost = storable(stored)
    unusable = lost | {name: kind for name, kind in foreign.items() if name in whole.columns}
    copy = snapshot(whole)
    marks = null_values_of(source)
    rows, place = replace_null_values(copy, marks), place_of(source)
    reading = Reading(str(source.kind), place, {}, marks, _decisions(source, span, parts))
    reads = span.reads(place) if span else {}
    records, changed = _fingerprint(copy, place, span)
    columns = tuple(rows.columns)
    return Table(rows, reading, changed, columns=columns, reads=reads, records=records, unusable=unusable)


def _span(
    database: Database, source: JdbcKeys, table: str, schema: T.StructType, since: str | None
) -> WatermarkRange | None:
    if source.watermark is None:
        return None
    column = _ordered(source.watermark, schema, "watermark")
    return watermark_range(database, table, column.name, column.dataType, since, source.lookback)


def _parts(database: Database, source: JdbcKeys, asked: str, schema: T.StructType) -> list[str]:
    """Return one SQL condition per part, disjoint and complete; none if the table is read at once."""
    if source.partition is None:
        return []
    found = _ordered(source.partition.column, schema, "partition.column")
    column = identifier(found.name)
    cuts = _cuts(database, asked, found.name, found.dataType, source.partition.parts)
    if not cuts:
        return []
    between = [f"{column} >= {sql_literal(a)} AND {column} < {sql_literal(b)}" for a, b in pairwise(cuts)]
    first, last = f"{column} < {sql_literal(cuts[0])} OR {column} IS NULL", f"{column} >= {sql_literal(cuts[-1])}"
    return [first, *between, last]


def _cuts(database: Database, asked: str, name: str, kind: T.DataType, count: int) -> list[str]:
    """Return the boundaries between parts, computed by the database in the column's own type."""
    exact = "::numeric" if isinstance(kind, T.NumericType) else ""
    cut = f"low + (high - low) * i / {count}"
    if isinstance(kind, T.IntegralType):
        cut = f"floor({cut})"
    inner = f"SELECT {identifier(name)} AS v FROM {asked}"
    ends = f"SELECT min(v){exact} AS low, max(v){exact} AS high FROM ({inner}) AS read WHERE {_finite(kind)}"
    query = f"SELECT ({cut})::text AS cut FROM ({ends}) AS ends, generate_series(1, {count - 1}) AS i ORDER BY i"
    found = [row[0] for row in database.asked(query)]
    return [] if None in found else list(dict.fromkeys(found))


def _finite(kind: T.DataType) -> str:
    """Return the SQL condition for a value `v` that is finite, so that differences are defined."""
    if isinstance(kind, T.FractionalType):
        return "v NOT IN ('NaN', 'Infinity', '-Infinity')" if not isinstance(kind, T.DecimalType) else "v <> 'NaN'"
    return "true" if isinstance(kind, T.IntegralType) else "isfinite(v)"


def _ordered(name: str, schema: T.StructType, key: str) -> T.StructField:
    """Return the column of that name, as the database spells it."""
    found = next((field for field in schema if name in (field.name, field.name.strip(BLANKS))), None)
    if found is None:
        raise DataError(f"`source.{key}` is '{name}', which is not a column.", did_you_mean(name, schema.names))
    foreign = _foreign(T.StructType([found])).get(found.name)
    if foreign or not isinstance(found.dataType, _ORDERED):
        stored = foreign or found.dataType.simpleString()
        raise DataError(
            f"`source.{key}` must be a column of numbers, dates or timestamps. '{name}' is {stored}.",
            "Name another column.",
        )
    return found


def _foreign(schema: T.StructType) -> dict[str, str]:
    """Return the columns that Spark would misread, with the database's type names.

    Spark reads a time of day as a timestamp in 1970, and gives all numbers of a numeric array the same scale.
    """
    told = {field.name: str(field.metadata.get("jdbcClientType", "")) for field in schema}
    return {name: _FOREIGN[kind] for name, kind in told.items() if kind in _FOREIGN}


def _texts(database: Database, table: str, schema: T.StructType) -> str:
    """Return the schema that reads PostgreSQL's `numeric` as text where Spark's decimals cannot hold it.

    This applies if it has no precision, or a larger one than Spark's decimals.
    """
    wide = [one.name for one in schema if isinstance(one.dataType, T.DecimalType) and one.dataType.precision == _WIDEST]
    if not wide:
        return ""
    place = table.replace("'", "''")
    found = database.asked(f"SELECT attname, atttypmod FROM pg_attribute WHERE attrelid = '{place}'::regclass")
    # https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c: make_numeric_typmod
    digits = {row.attname: (row.atttypmod - 4) >> 16 if row.atttypmod >= 0 else None for row in found}
    return ", ".join(f"{quoted(name)} STRING" for name in wide if (digits.get(name) or _WIDEST + 1) > _WIDEST)


def _fingerprint(copy: DataFrame, place: str, span: WatermarkRange | None) -> tuple[int, str]:
    asked = () if span is None else (place, span.column, span.low, span.high)
    return content_fingerprint(copy, *asked)


def _decisions(source: JdbcKeys, span: WatermarkRange | None, parts: Sequence[str]) -> tuple[str, ...]:
    told = [f"read in {len(parts)} parts"] if parts else []
    if source.partition is not None and not parts:
        told.append(f"read in one part: '{source.partition.column}' has no values to partition by")
    if span is not None and span.low is not None:
        told.append(f"read where '{span.column}' is from {span.low} to {span.high}")
    return tuple(told)
