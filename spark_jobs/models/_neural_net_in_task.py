"""The multilayer perceptron without Spark: the loss, first weights and stopping rule of Spark's, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.models._lbfgs import minimized
from spark_jobs.models._task_fit import ArrayRows, TaskModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spark_jobs.models import FitContext

    Doubles = NDArray[np.float64]


def fit_in_task(
    options: Any, context: FitContext, training: ArrayRows, validation: ArrayRows, metric: str
) -> TaskModel:
    """Fit a multilayer perceptron; validation rows do not stop it."""
    layers = (context.width, *options.hidden_layers, context.classes)
    features, label = training.features.astype(np.float64), training.label.astype(np.int64)
    loss = partial(_loss, features=features, label=label, layers=layers)
    weights = minimized(loss, _first_weights(layers, context.seed), options.max_iter, options.tol)

    def predict(features: NDArray[np.float32]) -> Doubles:
        shares: Doubles = np.exp(_activations(features.astype(np.float64), _unpacked(weights, layers))[-1])
        return shares

    return TaskModel(predict)


def _first_weights(layers: Sequence[int], seed: int) -> Doubles:
    chance = np.random.default_rng(seed)
    parts = [chance.uniform(-2.4 / width, 2.4 / width, (width + 1) * units) for width, units in pairwise(layers)]
    return np.concatenate(parts)


def _unpacked(weights: Doubles, layers: Sequence[int]) -> list[tuple[Doubles, Doubles]]:
    """Return the matrix `[width, units]` and the bias `[units]` of each layer."""
    found, start = [], 0
    for width, units in pairwise(layers):
        end = start + width * units
        found.append((weights[start:end].reshape(width, units), weights[end : end + units]))
        start = end + units
    return found


def _activations(features: Doubles, parameters: Sequence[tuple[Doubles, Doubles]]) -> list[Doubles]:
    """Return the features, the outputs of the hidden layers, and the logarithms of the probabilities."""
    from scipy.special import expit, log_softmax

    found = [features]
    for matrix, bias in parameters[:-1]:
        found.append(expit(found[-1] @ matrix + bias))
    matrix, bias = parameters[-1]
    return [*found, log_softmax(found[-1] @ matrix + bias, axis=1)]


def _loss(
    weights: Doubles, features: Doubles, label: NDArray[np.int64], layers: Sequence[int]
) -> tuple[float, Doubles]:
    """Return the mean log loss and its gradient."""
    parameters, rows = _unpacked(weights, layers), np.arange(len(label))
    *inputs, logs = _activations(features, parameters)
    error = np.exp(logs)
    error[rows, label] -= 1
    error /= len(label)
    gradient: list[Doubles] = []
    for given, (matrix, _) in zip(reversed(inputs), reversed(parameters), strict=True):
        gradient = [(given.T @ error).ravel(), error.sum(axis=0), *gradient]
        error = (error @ matrix.T) * given * (1 - given)
    return -float(logs[rows, label].mean()), np.concatenate(gradient)
