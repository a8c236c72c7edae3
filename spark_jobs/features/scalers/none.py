"""No scaling: leave numbers unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.features import Scaler

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.profile.numbers import NumberSummary


def _estimator(source: str, target: str) -> Estimator[Any]:
    raise NotImplementedError(f"{source} is not scaled, so there is no estimator for {target}.")


def _synopsis(numbers: NumberSummary) -> tuple[float, ...]:
    return ()


def _graph(stage: Stage, values: Value) -> Value:
    return values


STEP = Scaler("as it is", _estimator, _synopsis, graph=_graph)
