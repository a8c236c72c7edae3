"""Preprocessing in plain Spark ML: outliers by approxQuantile, then the usual estimators, columns grouped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.ml import Estimator, Pipeline, PipelineModel
from pyspark.ml.feature import Imputer, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def fit(rows: DataFrame, numeric: Sequence[str], categorical: Sequence[str]) -> PipelineModel:
    """IQR bounds, median imputation, one-hot encoding and z-scores, with Spark's own precision of 0.001."""
    clipped = rows.select(*_clipped(rows, numeric), *categorical)
    return Pipeline(stages=stages(numeric, categorical)).fit(clipped)


def fit_model(
    rows: DataFrame, numeric: Sequence[str], categorical: Sequence[str], model: Estimator[Any], trees: bool
) -> PipelineModel:
    """The same without the bounds, which are no stage, and a model; trees take indices and numbers as they are."""
    first = tree_stages(numeric, categorical) if trees else stages(numeric, categorical)
    return Pipeline(stages=[*first, model]).fit(rows)


def tree_stages(numeric: Sequence[str], categorical: Sequence[str]) -> list[Any]:
    """From raw columns to the vector `features` of a tree, columns grouped."""
    filled = [f"{name}_filled" for name in numeric]
    indexed = [f"{name}_index" for name in categorical]
    return [
        Imputer(strategy="median", inputCols=list(numeric), outputCols=filled),
        StringIndexer(inputCols=list(categorical), outputCols=indexed, handleInvalid="keep"),
        VectorAssembler(inputCols=[*filled, *indexed], outputCol="features"),
    ]


def stages(numeric: Sequence[str], categorical: Sequence[str]) -> list[Any]:
    """From raw columns to the vector `features`, columns grouped."""
    filled = [f"{name}_filled" for name in numeric]
    made: list[Any] = [Imputer(strategy="median", inputCols=list(numeric), outputCols=filled)]
    encoded = [f"{name}_vector" for name in categorical]
    if categorical:
        indexed = [f"{name}_index" for name in categorical]
        made.append(StringIndexer(inputCols=list(categorical), outputCols=indexed, handleInvalid="keep"))
        made.append(OneHotEncoder(inputCols=indexed, outputCols=encoded))
    made.append(VectorAssembler(inputCols=filled, outputCol="numbers"))
    made.append(StandardScaler(inputCol="numbers", outputCol="scaled", withMean=True))
    made.append(VectorAssembler(inputCols=["scaled", *encoded], outputCol="features"))
    return made


def _clipped(rows: DataFrame, numeric: Sequence[str]) -> list[Column]:
    quartiles = rows.approxQuantile(list(numeric), [0.25, 0.75], 0.001)
    columns = []
    for name, (q1, q3) in zip(numeric, quartiles, strict=True):
        low, high = q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)
        value = F.when(F.col(name) < low, low).when(F.col(name) > high, high).otherwise(F.col(name))
        columns.append(value.alias(name))
    return columns
