"""The multilayer perceptron without Spark: Spark's loss, range of initial weights and stopping rule, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.models._lbfgs import minimize_loss
from spark_jobs.models._perceptron_loss import Perceptron
from spark_jobs.models._task_fit import ArrayRows, TaskModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spark_jobs.models import FitContext

    Doubles = NDArray[np.float64]


def fit_in_task(
    options: Any, context: FitContext, training: ArrayRows, validation: ArrayRows, metric: str
) -> TaskModel:
    """Fit a multilayer perceptron; validation rows do not stop it."""
    perceptron = Perceptron((context.width, *options.hidden_layers, context.classes))
    weights = fitted_weights(
        options, perceptron, training.features.astype(np.float64), training.label.astype(np.int64), context.seed
    )
    return TaskModel(lambda features: perceptron.probabilities(weights, features.astype(np.float64)))


def fitted_weights(
    options: Any, perceptron: Perceptron, features: Doubles, label: NDArray[np.int64], seed: int
) -> Doubles:
    """Return the weights that minimize the mean log loss plus the penalty."""

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        total, gradient = perceptron.loss(weights, features, label)
        penalty, slope = perceptron.penalty(weights, options.reg_param)
        return total / len(label) + penalty, gradient / len(label) + slope

    return minimize_loss(loss, perceptron.initial_weights(seed), options.max_iter, options.tol)
