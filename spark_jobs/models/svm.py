"""Linear support vector machine; one-vs-rest for more than two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from spark_jobs.bundle.stages import vector
from spark_jobs.models import Algorithm, FitContext, NumberRange, Options, SearchSpace, _importances
from spark_jobs.models._decision import of_margin
from spark_jobs.ops.arithmetic import add, squeeze
from spark_jobs.ops.lookup import first_largest
from spark_jobs.ops.output import Output

if TYPE_CHECKING:
    from pyspark.ml import Estimator
    from pyspark.ml.classification import LinearSVC

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector


class SvmOptions(Options):
    """Options of the linear support vector machine, under Spark's names."""

    reg_param: float = Field(1e-4, ge=0, description="Strength of the L2 penalty on the coefficients.")
    max_iter: int = Field(30, ge=1, le=100_000, description="Maximum number of iterations for each class.")
    tol: float = Field(
        1e-3, gt=0, lt=1, description="Convergence tolerance: relative change at which the iterations stop."
    )
    fit_intercept: bool = Field(True, description="Whether to fit an intercept.")
    parallelism: int = Field(4, ge=1, le=64, description="Number of classes that are fitted at the same time.")


def _binary(options: SvmOptions, context: FitContext) -> LinearSVC:
    from pyspark.ml.classification import LinearSVC

    return LinearSVC(
        **context.columns,
        regParam=options.reg_param,
        maxIter=options.max_iter,
        tol=options.tol,
        fitIntercept=options.fit_intercept,
        standardization=False,
    )


def _multiclass(options: SvmOptions, context: FitContext) -> Estimator[Any]:
    """Fit one machine per class, several at once: each runs two or three tiny Spark jobs per iteration."""
    from pyspark.ml.classification import OneVsRest

    parallelism = min(options.parallelism, context.classes)
    return OneVsRest(**context.columns, classifier=_binary(options, context), parallelism=parallelism)


def _graph(stage: Stage, features: Vector, classes: int) -> Output:
    machines = [stage] if stage.kind == "LinearSVCModel" else _machines(stage, classes)
    found = [machine.row() for machine in machines]
    weights = np.stack([vector(one["coefficients"]) for one in found], axis=1)
    margins = add(features.times(weights), np.array([[one["intercept"] for one in found]]))
    if len(machines) > 1:
        return Output(class_index=first_largest(margins), margin=margins)
    margin = squeeze(margins)
    return Output(class_index=of_margin(margin, float(stage.params["threshold"])), margin=margin, flat_margin=True)


def _machines(stage: Stage, classes: int) -> list[Stage]:
    machines = [stage.part(f"model_{one}") for one in range(classes)]
    for machine in machines:
        machine.expect_kind("LinearSVCModel")
    return machines


ALGORITHM = Algorithm(
    title="linear support vector machine",
    options=SvmOptions,
    estimators={"binary": _binary, "multiclass": _multiclass},
    probabilities=False,
    task_rows=25_000,
    importances=_importances.of_coefficients,
    linear=True,
    saved=("LinearSVCModel", "OneVsRestModel"),
    graph=_graph,
    search=SearchSpace(
        parameters={"reg_param": NumberRange(1e-6, 1.0, log=True)},
        scalings=True,
        class_weights=True,
        portfolio=lambda shape: [{"reg_param": 1e-2}],
        automatic=False,  # without probabilities most metrics cannot be compared
    ),
)
