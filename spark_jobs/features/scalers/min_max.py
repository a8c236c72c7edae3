"""Map the smallest number to 0 and the largest to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.features import Scaler

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    from pyspark.ml.feature import MinMaxScaler

    return MinMaxScaler(inputCol=source, outputCol=target)


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return (numbers.low, numbers.high)


STEP = Scaler("min-max", _estimator, _synopsis)
