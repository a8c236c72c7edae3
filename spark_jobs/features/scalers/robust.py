"""Subtract the median, divide by the range between the quartiles."""

from __future__ import annotations

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
    from pyspark.ml.feature import RobustScaler

    return RobustScaler(inputCol=source, outputCol=target, withCentering=True, withScaling=True)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return tuple(numbers.quantiles([0.25, 0.5, 0.75]))


def _affine(stage: Stage) -> tuple[Numbers, Numbers]:
    found = stage.row()
    spread = vector(found["range"])
    return vector(found["median"]), np.divide(1.0, spread, out=np.zeros_like(spread), where=spread != 0)


def _graph(stage: Stage, values: Value) -> Value:
    stage.expect(withCentering=True, withScaling=True)
    median, scale = _affine(stage)
    return multiply(subtract(values, median[None, :]), scale[None, :])


STEP = Scaler("median and quartiles", _estimator, _synopsis, graph=_graph, saved="RobustScalerModel", affine=_affine)
