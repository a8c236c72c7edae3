"""Linear regression for a number, logistic regression for a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from spark_jobs.bundle.stages import matrix, vector
from spark_jobs.models import Algorithm, Options, Shape, _slots
from spark_jobs.models._answers import logit, of_margin, of_scores, two
from spark_jobs.ops.answer import Answer
from spark_jobs.ops.arithmetic import add, flat, sigmoid, softmax

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector


class LinearOptions(Options):
    """Options of linear and logistic regression."""

    regularization: float = Field(1e-4, ge=0, description="Weight of the penalty on the size of coefficients.")
    elastic_net: float = Field(0.0, ge=0, le=1, description="Share of the penalty on |c| (lasso); the rest is on c².")
    max_iterations: int = Field(100, ge=1, le=100_000, description="Passes over the data at most.")
    tolerance: float = Field(1e-6, gt=0, lt=1, description="Relative change below which the search ends.")
    intercept: bool = Field(True, description="Whether the model has a constant term.")
    solver: Literal["auto", "normal", "l-bfgs"] = Field(
        "auto", description="Regression: `normal` needs one pass and at most 4096 features; auto takes it where it can."
    )


def _arguments(options: LinearOptions, shape: Shape) -> dict[str, Any]:
    return {
        **shape.columns,
        "regParam": options.regularization,
        "elasticNetParam": options.elastic_net,
        "maxIter": options.max_iterations,
        "tol": options.tolerance,
        "fitIntercept": options.intercept,
    }


def _regression(options: LinearOptions, shape: Shape) -> Estimator[Any]:
    """Least squares with a penalty that knows no units.

    Spark divides the penalty by the label's standard deviation, so it is multiplied by it here. `standardization` keeps
    a penalty on constant features; without one their normal equations are singular and Spark falls back to a search.
    """
    from pyspark.ml.regression import LinearRegression

    arguments = _arguments(options, shape)
    arguments["regParam"] *= shape.label_std
    return LinearRegression(**arguments, standardization=True, solver=options.solver)


def _classes(options: LinearOptions, shape: Shape) -> Estimator[Any]:
    from pyspark.ml.classification import LogisticRegression

    family = "binomial" if shape.task == "binary" else "multinomial"
    return LogisticRegression(**_arguments(options, shape), standardization=False, family=family)


def _graph(stage: Stage, features: Vector, classes: int) -> Answer:
    found = stage.row()
    if not classes:
        return Answer(number=add(flat(features.times(vector(found["coefficients"])[:, None])), found["intercept"]))
    stage.expect_classes(found["numClasses"], classes)
    scores = add(features.times(matrix(found["coefficientMatrix"]).T), vector(found["interceptVector"])[None, :])
    if found["isMultinomial"]:
        return of_scores(stage, scores, softmax(scores))
    margin = flat(scores)
    return Answer(position=of_margin(margin, logit(_threshold(stage))), shares=two(sigmoid(margin)))


def _threshold(stage: Stage) -> float:
    limits = stage.params.get("thresholds")
    if not limits:
        return float(stage.params["threshold"])
    return 1.0 / (1.0 + limits[0] / limits[1]) if limits[1] else 0.0


ALGORITHM = Algorithm(
    title="linear and logistic regression",
    options=LinearOptions,
    estimators={"regression": _regression, "binary": _classes, "multiclass": _classes},
    task_rows=25_000,
    rereads=("regression",),
    importances=_slots.of_coefficients,
    saved=("LinearRegressionModel", "LogisticRegressionModel"),
    graph=_graph,
)
