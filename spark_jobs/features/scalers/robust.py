"""Subtract the median, divide by the range between the quartiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.features import Scaler

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    from pyspark.ml.feature import RobustScaler

    return RobustScaler(inputCol=source, outputCol=target, withCentering=True, withScaling=True)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return tuple(numbers.quantiles([0.25, 0.5, 0.75]))


STEP = Scaler("median and quartiles", _estimator, _synopsis)
