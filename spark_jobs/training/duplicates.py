"""Duplicate rows: found by hash, and compared in full only where a hash repeats."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.casts import canonical_cells
from spark_jobs.columns.names import col
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.spec import Spec
from spark_jobs.training.staging import HASH, LABEL, NUMBER, compared_columns, tells_duplicates


def duplicates(rows: DataFrame, spec: Spec, types: Mapping[str, ColumnType]) -> DataFrame:
    """Return the `⟨number⟩` of every duplicate row: of equal rows, all but the first in the spec's order.

    Rows are equal if they have the same values in every column that is not ignored, or in the columns that
    `clean.duplicates.by` names.

    Raises:
        DataError: a column that the spec names does not exist.
    """
    told = tells_duplicates(spec, types)
    columns = [types[name] for name in compared_columns(spec, types)]
    cells = canonical_cells(rows, columns, spec.timezone)
    hashed = rows.withColumn("⟨same⟩", F.col(HASH) if told else F.xxhash64(*cells))
    keys = ["⟨same⟩", LABEL] if told else ["⟨same⟩"]
    repeated = hashed.groupBy(*keys).count().where("count > 1").select("⟨same⟩").distinct()
    suspects = hashed.join(repeated, "⟨same⟩", "left_semi")
    alike = Window.partitionBy("⟨same⟩", *cells).orderBy(*_order(spec, types))
    return suspects.select(NUMBER, F.row_number().over(alike).alias("place")).where("place > 1").select(NUMBER)


def is_any_alike(rows: DataFrame) -> bool:
    """Return whether two rows have the same hash, which reads one column and mostly rules duplicates out."""
    return not rows.groupBy(HASH).count().where("count > 1").isEmpty()


def _order(spec: Spec, types: Mapping[str, ColumnType]) -> list[Column]:
    order = spec.clean.duplicates.order
    if order is None:
        return [F.col(NUMBER)]
    if order not in types:
        raise DataError(f"`clean.duplicates.order`: the source has no column '{order}'.", did_you_mean(order, types))
    return [col(order).asc_nulls_last(), F.col(NUMBER)]
