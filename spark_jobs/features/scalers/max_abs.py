"""Max-abs scaling: divide by the largest absolute value; zeros stay zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.bundle.stages import Numbers, vector
from spark_jobs.features import Scaler
from spark_jobs.ops.arithmetic import multiply

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    from pyspark.ml.feature import MaxAbsScaler

    return MaxAbsScaler(inputCol=source, outputCol=target)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return (numbers.min, numbers.max)


def _spread(numbers: NumberSummary) -> float:
    size = max(abs(numbers.min), abs(numbers.max))
    return numbers.std / size if size else 0.0


def _affine(stage: Stage) -> tuple[Numbers, Numbers]:
    largest = vector(stage.row()["maxAbs"])
    return np.zeros_like(largest), 1.0 / np.where(largest == 0.0, 1.0, largest)


def _graph(stage: Stage, values: Value) -> Value:
    """Multiply by the reciprocal, as Spark does: division may differ in the last bit and so in a tree's leaf."""
    _, scale = _affine(stage)
    return multiply(values, scale[None, :])


STEP = Scaler("max-abs", _estimator, _synopsis, _spread, graph=_graph, saved="MaxAbsScalerModel", affine=_affine)
