"""Naive Bayes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from spark_jobs.bundle.stages import Numbers, matrix, vector
from spark_jobs.models import Algorithm, Choices, FitContext, NumberRange, NumberScale, Options, SearchSpace
from spark_jobs.models._decision import of_scores
from spark_jobs.ops.arithmetic import (
    add,
    all_of,
    as_column,
    at_least,
    divide,
    either,
    equal,
    hstack,
    multiply,
    row_sum,
    softmax,
    subtract,
)
from spark_jobs.ops.output import Output
from spark_jobs.ops.vector import Dense

if TYPE_CHECKING:
    from pyspark.ml import Estimator

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Vector


class NaiveBayesOptions(Options):
    """Options of naive Bayes, under Spark's names."""

    model_type: Literal["gaussian", "multinomial", "bernoulli", "complement"] = Field(
        "gaussian",
        description="Distribution of the features. gaussian takes any number, multinomial and complement no negative "
        "ones, bernoulli only 0 and 1.",
    )
    smoothing: float = Field(
        1.0, ge=0, description="Additive (Laplace) smoothing of the counts. gaussian has no counts and ignores it."
    )


def _numbers(options: NaiveBayesOptions) -> NumberScale:
    """Return the scale: multinomial and complement reject negative numbers, bernoulli anything but 0 and 1."""
    if options.model_type == "gaussian":
        return "standardized"
    return "any" if options.model_type == "bernoulli" else "unit"


def _classes(options: NaiveBayesOptions, context: FitContext) -> Estimator[Any]:
    from pyspark.ml.classification import NaiveBayes

    return NaiveBayes(**context.columns, modelType=options.model_type, smoothing=options.smoothing)


def _graph(stage: Stage, features: Vector, classes: int) -> Output:
    found, kind = stage.row(), stage.params["modelType"]
    prior, theta = vector(found["pi"])[None, :], matrix(found["theta"])
    stage.expect_classes(prior.shape[1], classes)
    if kind == "gaussian":
        scores = _gaussian(features, prior, theta, matrix(found["sigma"]))
    elif kind == "bernoulli":
        never = np.log1p(-np.exp(theta))
        scores = add(features.times((theta - never).T), prior + never.sum(axis=1)[None, :])
    elif kind == "complement":
        scores = features.times(theta.T)
    else:
        scores = add(features.times(theta.T), prior)
    answer = of_scores(stage, scores, softmax(scores))
    return answer if kind == "gaussian" else replace(answer, taken=_taken(features, kind == "bernoulli"))


def _taken(features: Vector, ones: bool) -> Value | None:
    """Return whether the model accepts the features of a row: none below 0, or only 0 and 1."""
    dense = [block.values for block in features.blocks if isinstance(block, Dense)]
    if not dense:
        return None
    values = hstack(dense)
    return all_of(either(equal(values, 0.0), equal(values, 1.0)) if ones else at_least(values, 0.0))


def _gaussian(features: Vector, prior: Numbers, means: Numbers, variances: Numbers) -> Value:
    def of_dense(block: Dense, place: slice) -> Value:
        return hstack([as_column(_squares(block.values, *pair)) for pair in _pairs(means, variances, place)])

    def of_hot(place: slice) -> Numbers:
        zeros, ones = means[:, place] ** 2 / variances[:, place], (1 - means[:, place]) ** 2 / variances[:, place]
        rest = zeros.sum(axis=1, keepdims=True)
        return np.hstack([rest - zeros + ones, rest]).T

    apart = features.summed(of_dense, of_hot)
    return subtract(prior, multiply(add(apart, np.log(variances).sum(axis=1)[None, :]), 0.5))


def _pairs(means: Numbers, variances: Numbers, place: slice) -> Iterator[tuple[Numbers, Numbers]]:
    return zip(means[:, place], variances[:, place], strict=True)


def _squares(values: Value, mean: Numbers, variance: Numbers) -> Value:
    off = subtract(values, mean[None, :])
    return row_sum(divide(multiply(off, off), variance[None, :]))


ALGORITHM = Algorithm(
    title="naive Bayes",
    options=NaiveBayesOptions,
    estimators={"binary": _classes, "multiclass": _classes},
    numbers=_numbers,
    task_rows=100_000,
    saved=("NaiveBayesModel",),
    graph=_graph,
    search=SearchSpace(
        parameters={
            "model_type": Choices(("gaussian", "multinomial", "complement")),
            "smoothing": NumberRange(1e-3, 10, log=True),
        },
        automatic=False,
    ),
)
