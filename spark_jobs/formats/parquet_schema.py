"""The columns of Parquet files as Spark reads them, per file and merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrameReader
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.names import col, quoted

NESTED: Final = (T.StructType, T.ArrayType, T.MapType)
_WHOLE: Final = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_DIGITS: Final[Mapping[type, int]] = {T.ByteType: 3, T.ShortType: 5, T.IntegerType: 10, T.LongType: 20}
_UNSIGNED: Final[Mapping[Any, T.DataType]] = {
    pa.uint8(): T.ShortType(),
    pa.uint16(): T.IntegerType(),
    pa.uint32(): T.LongType(),
    pa.uint64(): T.DecimalType(20, 0),
    pa.large_string(): T.StringType(),
    pa.null(): T.IntegerType(),
}


@dataclass(frozen=True)
class Field:
    """A column of one file: the type to read it as, and the type of the converted cell.

    `stored` is its type in the file if no step supports it. `read` is None if Spark cannot read it. `empty` means that
    its type can only hold nulls.
    """

    name: str
    read: T.DataType | None
    kind: T.DataType
    stored: str | None = None
    empty: bool = False

    def cell(self, wanted: T.DataType) -> Column:
        """Return the column, converted to a type that holds its values."""
        value = _converted(self)
        if isinstance(wanted, T.StringType) and isinstance(self.kind, NESTED):
            return F.to_json(value)
        return value if wanted == self.kind else value.cast(wanted)


def fields_of(path: str, reader: DataFrameReader, spark_path: str) -> list[Field]:
    """Return the columns of a file, with Spark's own types if Spark can read all of them.

    Raises:
        PySparkException: Spark cannot read the file for another reason.
    """
    stored = pq.read_metadata(path).schema
    arrow = stored.to_arrow_schema()
    physical = {column.path: column.physical_type for column in (stored.column(n) for n in range(len(stored)))}
    empty = {field.name for field in arrow if pa.types.is_null(field.type)}
    try:
        theirs = reader.parquet(spark_path).schema
        return [Field(field.name, field.dataType, field.dataType, None, field.name in empty) for field in theirs]
    except PySparkException:
        return [_mapped(field, physical.get(field.name, "")) for field in arrow]


def _mapped(field: pa.Field, physical: str) -> Field:
    """Map a column of a file in which Spark cannot read every column."""
    name, kind = field.name, field.type
    if pa.types.is_timestamp(kind):
        held: T.DataType = T.TimestampType() if kind.tz or physical == "INT96" else T.TimestampNTZType()
        return Field(name, T.LongType() if kind.unit == "ns" and physical != "INT96" else held, held)
    if pa.types.is_time(kind):
        read = T.IntegerType() if physical == "INT32" else T.LongType()
        return Field(name, read, T.StringType(), str(kind))
    if str(kind) == "extension<arrow.uuid>":
        return Field(name, T.BinaryType(), T.StringType())
    found = _type_of(kind)
    return Field(name, found, found or T.NullType(), None if found else str(kind), pa.types.is_null(kind))


def _type_of(kind: pa.DataType) -> T.DataType | None:
    from pyspark.sql.pandas.types import from_arrow_type

    if kind in _UNSIGNED:
        return _UNSIGNED[kind]
    if pa.types.is_dictionary(kind):
        return _type_of(kind.value_type)
    if pa.types.is_fixed_size_binary(kind):
        return T.BinaryType()
    inside = [kind.field(place).type for place in range(kind.num_fields)] if pa.types.is_nested(kind) else []
    if any(map(_is_illegal, [kind, *inside])) or None in map(_type_of, inside):
        return None
    try:
        return from_arrow_type(kind, prefer_timestamp_ntz=True)
    except PySparkException:
        return None


def _is_illegal(kind: pa.DataType) -> bool:
    """Return whether Spark has no type for a stored type, at least inside a nested one."""
    nanoseconds = pa.types.is_timestamp(kind) and kind.unit == "ns"
    large = pa.types.is_decimal(kind) and kind.precision > 38
    return nanoseconds or large or pa.types.is_time(kind) or isinstance(kind, pa.BaseExtensionType)


def _converted(field: Field) -> Column:
    name = quoted(field.name)
    if isinstance(field.read, T.LongType) and isinstance(field.kind, (T.TimestampType, T.TimestampNTZType)):
        micros = f"({name} - pmod({name}, 1000)) div 1000"
        if isinstance(field.kind, T.TimestampType):
            return F.expr(f"timestamp_micros({micros})")
        return F.expr(f"timestampadd(MICROSECOND, {micros}, TIMESTAMP_NTZ'1970-01-01 00:00:00')")
    if isinstance(field.kind, T.StringType) and field.stored is not None:
        return _clock(col(field.name), field.stored)
    if isinstance(field.kind, T.StringType) and isinstance(field.read, T.BinaryType):
        return F.regexp_replace(F.lower(F.hex(col(field.name))), "^(.{8})(.{4})(.{4})(.{4})(.{12})$", "$1-$2-$3-$4-$5")
    return col(field.name)


def _clock(value: Column, stored: str) -> Column:
    """Return a time of day as text: hours, minutes, seconds and, unless zero, microseconds."""
    unit = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[stored.partition("[")[2].rstrip("]")]
    seconds = F.floor(value / unit)
    micros = F.floor((value - seconds * unit) * 1_000_000 / unit)
    parts = [F.floor(seconds / 3600), F.floor(seconds / 60) % 60, seconds % 60, micros]
    text = F.format_string("%02d:%02d:%02d.%06d", *[part.cast("bigint") for part in parts])
    return F.when(value.isNotNull(), F.regexp_replace(text, "\\.000000$", ""))


def wider(one: T.DataType, other: T.DataType) -> T.DataType | None:
    """Return the type that holds the values of two types; None if there is none.

    BIGINT and DOUBLE give DOUBLE: the caller must check that no absolute value is above 2**53.
    """
    if one == other:
        return one
    numbers = [kind for kind in (one, other) if isinstance(kind, T.NumericType)]
    if len(numbers) < 2:
        return T.StringType() if isinstance(one, NESTED) and isinstance(other, NESTED) else None
    if all(isinstance(kind, _WHOLE) for kind in numbers):
        return max(numbers, key=lambda kind: _DIGITS[type(kind)])
    if any(isinstance(kind, T.DecimalType) for kind in numbers):
        return _wider_decimal(*map(_as_decimal, numbers))
    return T.DoubleType()


def _as_decimal(kind: T.DataType) -> T.DecimalType | None:
    if isinstance(kind, T.DecimalType):
        return kind
    digits = _DIGITS.get(type(kind))
    return None if digits is None else T.DecimalType(digits, 0)


def _wider_decimal(one: T.DecimalType | None, other: T.DecimalType | None) -> T.DecimalType | None:
    if one is None or other is None:
        return None
    scale = max(one.scale, other.scale)
    digits = max(one.precision - one.scale, other.precision - other.scale) + scale
    return T.DecimalType(digits, scale) if digits <= 38 else None


def schema_of(fields: Sequence[Field], partitions: Sequence[str]) -> T.StructType:
    """Return the schema to read with; partition columns are text."""
    folders = {name.casefold() for name in partitions}
    inside = [one for one in fields if one.name.casefold() not in folders]
    read = [T.StructField(one.name, one.read) for one in inside if one.read is not None]
    return T.StructType([*read, *(T.StructField(name, T.StringType()) for name in partitions)])
