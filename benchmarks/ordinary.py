"""Preprocessing the ordinary Spark ML way: outliers by approxQuantile, then the usual estimators, columns grouped."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import Imputer, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def fit(rows: DataFrame, numeric: Sequence[str], categorical: Sequence[str]) -> PipelineModel:
    """IQR bounds, median imputation, one-hot encoding and z-scores, with Spark's own precision of 0.001."""
    clipped = rows.select(*_clipped(rows, numeric), *categorical)
    filled = [f"{name}_filled" for name in numeric]
    stages = [Imputer(strategy="median", inputCols=list(numeric), outputCols=filled)]
    encoded = [f"{name}_vector" for name in categorical]
    if categorical:
        indexed = [f"{name}_index" for name in categorical]
        stages.append(StringIndexer(inputCols=list(categorical), outputCols=indexed, handleInvalid="keep"))
        stages.append(OneHotEncoder(inputCols=indexed, outputCols=encoded))
    stages.append(VectorAssembler(inputCols=filled, outputCol="numbers"))
    stages.append(StandardScaler(inputCol="numbers", outputCol="scaled", withMean=True))
    stages.append(VectorAssembler(inputCols=["scaled", *encoded], outputCol="features"))
    return Pipeline(stages=stages).fit(clipped)


def _clipped(rows: DataFrame, numeric: Sequence[str]) -> list[Column]:
    quartiles = rows.approxQuantile(list(numeric), [0.25, 0.75], 0.001)
    columns = []
    for name, (q1, q3) in zip(numeric, quartiles, strict=True):
        low, high = q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)
        value = F.when(F.col(name) < low, low).when(F.col(name) > high, high).otherwise(F.col(name))
        columns.append(value.alias(name))
    return columns
