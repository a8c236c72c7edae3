"""Standard scaling: subtract the mean, divide by the standard deviation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spark_jobs.bundle.stages import Numbers, vector
from spark_jobs.features import Scaler
from spark_jobs.features.scalers._affine import center_and_scale, reciprocals

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


def _spread(numbers: NumberSummary) -> float:
    return 1.0 if numbers.std else 0.0


def _affine(stage: Stage) -> tuple[Numbers, Numbers]:
    found = stage.row()
    return vector(found["mean"]), reciprocals(vector(found["std"]))


def _graph(stage: Stage, values: Value) -> Value:
    stage.expect(withMean=True, withStd=True)
    return center_and_scale(values, *_affine(stage))


STEP = Scaler(
    "z-score",
    _estimator,
    _synopsis,
    _spread,
    makes="standardized",
    graph=_graph,
    saved="StandardScalerModel",
    affine=_affine,
)
