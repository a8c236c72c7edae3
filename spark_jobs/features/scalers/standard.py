"""Subtract the mean, divide by the standard deviation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spark_jobs.features import Scaler

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    from pyspark.ml.feature import StandardScaler

    return StandardScaler(inputCol=source, outputCol=target, withMean=True, withStd=True)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    half = numbers.std / math.sqrt(2)
    return (numbers.mean - half, numbers.mean + half)


STEP = Scaler("z-score", _estimator, _synopsis)
