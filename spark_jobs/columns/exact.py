"""Exact text of cells, unique within a type: numbers beyond a double, decimals, nested values.

Also numbers written as text, as values of a cell's type.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

HELD = 2**53  # a double holds every whole number up to this


def beyond_double(cell: Column, kind: T.DataType) -> Column | None:
    """Return the exact text of a number that a double cannot hold, else null; None if a double always holds the type.

    The text depends only on the number, not on its stored scale.
    """
    number = cell.cast("double")
    if isinstance(kind, T.LongType):
        return F.when(F.abs(number) >= HELD, cell.cast("string"))
    if isinstance(kind, T.DecimalType) and kind.precision > 15:
        held = number.try_cast(kind).eqNullSafe(cell)
        return F.when((F.abs(number) >= HELD) | ~held, _decimal_text(cell, kind))
    return None


def exact_text(cell: Column, kind: T.DataType) -> Column:
    """Return a cell as text: equal cells have equal text, and different cells of a type have different text."""
    if isinstance(kind, T.DecimalType):
        beyond = beyond_double(cell, kind)
        text = exact_text(cell.cast("double"), T.DoubleType())
        return text if beyond is None else F.coalesce(beyond, text)
    if isinstance(kind, T.FloatType | T.DoubleType):
        number = cell.cast("double")
        whole = (number == F.floor(number)) & (F.abs(number) <= HELD)
        return F.when(whole, number.cast("bigint").cast("string")).otherwise(number.cast("string"))
    if isinstance(kind, T.StructType | T.ArrayType | T.MapType):
        return F.to_json(_orderly(cell, kind))
    if isinstance(kind, T.VariantType):
        return F.to_json(cell)
    return F.base64(cell) if isinstance(kind, T.BinaryType) else cell.cast("string")


def exact_literal(text: str, kind: T.DataType) -> Column | None:
    """Return a finite number, written as text, as a value of a numeric type; None if the type cannot hold it.

    Whole numbers are BIGINT. A floating-point type takes the nearest number, as for a cell of text.
    """
    if isinstance(kind, T.FloatType | T.DoubleType):
        return F.lit(float(text)).cast(kind)
    number = Fraction(Decimal(text))
    if isinstance(kind, T.DecimalType):
        steps = number * 10**kind.scale
        held = steps.denominator == 1 and abs(steps) < 10**kind.precision
        return F.lit(f"{Decimal(text):f}").cast(kind) if held else None
    held = number.denominator == 1 and -(2**63) <= number < 2**63
    return F.lit(int(number)).cast("bigint") if held else None


def _decimal_text(cell: Column, kind: T.DecimalType) -> Column:
    text = cell.cast("string")
    return F.rtrim(F.rtrim(text, F.lit("0")), F.lit(".")) if kind.scale else text


def _orderly(cell: Column, kind: T.DataType) -> Column:
    """Return a nested value with maps as sorted entries and times as numbers: JSON would truncate and reorder them."""
    if _is_orderly(kind):
        return cell
    if isinstance(kind, T.StructType):
        fields = [_orderly(cell.getField(field.name), field.dataType).alias(field.name) for field in kind.fields]
        return F.when(cell.isNotNull(), F.struct(*fields))
    if isinstance(kind, T.ArrayType):
        return F.transform(cell, lambda element: _orderly(element, kind.elementType))
    if isinstance(kind, T.MapType):
        pair = T.StructType([T.StructField("key", kind.keyType), T.StructField("value", kind.valueType)])
        return F.array_sort(F.transform(F.map_entries(cell), lambda entry: _orderly(entry, pair)))
    return F.unix_micros(cell) if isinstance(kind, T.TimestampType) else exact_text(cell, kind)


def _is_orderly(kind: T.DataType) -> bool:
    if isinstance(kind, T.StructType):
        return all(_is_orderly(field.dataType) for field in kind.fields)
    if isinstance(kind, T.ArrayType):
        return _is_orderly(kind.elementType)
    return isinstance(kind, T.NumericType | T.StringType | T.BooleanType | T.DateType | T.NullType)
