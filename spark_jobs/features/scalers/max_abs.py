"""Divide by the largest absolute value; zeros stay zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.features import Scaler

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    from pyspark.ml.feature import MaxAbsScaler

    return MaxAbsScaler(inputCol=source, outputCol=target)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return (numbers.low, numbers.high)


STEP = Scaler("max-abs", _estimator, _synopsis)
