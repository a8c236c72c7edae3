"""Subtract the mean, divide by the standard deviation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.bundle.stages import Numbers, vector
from spark_jobs.features import Scaler
from spark_jobs.ops.arithmetic import multiply, subtract

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    from pyspark.ml.feature import StandardScaler

    return StandardScaler(inputCol=source, outputCol=target, withMean=True, withStd=True)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    half = numbers.std / math.sqrt(2)
    return (numbers.mean - half, numbers.mean + half)


def _affine(stage: Stage) -> tuple[Numbers, Numbers]:
    found = stage.row()
    std = vector(found["std"])
    return vector(found["mean"]), np.divide(1.0, std, out=np.zeros_like(std), where=std != 0)


def _graph(stage: Stage, values: Value) -> Value:
    stage.expect(withMean=True, withStd=True)
    mean, scale = _affine(stage)
    return multiply(subtract(values, mean[None, :]), scale[None, :])


STEP = Scaler("z-score", _estimator, _synopsis, graph=_graph, saved="StandardScalerModel", affine=_affine)
