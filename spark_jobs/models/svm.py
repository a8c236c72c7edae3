"""Linear support vector machine; for many classes one against the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from spark_jobs.bundle.stages import vector
from spark_jobs.models import Algorithm, Options, Shape, _slots
from spark_jobs.models._answers import of_margin
from spark_jobs.ops.answer import Answer
from spark_jobs.ops.arithmetic import add, flat
from spark_jobs.ops.lookup import first_largest

if TYPE_CHECKING:
    from pyspark.ml import Estimator
    from pyspark.ml.classification import LinearSVC

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector


class SvmOptions(Options):
    """Options of the linear support vector machine."""

    regularization: float = Field(1e-4, ge=0, description="Weight of the penalty on the size of coefficients.")
    max_iterations: int = Field(30, ge=1, le=100_000, description="Passes over the data at most, for each class.")
    tolerance: float = Field(1e-3, gt=0, lt=1, description="Relative change below which the search ends.")
    intercept: bool = Field(True, description="Whether the model has a constant term.")
    parallelism: int = Field(4, ge=1, le=64, description="Classes fitted at the same time.")


def _binary(options: SvmOptions, shape: Shape) -> LinearSVC:
    from pyspark.ml.classification import LinearSVC

    return LinearSVC(
        **shape.columns,
        regParam=options.regularization,
        maxIter=options.max_iterations,
        tol=options.tolerance,
        fitIntercept=options.intercept,
        standardization=False,
    )


def _multiclass(options: SvmOptions, shape: Shape) -> Estimator[Any]:
    """One machine a class, several at once: each is a row of tiny Spark jobs, two or three an iteration."""
    from pyspark.ml.classification import OneVsRest

    parallelism = min(options.parallelism, shape.classes)
    return OneVsRest(**shape.columns, classifier=_binary(options, shape), parallelism=parallelism)


def _graph(stage: Stage, features: Vector, classes: int) -> Answer:
    machines = [stage] if stage.kind == "LinearSVCModel" else _machines(stage, classes)
    found = [machine.row() for machine in machines]
    weights = np.stack([vector(one["coefficients"]) for one in found], axis=1)
    margins = add(features.times(weights), np.array([[one["intercept"] for one in found]]))
    if len(machines) > 1:
        return Answer(position=first_largest(margins), margin=margins)
    margin = flat(margins)
    return Answer(position=of_margin(margin, float(stage.params["threshold"])), margin=margin, flat_margin=True)


def _machines(stage: Stage, classes: int) -> list[Stage]:
    machines = [stage.part(f"model_{one}") for one in range(classes)]
    for machine in machines:
        machine.expect_kind("LinearSVCModel")
    return machines


ALGORITHM = Algorithm(
    title="linear support vector machine",
    options=SvmOptions,
    estimators={"binary": _binary, "multiclass": _multiclass},
    instead={"regression": "For a number use `model.kind: linear`, `forest`, `boosted_trees` or `xgboost`."},
    probabilities=False,
    task_rows=25_000,
    importances=_slots.of_coefficients,
    saved=("LinearSVCModel", "OneVsRestModel"),
    graph=_graph,
)
