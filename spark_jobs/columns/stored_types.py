"""Stored types that no step supports and no Delta table can store: cast to text, with the original type reported."""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import types as T

from spark_jobs.columns.names import col

_PLAIN: Final = (
    T.NumericType,
    T.BooleanType,
    T.BinaryType,
    T.DateType,
    T.TimestampType,
    T.TimestampNTZType,
)


def storable(rows: DataFrame) -> tuple[DataFrame, dict[str, str]]:
    """Return rows in which every column can be hashed, written as JSON and stored in a Delta table.

    A time of day, an interval and similar types become text. A variant, or a type that contains these, becomes JSON.

    Returns:
        The rows, and by column the stored type of columns that became text but are not text: no step supports them.
    """
    changed = {field.name: field.dataType for field in rows.schema if not _is_storable(field.dataType)}
    cells = [_text(name, changed[name]).alias(name) if name in changed else col(name) for name in rows.columns]
    lost = {name: kind.simpleString() for name, kind in changed.items() if not isinstance(kind, _TEXT)}
    return (rows.select(*cells) if changed else rows), lost


_TEXT: Final = (T.StringType, T.NullType)


def _is_storable(kind: T.DataType) -> bool:
    if isinstance(kind, T.StringType):
        return kind.simpleString() == "string"  # Delta supports no other collation
    if isinstance(kind, T.StructType):
        return bool(kind.fields) and all(_is_storable(field.dataType) for field in kind.fields)
    if isinstance(kind, T.ArrayType):
        return _is_storable(kind.elementType)
    if isinstance(kind, T.MapType):
        return _is_storable(kind.keyType) and _is_storable(kind.valueType)
    return isinstance(kind, _PLAIN)


def _text(name: str, kind: T.DataType) -> Column:
    from pyspark.sql import functions as F

    nested = isinstance(kind, (T.StructType, T.ArrayType, T.MapType, T.VariantType))
    return F.to_json(col(name)) if nested else col(name).cast("string")
