"""The synopsis: a few rows on which an estimator fits exactly the statistics of a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def synopsis(spark: SparkSession, columns: Mapping[str, Sequence[float] | Sequence[str]]) -> DataFrame:
    """Return a DataFrame of double or text columns; shorter columns are padded with nulls.

    The rows are sent as Arrow, so Spark holds them in its plan and starts no Python worker for them.
    """
    import pyarrow as pa

    rows = list(zip_longest(*columns.values())) or [(None,) * len(columns)]
    texts = [any(isinstance(value, str) for value in values) for values in columns.values()]
    arrays = [
        pa.array(values, pa.string() if text else pa.float64())
        for values, text in zip(zip(*rows, strict=True), texts, strict=True)
    ]
    return spark.createDataFrame(pa.table(arrays, names=list(columns)))
