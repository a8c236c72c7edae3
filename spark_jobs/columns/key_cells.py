"""Key cells that their column's type cannot hold: their text identifies the row."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.cells import STORED_NUMBERS, text_sql, wall_sql
from spark_jobs.columns.names import quoted
from spark_jobs.columns.types import ColumnType

_FINE = 18  # scale of the decimal in which a number and its double are compared


def loses(column: ColumnType, stored: str, plain: bool) -> bool:
    """Return whether the column's type can make different cells equal or null; all `plain` cells read as the type."""
    if column.kind == "unsupported" or column.cells == "text":
        return False
    if stored == "string":
        return not (plain and (column.integral or column.cells == "date"))
    whole = stored.split("(")[0] in STORED_NUMBERS and stored not in ("float", "double")
    return not (stored == column.cells or (whole and column.cells == "number"))


def unread(column: ColumnType, stored: str, raw: str, zone: str) -> Column:
    """Return the text of a cell if the value in its column does not hold it exactly, else null.

    Args:
        stored: The stored type of the raw cells.
        raw: The name of the column with the raw cells.
    """
    cell, value = quoted(raw), quoted(column.name)
    text = text_sql(cell)
    lost = f"{value} IS NULL"
    if stored == "string" and column.cells == "number":
        lost, text = _of_number(column, text, value)
    elif column.cells == "timestamp":
        lost = f"{lost} OR {text} RLIKE '[.][0-9]{{7}}'"
    elif column.cells == "date" and stored == "timestamp":
        lost = f"{lost} OR {wall_sql(cell, zone)} <> CAST({value} AS TIMESTAMP_NTZ)"
    elif column.cells == "date" and stored == "timestamp_ntz":
        lost = f"{lost} OR {cell} <> CAST({value} AS TIMESTAMP_NTZ)"
    return F.expr(f"CASE WHEN {cell} IS NOT NULL AND ({lost}) THEN {text} END")


def _of_number(column: ColumnType, text: str, value: str) -> tuple[str, str]:
    """Return the SQL condition that a number is not held exactly, and the SQL of its normalized text."""
    pointed = text if column.decimal == "." else f"replace({text}, '{column.decimal}', '.')"
    digits = rf"CASE WHEN {value} IS NULL THEN {text} ELSE rtrim('.', {_shortened(pointed)}) END"
    if column.scale is None and column.integral:
        return f"{value} IS NULL", text
    fine = _FINE if column.scale is None else column.scale
    spelled = f"{pointed} RLIKE '^[+-]?[0-9]*[.]?[0-9]{{0,{fine}}}$'"
    if column.scale is not None:
        return f"{value} IS NULL OR NOT {spelled}", digits
    fine_type = f"DECIMAL(38, {fine})"
    same = f"coalesce(try_cast({pointed} AS {fine_type}) = try_cast({value} AS {fine_type}), false)"
    return f"{value} IS NULL OR (char_length({text}) > 15 AND NOT ({spelled} AND {same}))", digits


def _shortened(number: str) -> str:
    """Return the SQL of a number without plus, leading zeros and trailing zeros; an exponent form keeps its digits."""
    start = f"regexp_replace({number}, '^(-?)[+]?0*(?=[0-9])', '$1')"
    return f"CASE WHEN {number} RLIKE '[.][0-9]*$' THEN rtrim('0', {start}) ELSE {start} END"
