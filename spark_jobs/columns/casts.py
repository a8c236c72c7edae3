"""Rows of text or of stored types, as the columns' own types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    """What a look at every cell of a text source has shown, so that it need not be asked of each cell again.

    `plain` columns can be read by `cells.plain_sql`, of these the `digits` hold no point and no exponent; in `words` no
    cell looks like a number; `trimmed` columns have no blanks around any cell. `null_values` are the marks of a missing
    value that occur, by column.
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
    """The rows with each column as its type; a cell that cannot be read as that is null.

    Text is trimmed already, as sources give it (`marks.without_marks`).

    Numbers that are stored as such keep their stored type. Of text, whole numbers are BIGINT, others DOUBLE, or DECIMAL
    where the column has a `scale`; then BOOLEAN, DATE, TIMESTAMP (an instant: wall time without an offset is read in
    `zone`), STRING. Names and order stay; columns that `types` does not name stay as they are. Where cells of the `key`
    may be lost or rounded so, their text is in `UNREAD_KEY`.
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


def lost_cells(rows: DataFrame, types: Sequence[ColumnType], zone: str = "UTC") -> dict[str, Column]:
    """For each column, whether a cell holds something that becomes null as the column's type."""
    stored = dict(rows.dtypes)
    kept = {column.name: column for column in types if column.name in stored and column.kind != "unsupported"}
    return {
        name: col(name).isNotNull() & _value(column, stored[name], zone).isNull()
        for name, column in kept.items()
        if column.cells != "text"
    }


def canonical(
    rows: DataFrame, types: Sequence[ColumnType], zone: str = "UTC", seen: ColumnHints = NOTHING
) -> list[Column]:
    """The cells in name order as what they count as: a number its double (-0.0 as 0.0), else trimmed text.

    So a table hashes alike whether it comes as text or with stored types. A missing cell is NaN or a control character.
    Beside numbers that may be more than a double holds stands their exact text, null where a double does.
    """
    kinds = {field.name: field.dataType for field in rows.schema.fields}
    return [part for column in _in_name_order(types) for part in _canonical(column, kinds[column.name], zone, seen)]


def typed_row_hash(
    rows: DataFrame, types: Sequence[ColumnType], seed: int = 42, zone: str = "UTC", seen: ColumnHints = NOTHING
) -> Column:
    """A BIGINT hash (xxhash64) of the seed and the rows' canonical cells, the same for equal rows of equal names."""
    return F.xxhash64(F.lit(seed), *canonical(rows, types, zone, seen))


def _in_name_order(types: Sequence[ColumnType]) -> Iterator[ColumnType]:
    return iter(sorted(types, key=lambda column: column.name))


def _readable(column: ColumnType, stored: str) -> str:
    name = quoted(column.name)
    if stored == "string":
        return Trimmed(name)
    return name if accepts(column.cells, stored) else f"CAST({name} AS STRING)"


def _is_kept(column: ColumnType, stored: str) -> bool:
    """Whether cells are numbers that are stored as such: they keep their type."""
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
    """Text, where text that is a number counts as that number: '1' and '1.0' are one level.

    A text of more than 15 characters stays as it is, as a double may be the number of several.
    """
    text = text_sql(name)
    if stored not in ("string", "float", "double") and not stored.startswith("decimal"):
        return text
    anything = ColumnType("", "number", "number", "")
    number = number_sql(name if stored == "string" else f"CAST({name} AS STRING)", anything)
    short = f"char_length({text}) <= 15 AND {is_number_sql(text)}"
    return f"CASE WHEN {short} THEN CAST({number} + 0D AS STRING) ELSE {text} END"
