"""Cast rows of text or stored types to the types of the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns.cells import (
    STORED_NUMBERS,
    Trimmed,
    accepts,
    boolean_sql,
    decimal_sql,
    is_number_sql,
    number_sql,
    plain_sql,
    stored_number_sql,
    text_sql,
    value_sql,
    whole_sql,
)
from spark_jobs.columns.exact import beyond_double, exact_text
from spark_jobs.columns.key_cells import loses, unread
from spark_jobs.columns.names import UNREAD_KEY, col, quoted
from spark_jobs.columns.types import ColumnType


@dataclass(frozen=True, slots=True)
class ColumnHints:
    """Findings of a profile of every cell of a text source, with which casts can skip checks.

    Attributes:
        plain: Columns that `cells.plain_sql` can read.
        words: Columns in which no cell looks like a number.
        digits: Columns of `plain` in which no cell has a point or an exponent.
        trimmed: Columns in which no cell has surrounding blanks.
        null_values: By column, the null values that occur.
    """

    plain: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    digits: frozenset[str] = frozenset()
    trimmed: frozenset[str] = frozenset()
    null_values: Mapping[str, Sequence[str]] = field(default_factory=dict)


NOTHING = ColumnHints()


def typed(
    rows: DataFrame,
    types: Sequence[ColumnType],
    zone: str = "UTC",
    seen: ColumnHints = NOTHING,
    key: Sequence[str] = (),
) -> DataFrame:
    """Return the rows with each column cast to its type; a cell that cannot be cast is null.

    Text must be trimmed already, as sources return it (`null_values.replace_null_values`). Stored numbers keep their
    type. Text becomes BIGINT for whole numbers, DOUBLE for others, or DECIMAL if the column has a `scale`; or BOOLEAN,
    DATE, TIMESTAMP, STRING. Names and order do not change.

    Args:
        types: The types of the columns; other columns do not change.
        zone: The time zone of timestamps without an offset.
        seen: What is known of the cells.
        key: The key columns. If the cast may lose or round their cells, `UNREAD_KEY` has the text of lost cells.
    """
    known = {column.name: column for column in types}
    stored = dict(rows.dtypes)
    values = {
        name: _value(known[name], stored[name], zone, seen) if name in known else col(name) for name in rows.columns
    }
    losing = {name for name in key if name in known and loses(known[name], stored[name], name in seen.plain)}
    raw = {name: f"⟨raw {place}⟩" for place, name in enumerate(key) if name in losing}
    read = rows.select(
        *[value.alias(name) for name, value in values.items()], *[col(name).alias(raw[name]) for name in raw]
    )
    if not losing:
        return read
    texts = [
        unread(known[name], stored[name], raw[name], zone) if name in raw else F.lit(None).cast("string")
        for name in key
    ]
    lost = F.when(F.coalesce(*texts).isNotNull(), F.array(*texts))
    return read.select(*map(col, rows.columns), lost.alias(UNREAD_KEY))


def lost_cell_conditions(rows: DataFrame, types: Sequence[ColumnType], zone: str = "UTC") -> dict[str, Column]:
    """Return for each column a condition: the cell has a value that becomes null as the column's type."""
    stored = dict(rows.dtypes)
    kept = {column.name: column for column in types if column.name in stored and column.kind != "unsupported"}
    return {
        name: col(name).isNotNull() & _value(column, stored[name], zone).isNull()
        for name, column in kept.items()
        if column.cells != "text"
    }


def canonical_cells(
    rows: DataFrame, types: Sequence[ColumnType], zone: str = "UTC", seen: ColumnHints = NOTHING
) -> list[Column]:
    """Return the cells in name order in canonical form: a number as double (-0.0 as 0.0), else trimmed text.

    So a row has the same hash (`xxhash64` of these cells) whether it comes as text or with stored types. A missing
    cell is NaN or a control character. A number that may not fit a double is followed by its exact text, which is null
    if it fits.
    """
    kinds = {field.name: field.dataType for field in rows.schema.fields}
    return [
        part
        for column in sorted(types, key=lambda one: one.name)
        for part in _canonical(column, kinds[column.name], zone, seen)
    ]


def _readable(column: ColumnType, stored: str) -> str:
    name = quoted(column.name)
    if stored == "string":
        return Trimmed(name)
    return name if accepts(column.cells, stored) else f"CAST({name} AS STRING)"


def _is_kept(column: ColumnType, stored: str) -> bool:
    """Return whether cells are stored as numbers and so keep their type."""
    return column.cells == "number" and stored.split("(")[0] in STORED_NUMBERS


def _value(column: ColumnType, stored: str, zone: str, seen: ColumnHints = NOTHING) -> Column:
    name = quoted(column.name)
    if column.kind == "unsupported":
        return col(column.name)
    if _is_kept(column, stored):
        return F.expr(stored_number_sql(name, stored))
    if column.name in seen.plain and stored == "string":
        return F.expr(plain_sql(Trimmed(name), column, zone, column.name in seen.digits))
    name = _readable(column, stored)
    if column.cells == "boolean":
        return F.expr(f"{boolean_sql(name)} = 1D")
    if column.cells == "number" and column.scale is not None:
        return F.expr(decimal_sql(name, column))
    if column.cells == "number" and column.integral:
        return F.expr(whole_sql(name, column))
    return F.expr(value_sql(name, column, zone))


def _canonical(column: ColumnType, kind: T.DataType, zone: str, seen: ColumnHints) -> list[Column]:
    stored = kind.simpleString()
    name = _readable(column, stored)
    if column.name in seen.words:
        return [F.expr(f"coalesce({text_sql(name)}, '\\u0000')")]
    if column.kind == "unsupported":
        return [F.coalesce(exact_text(col(column.name), kind), F.lit("\0"))]
    if column.cells == "text":
        return [F.expr(f"coalesce({_level_sql(name, stored)}, '\\u0000')")]
    value = value_sql(name, column, zone)
    if column.cells == "date":
        value = f"CAST(unix_date({value}) AS DOUBLE)"
    if column.cells == "timestamp":
        value = f"CAST(unix_micros({value}) AS DOUBLE)"
    beyond = beyond_double(col(column.name), kind) if _is_kept(column, stored) else None
    return [F.expr(f"coalesce({value}, double('NaN')) + 0D"), *([] if beyond is None else [beyond])]


def _level_sql(name: str, stored: str) -> str:
    """Return the SQL of text in which numeric text counts as its number: '1' and '1.0' are one level.

    Text of more than 15 characters does not change, because several such numbers may be the same double.
    """
    text = text_sql(name)
    if stored not in ("string", "float", "double") and not stored.startswith("decimal"):
        return text
    anything = ColumnType("", "number", "number", "")
    number = number_sql(name if stored == "string" else f"CAST({name} AS STRING)", anything)
    short = f"char_length({text}) <= 15 AND {is_number_sql(text)}"
    return f"CASE WHEN {short} THEN CAST({number} + 0D AS STRING) ELSE {text} END"
