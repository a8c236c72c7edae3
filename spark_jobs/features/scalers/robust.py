"""Robust scaling: subtract the median, divide by the interquartile range."""

from __future__ import annotations

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
    from pyspark.ml.feature import RobustScaler

    return RobustScaler(inputCol=source, outputCol=target, withCentering=True, withScaling=True)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return tuple(numbers.quantiles([0.25, 0.5, 0.75]))


def _spread(numbers: NumberSummary) -> float:
    low, high = numbers.quantiles([0.25, 0.75])
    return numbers.std / (high - low) if high > low else 0.0


def _affine(stage: Stage) -> tuple[Numbers, Numbers]:
    found = stage.row()
    return vector(found["median"]), reciprocals(vector(found["range"]))


def _graph(stage: Stage, values: Value) -> Value:
    stage.expect(withCentering=True, withScaling=True)
    return center_and_scale(values, *_affine(stage))


STEP = Scaler(
    "median and quartiles",
    _estimator,
    _synopsis,
    _spread,
    quantiles=True,
    graph=_graph,
    saved="RobustScalerModel",
    affine=_affine,
)
