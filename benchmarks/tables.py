"""Generated tables: numbers with gaps and far-out values, categories of several sizes, and a target made of them."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

TARGET = "target"


def numeric_names(count: int) -> list[str]:
    """The numeric columns."""
    return [f"n{number}" for number in range(count)]


def categorical_names(count: int) -> list[str]:
    """The categorical columns."""
    return [f"c{number}" for number in range(count)]


def generated(spark: SparkSession, path: Path, rows: int, numeric: int, categorical: int) -> DataFrame:
    """The table of that size, written once below `path`; 2 % of the cells are missing and 0.5 % far out."""
    place = path / f"{rows}x{numeric}+{categorical}"
    if not (place / "_SUCCESS").is_file():
        base = spark.range(rows).select(
            *[_number(number).alias(name) for number, name in enumerate(numeric_names(numeric))],
            *[_category(number).alias(name) for number, name in enumerate(categorical_names(categorical))],
        )
        noise = F.randn(7)
        base.withColumn(TARGET, F.coalesce(F.col("n0"), F.lit(0.0)) * 2 + noise).write.parquet(str(place))
    return spark.read.parquet(str(place))


def _number(seed: int) -> Column:
    value = F.randn(seed) * (seed + 1) + seed * 10
    far = F.when(F.rand(1000 + seed) < 0.005, value * 50).otherwise(value)
    return F.when(F.rand(2000 + seed) >= 0.02, far)


def _category(seed: int) -> Column:
    levels = (3, 5, 8, 12, 20, 40, 60, 90)[seed % 8]
    level = F.floor(F.rand(3000 + seed) * F.rand(4000 + seed) * levels).cast("int")
    return F.when(F.rand(5000 + seed) >= 0.02, F.concat(F.lit("level "), level))
