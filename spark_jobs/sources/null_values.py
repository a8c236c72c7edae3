"""Marks of a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.casts import NOTHING, ColumnHints
from spark_jobs.columns.cells import trimmed_sql
from spark_jobs.columns.names import quoted
from spark_jobs.spec.models import Source

USUAL: Final = ("", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "?", "#N/A", "<NA>", "\\N")


def null_values_of(source: Source) -> tuple[str, ...]:
    """The marks of a missing value that a source names, trimmed as cells are, or the usual ones."""
    if source.null_values is None:
        return USUAL
    return tuple(dict.fromkeys(mark.strip(BLANKS) for mark in source.null_values))


def replace_null_values(rows: DataFrame, marks: Sequence[str], seen: ColumnHints = NOTHING) -> DataFrame:
    """The rows with text trimmed and the marks of a missing value null; other types stay as they are.

    A column that is `seen` to be trimmed is not trimmed again, and no marks are looked for but those seen in it.
    """
    texts = {name: tuple(seen.null_values.get(name, marks)) for name, kind in rows.dtypes if kind == "string"}
    padded = texts.keys() - seen.trimmed
    trimmed = [_trimmed(name) if name in padded else quoted(name) for name in rows.columns]
    sets = {
        inspected: f"⟨marks {place}⟩" for place, inspected in enumerate(dict.fromkeys(filter(None, texts.values())))
    }
    empty = "" in marks
    cells = [_cell(name, sets.get(texts[name]), empty) if name in texts else quoted(name) for name in rows.columns]
    # Values never become SQL: the marks are columns. As text the cells go to Java in one call, not in a thousand.
    listed = [F.array(*map(F.lit, inspected)).cast("array<string>").alias(name) for inspected, name in sets.items()]
    # Two projections, which Spark keeps apart: what is asked of a cell twice is trimmed once.
    return rows.select("*", *listed).selectExpr(*trimmed, *map(quoted, sets.values())).selectExpr(*cells)


def _trimmed(name: str) -> str:
    return f"{trimmed_sql(quoted(name))} AS {quoted(name)}"


def _cell(name: str, marks: str | None, empty_is_missing: bool) -> str:
    """A cell, null where it is one of the marks in that column; a text that is not there is the empty one."""
    cell = quoted(name)
    text = cell if empty_is_missing else f"coalesce({cell}, '')"
    kept = text if marks is None else f"CASE WHEN NOT array_contains({quoted(marks)}, {text}) THEN {text} END"
    return f"{kept} AS {cell}"
