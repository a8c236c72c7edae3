"""Marks of a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.data.names import col

USUAL: Final = ("", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "?", "#N/A", "<NA>")


def without_marks(rows: DataFrame, marks: Sequence[str]) -> DataFrame:
    """The rows with text trimmed and the marks of a missing value null; other types stay as they are."""
    kinds = dict(rows.dtypes)
    return rows.select(*(_cell(name, marks) if kinds[name] == "string" else col(name) for name in rows.columns))


def _cell(name: str, marks: Sequence[str]) -> Column:
    text = F.trim(col(name))
    if "" not in marks:
        text = F.coalesce(text, F.lit(""))
    return (F.when(~text.isin(list(marks)), text) if marks else text).alias(name)
