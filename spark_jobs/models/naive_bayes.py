"""Naive Bayes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from spark_jobs.models import Algorithm, Options, Shape

if TYPE_CHECKING:
    from pyspark.ml import Estimator


class NaiveBayesOptions(Options):
    """Options of naive Bayes."""

    kind: Literal["gaussian", "multinomial", "bernoulli", "complement"] = Field(
        "gaussian",
        description="gaussian takes any numbers; multinomial and complement none below 0; bernoulli 0 and 1 only.",
    )
    smoothing: float = Field(1.0, ge=0, description="Rows added to every count; gaussian has no counts.")


def _scaler(options: NaiveBayesOptions) -> Literal["standard", "min_max", "none"]:
    """The counting kinds refuse what is below 0, and bernoulli whatever scaling makes of 0 and 1."""
    if options.kind == "gaussian":
        return "standard"
    return "none" if options.kind == "bernoulli" else "min_max"


def _classes(options: NaiveBayesOptions, shape: Shape) -> Estimator[Any]:
    from pyspark.ml.classification import NaiveBayes

    return NaiveBayes(**shape.columns, modelType=options.kind, smoothing=options.smoothing)


ALGORITHM = Algorithm(
    title="naive Bayes",
    options=NaiveBayesOptions,
    estimators={"binary": _classes, "multiclass": _classes},
    instead={"regression": "For a number use `model.kind: linear`, `forest`, `boosted_trees` or `xgboost`."},
    scaler=_scaler,
    task_rows=100_000,
)
