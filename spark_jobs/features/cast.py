"""The pipeline's first stage: SQL that casts the source's columns to numbers and text with safe names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from spark_jobs.columns import cells
from spark_jobs.columns.names import quoted
from spark_jobs.columns.types import ColumnType
from spark_jobs.features import EMPTY, CategoryInput, Input, NumberInput

if TYPE_CHECKING:
    from pyspark.ml import Transformer


def cast_stage(inputs: Sequence[Input], types: Mapping[str, ColumnType], zone: str) -> Transformer:
    """Return the `SQLTransformer` of `statement`."""
    from pyspark.ml.feature import SQLTransformer

    return SQLTransformer(statement=statement(inputs, types, zone))


def statement(inputs: Sequence[Input], types: Mapping[str, ColumnType], zone: str) -> str:
    """Return the SQL of the first stage, which selects the row as `_row` and one column for each input.

    Numbers are cast, bounded and shifted. Categories become text, with a separate level for null. Malformed values
    become null. The statement never refers to the target.
    """
    columns = [f"{_value(one, types[one.column], zone)} AS {one.slot}" for one in inputs]
    flags = [f"{_flag(one, types[one.column], zone)} AS {flag_name(one.slot)}" for one in inputs if one.indicator]
    return "SELECT struct(*) AS _row, " + ", ".join(columns + flags) + " FROM __THIS__"


def flag_name(slot: str) -> str:
    """Return the name of the column that is 1 where a value was null."""
    return f"{slot}_missing"


def _value(one: Input, kind: ColumnType, zone: str) -> str:
    if isinstance(one, NumberInput):
        value = bounded_sql(numeric_input_sql(kind, one.part, zone), one)
        return f"({value} - {double_literal(one.shift)})" if one.shift else value
    return category_sql(one, kind, zone)


def _flag(one: Input, kind: ColumnType, zone: str) -> str:
    if isinstance(one, CategoryInput):
        value = category_scan_sql(kind, one.part, zone)
    else:
        value = bounded_sql(numeric_input_sql(kind, one.part, zone), one)
    return f"CAST({value} IS NULL AS DOUBLE)"


def numeric_input_sql(kind: ColumnType, part: str | None, zone: str) -> str:
    """Return the SQL of a cell, or of a date part, as a double."""
    if part is not None:
        return _part_sql(kind, part, zone)
    return cells.value_sql(quoted(kind.name), kind, zone)


def bounded_sql(value: str, one: NumberInput) -> str:
    """Return the SQL of a number clipped to the input's bounds, or null outside of them."""
    if one.bounds is None:
        return value
    low, high = double_literal(one.bounds[0]), double_literal(one.bounds[1])
    if one.outside == "null":
        return f"CASE WHEN {value} BETWEEN {low} AND {high} THEN {value} END"
    return f"CASE WHEN {value} < {low} THEN {low} WHEN {value} > {high} THEN {high} ELSE {value} END"


def category_sql(one: CategoryInput, kind: ColumnType, zone: str) -> str:
    """Return the SQL of a category as text that is neither null nor empty."""
    return f"coalesce({category_scan_sql(kind, one.part, zone)}, {text_literal(one.fill)})"


def category_scan_sql(kind: ColumnType, part: str | None, zone: str) -> str:
    """Return the SQL of a category or date part as text that is never empty, or null."""
    if part is not None:
        return f"CAST(CAST({_part_sql(kind, part, zone)} AS INT) AS STRING)"
    text = cells.text_sql(quoted(kind.name))
    return f"CASE WHEN {text} = '' THEN '{EMPTY}' ELSE {text} END"


def double_literal(value: float) -> str:
    """Return a number as an exact SQL literal.

    >>> double_literal(0.1)
    '0.1D'
    """
    if not math.isfinite(value):
        raise ValueError(f"A bound must be finite. Got {value} instead.")
    return f"{value!r}D"


def text_literal(text: str) -> str:
    """Return a text as an SQL expression of its bytes, which rules out SQL injection.

    >>> text_literal("it's")
    "decode(X'69742773', 'UTF-8')"
    """
    return f"decode(X'{text.encode().hex().upper()}', 'UTF-8')"


_OF_DAY: Mapping[str, Callable[[str], str]] = {
    "year": "year({})".format,
    "month": "month({})".format,
    "day": "day({})".format,
    "weekday": "weekday({})".format,
    "hour": "hour({})".format,
    "minute": "minute({})".format,
}


def _part_sql(kind: ColumnType, part: str, zone: str) -> str:
    value = cells.value_sql(quoted(kind.name), kind, zone)
    if kind.cells == "date":
        return f"CAST({f'unix_date({value})' if part == 'elapsed' else _OF_DAY[part](value)} AS DOUBLE)"
    if part == "elapsed":
        return f"(unix_micros({value}) / 86400000000D)"
    return f"CAST({_OF_DAY[part](cells.wall_sql(value, zone))} AS DOUBLE)"
