"""Marks of a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.data.cells import trimmed_sql
from spark_jobs.data.names import quoted
from spark_jobs.spec.models import Source

USUAL: Final = ("", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "?", "#N/A", "<NA>", "\\N")
_MARKS: Final = "⟨marks⟩"


def marks_of(source: Source) -> tuple[str, ...]:
    """The marks of a missing value that a source names, trimmed as cells are, or the usual ones."""
    if source.null_values is None:
        return USUAL
    return tuple(dict.fromkeys(mark.strip(BLANKS) for mark in source.null_values))


def without_marks(rows: DataFrame, marks: Sequence[str]) -> DataFrame:
    """The rows with text trimmed and the marks of a missing value null; other types stay as they are."""
    cells = [_cell(name, kind, marks) for name, kind in rows.dtypes]
    # Values never become SQL: the marks are a column. As text the cells go to Java in one call, not in a thousand.
    return rows.select("*", F.array(*map(F.lit, marks)).cast("array<string>").alias(_MARKS)).selectExpr(*cells)


def _cell(name: str, kind: str, marks: Sequence[str]) -> str:
    cell = quoted(name)
    if kind != "string":
        return cell
    text = trimmed_sql(cell) if "" in marks else f"coalesce({trimmed_sql(cell)}, '')"
    return f"CASE WHEN NOT array_contains({quoted(_MARKS)}, {text}) THEN {text} END AS {cell}"
