"""The loss of a multilayer perceptron with sigmoid hidden layers and softmax output, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Perceptron:
    """The layers of a perceptron, whose weights are one array as in Spark: of each layer the matrix, then the bias.

    Attributes:
        layers: The length of the feature vector, the number of units of each hidden layer, and the number of classes.
    """

    layers: tuple[int, ...]

    def initial_weights(self, seed: int) -> Doubles:
        """Return random weights in Spark's range."""
        chance = np.random.default_rng(seed)
        bounds = [(2.4 / width, (width + 1) * units) for width, units in pairwise(self.layers)]
        return np.concatenate([chance.uniform(-bound, bound, count) for bound, count in bounds])

    def parameters(self, weights: Doubles) -> list[tuple[Doubles, Doubles]]:
        """Return the matrix `[width, units]` and the bias `[units]` of each layer, as views."""
        found, start = [], 0
        for width, units in pairwise(self.layers):
            end = start + width * units
            found.append((weights[start:end].reshape(width, units), weights[end : end + units]))
            start = end + units
        return found

    def probabilities(self, weights: Doubles, features: Doubles) -> Doubles:
        """Return the probabilities `[N, K]`."""
        found: Doubles = np.exp(_activations(features, self.parameters(weights))[-1])
        return found

    def loss(self, weights: Doubles, features: Doubles, label: NDArray[np.int64]) -> tuple[float, Doubles]:
        """Return the sum of the log losses of all rows, and its gradient."""
        parameters, rows = self.parameters(weights), np.arange(len(label))
        *inputs, logs = _activations(features, parameters)
        error = np.exp(logs)
        error[rows, label] -= 1
        gradient: list[Doubles] = []
        for given, (matrix, _) in zip(reversed(inputs), reversed(parameters), strict=True):
            gradient = [(given.T @ error).ravel(), error.sum(axis=0), *gradient]
            error = (error @ matrix.T) * given * (1 - given)
        return -float(logs[rows, label].sum()), np.concatenate(gradient)

    def penalty(self, weights: Doubles, strength: float) -> tuple[float, Doubles]:
        """Return half the sum of the squares of the matrices, and its gradient, both times `strength`."""
        matrices = np.zeros_like(weights)
        for (into, _), (matrix, _) in zip(self.parameters(matrices), self.parameters(weights), strict=True):
            into[:] = strength * matrix
        return float(matrices @ weights) / 2, matrices


def _activations(features: Doubles, parameters: Sequence[tuple[Doubles, Doubles]]) -> list[Doubles]:
    """Return the features, the outputs of the hidden layers, and the logarithms of the probabilities."""
    from scipy.special import expit, log_softmax

    found = [features]
    for matrix, bias in parameters[:-1]:
        found.append(expit(found[-1] @ matrix + bias))
    matrix, bias = parameters[-1]
    return [*found, log_softmax(found[-1] @ matrix + bias, axis=1)]
