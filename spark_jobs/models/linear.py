"""Linear regression for a number, logistic regression for a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from spark_jobs.bundle.stages import matrix, vector
from spark_jobs.models import Algorithm, Choices, FitContext, NumberRange, Options, SearchSpace, _importances
from spark_jobs.models._decision import logit, of_margin, of_scores, two
from spark_jobs.models._linear_in_task import fit_in_task
from spark_jobs.ops.arithmetic import add, sigmoid, softmax, squeeze
from spark_jobs.ops.output import Output

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.vector import Vector


class LinearOptions(Options):
    """Options of linear and logistic regression, under Spark's names."""

    reg_param: float = Field(
        1e-4,
        ge=0,
        description="Strength of the penalty on the coefficients. "
        "Regression multiplies it by the label's standard deviation, so that the label's unit does not matter.",
    )
    elastic_net_param: float = Field(
        0.0, ge=0, le=1, description="Mix of the penalty: 0 is ridge (L2), 1 is lasso (L1), between is elastic net."
    )
    max_iter: int = Field(100, ge=1, le=100_000, description="Maximum number of iterations.")
    tol: float = Field(
        1e-6, gt=0, lt=1, description="Convergence tolerance: relative change at which the iterations stop."
    )
    fit_intercept: bool = Field(True, description="Whether to fit an intercept.")
    solver: Literal["auto", "normal", "l-bfgs"] = Field(
        "auto",
        description="Solver for regression. `normal` needs one pass and at most 4096 features; "
        "auto uses it where possible.",
    )


def _arguments(options: LinearOptions, context: FitContext) -> dict[str, Any]:
    return {
        **context.columns,
        "regParam": options.reg_param,
        "elasticNetParam": options.elastic_net_param,
        "maxIter": options.max_iter,
        "tol": options.tol,
        "fitIntercept": options.fit_intercept,
    }


def _regression(options: LinearOptions, context: FitContext) -> Estimator[Any]:
    """Fit least squares with a penalty that does not depend on the label's unit.

    Spark divides the penalty by the label's standard deviation, so it is multiplied by it here. `standardization` keeps
    a penalty on constant features; without one their normal equations are singular and Spark falls back to a search.
    """
    from pyspark.ml.regression import LinearRegression

    arguments = _arguments(options, context)
    arguments["regParam"] *= context.label_std
    return LinearRegression(**arguments, standardization=True, solver=options.solver)


def _classes(options: LinearOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.classification import LogisticRegression

    family = "binomial" if context.task == "binary" else "multinomial"
    return LogisticRegression(**_arguments(options, context), standardization=False, family=family)


def _graph(stage: Stage, features: Vector, classes: int) -> Output:
    found = stage.row()
    if not classes:
        return Output(value=add(squeeze(features.times(vector(found["coefficients"])[:, None])), found["intercept"]))
    stage.expect_classes(found["numClasses"], classes)
    scores = add(features.times(matrix(found["coefficientMatrix"]).T), vector(found["interceptVector"])[None, :])
    if found["isMultinomial"]:
        return of_scores(stage, scores, softmax(scores))
    margin = squeeze(scores)
    return Output(class_index=of_margin(margin, logit(_threshold(stage))), probabilities=two(sigmoid(margin)))


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
    iterative=("regression",),
    importances=_importances.of_coefficients,
    linear=True,
    saved=("LinearRegressionModel", "LogisticRegressionModel"),
    graph=_graph,
    search=SearchSpace(
        parameters={
            "reg_param": NumberRange(1e-6, 1.0, log=True),
            "elastic_net_param": Choices((0.0, 0.5, 1.0)),
        },
        scalings=True,
        class_weights=True,
        portfolio=lambda shape: [{"reg_param": 1e-2}, {"reg_param": 1e-3, "elastic_net_param": 0.5}],
    ),
    fit_in_task=fit_in_task,
)
