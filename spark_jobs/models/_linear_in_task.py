"""Linear and logistic regression without Spark: the objectives of Spark's estimators, solved in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.models._lbfgs import minimize_loss
from spark_jobs.models._task_fit import ArrayRows, TaskModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spark_jobs.models import FitContext

    Doubles = NDArray[np.float64]
    Predict = Callable[[NDArray[np.float32]], Doubles]

_CONSTANT = 1e-9  # standard deviation in units of the mean, up to which a feature is constant
_PASSES = 10  # passes of coordinate descent for each iteration that `max_iter` allows


@dataclass(frozen=True, slots=True)
class _Rows:
    """Standardized features `[N, width]`, labels `[N]` and weights `[N]`, with the scale and center of each feature.

    A constant feature has scale 0, and so gets no coefficient. Without an intercept nothing is centered.
    """

    features: Doubles
    label: Doubles
    weight: Doubles
    scale: Doubles
    center: Doubles


def fit_in_task(
    options: Any, context: FitContext, training: ArrayRows, validation: ArrayRows, metric: str
) -> TaskModel:
    """Fit linear or logistic regression; validation rows do not stop it."""
    rows = _standardized(training, options.fit_intercept)
    return TaskModel((_regression if context.task == "regression" else _classes)(options, context, rows))


def _standardized(training: ArrayRows, centered: bool) -> _Rows:
    weight = np.ones(len(training.label)) if training.weight is None else training.weight
    features = training.features.astype(np.float64)
    mean = np.average(features, axis=0, weights=weight)
    features -= mean
    spread = np.sqrt(np.average(features**2, axis=0, weights=weight))
    if not centered:
        features += mean
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > _CONSTANT * np.abs(mean))
    features *= scale
    return _Rows(features, training.label, weight, scale, mean if centered else np.zeros_like(mean))


def _regression(options: Any, context: FitContext, rows: _Rows) -> Predict:
    """Minimize the squared error plus the penalty on standardized features and label."""
    mean = np.average(rows.label, weights=rows.weight)
    std = float(np.sqrt(np.average((rows.label - mean) ** 2, weights=rows.weight))) or 1.0
    origin = mean if options.fit_intercept else 0.0
    root = np.sqrt(rows.weight / rows.weight.mean())
    penalty = options.reg_param * context.label_std / std
    found = _least_squares(options, penalty, rows.features * root[:, None], root * (rows.label - origin) / std)
    coefficients = found * rows.scale * std
    return lambda features: features.astype(np.float64) @ coefficients + (origin - rows.center @ coefficients)


def _least_squares(options: Any, penalty: float, features: Doubles, label: Doubles) -> Doubles:
    from scipy.linalg import solve
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import ElasticNet

    if not penalty * options.elastic_net_param:
        normal = features.T @ features + penalty * len(label) * np.eye(features.shape[1])
        known = features.T @ label
        return np.asarray(solve(normal, known, assume_a="pos") if penalty else np.linalg.lstsq(normal, known)[0])
    model = ElasticNet(
        alpha=penalty,
        l1_ratio=options.elastic_net_param,
        fit_intercept=False,
        precompute=True,
        max_iter=options.max_iter * _PASSES,
        tol=options.tol,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `max_iter` is meant to end a fit
        return np.asarray(model.fit(features, label).coef_)


def _classes(options: Any, context: FitContext, rows: _Rows) -> Predict:
    loss = _PenalizedLogLoss(options, rows, 1 if context.classes == 2 else context.classes)
    found = minimize_loss(loss, loss.initial(), options.max_iter, options.tol, loss.bounds)
    scaled, intercept = loss.parts(found)
    coefficients = scaled * rows.scale[:, None]
    intercept = intercept - rows.center @ coefficients
    return lambda features: np.exp(_log_probabilities(features.astype(np.float64) @ coefficients + intercept))


class _PenalizedLogLoss:
    """The mean log loss plus the penalty on the coefficients of the features before they are standardized.

    With an L1 penalty, each coefficient is the difference of two values from 0 up, so that the loss has a gradient.

    Args:
        options: The options.
        rows: The rows.
        outputs: The number of scores of a row: 1 for two classes, whose first has the score 0, else one for each class.
    """

    def __init__(self, options: Any, rows: _Rows, outputs: int) -> None:
        self._rows, self._outputs, self._has_intercept = rows, outputs, options.fit_intercept
        self._l1 = options.reg_param * options.elastic_net_param * rows.scale[:, None]
        self._l2 = options.reg_param * (1 - options.elastic_net_param) * rows.scale[:, None] ** 2
        self._halves = 2 if self._l1.any() else 1
        self._label, self._share = rows.label.astype(np.int64), rows.weight / rows.weight.sum()

    def initial(self) -> Doubles:
        """Return coefficients of 0, and the intercepts that fit the shares of the classes."""
        classes = max(2, self._outputs)
        shares = np.bincount(self._label, self._share, classes)
        logs = np.log(np.maximum(shares, 1e-9)) * self._has_intercept
        intercepts = logs[1:] - logs[0] if self._outputs == 1 else logs
        return np.concatenate([np.zeros(self._halves * self._size), intercepts])

    @property
    def bounds(self) -> list[tuple[float | None, float | None]] | None:
        """The bounds of the values, if there are any."""
        return None if self._halves == 1 else [(0.0, None)] * (2 * self._size) + [(None, None)] * self._outputs

    @property
    def _size(self) -> int:
        return len(self._rows.scale) * self._outputs

    def parts(self, values: Doubles) -> tuple[Doubles, Doubles]:
        """Return the coefficients `[width, outputs]` and the intercepts `[outputs]`."""
        halves = values[: -self._outputs].reshape(self._halves, -1, self._outputs)
        return halves[0] - halves[1] if self._halves == 2 else halves[0], values[-self._outputs :]

    def __call__(self, values: Doubles) -> tuple[float, Doubles]:
        """Return the loss and its gradient."""
        (coefficients, intercepts), each = self.parts(values), np.arange(len(self._label))
        logs = _log_probabilities(self._rows.features @ coefficients + intercepts)
        error = np.exp(logs)
        error[each, self._label] -= 1
        error = (error * self._share[:, None])[:, -self._outputs :]
        slope = self._rows.features.T @ error + self._l2 * coefficients
        halves = [slope + self._l1, self._l1 - slope] if self._halves == 2 else [slope]
        gradient = [half.ravel() for half in halves] + [error.sum(axis=0) * self._has_intercept]
        sizes = values[: -self._outputs].reshape(self._halves, -1, self._outputs).sum(axis=0)
        penalty = float((sizes * self._l1 + coefficients**2 * self._l2 / 2).sum())
        return penalty - float(self._share @ logs[each, self._label]), np.concatenate(gradient)


def _log_probabilities(scores: Doubles) -> Doubles:
    """Return the logarithms of the probabilities; the first of two classes has no score of its own."""
    from scipy.special import log_softmax

    if scores.shape[1] == 1:
        scores = np.column_stack([np.zeros(len(scores)), scores])
    found: Doubles = log_softmax(scores, axis=1)
    return found
