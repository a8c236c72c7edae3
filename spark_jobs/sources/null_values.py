"""Null values: texts such as `NA` that stand for a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.casts import NOTHING, ColumnHints
from spark_jobs.columns.cells import trimmed_sql
from spark_jobs.columns.names import quoted
from spark_jobs.spec.source_keys import SourceKeys

USUAL: Final = ("", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "?", "#N/A", "<NA>", "\\N")


def null_values_of(source: SourceKeys) -> tuple[str, ...]:
    """Return the null values of a source, trimmed as cells are; the default ones if it names none."""
    if source.null_values is None:
        return USUAL
    return tuple(dict.fromkeys(mark.strip(BLANKS) for mark in source.null_values))


def replace_null_values(rows: DataFrame, marks: Sequence[str], seen: ColumnHints = NOTHING) -> DataFrame:
    """Return the rows with text trimmed and null values as null; other types do not change.

    `seen` saves work: columns in `seen.trimmed` are not trimmed again, and only `seen.null_values` are looked up.
    """
    texts = {name: tuple(seen.null_values.get(name, marks)) for name, kind in rows.dtypes if kind == "string"}
    padded = texts.keys() - seen.trimmed
    trimmed = [_trimmed(name) if name in padded else quoted(name) for name in rows.columns]
    sets = {
        inspected: f"⟨marks {place}⟩" for place, inspected in enumerate(dict.fromkeys(filter(None, texts.values())))
    }
    empty = "" in marks
    cells = [_cell(name, sets.get(texts[name]), empty) if name in texts else quoted(name) for name in rows.columns]
    # Null values are columns, never SQL text. The cells are SQL, so they reach Java in one call instead of a thousand.
    listed = [F.array(*map(F.lit, inspected)).cast("array<string>").alias(name) for inspected, name in sets.items()]
    # Spark does not merge the two projections, so a cell that is used twice is trimmed once.
    return rows.select("*", *listed).selectExpr(*trimmed, *map(quoted, sets.values())).selectExpr(*cells)


def _trimmed(name: str) -> str:
    return f"{trimmed_sql(quoted(name))} AS {quoted(name)}"


def _cell(name: str, marks: str | None, empty_is_missing: bool) -> str:
    """Return the SQL of a cell: null if it is one of the null values. A null counts as empty text unless '' is one."""
    cell = quoted(name)
    text = cell if empty_is_missing else f"coalesce({cell}, '')"
    kept = text if marks is None else f"CASE WHEN NOT array_contains({quoted(marks)}, {text}) THEN {text} END"
    return f"{kept} AS {cell}"
