"""A scaler of another distribution: from -1 for the minimum to 1 for the maximum."""

import numpy as np

from spark_jobs.bundle.stages import vector
from spark_jobs.features import Scaler
from spark_jobs.ops.arithmetic import multiply, subtract


def _estimator(source, target):
    from pyspark.ml.feature import MinMaxScaler

    return MinMaxScaler(inputCol=source, outputCol=target, min=-1.0, max=1.0)


def _affine(stage):
    found = stage.row()
    low, high = vector(found["originalMin"]), vector(found["originalMax"])
    size = high - low
    return (low + high) / 2, np.divide(2.0, size, out=np.zeros_like(size), where=size != 0)


def _graph(stage, values):
    stage.expect(min=-1.0, max=1.0)
    center, factor = _affine(stage)
    return multiply(subtract(values, center[None, :]), factor[None, :])


STEP = Scaler(
    "symmetric",
    _estimator,
    lambda numbers: (numbers.min, numbers.max),
    lambda numbers: 2 * numbers.std / (numbers.max - numbers.min),
    saved="MinMaxScalerModel",
    graph=_graph,
    affine=_affine,
)
