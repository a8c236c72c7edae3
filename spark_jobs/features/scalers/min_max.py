"""Min-max scaling: map the minimum to 0 and the maximum to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.bundle.stages import Numbers, vector
from spark_jobs.features import Scaler
from spark_jobs.features.scalers._affine import center_and_scale, reciprocals
from spark_jobs.ops.arithmetic import add

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    from pyspark.ml.feature import MinMaxScaler

    return MinMaxScaler(inputCol=source, outputCol=target)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return (numbers.min, numbers.max)


def _spread(numbers: NumberSummary) -> float:
    size = numbers.max - numbers.min
    return numbers.std / size if size else 0.0


def _affine(stage: Stage) -> tuple[Numbers, Numbers]:
    found = stage.row()
    low, high = vector(found["originalMin"]), vector(found["originalMax"])
    return low, reciprocals(high - low)


def _graph(stage: Stage, values: Value) -> Value:
    stage.expect(min=0.0, max=1.0)
    low, scale = _affine(stage)
    middle = np.where(scale == 0.0, 0.5, 0.0)  # Spark scales a constant to 0.5
    return add(center_and_scale(values, low, scale), middle[None, :])


STEP = Scaler(
    "min-max", _estimator, _synopsis, _spread, makes="unit", graph=_graph, saved="MinMaxScalerModel", affine=_affine
)
