"""The handful of rows that teach an estimator exactly what a profile knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def synopsis(spark: SparkSession, columns: Mapping[str, Sequence[float] | Sequence[str]]) -> DataFrame:
    """Columns of numbers (double) or of text under safe names; shorter ones end in nulls.

    They travel as Arrow, so that Spark holds them in its plan and starts no Python for them.
    """
    import pyarrow as pa

    rows = list(zip_longest(*columns.values())) or [(None,) * len(columns)]
    texts = [any(isinstance(value, str) for value in values) for values in columns.values()]
    arrays = [
        pa.array(values, pa.string() if text else pa.float64())
        for values, text in zip(zip(*rows, strict=True), texts, strict=True)
    ]
    return spark.createDataFrame(pa.table(arrays, names=list(columns)))
